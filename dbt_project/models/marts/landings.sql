with

ledger as (

    select * from {{ source('raw', 'landings') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

copies as (

    select * from {{ ref('int_event_copies') }}

),

judged_copies as (

    select
        landing_id,
        count(*) filter (where copy_rank = 1) as accepted,
        count(*) filter (where is_conflict) as conflicts

    from copies
    group by landing_id

),

landings as (

    select
        ledger.landing_id,
        ledger.landed_file,
        ledger.content_hash,
        ledger.landing_seq,
        ledger.delivered,
        coalesce(judged_copies.accepted, 0) as accepted,

        -- what is neither new, nor a contradiction, nor broken repeats what was known
        ledger.delivered
        - coalesce(judged_copies.accepted, 0)
        - coalesce(judged_copies.conflicts, 0)
        - ledger.rejected as duplicates,
        coalesce(judged_copies.conflicts, 0) as conflicts,
        ledger.rejected,
        ledger.is_backfill,
        ledger.landed_at

    from ledger
    cross join clock
    left join judged_copies
        on ledger.landing_id = judged_copies.landing_id
    where ledger.landed_at <= clock.as_of

)

select * from landings
