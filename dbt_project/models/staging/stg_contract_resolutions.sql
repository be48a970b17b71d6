with

contract_resolutions as (

    select * from {{ source('control', 'contract_resolutions') }}

),

renamed as (

    select
        exception_name,
        same_field,
        resolved_by

    from contract_resolutions

)

select * from renamed
