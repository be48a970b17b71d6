{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units that came to a shelf, left it or were counted there, as events say it. Goods
-- set aside at the counter have left: when the hold ends they are restocked.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

return_events as (

    select * from {{ ref('int_return_events') }}
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
        [
            'story_id', 'event_id', 'order_id', 'shipment_id', 'location_id',
            'occurred_at'
        ]
    ) }}

),

labels as (

    select
        shipment_id,
        min(location_id) as location_id

    from order_events
    where event_name = 'label_created'
    group by shipment_id

),

handoffs as (

    select * from order_events
    where event_name = 'fulfillment_ready'

),

handoff_lines as (

    {{ unnest_lines('handoffs', ['fulfillment_order_id']) }}

),

picked_lines as (

    select
        fulfillment_order_id,
        order_line_id,
        sum(quantity) as quantity

    from order_events
    where event_name = 'item_picked'
    group by fulfillment_order_id, order_line_id

),

-- what waits at the counter is what was taken from the shelf for it, else what was
-- handed to operations, else what the order asked for
counter_lines as (

    select
        pickups.event_id,
        coalesce(
            picked_lines.order_line_id,
            handoff_lines.order_line_id,
            order_lines.order_line_id
        ) as order_line_id,
        min(
            coalesce(
                picked_lines.quantity, handoff_lines.quantity, order_lines.quantity
            )
        ) as quantity

    from order_events as pickups
    left join picked_lines
        on pickups.fulfillment_order_id = picked_lines.fulfillment_order_id
    left join handoff_lines
        on pickups.fulfillment_order_id = handoff_lines.fulfillment_order_id
        and picked_lines.order_line_id is null
    left join order_lines
        on pickups.order_id = order_lines.order_id
        and picked_lines.order_line_id is null
        and handoff_lines.order_line_id is null
    where pickups.event_name = 'pickup_ready'
    group by
        pickups.event_id,
        coalesce(
            picked_lines.order_line_id,
            handoff_lines.order_line_id,
            order_lines.order_line_id
        )

),

movements as (

    select
        story_id,
        event_id,
        order_id,
        sku,
        location_id,
        'count' as movement,
        counted_quantity as quantity,
        occurred_at
    from order_events
    where event_name = 'inventory_counted'

    union all

    -- a correction says again what the count before it said
    select
        story_id,
        event_id,
        order_id,
        sku,
        location_id,
        'adjustment' as movement,
        delta_quantity as quantity,
        occurred_at
    from order_events
    where event_name = 'inventory_adjusted'
        and adjustment_cause <> 'count_correction'

    union all

    select
        story_id,
        event_id,
        order_id,
        sku,
        location_id,
        'restock' as movement,
        quantity,
        occurred_at
    from return_events
    where event_name = 'inventory_restocked'

    union all

    select
        shipped_lines.story_id,
        shipped_lines.event_id,
        shipped_lines.order_id,
        coalesce(shipped_lines.sku, order_lines.sku) as sku,
        coalesce(shipped_lines.location_id, labels.location_id) as location_id,
        'shipment' as movement,
        -shipped_lines.quantity as quantity,
        shipped_lines.occurred_at

    from shipped_lines
    left join labels
        on shipped_lines.shipment_id = labels.shipment_id
    left join order_lines
        on shipped_lines.order_line_id = order_lines.order_line_id

    union all

    select
        pickups.story_id,
        pickups.event_id,
        pickups.order_id,
        order_lines.sku,
        pickups.location_id,
        'pickup' as movement,
        -counter_lines.quantity as quantity,
        pickups.occurred_at

    from order_events as pickups
    inner join counter_lines
        on pickups.event_id = counter_lines.event_id
    left join order_lines
        on counter_lines.order_line_id = order_lines.order_line_id
    where counter_lines.quantity is not null

),

stock_movements as (

    select
        min(story_id) as story_id,
        event_id,
        min(order_id) as order_id,
        coalesce(sku, 'unknown') as sku,
        coalesce(location_id, 'unknown') as location_id,
        movement,
        cast(sum(quantity) as bigint) as quantity,
        min(occurred_at) as occurred_at

    from movements
    group by
        event_id, coalesce(sku, 'unknown'), coalesce(location_id, 'unknown'), movement

)

select * from stock_movements
