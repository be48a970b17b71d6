with

machines as (

    select * from {{ source('control', 'contract_machines') }}

),

machine_events as (

    select * from {{ source('control', 'contract_machine_events') }}

),

joined as (

    select
        machine_events.machine,
        machine_events.event_name,
        machines.id_field,
        machines.initial_state,
        machines.applies_to,
        machine_events.is_own,
        machine_events.can_break

    from machine_events
    inner join machines
        on machine_events.machine = machines.machine

)

select * from joined
