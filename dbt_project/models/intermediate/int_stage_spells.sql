{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

{#- what stays true of an order once it has happened -#}
{%- set milestones_of_stages = [
    'payment_passed_at', 'first_payment_event_at', 'promise_passed_at',
    'fulfillment_ready_at', 'packing_at', 'pickup_ready_at', 'collected_at',
    'digitally_fulfilled_at', 'pickup_expired_at',
] -%}

{#- what comes and goes, kept by counting -#}
{%- set counted_things = [
    'unit_called_off', 'line_unheld', 'review_open', 'address_passed', 'parcel',
    'parcel_open', 'parcel_on_vehicle', 'parcel_delivered', 'parcel_rto',
] -%}

-- An order's visits to its stages: all that decides a stage as changes of a few counts,
-- added up by instant. What an instant brings is seen together.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

milestones as (

    select * from {{ ref('int_order_milestones') }}
    where {{ is_affected('story_id') }}

),

readiness as (

    select * from {{ ref('order_readiness') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

cancelled_units as (

    select * from {{ ref('int_cancelled_units') }}
    where {{ is_affected('story_id') }}

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}

),

placed_orders as (

    select
        milestones.*,
        readiness.payment_passed_at,
        readiness.promise_passed_at,
        order_events.fulfillment_type

    from milestones
    inner join readiness
        on milestones.order_id = readiness.order_id
    inner join order_events
        on milestones.order_id = order_events.order_id
    where order_events.event_name = 'order_placed'

),

units as (

    select
        order_id,
        sum(quantity) as unit_count,
        count(*) filter (where quantity > 0) as line_count

    from order_lines
    group by order_id

),

line_holds as (

    select * from {{ ref('int_line_holds') }}
    where {{ is_affected('story_id') }}

),

line_changes as (

    select
        order_line_id,
        changed_at,
        quantity_held - lag(quantity_held, 1, 0) over (
            partition by order_line_id order by changed_at
        ) as held,
        0 as called_off
    from line_holds

    union all

    select
        order_line_id,
        cancelled_at as changed_at,
        0 as held,
        quantity_cancelled as called_off
    from cancelled_units

),

line_instants as (

    select
        order_line_id,
        changed_at,
        sum(sum(held)) over so_far as held,
        sum(sum(called_off)) over so_far as called_off

    from line_changes
    group by order_line_id, changed_at
    window so_far as (
        partition by order_line_id
        order by changed_at
        rows between unbounded preceding and current row
    )

),

line_states as (

    select
        order_lines.order_id,
        order_lines.order_line_id,
        line_instants.changed_at,
        cast(order_lines.quantity > 0 as integer) as was_unheld_at_first,
        cast(
            line_instants.held
            < order_lines.quantity - line_instants.called_off as integer
        ) as is_unheld

    from line_instants
    inner join order_lines
        on line_instants.order_line_id = order_lines.order_line_id

),

review_states as (

    select
        order_id,
        occurred_at as changed_at,
        cast(event_name <> 'fraud_review_cleared' as integer) as is_open,
        row_number() over (
            partition by order_id order by occurred_at, event_rank, event_id
        ) as position

    from payment_events
    where event_name in (
        'fraud_review_triggered', 'fraud_review_cleared', 'fraud_rejected'
    )

),

-- an address put in with the check of another has not been checked
address_states as (

    select
        order_id,
        occurred_at as changed_at,
        min(cast(event_name = 'address_validated' as integer)) as is_passed

    from order_events
    where (event_name = 'address_validated' and not is_manual_review_required)
        or (event_name = 'order_updated' and changed_field = 'shipping_address')
    group by order_id, occurred_at

),

parcel_steps as (

    select
        shipment_id,
        order_id,
        occurred_at as changed_at,
        event_rank as position,
        event_name as step
    from order_events
    where event_name in (
        'shipment_shipped', 'shipment_scanned', 'shipment_out_for_delivery',
        'delivery_attempt_failed'
    )

    {% for outcome, at in [
        ('delivered', 'delivered_at'), ('lost', 'lost_at'), ('rto', 'rto_initiated_at')
    ] %}
    union all

    -- of outcomes at one instant, the one further down the road
    select
        shipment_id,
        order_id,
        {{ at }} as changed_at,
        100000 + {{ loop.index }} as position,
        '{{ outcome }}' as step
    from shipments
    where {{ at }} is not null
    {% endfor %}

),

-- an outcome is only ever replaced by another; a label never shipped is no parcel yet
parcel_states as (

    select
        shipment_id,
        order_id,
        changed_at,
        position,
        case step
            when 'shipment_out_for_delivery' then 'parcel_on_vehicle'
            when 'delivered' then 'parcel_delivered'
            when 'rto' then 'parcel_rto'
            when 'lost' then 'parcel_lost'
            else 'parcel_open'
        end as state,
        step in ('delivered', 'rto', 'lost') as is_outcome,
        count(*) filter (where step in ('delivered', 'rto', 'lost')) over so_far
            as outcomes_so_far,
        count(*) filter (where step = 'shipment_shipped') over so_far as shipped_so_far

    from parcel_steps
    window so_far as (
        partition by shipment_id
        order by changed_at, position
        rows between unbounded preceding and current row
    )

),

parcel_moves as (

    select
        order_id,
        changed_at,
        state,
        lag(state) over (partition by shipment_id order by changed_at, position)
            as state_before

    from parcel_states
    where is_outcome
        or (outcomes_so_far = 0 and shipped_so_far > 0)

),

changes as (

    select
        order_id,
        cancelled_at as changed_at,
        'unit_called_off' as thing,
        quantity_cancelled as change
    from cancelled_units

    union all

    select
        order_id,
        changed_at,
        'line_unheld' as thing,
        is_unheld - lag(is_unheld, 1, was_unheld_at_first) over (
            partition by order_line_id order by changed_at
        ) as change
    from line_states

    union all

    select
        order_id,
        changed_at,
        'review_open' as thing,
        is_open - lag(is_open, 1, 0) over (partition by order_id order by position)
            as change
    from review_states

    union all

    select
        order_id,
        changed_at,
        'address_passed' as thing,
        is_passed
        - lag(is_passed, 1, 0) over (partition by order_id order by changed_at)
            as change
    from address_states

    union all

    select
        order_id,
        changed_at,
        state as thing,
        1 as change
    from parcel_moves
    where state_before is null
        or state <> state_before

    union all

    select
        order_id,
        changed_at,
        coalesce(state_before, 'parcel') as thing,
        case when state_before is null then 1 else -1 end as change
    from parcel_moves
    where state_before is null
        or state <> state_before

    {% for milestone in ['placed_at'] + milestones_of_stages %}
    union all

    select
        order_id,
        {{ milestone }} as changed_at,
        'milestone' as thing,
        1 as change
    from placed_orders
    where {{ milestone }} is not null
    {% endfor %}

),

instants as (

    select
        placed_orders.order_id,
        greatest(changes.changed_at, placed_orders.placed_at) as stood_at
        {%- for thing in counted_things %},
        coalesce(
            sum(changes.change) filter (where changes.thing = '{{ thing }}'), 0
        ) as {{ thing }}
        {%- endfor %}

    from changes
    inner join placed_orders
        on changes.order_id = placed_orders.order_id
    group by
        placed_orders.order_id,
        greatest(changes.changed_at, placed_orders.placed_at)

),

counts as (

    select
        order_id,
        stood_at
        {%- for thing in counted_things %},
        sum({{ thing }}) over so_far as {{ thing }}
        {%- endfor %}

    from instants
    window so_far as (
        partition by order_id
        order by stood_at
        rows between unbounded preceding and current row
    )

),

known_milestones as (

    select
        counts.*,
        placed_orders.story_id,
        placed_orders.fulfillment_type,
        units.unit_count,
        units.line_count
        {%- for milestone in milestones_of_stages %},
        case
            when placed_orders.{{ milestone }} <= counts.stood_at
                then placed_orders.{{ milestone }}
        end as {{ milestone }}
        {%- endfor %}

    from counts
    inner join placed_orders
        on counts.order_id = placed_orders.order_id
    left join units
        on counts.order_id = units.order_id

),

states as (

    select
        *,
        coalesce(unit_count > 0 and unit_called_off >= unit_count, false)
            as is_cancelled,
        parcel as shipment_count,
        parcel_open + parcel_on_vehicle as open_parcel_count,
        parcel_on_vehicle > 0 as is_on_vehicle,
        parcel_delivered as delivered_parcel_count,
        parcel_rto as rto_parcel_count,
        case when review_open > 0 then 'under_review' end as fraud_blocked_reason,
        case
            when payment_passed_at is null then 'payment'
            when review_open > 0 then 'fraud'
            when fulfillment_type <> 'digital' and line_count + line_unheld > 0
                then 'reservation'
            when fulfillment_type in ('ship', 'mixed') and address_passed = 0
                then 'address'
            when fulfillment_type <> 'digital' and promise_passed_at is null
                then 'promise'
        end as gate_blocking

    from known_milestones

),

stages as (

    select
        story_id,
        order_id,
        stood_at,
        {{ order_stage() }} as stage

    from states

),

moves as (

    select
        *,
        lag(stage) over (partition by order_id order by stood_at) as previous_stage
    from stages

),

spells as (

    select
        story_id,
        order_id,
        row_number() over visits as visit_number,
        stage,
        stood_at as entered_at,
        lead(stood_at) over visits as left_at,
        lead(stage) over visits as next_stage,
        lead(stage) over visits is null as is_current

    from moves
    where previous_stage is null
        or stage <> previous_stage
    window visits as (partition by order_id order by stood_at)

)

select * from spells
