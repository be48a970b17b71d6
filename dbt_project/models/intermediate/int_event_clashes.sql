{{ config(materialized='table') }}

with

order_copies as (

    {{ copies_in_company('order') }}

),

payment_copies as (

    {{ copies_in_company('payment') }}

),

return_copies as (

    {{ copies_in_company('return') }}

),

said as (

    {{ said_by('order', 'order_copies') }}
    union all
    {{ said_by('payment', 'payment_copies') }}
    union all
    {{ said_by('return', 'return_copies') }}

),

copies as (

    {{ told_by('order', 'order_copies') }}
    union all
    {{ told_by('payment', 'payment_copies') }}
    union all
    {{ told_by('return', 'return_copies') }}

),

told as (

    select
        copies.*,
        row_number() over (order by observed_from, content_hash) as told_order
    from copies

),

-- one id used in two domains: only the one observed first can keep it
first_domains as (

    select
        content_hash,
        domain,
        first_value(domain) over (
            partition by event_id, epoch order by told_order
        ) as first_domain

    from told

),

clashes_by_id as (

    select * from ({{ clashing_copies('told', 'said', 'event_id') }}) as clashes

    union all

    select
        content_hash,
        'event_name' as clash_field

    from first_domains
    where domain <> first_domain

),

told_left as (

    select * from told
    where content_hash not in (select clashes_by_id.content_hash from clashes_by_id)

),

clashes as (

    select * from clashes_by_id
    union all
    select * from ({{ clashing_copies('told_left', 'said', 'fact_key') }}) as clashes

),

clashing_copies as (

    select
        content_hash,
        min(clash_field) as clash_field

    from clashes
    group by content_hash

)

select * from clashing_copies
