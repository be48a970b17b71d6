{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- One scan over each stream: when an order reached each step.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and order_id is not null

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}
        and order_id is not null

),

return_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}
        and order_id is not null

),

contract_events as (

    select * from {{ ref('stg_contract_events') }}

),

order_steps as (

    select
        order_id,
        min(story_id) as story_id,
        min(currency) filter (where event_name = 'order_placed') as currency,
        min(occurred_at) filter (where event_name = 'order_placed') as placed_at,
        min(occurred_at) filter (where event_name = 'address_validated')
            as address_validated_at,
        min(occurred_at) filter (where event_name = 'delivery_promise_confirmed')
            as promise_confirmed_at,
        min(occurred_at) filter (where event_name = 'fulfillment_ready')
            as fulfillment_ready_at,
        min(occurred_at) filter (where event_name = 'shipment_shipped')
            as first_shipped_at,
        min(occurred_at) filter (
            where event_name in (
                'shipment_delivered', 'pickup_collected', 'digital_order_fulfilled'
            )
        ) as first_delivered_at,
        max(occurred_at) filter (
            where event_name in (
                'shipment_delivered', 'pickup_collected', 'digital_order_fulfilled'
            )
        ) as last_delivered_at,
        min(occurred_at) filter (where event_name = 'pickup_collected') as collected_at,
        min(occurred_at) filter (where event_name = 'digital_order_fulfilled')
            as digitally_fulfilled_at,
        min(occurred_at) filter (where event_name = 'pickup_ready') as pickup_ready_at,
        min(occurred_at) filter (where event_name = 'pickup_expired')
            as pickup_expired_at,
        min(occurred_at) filter (
            where event_name in (
                'pick_list_created', 'item_picked', 'item_packed', 'label_created'
            )
        ) as packing_at,
        cast(
            coalesce(
                sum(price_delta_minor) filter (where event_name = 'order_updated'), 0
            ) as bigint
        ) as edited_minor,
        {{ max_by('order_status', "(occurred_at || event_id)") }}
            filter (where event_name = 'order_status_changed') as order_status,
        {{ max_by(
            'coalesce(' ~ json_text('extra', 'source_status') ~ ', order_status)',
            "(occurred_at || event_id)"
        ) }} filter (where event_name = 'order_status_changed') as source_status

    from order_events
    group by order_id

),

payment_steps as (

    select
        order_id,
        min(occurred_at) filter (where event_name = 'payment_authorized')
            as authorized_at,
        min(occurred_at) filter (where event_name = 'payment_captured') as captured_at,
        min(occurred_at) filter (where event_name = 'fraud_review_cleared')
            as fraud_cleared_at,
        min(occurred_at) as first_payment_event_at

    from payment_events
    where event_name not like 'refund%'
    group by order_id

),

refunds as (

    select
        order_id,
        currency,
        cast(sum(amount_minor) as bigint) as refunded_minor

    from {{ ref('int_refunds') }}
    where {{ is_affected('story_id') }}
        and completed_at is not null
    group by order_id, currency

),

exchange_steps as (

    select
        order_id,
        cast(sum(price_delta_minor) as bigint) as exchanged_minor

    from return_events
    where event_name = 'exchange_completed'
    group by order_id

),

visible_events as (

    {{ visible_events(
        'order_events', 'payment_events', 'return_events', 'contract_events'
    ) }}

),

last_visible as (

    select
        order_id,
        max(occurred_at) as last_customer_visible_at

    from visible_events
    group by order_id

),

packed_lines as (

    select
        order_id,
        order_line_id,
        max(occurred_at) as packed_at

    from order_events
    where event_name = 'item_packed'
    group by order_id, order_line_id

),

line_steps as (

    select
        reservations.order_id,
        count(*) filter (where reservations.quantity_wanted > 0) as lines_wanted,
        count(*) filter (
            where reservations.quantity_wanted > 0
                and reservations.reserved_at is not null
        ) as lines_reserved,
        count(*) filter (
            where reservations.quantity_wanted > 0
                and packed_lines.packed_at is not null
        ) as lines_packed,
        max(reservations.reserved_at) filter (where reservations.quantity_wanted > 0)
            as last_reserved_at,
        max(packed_lines.packed_at) filter (where reservations.quantity_wanted > 0)
            as last_packed_at

    from {{ ref('int_line_reservations') }} as reservations
    left join packed_lines
        on reservations.order_line_id = packed_lines.order_line_id
    where {{ is_affected('reservations.story_id') }}
    group by reservations.order_id

),

milestones as (

    select
        order_steps.*,
        payment_steps.authorized_at,
        payment_steps.captured_at,
        payment_steps.fraud_cleared_at,
        payment_steps.first_payment_event_at,
        refunds.refunded_minor,
        coalesce(exchange_steps.exchanged_minor, 0) as exchanged_minor,
        last_visible.last_customer_visible_at,

        -- when the last line was; one line short is not reserved, not packed
        case
            when line_steps.lines_reserved = line_steps.lines_wanted
                then line_steps.last_reserved_at
        end as reserved_at,
        case
            when line_steps.lines_packed = line_steps.lines_wanted
                then line_steps.last_packed_at
        end as packed_at

    from order_steps
    left join payment_steps
        on order_steps.order_id = payment_steps.order_id
    left join refunds
        on order_steps.order_id = refunds.order_id
        and order_steps.currency = refunds.currency
    left join exchange_steps
        on order_steps.order_id = exchange_steps.order_id
    left join last_visible
        on order_steps.order_id = last_visible.order_id
    left join line_steps
        on order_steps.order_id = line_steps.order_id
    where order_steps.placed_at is not null

)

select * from milestones
