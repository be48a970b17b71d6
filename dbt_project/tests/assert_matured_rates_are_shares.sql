-- Rates that are no shares of anything, and bounds the wrong way round.
with

rto_rates as (

    select * from {{ ref('rto_rates') }}

),

impossible_rates as (

    select *
    from rto_rates
    where matured_rate not between 0 and 1 + 1e-9
        or projected_rate < matured_rate - 1e-9
        or projected_rate > 1 + 1e-9
        or shrunk_rate not between 0 and 1
        or lower > upper
        or shipped < resolved
        or resolved <> delivered + rto + lost

)

select * from impossible_rates
