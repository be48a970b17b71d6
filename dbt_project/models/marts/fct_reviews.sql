{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

reviews as (

    select
        review_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(customer_id) as customer_id,
        min(order_line_id) as order_line_id,
        min(sku) as sku,
        min(rating) as rating,
        bool_or(is_solicited) as is_solicited,
        min(occurred_at) as reviewed_at

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'review_submitted'
    group by review_id

),

-- shops' review pages name the product, not the line: one line of that product is it
product_lines as (

    select
        order_id,
        sku,
        min(order_line_id) as order_line_id

    from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}
    group by order_id, sku
    having count(*) = 1

),

lined_reviews as (

    select
        reviews.review_id,
        reviews.story_id,
        reviews.order_id,
        reviews.customer_id,
        coalesce(reviews.order_line_id, product_lines.order_line_id) as order_line_id,
        reviews.sku,
        cast(reviews.rating as double) as rating,
        reviews.is_solicited,
        reviews.reviewed_at

    from reviews
    left join product_lines
        on reviews.order_id = product_lines.order_id
        and reviews.sku = product_lines.sku

)

select * from lined_reviews
