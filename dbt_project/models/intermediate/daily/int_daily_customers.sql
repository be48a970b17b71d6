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

first_gaps as (

    select
        from_order_id,
        from_placed_at,
        gap_days,
        is_open

    from {{ ref('fct_reorder_gaps') }}
    where order_number = 1

),

asked_lines as (

    select
        order_id,
        {{ store_date('asked_at') }} as date,
        responded_at is not null as has_responded,
        delivered_at is not null as has_come

    from {{ ref('line_reviews') }}
    where asked_at is not null

),

clock as (

    select * from {{ ref('stg_clock') }}

),

first_orders as (

    select
        first_gaps.from_order_id as order_id,
        {{ store_date('first_gaps.from_placed_at') }} as date,
        {{ days_between('first_gaps.from_placed_at', 'clock.as_of') }} >= 90 as is_over,
        not first_gaps.is_open and first_gaps.gap_days <= 90 as has_reordered

    from first_gaps
    cross join clock

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
        case when has_come and has_responded then 1 else 0 end as numerator,
        case when has_come then 1 else 0 end as denominator,
        1 as population
    from asked_lines

)

select * from figures
