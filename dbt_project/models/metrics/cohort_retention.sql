with

-- each gap begins with an order that counts
orders as (

    select
        customer_id,
        from_placed_at as placed_at,
        {{ month_of(store_date('from_placed_at')) }} as placed_month

    from {{ ref('fct_reorder_gaps') }}

),

clock as (

    select
        as_of,
        {{ month_of(store_date('as_of')) }} as current_month

    from {{ ref('stg_clock') }}

),

customers as (

    select
        customer_id,
        min(placed_at) as first_placed_at,
        min(placed_month) as cohort_month

    from orders
    group by customer_id

),

cohorts as (

    select
        cohort_month,
        max(first_placed_at) as last_first_placed_at,
        count(*) as cohort_customers

    from customers
    group by cohort_month

),

aged_orders as (

    select
        customers.cohort_month,
        'calendar_month' as age_mode,
        {{ months_between('customers.cohort_month', 'orders.placed_month') }} as age,
        orders.customer_id

    from orders
    inner join customers
        on orders.customer_id = customers.customer_id

    union all

    select
        customers.cohort_month,
        '30_day' as age_mode,
        cast(
            floor(
                {{ days_between('customers.first_placed_at', 'orders.placed_at') }} / 30
            ) as bigint
        ) as age,
        orders.customer_id

    from orders
    inner join customers
        on orders.customer_id = customers.customer_id

),

active_customers as (

    select
        cohort_month,
        age_mode,
        age,
        count(distinct customer_id) as active_customers

    from aged_orders
    group by cohort_month, age_mode, age

),

-- as many ages as the oldest cohort has begun
age_counts as (

    select
        'calendar_month' as age_mode,
        {{ months_between('min(customers.cohort_month)', 'min(clock.current_month)') }}
            + 1 as ages

    from customers
    cross join clock

    union all

    select
        '30_day' as age_mode,
        cast(
            floor(
                {{ days_between('min(customers.first_placed_at)', 'min(clock.as_of)') }}
                / 30
            ) as bigint
        ) + 1 as ages

    from customers
    cross join clock

),

age_numbers as (

    {{ whole_numbers(var('cohort_ages_most')) }}

),

cells as (

    select
        cohorts.cohort_month,
        cohorts.cohort_customers,
        age_counts.age_mode,
        cast(age_numbers.number as bigint) as age,

        -- the period must be over for the cohort's youngest member too
        case age_counts.age_mode
            when 'calendar_month'
                then {{ months_between('cohorts.cohort_month', 'clock.current_month') }}
                    > age_numbers.number
            else {{ days_between('cohorts.last_first_placed_at', 'clock.as_of') }}
                >= (age_numbers.number + 1) * 30
        end as is_observed

    from cohorts
    cross join clock
    cross join age_counts
    inner join age_numbers
        on age_counts.ages > age_numbers.number

),

retention as (

    select
        cells.age_mode,
        cells.age,
        cells.cohort_customers,
        case
            when cells.is_observed
                then coalesce(active_customers.active_customers, 0)
        end as active_customers,
        case
            when cells.is_observed
                then cast(coalesce(active_customers.active_customers, 0) as double)
                    / cells.cohort_customers
        end as retention_rate,
        case
            when cells.is_observed
                then {{ wilson_lower(
                    'coalesce(active_customers.active_customers, 0)',
                    'cells.cohort_customers'
                ) }}
        end as lower,
        case
            when cells.is_observed
                then {{ wilson_upper(
                    'coalesce(active_customers.active_customers, 0)',
                    'cells.cohort_customers'
                ) }}
        end as upper,
        cells.is_observed,
        cells.cohort_month

    from cells
    left join active_customers
        on cells.cohort_month = active_customers.cohort_month
        and cells.age_mode = active_customers.age_mode
        and cells.age = active_customers.age

)

select * from retention
