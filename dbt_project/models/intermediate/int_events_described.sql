{{
    config(
        materialized='incremental',
        incremental_strategy='changed_facts_only',
    )
}}

with

order_events as (

    {{ described_events('order') }}

),

payment_events as (

    {{ described_events('payment') }}

),

return_events as (

    {{ described_events('return') }}

),

events as (

    select * from order_events
    union all
    select * from payment_events
    union all
    select * from return_events

)

select * from events
