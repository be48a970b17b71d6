{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- The five gates; the stage of an order is read off them. A gate that let the first
-- parcel go is not closed by what comes later; one that did not may still pass.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in (
            'order_placed', 'order_updated', 'address_validated',
            'address_validation_failed', 'delivery_promise_confirmed'
        )

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}
        and order_id is not null
        and event_name not like 'refund%'

),

lines as (

    select * from {{ ref('int_line_reservations') }}
    where {{ is_affected('story_id') }}
        and quantity_wanted > 0

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}
        and shipped_at is not null

),

orders as (

    select
        order_id,
        story_id,
        payment_mode,
        fulfillment_type,
        occurred_at as placed_at

    from order_events
    where event_name = 'order_placed'

),

first_parcels as (

    select
        order_id,
        min(shipped_at) as first_shipped_at,
        {{ min_by('payment_mode', 'shipped_at') }} as payment_mode

    from shipments
    group by order_id

),

timed_payment_events as (

    select
        payment_events.*,
        first_parcels.first_shipped_at is null
            or payment_events.occurred_at <= first_parcels.first_shipped_at
            as is_before_shipping

    from payment_events
    left join first_parcels
        on payment_events.order_id = first_parcels.order_id

),

payment_steps as (

    select
        order_id,
        min(occurred_at) filter (where event_name = 'payment_captured') as captured_at,
        max(occurred_at) filter (
            where event_name = 'payment_authorized' and is_before_shipping
        ) as authorized_at,
        min(occurred_at) filter (where event_name = 'cod_confirmed')
            as cod_confirmed_at,
        min(occurred_at) filter (
            where event_name in ('cod_selected', 'prepaid_converted_to_cod')
        ) as cod_chosen_at,
        {{ max_by(
            'event_name', "(occurred_at || lpad(cast(event_rank as varchar), 5, '0'))"
        ) }} filter (
            where is_before_shipping
                and event_name in (
                    'payment_initiated', 'payment_authorized',
                    'payment_authorization_failed', 'payment_authorization_delayed',
                    'payment_authorization_expired', 'payment_retried',
                    'payment_capture_failed', 'payment_voided', 'cod_selected',
                    'prepaid_converted_to_cod', 'cod_converted_to_prepaid'
                )
        ) as last_step

    from timed_payment_events
    group by order_id

),

payment_gates as (

    select
        orders.order_id,
        case orders.payment_mode
            when 'deferred' then orders.placed_at
            -- the part paid ahead is what lets it go
            when 'partial_cod' then payment_steps.captured_at
            -- a mode may be changed after placing: either road opens the gate
            else least(
                payment_steps.captured_at,
                payment_steps.cod_confirmed_at,
                case
                    when {{ var('authorized_payments_pass') }}
                        and payment_steps.last_step = 'payment_authorized'
                        then payment_steps.authorized_at
                end,
                case
                    when {{ var('unconfirmed_cod_passes') }}
                        then least(
                            payment_steps.cod_chosen_at,
                            case when orders.payment_mode = 'cod'
                                then orders.placed_at
                            end
                        )
                end
            )
        end as passed_at,
        case
            when orders.payment_mode <> 'partial_cod'
                and (
                    payment_steps.last_step in (
                        'cod_selected', 'prepaid_converted_to_cod'
                    )
                    or (
                        orders.payment_mode = 'cod' and payment_steps.last_step is null
                    )
                )
                then 'cod_not_confirmed'
            when payment_steps.last_step in (
                'payment_initiated', 'payment_retried', 'payment_authorization_delayed'
            )
                then 'authorization_pending'
            when payment_steps.last_step = 'payment_authorized' then 'not_captured'
            when payment_steps.last_step like 'payment_%'
                then substr(payment_steps.last_step, 9)
            else 'not_paid'
        end as blocked_reason,
        payment_steps.captured_at

    from orders
    left join payment_steps
        on orders.order_id = payment_steps.order_id

),

fraud_steps as (

    select
        order_id,
        {{ max_by(
            'event_name', "(occurred_at || lpad(cast(event_rank as varchar), 5, '0'))"
        ) }} filter (where is_before_shipping) as state,
        max(occurred_at) filter (
            where event_name = 'fraud_review_cleared' and is_before_shipping
        ) as cleared_at,
        min(occurred_at) filter (
            where event_name = 'fraud_review_cleared' and not is_before_shipping
        ) as cleared_late_at

    from timed_payment_events
    where event_name in (
        'fraud_review_triggered', 'fraud_review_cleared', 'fraud_rejected'
    )
    group by order_id

),

fraud_gates as (

    select
        orders.order_id,
        case
            when fraud_steps.state is null then orders.placed_at
            when fraud_steps.state = 'fraud_review_cleared'
                then fraud_steps.cleared_at
            else fraud_steps.cleared_late_at
        end as passed_at,
        case fraud_steps.state
            when 'fraud_rejected' then 'rejected'
            else 'under_review'
        end as blocked_reason

    from orders
    left join fraud_steps
        on orders.order_id = fraud_steps.order_id

),

reservation_gates as (

    select
        order_id,
        case
            when count(*) = count(held_since_at) then max(held_since_at)
        end as passed_at,
        {{ min_by('blocked_reason', 'order_line_id') }}
            filter (where held_since_at is null) as blocked_reason

    from lines
    group by order_id

),

address_events as (

    select
        order_events.*,
        max(
            case
                when order_events.event_name = 'order_updated'
                    and (
                        first_parcels.first_shipped_at is null
                        or order_events.occurred_at <= first_parcels.first_shipped_at
                    )
                    then order_events.occurred_at
            end
        ) over (partition by order_events.order_id) as changed_at

    from order_events
    left join first_parcels
        on order_events.order_id = first_parcels.order_id
    where order_events.event_name like 'address_%'
        or order_events.changed_field = 'shipping_address'

),

address_gates as (

    select
        order_id,

        -- what was found about an address since replaced says nothing of this one
        min(occurred_at) filter (
            where event_name = 'address_validated'
                and not is_manual_review_required
                and (changed_at is null or occurred_at > changed_at)
        ) as passed_at,
        {{ max_by(
            "case event_name"
            ~ " when 'order_updated' then 'address_changed'"
            ~ " when 'address_validation_failed' then failed_check"
            ~ " else 'manual_review' end",
            "(occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id)"
        ) }} filter (
            where changed_at is null or occurred_at >= changed_at
        ) as blocked_reason

    from address_events
    group by order_id

),

promise_gates as (

    select
        order_id,
        min(occurred_at) as passed_at

    from order_events
    where event_name = 'delivery_promise_confirmed'
    group by order_id

),

-- one that does not apply is NULL and blocks nothing
gates as (

    select
        orders.order_id,
        orders.story_id,
        payment_gates.passed_at as payment_passed_at,
        case when payment_gates.passed_at is null
            then payment_gates.blocked_reason
        end as payment_blocked_reason,
        fraud_gates.passed_at as fraud_passed_at,
        case when fraud_gates.passed_at is null
            then fraud_gates.blocked_reason
        end as fraud_blocked_reason,
        case when orders.fulfillment_type <> 'digital'
            then reservation_gates.passed_at
        end as reservation_passed_at,
        case when orders.fulfillment_type <> 'digital'
            then reservation_gates.blocked_reason
        end as reservation_blocked_reason,
        case when orders.fulfillment_type in ('ship', 'mixed')
            then address_gates.passed_at
        end as address_passed_at,
        case
            when orders.fulfillment_type in ('ship', 'mixed')
                and address_gates.passed_at is null
                then coalesce(address_gates.blocked_reason, 'not_validated')
        end as address_blocked_reason,
        case when orders.fulfillment_type <> 'digital'
            then promise_gates.passed_at
        end as promise_passed_at,
        case
            when orders.fulfillment_type <> 'digital'
                and promise_gates.passed_at is null
                then 'not_promised'
        end as promise_blocked_reason,
        coalesce(first_parcels.payment_mode = 'prepaid', false) as is_prepaid,
        payment_gates.captured_at,
        first_parcels.first_shipped_at

    from orders
    inner join payment_gates
        on orders.order_id = payment_gates.order_id
    inner join fraud_gates
        on orders.order_id = fraud_gates.order_id
    left join reservation_gates
        on orders.order_id = reservation_gates.order_id
    left join address_gates
        on orders.order_id = address_gates.order_id
    left join promise_gates
        on orders.order_id = promise_gates.order_id
    left join first_parcels
        on orders.order_id = first_parcels.order_id

),

blocked_orders as (

    select
        *,
        case
            when payment_blocked_reason is not null then 'payment'
            when fraud_blocked_reason is not null then 'fraud'
            when reservation_blocked_reason is not null then 'reservation'
            when address_blocked_reason is not null then 'address'
            when promise_blocked_reason is not null then 'promise'
        end as gate_blocking

    from gates

),

ready_orders as (

    select
        *,
        case when gate_blocking is null
            then greatest(
                payment_passed_at, fraud_passed_at, reservation_passed_at,
                address_passed_at, promise_passed_at
            )
        end as ready_at

    from blocked_orders

),

readiness as (

    select
        order_id,
        story_id,
        payment_blocked_reason,
        fraud_blocked_reason,
        reservation_blocked_reason,
        address_blocked_reason,
        promise_blocked_reason,
        gate_blocking,
        first_shipped_at is not null
            and (ready_at is null or ready_at > first_shipped_at)
            as shipped_before_ready,
        is_prepaid
            and (captured_at is null or captured_at > first_shipped_at)
            as shipped_unpaid,
        payment_passed_at,
        fraud_passed_at,
        reservation_passed_at,
        address_passed_at,
        promise_passed_at,
        ready_at

    from ready_orders

)

select * from readiness
