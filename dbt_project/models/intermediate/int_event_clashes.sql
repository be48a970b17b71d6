{{ config(materialized='table') }}

with

clock as (

    select * from {{ ref('stg_clock') }}

),

order_copies as (

    {{ copies_in_company('order') }}

),

payment_copies as (

    {{ copies_in_company('payment') }}

),

return_copies as (

    {{ copies_in_company('return') }}

),

order_clashes_by_id as (

    {{ clashing_copies('order', 'order_copies', 'event_id') }}

),

payment_clashes_by_id as (

    {{ clashing_copies('payment', 'payment_copies', 'event_id') }}

),

return_clashes_by_id as (

    {{ clashing_copies('return', 'return_copies', 'event_id') }}

),

-- one id used in two domains: only the one observed first can keep it
identities as (

    select identities.*
    from {{ ref('int_event_identities') }} as identities
    cross join clock
    where identities.has_company
        and identities.resolved_after_seq = clock.previous_landing_seq

),

first_domains as (

    select
        content_hash,
        domain,
        first_value(domain) over (
            partition by event_id, epoch order by observed_from, content_hash
        ) as first_domain

    from identities

),

domain_clashes as (

    select
        content_hash,
        'event_name' as clash_field

    from first_domains
    where domain <> first_domain

),

clashes_by_id as (

    select * from order_clashes_by_id
    union all
    select * from payment_clashes_by_id
    union all
    select * from return_clashes_by_id
    union all
    select * from domain_clashes

),

order_copies_left as (

    select * from order_copies
    where content_hash not in (select content_hash from clashes_by_id)

),

payment_copies_left as (

    select * from payment_copies
    where content_hash not in (select content_hash from clashes_by_id)

),

return_copies_left as (

    select * from return_copies
    where content_hash not in (select content_hash from clashes_by_id)

),

clashes as (

    select * from clashes_by_id
    union all
    ( {{ clashing_copies('order', 'order_copies_left', 'fact_key') }} )
    union all
    ( {{ clashing_copies('payment', 'payment_copies_left', 'fact_key') }} )
    union all
    ( {{ clashing_copies('return', 'return_copies_left', 'fact_key') }} )

),

clashing_copies as (

    select
        content_hash,
        min(clash_field) as clash_field

    from clashes
    group by content_hash

)

select * from clashing_copies
