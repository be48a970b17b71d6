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
        next_action,
        description,
        cast(rank as bigint) as event_rank,
        is_exception,
        is_about_money,
        is_customer_visible

    from contract_events

)

select * from renamed
