with

contract_events as (

    select * from {{ source('control', 'contract_events') }}

),

renamed as (

    select
        event_name,
        domain,
        event_group,
        grain,
        severity,
        owner,
        exception_owner,
        description,
        cast(rank as bigint) as event_rank,
        is_exception,
        is_customer_visible

    from contract_events

)

select * from renamed
