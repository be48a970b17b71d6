with

deliveries as (

    select
        order_id,
        quantity,
        {{ store_date('delivered_at') }} as date

    from {{ ref('int_line_deliveries') }}

),

returns as (

    select
        order_id,
        received_quantity,
        {{ store_date('delivered_at') }} as date

    from {{ ref('fct_returns') }}
    where received_at is not null
        and delivered_at is not null

),

-- guests are nobody twice
counted_orders as (

    select
        order_id,
        customer_id,
        placed_at,
        row_number() over by_time as order_number,
        lead(placed_at) over by_time as next_placed_at

    from {{ ref('fct_orders') }}
    where is_counted
        and not is_guest
    window by_time as (partition by customer_id order by placed_at, order_id)

),

review_events as (

    select * from {{ ref('int_order_events') }}
    where event_name in ('review_requested', 'review_submitted')

),

clock as (

    select * from {{ ref('stg_clock') }}

),

first_orders as (

    select
        counted_orders.order_id,
        {{ store_date('counted_orders.placed_at') }} as date,
        {{ days_between('counted_orders.placed_at', 'clock.as_of') }} >= 90 as is_over,
        coalesce(
            {{ days_between(
                'counted_orders.placed_at', 'counted_orders.next_placed_at'
            ) }} <= 90, false
        ) as has_reordered

    from counted_orders
    cross join clock
    where counted_orders.order_number = 1

),

first_asks as (

    select
        order_line_id,
        min(order_id) as order_id,
        min(occurred_at) as asked_at

    from review_events
    where event_name = 'review_requested'
    group by order_line_id

),

last_reviews as (

    select
        order_line_id,
        max(occurred_at) as reviewed_at

    from review_events
    where event_name = 'review_submitted'
        and order_line_id is not null
    group by order_line_id

),

asked_lines as (

    select
        first_asks.order_id,
        {{ store_date('first_asks.asked_at') }} as date,
        coalesce(last_reviews.reviewed_at >= first_asks.asked_at, false)
            as has_responded

    from first_asks
    left join last_reviews
        on first_asks.order_line_id = last_reviews.order_line_id

),

figures as (

    select
        'unit_return_rate' as metric,
        date,
        order_id,
        0 as numerator,
        quantity as denominator,
        quantity as population
    from deliveries

    union all

    select
        'unit_return_rate' as metric,
        date,
        order_id,
        received_quantity as numerator,
        0 as denominator,
        0 as population
    from returns

    union all

    select
        'reorder_90_day_rate' as metric,
        date,
        order_id,
        case when is_over and has_reordered then 1 else 0 end as numerator,
        case when is_over then 1 else 0 end as denominator,
        1 as population
    from first_orders

    union all

    select
        'review_response_rate' as metric,
        date,
        order_id,
        case when has_responded then 1 else 0 end as numerator,
        1 as denominator,
        1 as population
    from asked_lines

)

select * from figures
