{{ config(materialized='table') }}

-- The copies of the facts this build writes anew. A table of its own, for the wide
-- events to be read by: looked for within one query, all of them are carried along.
with

copies as (

    select * from {{ ref('int_event_copies') }}
    where fact_id is not null

),

changed_facts as (

    select * from {{ ref('int_changed_facts') }}

),

changed_copies as (

    select
        copies.content_hash,
        copies.domain,
        copies.fact_id,
        copies.copy_rank,
        copies.copy_count,
        copies.is_retracted

    from copies
    inner join changed_facts
        on copies.fact_id = changed_facts.fact_id

)

select * from changed_copies
