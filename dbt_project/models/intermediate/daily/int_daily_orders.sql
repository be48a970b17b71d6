with

orders as (

    select
        *,
        {{ store_date('placed_at') }} as date

    from {{ ref('fct_orders') }}

),

spells as (

    select
        *,
        {{ store_date('opened_at') }} as opened_date,
        {{ store_date('resolved_at') }} as resolved_date

    from {{ ref('fct_exceptions') }}

),

stuck_orders as (

    select * from {{ ref('stuck_orders') }}
    where level = 'stuck'

),

contacts as (

    select
        *,
        {{ store_date('contacted_at') }} as date

    from {{ ref('order_contacts') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

clock as (

    select {{ store_date('as_of') }} as date from {{ ref('stg_clock') }}

),

-- open when the day ended; of the day that is not over, open now
open_spells as (

    select
        dates.date,
        spells.order_id

    from spells
    inner join dates
        on spells.opened_date <= dates.date
        and coalesce(spells.resolved_date > dates.date, true)

),

-- a day of nothing is zero, not unknown
quiet_days as (

    {% for metric in ['orders', 'open_exceptions', 'oversold_lines'] %}
    select
        '{{ metric }}' as metric,
        date
    from dates

    union all

    {% endfor %}
    select
        'stuck_orders' as metric,
        date
    from clock

),

figures as (

    select
        metric,
        date,
        null as order_id,
        0 as numerator,
        null as denominator,
        null as population
    from quiet_days

    union all

    select
        'orders' as metric,
        date,
        order_id,
        1 as numerator,
        null as denominator,
        null as population
    from orders

    union all

    select
        'open_exceptions' as metric,
        date,
        order_id,
        1 as numerator,
        null as denominator,
        null as population
    from open_spells

    union all

    select
        'stuck_orders' as metric,
        clock.date,
        stuck_orders.order_id,
        1 as numerator,
        null as denominator,
        null as population
    from stuck_orders
    cross join clock

    union all

    select
        'contacts_per_100_orders' as metric,
        date,
        order_id,
        1 as numerator,
        0 as denominator,
        0 as population
    from contacts

    union all

    select
        'contacts_per_100_orders' as metric,
        date,
        order_id,
        0 as numerator,
        1 as denominator,
        1 as population
    from orders

)

select * from figures
