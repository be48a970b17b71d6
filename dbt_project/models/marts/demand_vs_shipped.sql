with

movements as (

    select * from {{ ref('int_demand_movements') }}

),

dates as (

    select date from {{ ref('dim_dates') }}

),

moved_days as (

    select
        date,
        sku,
        coalesce(sum(quantity) filter (where movement = 'demand'), 0) as demand,
        coalesce(sum(quantity) filter (where movement = 'cancelled'), 0) as cancelled,
        coalesce(sum(quantity) filter (where movement = 'shipped'), 0) as shipped,
        coalesce(sum(quantity) filter (where movement = 'beyond_demand'), 0)
            as shipped_beyond_demand

    from movements
    group by date, sku

),

first_days as (

    select
        sku,
        min(date) as date

    from moved_days
    group by sku

),

-- a day without movement has a backlog too
days as (

    select
        first_days.sku,
        dates.date,
        coalesce(moved_days.demand, 0) as demand,
        coalesce(moved_days.cancelled, 0) as cancelled,
        coalesce(moved_days.shipped, 0) as shipped,
        coalesce(moved_days.shipped_beyond_demand, 0) as shipped_beyond_demand

    from first_days
    inner join dates
        on first_days.date <= dates.date
    left join moved_days
        on first_days.sku = moved_days.sku
        and dates.date = moved_days.date

),

running_days as (

    select
        days.*,
        sum(demand - cancelled - shipped) over (
            partition by sku
            order by date
            rows between unbounded preceding and current row
        ) as closing_backlog

    from days

),

demand_vs_shipped as (

    select
        sku,
        cast(closing_backlog - (demand - cancelled - shipped) as bigint)
            as opening_backlog,
        cast(demand as bigint) as demand,
        cast(cancelled as bigint) as cancelled,
        cast(shipped as bigint) as shipped,
        cast(closing_backlog as bigint) as closing_backlog,
        cast(shipped_beyond_demand as bigint) as shipped_beyond_demand,
        date

    from running_days

)

select * from demand_vs_shipped
