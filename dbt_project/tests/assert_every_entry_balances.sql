-- Entries whose lines do not sum to zero in some currency.
with

unbalanced_entries as (

    select
        entry_id,
        currency,
        sum(amount) as amount

    from {{ ref('fct_ledger_entries') }}
    group by entry_id, currency
    having sum(amount) <> 0

)

select * from unbalanced_entries
