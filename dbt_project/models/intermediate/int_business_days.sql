-- Working days of each calendar, numbered, far enough ahead for any SLA.
with

clock as (

    select * from {{ ref('stg_clock') }}

),

holidays as (

    select * from {{ ref('holidays') }}

),

slas as (

    select * from {{ ref('payment_slas') }}

),

calendars as (

    select distinct calendar
    from slas
    where calendar is not null

),

span as (

    select
        cast('2000-01-01' as date) as first_date,
        {{ store_date(hours_after('clock.as_of', 24 * 366)) }} as last_date

    from clock

),

days as (

    {{ days_of('span', 'first_date', 'last_date') }}

),

calendar_days as (

    select
        calendars.calendar,
        days.date,
        extract(isodow from days.date) < 6
            and holidays.date is null as is_business_day

    from calendars
    cross join days
    left join holidays
        on calendars.calendar = holidays.calendar
        and days.date = holidays.date

),

numbered_days as (

    select
        calendar,
        date,
        is_business_day,
        count(*) filter (where is_business_day) over (
            partition by calendar
            order by date
            rows between unbounded preceding and current row
        ) as business_day_number

    from calendar_days

)

select * from numbered_days
