-- The same orders counted twice: by the customer as sent, and by who that turns out
-- to be.
with

orders as (

    select
        order_id,
        customer_id,
        placed_at

    from {{ ref('fct_orders') }}
    where is_counted

),

identities as (

    select * from {{ ref('customer_identities') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

identified_orders as (

    select
        'as_sent' as identity_mode,
        customer_id,
        order_id,
        placed_at

    from orders

    union all

    select
        'resolved' as identity_mode,
        identities.resolved_customer_id as customer_id,
        orders.order_id,
        orders.placed_at

    from orders
    inner join identities
        on orders.customer_id = identities.customer_id

),

followed_orders as (

    select
        *,
        row_number() over by_time as order_number,
        count(*) over (partition by identity_mode, customer_id) as orders,
        lead(placed_at) over by_time as next_placed_at

    from identified_orders
    window by_time as (
        partition by identity_mode, customer_id order by placed_at, order_id
    )

),

customers as (

    select
        followed_orders.identity_mode,
        followed_orders.orders,
        {{ month_of(store_date('followed_orders.placed_at')) }} as cohort_month,
        {{ days_between('followed_orders.placed_at', 'clock.as_of') }}
            >= {{ var('identity_repeat_days') }} as is_over,
        coalesce(
            {{ days_between(
                'followed_orders.placed_at', 'followed_orders.next_placed_at'
            ) }} <= {{ var('identity_repeat_days') }}, false
        ) as has_repeated

    from followed_orders
    cross join clock
    where followed_orders.order_number = 1

),

months as (

    select
        identity_mode,
        cast(sum(orders) as bigint) as orders,
        count(*) as customers,
        count(*) filter (where is_over) as observed_customers,
        count(*) filter (where is_over and has_repeated) as repeat_customers,
        cohort_month

    from customers
    group by identity_mode, cohort_month

),

effect as (

    select
        identity_mode,
        orders,
        customers,
        observed_customers,
        repeat_customers,
        cast(repeat_customers as double) / nullif(observed_customers, 0)
            as repeat_rate,
        observed_customers >= {{ var('rankable_from') }} as is_rankable,
        observed_customers = customers as is_mature,
        cohort_month

    from months

)

select * from effect
