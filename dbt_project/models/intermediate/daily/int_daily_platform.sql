-- These belong to no order, and so to all of them alone.
with

quarters as (

    select
        {{ quarter_of('ingested_at') }} as arrived_quarter,
        count(*) as kept

    from {{ ref('events') }}
    where source <> 'warehouse:derived'
    group by {{ quarter_of('ingested_at') }}

),

rejected_events as (

    select {{ store_date('rejected_at') }} as date
    from {{ ref('rejected_events') }}
    where replayed_at is null

),

coverage as (

    select * from {{ ref('instrumentation_coverage') }}

),

clock as (

    select {{ store_date('as_of') }} as date from {{ ref('stg_clock') }}

),

known_lines as (

    select
        {{ store_date('arrived_quarter') }} as date,
        cast(sum(kept) as bigint) as kept,
        0 as rejected
    from quarters
    group by {{ store_date('arrived_quarter') }}

    union all

    select
        date,
        0 as kept,
        count(*) as rejected
    from rejected_events
    group by date

),

figures as (

    select
        'rejected_rate' as metric,
        known_lines.date,
        null as order_id,
        known_lines.rejected as numerator,
        known_lines.kept + known_lines.rejected as denominator,
        known_lines.kept + known_lines.rejected as population
    from known_lines
    cross join clock
    -- rejections are never filtered by the clock
    where clock.date >= known_lines.date

    union all

    select
        'coverage_rate' as metric,
        clock.date,
        null as order_id,
        coverage.observed as numerator,
        coverage.expected as denominator,
        coverage.expected as population
    from coverage
    cross join clock

)

select * from figures
