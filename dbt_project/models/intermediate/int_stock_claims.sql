{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units that came back without the money and the shelf agreeing on it, or that nobody
-- has confirmed to be back.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

return_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}

),

returns as (

    select * from {{ ref('fct_returns') }}
    where {{ is_affected('story_id') }}

),

return_places as (

    select
        return_line_id,
        coalesce(
            min(location_id) filter (where event_name = 'return_received'),
            min(location_id) filter (where event_name = 'return_inspected')
        ) as received_at_location_id,
        min(location_id) filter (where event_name = 'inventory_restocked')
            as restocked_at_location_id

    from return_events
    where return_line_id is not null
    group by return_line_id

),

-- an instant refund is paid before anything has come
return_lines as (

    select
        returns.*,
        return_places.received_at_location_id,
        return_places.restocked_at_location_id,
        case
            when returns.received_at is null then returns.quantity
            else returns.received_quantity
        end as quantity_awaited

    from returns
    left join return_places
        on returns.return_line_id = return_places.return_line_id

),

shipped_events as (

    select * from order_events
    where event_name = 'shipment_shipped'

),

shipped_lines as (

    {{ unnest_lines('shipped_events', ['story_id', 'shipment_id', 'location_id']) }}

),

returned_parcels as (

    select
        shipment_id,
        min(location_id) filter (where event_name = 'rto_delivered') as location_id

    from order_events
    where event_name in ('rto_delivered', 'rto_acknowledged')
    group by shipment_id
    having not bool_or(event_name = 'rto_acknowledged')

),

claims as (

    select
        story_id,
        'refunded_not_restocked' as claim,
        return_line_id as thing_id,
        sku,
        received_at_location_id as location_id,
        quantity_awaited as quantity
    from return_lines
    where is_refunded_not_restocked

    union all

    select
        story_id,
        'restocked_not_refunded' as claim,
        return_line_id as thing_id,
        sku,
        restocked_at_location_id as location_id,
        restocked_quantity as quantity
    from return_lines
    where is_restocked_not_refunded

    union all

    select
        shipped_lines.story_id,
        'rto_unacknowledged' as claim,
        shipped_lines.shipment_id as thing_id,
        shipped_lines.sku,
        coalesce(returned_parcels.location_id, shipped_lines.location_id)
            as location_id,
        shipped_lines.quantity

    from returned_parcels
    inner join shipped_lines
        on returned_parcels.shipment_id = shipped_lines.shipment_id

),

stock_claims as (

    select
        min(story_id) as story_id,
        claim,
        thing_id,
        coalesce(sku, 'unknown') as sku,
        coalesce(location_id, 'unknown') as location_id,
        cast(sum(quantity) as bigint) as quantity

    from claims
    where quantity > 0
    group by
        claim, thing_id, coalesce(sku, 'unknown'), coalesce(location_id, 'unknown')

)

select * from stock_claims
