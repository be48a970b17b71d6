{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

{%- set moving -%} open_rows.has_settlement_ahead {%- endset %}

-- Each order with its parcels, money and units brought together, and the one stage it
-- stands at. What depends on a customer's other orders is added in fct_orders.
with

placed_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id', open_rows=moving) }}
        and event_name = 'order_placed'

),

milestones as (

    select * from {{ ref('int_order_milestones') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

readiness as (

    select * from {{ ref('order_readiness') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

line_units as (

    select * from {{ ref('int_line_units') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

shipments as (

    select * from {{ ref('fct_shipments') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

payments as (

    select * from {{ ref('fct_payments') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

returns as (

    select * from {{ ref('fct_returns') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

vehicle_steps as (

    select
        shipment_id,
        {{ max_by(
            'event_name', "(occurred_at || lpad(cast(event_rank as varchar), 5, '0'))"
        ) }} = 'shipment_out_for_delivery' as is_on_vehicle

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id', open_rows=moving) }}
        and event_name in (
            'shipment_shipped', 'shipment_scanned', 'shipment_out_for_delivery',
            'delivery_attempt_failed'
        )
    group by shipment_id

),

units as (

    select
        order_id,
        count(*) as line_count,
        cast(sum(quantity) as bigint) as unit_count,
        cast(sum(quantity_cancelled) as bigint) as cancelled_count,
        cast(sum(quantity_delivered) as bigint) as delivered_count,
        max(last_cancelled_at) as last_cancelled_at

    from line_units
    group by order_id

),

-- a label never shipped is no parcel yet
parcels as (

    select
        shipments.order_id,
        count(*) as shipment_count,
        count(*) filter (where shipments.outcome = 'open') as open_count,
        count(*) filter (where shipments.outcome = 'delivered') as delivered_count,
        count(*) filter (where shipments.outcome = 'rto') as rto_count,
        coalesce(
            bool_or(vehicle_steps.is_on_vehicle)
                filter (where shipments.outcome = 'open'), false
        ) as is_on_vehicle

    from shipments
    left join vehicle_steps
        on shipments.shipment_id = vehicle_steps.shipment_id
    where shipments.shipped_at is not null
        or shipments.outcome <> 'open'
    group by shipments.order_id

),

money as (

    select
        order_id,
        currency,
        sum(captured_amount) as captured_amount,
        sum(settled_gross_amount) as settled_amount,
        bool_or(has_settlement_ahead) as has_settlement_ahead

    from payments
    group by order_id, currency

),

returned_orders as (

    select distinct order_id from returns

),

orders as (

    select
        placed_events.order_id,
        placed_events.story_id,
        placed_events.source,
        case
            when placed_events.customer_id is null
                or coalesce(placed_events.is_guest, false)
                then 'guest:' || placed_events.order_id
            else placed_events.customer_id
        end as customer_id,
        placed_events.customer_id is null
            or placed_events.customer_id = 'guest:' || placed_events.order_id
            or coalesce(placed_events.is_guest, false) as is_guest,
        placed_events.customer_segment,
        placed_events.channel,
        placed_events.payment_mode,
        placed_events.fulfillment_type,
        placed_events.currency,
        placed_events.postal_code,
        milestones.order_status,
        milestones.source_status,
        units.line_count,
        units.unit_count,
        units.unit_count > 0
            and units.cancelled_count >= units.unit_count as is_cancelled,
        units.unit_count > units.cancelled_count
            and units.delivered_count >= units.unit_count - units.cancelled_count
            as is_delivered,
        units.last_cancelled_at,
        coalesce(parcels.shipment_count, 0) as shipment_count,
        coalesce(parcels.open_count, 0) as open_parcel_count,
        coalesce(parcels.delivered_count, 0) as delivered_parcel_count,
        coalesce(parcels.rto_count, 0) as rto_parcel_count,
        coalesce(parcels.is_on_vehicle, false) as is_on_vehicle,
        {{ to_amount(
            'placed_events.total_minor + milestones.edited_minor'
            ~ ' + milestones.exchanged_minor',
            'placed_events.currency'
        ) }} as ordered_amount,
        coalesce(money.captured_amount, 0) as captured_amount,
        coalesce(money.settled_amount, 0) as settled_amount,
        coalesce(
            {{ to_amount('milestones.refunded_minor', 'placed_events.currency') }}, 0
        ) as refunded_amount,
        returned_orders.order_id is not null as has_return,
        coalesce(money.has_settlement_ahead, false) as has_settlement_ahead,
        readiness.gate_blocking,
        readiness.fraud_blocked_reason,
        milestones.placed_at,
        milestones.authorized_at,
        milestones.captured_at,
        milestones.fraud_cleared_at,
        milestones.reserved_at,
        milestones.address_validated_at,
        milestones.promise_confirmed_at,
        milestones.fulfillment_ready_at,
        milestones.packed_at,
        milestones.first_shipped_at,
        milestones.first_delivered_at,
        milestones.last_delivered_at,
        milestones.collected_at,
        milestones.digitally_fulfilled_at,
        milestones.pickup_ready_at,
        milestones.pickup_expired_at,
        milestones.packing_at,
        milestones.first_payment_event_at,
        milestones.last_customer_visible_at

    from placed_events
    inner join milestones
        on placed_events.order_id = milestones.order_id
    inner join readiness
        on placed_events.order_id = readiness.order_id
    left join units
        on placed_events.order_id = units.order_id
    left join parcels
        on placed_events.order_id = parcels.order_id
    left join money
        on placed_events.order_id = money.order_id
        and placed_events.currency = money.currency
    left join returned_orders
        on placed_events.order_id = returned_orders.order_id

),

-- the first that applies; an order stands at exactly one
staged as (

    select
        *,
        {{ order_stage() }} as stage

    from orders

)

select * from staged
