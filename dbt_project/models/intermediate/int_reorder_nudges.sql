{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

nudges as (

    select
        fact_id,
        story_id,
        customer_id,
        sku,
        occurred_at as sent_at

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'reorder_nudge_sent'

)

select * from nudges
