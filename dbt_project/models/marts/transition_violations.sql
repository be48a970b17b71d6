with

steps as (

    select * from {{ ref('int_machine_steps') }}

),

violations as (

    select
        step_id as violation_id,
        event_id,
        order_id,
        machine,
        entity_id,
        event_name,
        source,
        from_state,
        reason,
        occurred_at

    from steps
    where reason is not null

)

select * from violations
