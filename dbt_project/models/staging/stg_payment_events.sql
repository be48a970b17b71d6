with

landed_copies as (

    select * from {{ source('raw', 'payment_events') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

known_copies as (

    select
        landed_copies.*,

        -- the source's own time order; polls repeat what webhooks said before
        coalesce(landed_copies.observed_at, landed_copies.occurred_at)
            as observed_from

    from landed_copies
    cross join clock
    where {{ known_by('landed_copies.ingested_at') }}

)

select * from known_copies
