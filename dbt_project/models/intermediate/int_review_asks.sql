{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- A line may be asked about again; what counts is when it first was.
with

asks as (

    select
        order_line_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(sku) as sku,
        count(*) as ask_count,
        min(occurred_at) as asked_at,
        min(delivered_at) as said_delivered_at

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'review_requested'
    group by order_line_id

)

select * from asks
