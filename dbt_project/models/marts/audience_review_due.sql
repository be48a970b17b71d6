with

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

line_reviews as (

    select * from {{ ref('line_reviews') }}

),

consents as (

    select * from {{ ref('int_standing_consents') }}
    where purpose = 'review_requests'

),

troubled_customers as (

    select distinct customer_id
    from {{ ref('int_open_problems') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- an association is a poor reason to ask at a bad moment, but a better one than none
days as (

    select
        coalesce(min(first_day), {{ var('review_window_first_day') }}) as first_day,
        coalesce(max(last_day), {{ var('review_window_last_day') }}) as last_day,
        count(*) > 0 as is_learned

    from {{ ref('review_timing') }}
    where is_learned

),

askable_lines as (

    select
        line_reviews.order_line_id,
        line_reviews.order_id,
        orders.customer_id,
        line_reviews.sku,
        consents.channels,
        consents.refused_channels,
        days.is_learned as is_window_learned,
        line_reviews.delivered_at,
        greatest(
            line_reviews.delivered_at,
            {{ store_midnight(
                store_date('line_reviews.delivered_at')
                ~ ' + cast(days.first_day as integer)'
            ) }}
        ) as ask_window_start_at,
        {{ store_midnight(
            store_date('line_reviews.delivered_at')
            ~ ' + cast(days.last_day + 1 as integer)'
        ) }} as ask_window_end_at

    from line_reviews
    inner join order_lines
        on line_reviews.order_line_id = order_lines.order_line_id
    inner join orders
        on line_reviews.order_id = orders.order_id
    inner join consents
        on orders.customer_id = consents.customer_id
    left join troubled_customers
        on orders.customer_id = troubled_customers.customer_id
    cross join days
    where line_reviews.delivered_at is not null
        and line_reviews.asked_at is null
        and line_reviews.reviewed_at is null
        and troubled_customers.customer_id is null

        -- all of it came, and some of it is still there
        and order_lines.quantity_delivered
        >= order_lines.quantity - order_lines.quantity_cancelled
        and order_lines.quantity_delivered > order_lines.quantity_returned

),

audience as (

    select
        askable_lines.order_line_id,
        askable_lines.order_id,
        askable_lines.customer_id,
        askable_lines.sku,
        askable_lines.channels,
        askable_lines.refused_channels,
        {{ holdout_group('askable_lines.customer_id', 'audience_review_due') }}
            as holdout_group,
        askable_lines.is_window_learned,
        askable_lines.delivered_at,
        askable_lines.ask_window_start_at,
        askable_lines.ask_window_end_at

    from askable_lines
    cross join clock
    where askable_lines.ask_window_start_at <= clock.as_of
        and askable_lines.ask_window_end_at > clock.as_of

)

select * from audience
