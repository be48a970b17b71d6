with

floor_work as (

    select
        *,
        {{ store_date('begun_at') }} as begun_date,
        {{ store_date('left_at') }} as left_date

    from {{ ref('int_floor_work') }}

),

orders as (

    select
        order_id,
        {{ store_date('cancelled_at') }} as cancelled_date
    from {{ ref('fct_orders') }}
    where is_cancelled

),

numbered_dates as (

    select
        date,
        is_business_day,
        count(*) filter (where is_business_day) over (
            order by date rows between unbounded preceding and current row
        ) as business_day_number

    from {{ ref('dim_dates') }}

),

clock as (

    select {{ store_date('as_of') }} as today
    from {{ ref('stg_clock') }}

),

-- what is handed over on a day off begins on the next working day
dated_handoffs as (

    select
        floor_work.location_id,
        floor_work.begun_date,
        floor_work.left_date,
        orders.cancelled_date,
        due_dates.date as due_date

    from floor_work
    inner join numbered_dates as begun_dates
        on floor_work.begun_date = begun_dates.date
    inner join numbered_dates as due_dates
        on begun_dates.business_day_number
            + case when begun_dates.is_business_day then 1 else 2 end
            = due_dates.business_day_number
        and due_dates.is_business_day
    left join orders
        on floor_work.order_id = orders.order_id
    where floor_work.work = 'handoff'

),

-- judged once the day is over; what was called off by then was not to move
due_handoffs as (

    select
        dated_handoffs.location_id,
        dated_handoffs.begun_date,
        coalesce(dated_handoffs.left_date <= dated_handoffs.due_date, false)
            as has_moved_in_time

    from dated_handoffs
    inner join clock
        on dated_handoffs.due_date < clock.today
    where dated_handoffs.left_date is not null
        or dated_handoffs.cancelled_date is null
        or dated_handoffs.cancelled_date > dated_handoffs.due_date

),

counted_work as (

    select
        location_id,
        {{ week_of('begun_date') }} as week,
        count(*) filter (where work = 'pick') as picked_lines,
        count(*) filter (where work = 'pick' and has_error) as pick_errors,
        count(*) filter (where work = 'failed_pick') as failed_picks,
        count(*) filter (where work = 'override') as manual_overrides

    from floor_work
    group by location_id, {{ week_of('begun_date') }}

),

counted_handoffs as (

    select
        location_id,
        {{ week_of('begun_date') }} as week,
        count(*) as handoffs_due,
        count(*) filter (where has_moved_in_time)
            as handoffs_moved_within_one_business_day

    from due_handoffs
    group by location_id, {{ week_of('begun_date') }}

),

fulfillment_quality as (

    select
        counted_work.location_id,
        counted_work.picked_lines,
        counted_work.pick_errors,
        counted_work.failed_picks,
        coalesce(counted_handoffs.handoffs_due, 0) as handoffs_due,
        coalesce(counted_handoffs.handoffs_moved_within_one_business_day, 0)
            as handoffs_moved_within_one_business_day,
        counted_work.manual_overrides,
        cast(counted_work.pick_errors as double) / nullif(counted_work.picked_lines, 0)
            as pick_error_rate,
        cast(counted_handoffs.handoffs_moved_within_one_business_day as double)
            / counted_handoffs.handoffs_due as moved_within_one_business_day_rate,
        counted_work.week

    from counted_work
    left join counted_handoffs
        on counted_work.location_id = counted_handoffs.location_id
        and counted_work.week = counted_handoffs.week

)

select * from fulfillment_quality
