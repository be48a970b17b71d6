{{ config(materialized='table') }}

-- How busy each clock hour was, over all locations: deciles of hours, not of tries.
with

tries as (

    select * from {{ ref('int_reservation_tries') }}

),

hourly_tries as (

    select
        date_trunc('hour', {{ store_time('requested_at') }}) as requested_hour,
        count(*) as tries_requested

    from tries
    group by date_trunc('hour', {{ store_time('requested_at') }})

),

hours_by_load as (

    select
        requested_hour,
        tries_requested,
        cast(
            ntile(10) over (order by tries_requested, requested_hour) as bigint
        ) as load_decile

    from hourly_tries

)

select * from hours_by_load
