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

known_copies as (

    {{ narrow_copies('order', 'orders', 'target_event_id') }}
    union all
    {{ narrow_copies('payment', 'payments', 'cast(null as varchar)') }}
    union all
    {{ narrow_copies('return', 'returns', 'cast(null as varchar)') }}

),

new_copies as (

    select
        known_copies.*,
        known_copies.fact_key as cluster_id

    from known_copies
    cross join clock
    where known_copies.landing_seq > clock.previous_landing_seq
        or known_copies.ingested_at > clock.new_since

),

retractions as (

    select
        target_event_id,
        observed_from as retracted_from

    from {{ ref('stg_order_events') }}
    where event_name = 'event_retracted'

),

-- either level of identity makes two lines one fact
touched_keys as (

    select event_id as identity_key from new_copies
    union
    select fact_key from new_copies
    union
    select target_event_id
    from new_copies
    where target_event_id is not null

),

-- Earlier rows are asked for three times: each is a join of its own, for which the scan
-- leaves out nearly everything, and nothing is carried from one to the next.
touched_clusters as (

    select cluster_id
    from ({{ earlier_rows(['event_id', 'cluster_id']) }}) as earlier_identities
    where event_id in (select touched_keys.identity_key from touched_keys)

    union

    select cluster_id
    from ({{ earlier_rows(['fact_key', 'cluster_id']) }}) as earlier_identities
    where fact_key in (select touched_keys.identity_key from touched_keys)

),

earlier_copies as (

    select
        {{ narrow_columns() | join(', ') }}

    from (
        {{ earlier_rows(narrow_columns() + ['cluster_id'], like='new_copies') }}
    ) as earlier_identities
    where cluster_id in (select touched_clusters.cluster_id from touched_clusters)
        and content_hash not in (select new_copies.content_hash from new_copies)

),

copies as (

    select
        {{ narrow_columns() | join(', ') }}
    from new_copies
    union all
    select * from earlier_copies

),

shared_keys as (

    select event_id as identity_key
    from copies
    group by event_id
    having count(*) > 1
    union
    select fact_key
    from copies
    group by fact_key
    having count(*) > 1

),

met_copies as (

    select
        content_hash,
        event_id,
        fact_key

    from copies
    where event_id in (select shared_keys.identity_key from shared_keys)
        or fact_key in (select shared_keys.identity_key from shared_keys)

),

-- the smallest fact key spreads over the copies that meet: by id, by fact, and again,
-- which reaches every copy of a fact known under up to three sent ids
clusters_once as (

    select
        content_hash,
        event_id,
        fact_key,
        min(fact_key) over (partition by event_id) as cluster_id

    from met_copies

),

clusters_twice as (

    select
        content_hash,
        event_id,
        fact_key,
        min(cluster_id) over (partition by fact_key) as cluster_id

    from clusters_once

),

clusters_thrice as (

    select
        content_hash,
        fact_key,
        min(cluster_id) over (partition by event_id) as cluster_id

    from clusters_twice

),

clusters as (

    select
        content_hash,
        min(cluster_id) over (partition by fact_key) as cluster_id
    from clusters_thrice

),

clustered_copies as (

    select
        copies.*,
        coalesce(clusters.cluster_id, copies.fact_key) as cluster_id,
        clusters.cluster_id is not null as has_company

    from copies
    left join clusters
        on copies.content_hash = clusters.content_hash

),

-- a retraction names an id as sent or as derived, and takes the fact behind it
retracted_clusters as (

    select distinct
        clustered_copies.cluster_id,
        retractions.retracted_from

    from retractions
    inner join clustered_copies
        on retractions.target_event_id = clustered_copies.event_id
    where clustered_copies.event_name <> 'event_retracted'

    union

    select distinct
        clustered_copies.cluster_id,
        retractions.retracted_from

    from retractions
    inner join clustered_copies
        on retractions.target_event_id = clustered_copies.fact_key
    where clustered_copies.event_name <> 'event_retracted'

),

epochs as (

    select
        clustered_copies.content_hash,
        count(*) filter (
            where retracted_clusters.retracted_from < clustered_copies.observed_from
        ) as epoch,
        bool_or(
            retracted_clusters.retracted_from >= clustered_copies.observed_from
        ) as is_retracted

    from clustered_copies
    inner join retracted_clusters
        on clustered_copies.cluster_id = retracted_clusters.cluster_id
    group by clustered_copies.content_hash

),

identities as (

    select
        clustered_copies.content_hash,
        clustered_copies.cluster_id,
        clustered_copies.event_id,
        clustered_copies.fact_key,
        clustered_copies.event_name,
        clustered_copies.domain,
        clustered_copies.source,
        clustered_copies.landing_id,
        clustered_copies.landed_file,
        clustered_copies.target_event_id,
        clustered_copies.landing_seq,
        clustered_copies.line_number,
        clustered_copies.has_company,
        coalesce(epochs.is_retracted, false) as is_retracted,

        -- a copy observed after a retraction is a new fact under the freed key
        coalesce(epochs.epoch, 0) as epoch,
        clustered_copies.occurred_at,
        clustered_copies.observed_from,
        clustered_copies.ingested_at,
        clock.previous_landing_seq as resolved_after_seq

    from clustered_copies
    left join epochs
        on clustered_copies.content_hash = epochs.content_hash
    cross join clock

)

select * from identities
