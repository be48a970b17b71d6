with

expected_steps as (

    select * from {{ ref('int_expected_steps') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

missing_steps as (

    select
        expected_steps.order_id,
        expected_steps.entity_id,
        expected_steps.source,
        expected_steps.step,
        expected_steps.due_at

    from expected_steps
    cross join clock
    where {{ known_by('expected_steps.due_at') }}
        and not expected_steps.is_observed

)

select * from missing_steps
