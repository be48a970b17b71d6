with

order_events as (

    select * from {{ ref('int_order_events') }}

),

return_events as (

    select * from {{ ref('int_return_events') }}

),

locations as (

    select * from {{ ref('locations') }}

),

known_locations as (

    select location_id from locations
    union
    select location_id from order_events
    union
    select from_location_id as location_id from order_events
    union
    select to_location_id as location_id from order_events
    union
    select expected_location_id as location_id from order_events
    union
    select location_id from return_events

),

described_locations as (

    select
        known_locations.location_id,
        coalesce(locations.location_name, 'unknown') as location_name,
        coalesce(locations.kind, 'unknown') as kind,
        coalesce(locations.city, 'unknown') as city,
        coalesce(locations.region, 'unknown') as region,
        locations.country_code,
        locations.is_active,
        locations.location_id is not null as is_described

    from known_locations
    left join locations
        on known_locations.location_id = locations.location_id
    where known_locations.location_id is not null

)

select * from described_locations
