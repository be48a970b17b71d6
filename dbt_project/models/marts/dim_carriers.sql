with

shipments as (

    select * from {{ ref('fct_shipments') }}

),

carriers as (

    select * from {{ ref('carriers') }}

),

known_carriers as (

    select carrier from carriers
    union
    select carrier from shipments

),

described_carriers as (

    select
        known_carriers.carrier,
        coalesce(carriers.carrier_name, 'unknown') as carrier_name,
        carriers.carrier is not null as is_described

    from known_carriers
    left join carriers
        on known_carriers.carrier = carriers.carrier

)

select * from described_carriers
