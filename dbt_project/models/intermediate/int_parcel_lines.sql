{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units that left in a parcel, and when. Where the dispatch was lost and the carrier
-- says that the parcel arrived or came back, what was packed into it had left by then.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and shipment_id is not null

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

shipped_events as (

    select * from order_events
    where event_name = 'shipment_shipped'

),

shipped_lines as (

    {{ unnest_lines(
        'shipped_events',
        ['story_id', 'order_id', 'shipment_id', 'event_id', 'occurred_at']
    ) }}

),

unseen_parcels as (

    select * from shipments
    where shipped_at is null
        and outcome <> 'open'

),

parcel_lines as (

    select
        story_id,
        order_id,
        shipment_id,
        order_line_id,
        sku,
        quantity,
        event_id,
        occurred_at as left_at
    from shipped_lines

    union all

    select
        packings.story_id,
        packings.order_id,
        packings.shipment_id,
        packings.order_line_id,
        coalesce(packings.sku, order_lines.sku, 'unknown') as sku,
        packings.quantity,
        packings.event_id,
        unseen_parcels.outcome_at as left_at

    from order_events as packings
    inner join unseen_parcels
        on packings.shipment_id = unseen_parcels.shipment_id
    left join order_lines
        on packings.order_line_id = order_lines.order_line_id
    where packings.event_name = 'item_packed'

)

select * from parcel_lines
