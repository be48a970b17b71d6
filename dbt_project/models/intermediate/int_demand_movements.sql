{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units asked for, called off and sent, each on the day it changed what is still to
-- be sent. Of a line no more leaves than entered: what its units no longer ask for (a
-- replacement, an order that never reached us) is beyond demand.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

cancelled_units as (

    select * from {{ ref('int_cancelled_units') }}
    where {{ is_affected('story_id') }}

),

parcel_lines as (

    select * from {{ ref('int_parcel_lines') }}
    where {{ is_affected('story_id') }}

),

deliveries as (

    select * from {{ ref('int_line_deliveries') }}
    where {{ is_affected('story_id') }}

),

placed_orders as (

    select * from order_events
    where event_name = 'order_placed'

),

placed_lines as (

    {{ unnest_lines('placed_orders', ['story_id', 'occurred_at']) }}

),

departures as (

    select
        story_id,
        order_line_id,
        sku,
        'shipped' as movement,
        quantity,
        left_at as occurred_at,
        -- of one instant, what left was not called off
        '1:' || event_id as turn
    from parcel_lines

    union all

    -- handed over at the counter, or as a download
    select
        story_id,
        order_line_id,
        sku,
        'shipped' as movement,
        quantity,
        delivered_at as occurred_at,
        '1:' as turn
    from deliveries
    where shipment_id is null

    union all

    select
        story_id,
        order_line_id,
        null as sku,
        'cancelled' as movement,
        quantity_cancelled as quantity,
        cancelled_at as occurred_at,
        '2:' || event_id as turn
    from cancelled_units

),

departures_so_far as (

    select
        departures.story_id,
        departures.order_line_id,
        coalesce(placed_lines.sku, departures.sku, 'unknown') as sku,
        departures.movement,
        departures.quantity,
        coalesce(placed_lines.quantity, 0) as quantity_asked,
        sum(departures.quantity) over so_far as quantity_so_far,

        -- nothing leaves what it has not entered: clocks of two systems differ
        greatest(departures.occurred_at, placed_lines.occurred_at) as moved_at

    from departures
    left join placed_lines
        on departures.order_line_id = placed_lines.order_line_id
    window so_far as (
        partition by departures.order_line_id
        order by departures.occurred_at, departures.turn
        rows between unbounded preceding and current row
    )

),

divided_departures as (

    select
        *,
        least(quantity_so_far, quantity_asked)
        - least(quantity_so_far - quantity, quantity_asked) as quantity_met

    from departures_so_far

),

movements as (

    select
        story_id,
        order_line_id,
        sku,
        'demand' as movement,
        quantity,
        {{ store_date('occurred_at') }} as date
    from placed_lines

    union all

    select
        story_id,
        order_line_id,
        sku,
        movement,
        quantity_met as quantity,
        {{ store_date('moved_at') }} as date
    from divided_departures
    where quantity_met > 0

    union all

    select
        story_id,
        order_line_id,
        sku,
        'beyond_demand' as movement,
        quantity - quantity_met as quantity,
        {{ store_date('moved_at') }} as date
    from divided_departures
    where quantity > quantity_met
        and movement = 'shipped'

),

daily_movements as (

    select
        min(story_id) as story_id,
        order_line_id,
        sku,
        movement,
        cast(sum(quantity) as bigint) as quantity,
        date

    from movements
    group by order_line_id, sku, movement, date

)

select * from daily_movements
