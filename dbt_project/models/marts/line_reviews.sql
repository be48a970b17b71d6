-- A review may name its line and not its order, and then stands in a story of its own:
-- asks, answers and deliveries of a line are brought together whole.
with

asks as (

    select * from {{ ref('int_review_asks') }}

),

deliveries as (

    select
        order_line_id,
        min(order_id) as order_id,
        min(sku) as sku,
        min(delivered_at) as delivered_at

    from {{ ref('int_line_deliveries') }}
    group by order_line_id

),

reviews as (

    select
        reviews.order_line_id,
        reviews.review_id,
        reviews.rating,
        reviews.reviewed_at,
        coalesce(reviews.reviewed_at >= asks.asked_at, false) as is_answer,

        -- a request that never landed was one all the same
        asks.order_line_id is null and coalesce(reviews.is_solicited, false)
            as is_answer_to_nothing

    from {{ ref('fct_reviews') }} as reviews
    left join asks
        on reviews.order_line_id = asks.order_line_id
    where reviews.order_line_id is not null

),

reviewed_lines as (

    select
        order_line_id,
        min(reviewed_at) as reviewed_at,
        min(reviewed_at) filter (where is_answer) as responded_at,
        {{ min_by('rating', "(reviewed_at || review_id)") }} filter (where is_answer)
            as response_rating,
        min(reviewed_at) filter (where not is_answer and not is_answer_to_nothing)
            as organic_at

    from reviews
    group by order_line_id

),

lines as (

    select
        coalesce(deliveries.order_line_id, asks.order_line_id) as order_line_id,
        coalesce(deliveries.order_id, asks.order_id) as order_id,
        coalesce(deliveries.sku, asks.sku) as sku,

        -- where the parcel's own news was lost, the ask knows
        coalesce(deliveries.delivered_at, asks.said_delivered_at) as delivered_at,
        asks.asked_at

    from deliveries
    full outer join asks
        on deliveries.order_line_id = asks.order_line_id

),

line_reviews as (

    select
        lines.order_line_id,
        lines.order_id,
        lines.sku,
        reviewed_lines.response_rating,
        {{ store_date('lines.asked_at') }} - {{ store_date('lines.delivered_at') }}
            as ask_delay_days,
        {{ store_date('reviewed_lines.organic_at') }}
        - {{ store_date('lines.delivered_at') }} as organic_delay_days,
        lines.delivered_at,
        lines.asked_at,
        reviewed_lines.responded_at,
        reviewed_lines.organic_at,
        reviewed_lines.reviewed_at

    from lines
    left join reviewed_lines
        on lines.order_line_id = reviewed_lines.order_line_id

)

select * from line_reviews
