{{
    config(
        materialized='incremental',
        incremental_strategy='rewritten_rows',
        unique_key='content_hash',
    )
}}

with

clock as (

    select * from {{ ref('stg_clock') }}

),

clashes as (

    select * from {{ ref('int_event_clashes') }}

),

earlier_copies as (

    {{ earlier_rows(['content_hash', 'fact_id']) }}

),

identities as (

    select identities.*
    from {{ ref('int_event_identities') }} as identities
    cross join clock
    where identities.resolved_after_seq = clock.previous_landing_seq

),

judged as (

    select
        identities.*,
        clashes.clash_field,
        clashes.content_hash is not null as is_conflict

    from identities
    left join clashes
        on identities.content_hash = clashes.content_hash

),

-- what clashed is gone, and with it the bridge it may have been between two facts
standing_once as (

    select
        content_hash,
        event_id,
        fact_key,
        epoch,
        min(fact_key) over (partition by event_id, epoch) as label

    from judged
    where has_company
        and not is_conflict

),

standing_twice as (

    select
        content_hash,
        event_id,
        epoch,
        min(label) over (partition by fact_key, epoch) as label
    from standing_once

),

standing as (

    select
        content_hash,
        min(label) over (partition by event_id, epoch) as label
    from standing_twice

),

labeled as (

    select
        judged.*,
        case
            when not judged.is_conflict
                then coalesce(standing.label, judged.fact_key)
                    || case when judged.epoch > 0 then '#' || judged.epoch else '' end
        end as fact_id

    from judged
    left join standing
        on judged.content_hash = standing.content_hash

),

copies as (

    select
        labeled.content_hash,
        labeled.fact_id,
        earlier_copies.fact_id as previous_fact_id,
        labeled.event_id,
        labeled.fact_key,
        labeled.event_name,
        labeled.domain,
        labeled.source,
        labeled.landing_id,
        labeled.landed_file,
        labeled.target_event_id,
        labeled.clash_field,
        labeled.landing_seq,
        labeled.line_number,
        labeled.is_conflict,
        labeled.is_retracted,
        labeled.occurred_at,
        labeled.observed_from,
        labeled.ingested_at,
        labeled.resolved_after_seq,

        -- rank 1 stands; the others only add what it lacks
        case
            when labeled.is_conflict then null
            when not labeled.has_company then 1
            else row_number() over (
                partition by labeled.fact_id
                order by labeled.observed_from, labeled.content_hash
            )
        end as copy_rank,
        case
            when labeled.is_conflict then null
            when not labeled.has_company then 1
            else count(*) over (partition by labeled.fact_id)
        end as copy_count

    from labeled
    left join earlier_copies
        on labeled.content_hash = earlier_copies.content_hash

)

select * from copies
