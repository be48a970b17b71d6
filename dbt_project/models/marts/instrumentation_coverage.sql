with

expected_steps as (

    select * from {{ ref('int_expected_steps') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

due_steps as (

    select expected_steps.*
    from expected_steps
    cross join clock
    where {{ known_by('expected_steps.due_at') }}

),

counted as (

    select
        source,
        step,
        count(*) as expected,
        count(*) filter (where is_observed) as observed,
        min(due_at) filter (where not is_observed) as first_missing_at

    from due_steps
    group by source, step

),

coverage as (

    select
        source,
        step,
        expected,
        observed,
        cast(observed as double) / expected as coverage_rate,
        expected - observed as missing,
        first_missing_at

    from counted

)

select * from coverage
