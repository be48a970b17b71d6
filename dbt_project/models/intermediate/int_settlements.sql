{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Money that became the merchant's, and money taken back again, as signed amounts on
-- the basis they were stated on. Bases tell one story twice; readers choose one.
with

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

settled_events as (

    select
        case event_name
            when 'cod_remitted' then 'cod:' || shipment_id
            else payment_id
        end as payment_id,
        story_id,
        event_id,
        settlement_id,
        payout_id,
        case event_name
            when 'cod_remitted' then 'cod_remitted'
            else settlement_basis
        end as settlement_basis,
        currency,
        gross_minor,
        fee_minor,
        net_minor,
        occurred_at,

        -- a value date ahead of the report is a forecast until that day comes
        greatest(occurred_at, {{ store_midnight('settlement_date') }}) as counts_from

    from payment_events
    where event_name in ('payment_settled', 'cod_remitted')

),

reversals as (

    select
        settled.payment_id,
        settled.story_id,
        reversals.event_id,
        settled.settlement_id,
        settled.settlement_basis,
        settled.currency,
        -reversals.amount_minor as gross_minor,
        0 as fee_minor,
        -reversals.amount_minor as net_minor,
        reversals.occurred_at as counts_from

    from payment_events as reversals
    inner join settled_events as settled
        on reversals.payment_id = settled.payment_id
        and reversals.settlement_id = settled.settlement_id
    where reversals.event_name = 'payment_settlement_reversed'

),

-- a transfer that failed takes back what it was said to bring, not what never came
failed_payouts as (

    select
        settled.payment_id,
        settled.story_id,
        failures.event_id,
        settled.settlement_id,
        settled.settlement_basis,
        settled.currency,
        -settled.gross_minor as gross_minor,
        -settled.fee_minor as fee_minor,
        -settled.net_minor as net_minor,
        greatest(failures.occurred_at, settled.counts_from) as counts_from

    from payment_events as failures
    inner join settled_events as settled
        on failures.payment_id = settled.payment_id
        and (
            failures.payout_id = settled.payout_id
            or failures.settlement_id = settled.settlement_id
        )
        and failures.occurred_at >= settled.occurred_at
    where failures.event_name = 'payment_settlement_failed'

),

settlements as (

    select
        payment_id,
        story_id,
        event_id,
        settlement_id,
        settlement_basis,
        currency,
        gross_minor,
        fee_minor,
        net_minor,
        counts_from
    from settled_events

    union all

    select * from reversals

    union all

    select * from failed_payouts

)

select * from settlements
