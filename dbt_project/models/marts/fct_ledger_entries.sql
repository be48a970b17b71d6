{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

{%- set moved -%}
select booked.story_id
from {{ ref('int_ledger_payments') }} as booked
cross join {{ ref('stg_clock') }} as clock
where booked.booked_at >= clock.new_since
    and not booked.is_ahead
{%- endset %}

-- A settlement comes into the books when the clock reaches it, though nothing arrived.
with

order_lines as (

    select * from {{ ref('int_ledger_orders') }}
    where {{ is_affected('story_id', moved=moved) }}

),

payment_lines as (

    select * from {{ ref('int_ledger_payments') }}
    where {{ is_affected('story_id', moved=moved) }}
        and not is_ahead

),

orders as (

    select * from {{ ref('fct_orders') }}

),

postings as (

    select
        event_id,
        story_id,
        order_id,
        null as payment_id,
        refund_id,
        entry_kind,
        account,
        currency,
        amount_minor,
        booked_at
    from order_lines

    union all

    select
        event_id,
        story_id,
        order_id,
        payment_id,
        refund_id,
        entry_kind,
        account,
        currency,
        amount_minor,
        booked_at
    from payment_lines

),

entry_lines as (

    select
        event_id,
        account,
        currency,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(payment_id) as payment_id,
        min(refund_id) as refund_id,
        min(entry_kind) as entry_kind,
        cast(sum(amount_minor) as bigint) as amount_minor,
        min(booked_at) as booked_at

    from postings
    group by event_id, account, currency

),

entries as (

    select
        event_id,
        max(payment_id) as payment_id,
        min(order_id) as order_id

    from entry_lines
    group by event_id

),

ledger_entries as (

    select
        entry_lines.event_id
        || ':' || entry_lines.account
        || ':' || entry_lines.currency as line_id,
        entry_lines.event_id as entry_id,
        entry_lines.event_id,
        entry_lines.story_id,
        entries.order_id,
        entries.payment_id,
        entry_lines.refund_id,
        entry_lines.entry_kind,
        entry_lines.account,
        entry_lines.currency,
        {{ to_amount('entry_lines.amount_minor', 'entry_lines.currency') }} as amount,
        {{ store_date('entry_lines.booked_at') }} as booked_date,
        orders.placed_date as ordered_date,
        entry_lines.booked_at

    from entry_lines
    inner join entries
        on entry_lines.event_id = entries.event_id
    left join orders
        on entries.order_id = orders.order_id
    where entry_lines.amount_minor <> 0

)

select * from ledger_entries
