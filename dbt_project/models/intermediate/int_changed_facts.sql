{{ config(materialized='table') }}

-- Facts this build writes anew: resolved just now, happened since the last clock, or
-- hanging on something whose order, customer or test mark changed.
with

clock as (

    select * from {{ ref('stg_clock') }}

),

links as (

    select * from {{ ref('int_order_links') }}

),

changed_links as (

    select links.*
    from links
    cross join clock
    where links.resolved_after_seq = clock.previous_landing_seq

),

changed_keys as (

    select link_key from changed_links
    union
    select links.link_key
    from links
    inner join changed_links
        on 'order:' || links.order_id = changed_links.link_key

),

linked_copies as (

    {{ copies_hanging_on('order', 'changed_keys') }}
    union all
    {{ copies_hanging_on('payment', 'changed_keys') }}
    union all
    {{ copies_hanging_on('return', 'changed_keys') }}

),

changed_facts as (

    select copies.fact_id
    from {{ ref('int_event_copies') }} as copies
    cross join clock
    where copies.resolved_after_seq = clock.previous_landing_seq
        or (
            copies.occurred_at > clock.new_since
            and copies.occurred_at <= clock.as_of
        )

    union

    select copies.previous_fact_id
    from {{ ref('int_event_copies') }} as copies
    cross join clock
    where copies.resolved_after_seq = clock.previous_landing_seq

    union

    select copies.fact_id
    from {{ ref('int_event_copies') }} as copies
    inner join linked_copies
        on copies.content_hash = linked_copies.content_hash

)

select fact_id from changed_facts
where fact_id is not null
