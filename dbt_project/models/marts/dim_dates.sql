with

clock as (

    select * from {{ ref('stg_clock') }}

),

events as (

    select occurred_at from {{ ref('int_events_described') }}
    union all
    select occurred_at from {{ ref('int_computed_events') }}

),

holidays as (

    select * from {{ ref('holidays') }}
    where calendar = 'store'

),

first_events as (

    select min(occurred_at) as occurred_at
    from events

),

-- a clock that is set back may bring an earlier day a little later
span as (

    select
        coalesce(
            min({{ store_date('events.occurred_at') }}),
            min({{ store_date('clock.as_of') }})
        ) as first_date,
        min({{ store_date('clock.as_of') }}) as last_date

    from clock
    cross join first_events
    left join events
        on clock.as_of >= events.occurred_at
        and {{ hours_after('first_events.occurred_at', 24) }} >= events.occurred_at

),

days as (

    {{ days_of('span', 'first_date', 'last_date') }}

),

dates as (

    select
        days.date,
        {{ week_of('days.date') }} as week,
        {{ month_of('days.date') }} as month,
        cast(extract(isodow from days.date) as bigint) as day_of_week,
        holidays.holiday_name,
        extract(isodow from days.date) < 6
            and holidays.date is null as is_business_day

    from days
    left join holidays
        on days.date = holidays.date

)

select * from dates
