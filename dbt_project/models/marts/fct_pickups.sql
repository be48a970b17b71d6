{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

{%- set waiting -%} open_rows.outcome = 'waiting' {%- endset %}

with

pickup_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id', open_rows=waiting) }}
        and event_name in (
            'pickup_ready', 'pickup_no_show_flagged', 'pickup_collected',
            'pickup_expired'
        )

),

orders as (

    select * from {{ ref('fct_orders') }}
    where {{ is_affected('story_id', open_rows=waiting) }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

pickups as (

    select
        fulfillment_order_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        coalesce(
            min(location_id) filter (where event_name = 'pickup_ready'),
            min(location_id)
        ) as location_id,
        max(pickup_by_at) as pickup_by_at,
        min(occurred_at) filter (where event_name = 'pickup_ready') as ready_at,
        min(occurred_at) filter (where event_name = 'pickup_no_show_flagged')
            as no_show_flagged_at,
        min(occurred_at) filter (where event_name = 'pickup_collected') as collected_at,
        min(occurred_at) filter (where event_name = 'pickup_expired') as expired_at

    from pickup_events
    group by fulfillment_order_id

),

-- goods may be handed over after the hold has ended, or an order be called off in it
ended_pickups as (

    select
        pickups.*,
        clock.as_of,
        case
            when pickups.collected_at is not null then 'collected'
            when pickups.expired_at is not null then 'expired'
            when orders.cancelled_at is not null then 'cancelled'
            else 'waiting'
        end as outcome,
        coalesce(
            pickups.collected_at, pickups.expired_at, orders.cancelled_at, clock.as_of
        ) as waited_until

    from pickups
    left join orders
        on pickups.order_id = orders.order_id
    cross join clock

),

judged_pickups as (

    select
        fulfillment_order_id,
        story_id,
        order_id,
        location_id,
        outcome,
        case
            when ready_at is not null
                then greatest({{ days_between('ready_at', 'waited_until') }}, 0)
        end as waiting_days,
        no_show_flagged_at is not null
            or expired_at is not null
            or coalesce(waited_until > pickup_by_at, false) as is_no_show,
        ready_at,
        pickup_by_at,
        no_show_flagged_at,
        collected_at,
        expired_at

    from ended_pickups

)

select * from judged_pickups
