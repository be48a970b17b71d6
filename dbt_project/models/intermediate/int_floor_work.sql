{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What the floor did, piece by piece: lines picked, picks that failed, orders handed to
-- it until they left, and rules that were set aside.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

handoffs as (

    select
        fulfillment_order_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        coalesce(
            min(location_id) filter (where event_name = 'fulfillment_ready'),
            min(location_id)
        ) as location_id,
        min(occurred_at) filter (where event_name = 'fulfillment_ready') as ready_at,
        min(occurred_at) filter (where event_name = 'pickup_ready') as set_aside_at

    from order_events
    where fulfillment_order_id is not null
    group by fulfillment_order_id

),

parcels as (

    select
        shipment_id,
        min(order_id) as order_id,
        min(occurred_at) filter (where event_name = 'shipment_shipped') as shipped_at,
        min(fulfillment_order_id) filter (where event_name = 'item_packed')
            as fulfillment_order_id

    from order_events
    where event_name in ('shipment_shipped', 'item_packed')
        and shipment_id is not null
    group by shipment_id

),

-- a parcel nobody said what was packed into is of whatever the order handed over
departures as (

    select
        handoffs.fulfillment_order_id,
        min(parcels.shipped_at) as shipped_at

    from handoffs
    inner join parcels
        on handoffs.order_id = parcels.order_id
        and handoffs.fulfillment_order_id = coalesce(
            parcels.fulfillment_order_id, handoffs.fulfillment_order_id
        )
    group by handoffs.fulfillment_order_id

),

checks as (

    select
        fulfillment_order_id,
        order_line_id,
        min(occurred_at) as checked_at

    from order_events
    where event_name = 'pick_check_failed'
    group by fulfillment_order_id, order_line_id

),

picks as (

    select
        fulfillment_order_id,
        order_line_id,
        location_id,
        min(occurred_at) as picked_at

    from order_events
    where event_name = 'item_picked'
    group by fulfillment_order_id, order_line_id, location_id

),

last_picks as (

    select
        picks.*,
        row_number() over (
            partition by fulfillment_order_id, order_line_id
            order by picked_at desc, location_id desc
        ) as from_last

    from picks

),

-- a line found wrong was picked, whether or not anybody said so; the last pick is the
-- one that was checked
picked_lines as (

    select
        coalesce(last_picks.fulfillment_order_id, checks.fulfillment_order_id)
            as fulfillment_order_id,
        coalesce(last_picks.order_line_id, checks.order_line_id) as order_line_id,
        last_picks.location_id,
        coalesce(last_picks.picked_at, checks.checked_at) as picked_at,
        checks.checked_at is not null as has_error

    from last_picks
    full outer join checks
        on last_picks.fulfillment_order_id = checks.fulfillment_order_id
        and last_picks.order_line_id = checks.order_line_id
        and last_picks.from_last = 1

),

order_places as (

    select
        order_id,
        coalesce(
            {{ min_by('location_id', 'occurred_at') }}
                filter (where event_name = 'fulfillment_ready'),
            {{ max_by('location_id', 'occurred_at') }}
                filter (where event_name = 'order_routed')
        ) as location_id

    from order_events
    where event_name in ('fulfillment_ready', 'order_routed')
        and location_id is not null
    group by order_id

),

work as (

    select
        handoffs.story_id,
        'pick' as work,
        picked_lines.fulfillment_order_id || ':' || picked_lines.order_line_id
        || ':' || coalesce(picked_lines.location_id, '') as work_id,
        handoffs.order_id,
        coalesce(picked_lines.location_id, handoffs.location_id) as location_id,
        picked_lines.has_error,
        picked_lines.picked_at as begun_at,
        null as left_at

    from picked_lines
    inner join handoffs
        on picked_lines.fulfillment_order_id = handoffs.fulfillment_order_id

    union all

    select
        story_id,
        'failed_pick' as work,
        event_id as work_id,
        order_id,
        location_id,
        true as has_error,
        occurred_at as begun_at,
        null as left_at
    from order_events
    where event_name = 'item_pick_failed'

    union all

    select
        handoffs.story_id,
        'handoff' as work,
        handoffs.fulfillment_order_id as work_id,
        handoffs.order_id,
        handoffs.location_id,
        false as has_error,
        handoffs.ready_at as begun_at,
        least(handoffs.set_aside_at, departures.shipped_at) as left_at

    from handoffs
    left join departures
        on handoffs.fulfillment_order_id = departures.fulfillment_order_id
    where handoffs.ready_at is not null

    union all

    select
        overrides.story_id,
        'override' as work,
        overrides.event_id as work_id,
        overrides.order_id,
        order_places.location_id,
        false as has_error,
        overrides.occurred_at as begun_at,
        null as left_at

    from order_events as overrides
    left join order_places
        on overrides.order_id = order_places.order_id
    where overrides.event_name = 'manual_override_logged'

),

floor_work as (

    select
        story_id,
        work,
        work_id,
        order_id,
        coalesce(location_id, 'unknown') as location_id,
        has_error,
        begun_at,
        left_at

    from work

)

select * from floor_work
