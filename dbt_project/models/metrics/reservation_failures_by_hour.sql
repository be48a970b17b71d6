with

reservations as (

    select * from {{ ref('fct_reservations') }}
    where answered_at is not null

),

-- a line tried again in that hour of a week asks once, and fails once
lines as (

    select
        hour_of_week,
        order_line_id,
        bool_or(failed_at is not null) as has_failed

    from reservations
    group by hour_of_week, order_line_id

),

counts as (

    select
        hour_of_week,
        count(*) as lines_requested,
        count(*) filter (where has_failed) as lines_failed

    from lines
    group by hour_of_week

),

failures_by_hour as (

    select
        hour_of_week,
        lines_requested,
        lines_failed,
        cast(lines_failed as double) / lines_requested as line_failure_rate,
        {{ wilson_lower('lines_failed', 'lines_requested') }} as lower,
        {{ wilson_upper('lines_failed', 'lines_requested') }} as upper,
        lines_requested >= {{ var('rankable_from') }} as is_rankable

    from counts

)

select * from failures_by_hour
