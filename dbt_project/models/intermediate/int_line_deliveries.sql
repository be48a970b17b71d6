{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units of a line handed over, by parcel, at the counter or as a download, and when.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

parcel_lines as (

    select * from {{ ref('int_parcel_lines') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

delivered_shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}
        and outcome = 'delivered'

),

delivered_events as (

    select * from order_events
    where event_name = 'shipment_delivered'

),

delivered_lines as (

    {{ unnest_lines('delivered_events', ['story_id', 'order_id', 'shipment_id']) }}

),

itemized_deliveries as (

    select distinct shipment_id
    from delivered_lines

),

-- a delivery without lines is of everything the parcel carried
handed_over_lines as (

    select
        story_id,
        order_id,
        shipment_id,
        order_line_id,
        sku,
        quantity
    from delivered_lines

    union all

    select
        parcel_lines.story_id,
        parcel_lines.order_id,
        parcel_lines.shipment_id,
        parcel_lines.order_line_id,
        parcel_lines.sku,
        parcel_lines.quantity

    from parcel_lines
    left join itemized_deliveries
        on parcel_lines.shipment_id = itemized_deliveries.shipment_id
    where itemized_deliveries.shipment_id is null

),

parcel_deliveries as (

    select
        lines.story_id,
        lines.order_id,
        lines.order_line_id,
        lines.sku,
        lines.shipment_id,
        lines.quantity,
        shipments.delivered_at

    from handed_over_lines as lines
    inner join delivered_shipments as shipments
        on lines.shipment_id = shipments.shipment_id

),

-- what the counter hands over was named when it was made ready
counter_events as (

    select
        handovers.story_id,
        handovers.order_id,
        handovers.order_line_id,
        handovers.occurred_at as delivered_at,
        coalesce(handovers.lines, handoffs.lines) as lines

    from order_events as handovers
    left join order_events as handoffs
        on handovers.fulfillment_order_id = handoffs.fulfillment_order_id
        and handoffs.event_name = 'fulfillment_ready'
    where handovers.event_name in ('pickup_collected', 'digital_order_fulfilled')

),

counter_lines as (

    {{ unnest_lines('counter_events', ['story_id', 'order_id', 'delivered_at']) }}

),

counter_deliveries as (

    select
        story_id,
        order_id,
        order_line_id,
        sku,
        cast(null as varchar) as shipment_id,
        quantity,
        delivered_at
    from counter_lines

    union all

    select
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.sku,
        cast(null as varchar) as shipment_id,
        order_lines.quantity,
        counter_events.delivered_at

    from counter_events
    inner join order_lines
        on counter_events.order_id = order_lines.order_id
        and (
            counter_events.order_line_id = order_lines.order_line_id
            or counter_events.order_line_id is null
        )
    where counter_events.lines is null

),

deliveries as (

    select * from parcel_deliveries
    union all
    select * from counter_deliveries

)

select * from deliveries
