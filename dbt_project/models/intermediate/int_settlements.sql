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
        coalesce(fee_tax_minor, 0) as fee_tax_minor,
        net_minor,
        occurred_at,

        -- a value date ahead of the report is a forecast until that day comes
        greatest(occurred_at, {{ store_midnight('settlement_date') }}) as counts_from

    from payment_events
    where event_name in ('payment_settled', 'cod_remitted')

),

-- a transfer that failed takes back what it was said to bring, not what never came,
-- and once, however often the transfer was tried
failures as (

    select
        settled_events.event_id as settled_event_id,
        {{ min_by(
            'failed.event_id', 'failed.occurred_at || failed.event_id'
        ) }} as event_id,
        min(failed.occurred_at) as failed_at

    from payment_events as failed
    inner join settled_events
        on failed.payment_id = settled_events.payment_id
        and (
            failed.payout_id = settled_events.payout_id
            or (
                settled_events.payout_id is null
                and failed.settlement_id = settled_events.settlement_id
            )
        )
        and failed.occurred_at >= settled_events.occurred_at
    where failed.event_name = 'payment_settlement_failed'
    group by settled_events.event_id

),

failed_payouts as (

    select
        settled_events.payment_id,
        settled_events.story_id,
        failures.event_id,
        settled_events.settlement_id,
        settled_events.settlement_basis,
        settled_events.currency,
        -settled_events.gross_minor as gross_minor,
        -settled_events.fee_minor as fee_minor,
        -settled_events.fee_tax_minor as fee_tax_minor,
        -settled_events.net_minor as net_minor,
        greatest(failures.failed_at, settled_events.counts_from) as counts_from

    from settled_events
    inner join failures
        on settled_events.event_id = failures.settled_event_id

),

-- the bank's return may be told as a failed transfer and as a reversal: it is one
reversals as (

    select
        settled_events.payment_id,
        settled_events.story_id,
        reversed.event_id,
        settled_events.settlement_id,
        settled_events.settlement_basis,
        settled_events.currency,
        -reversed.amount_minor as gross_minor,
        0 as fee_minor,
        0 as fee_tax_minor,
        -reversed.amount_minor as net_minor,
        greatest(reversed.occurred_at, settled_events.counts_from) as counts_from

    from payment_events as reversed
    inner join settled_events
        on reversed.payment_id = settled_events.payment_id
        and reversed.settlement_id = settled_events.settlement_id
    left join failures
        on settled_events.event_id = failures.settled_event_id
    where reversed.event_name = 'payment_settlement_reversed'
        and failures.settled_event_id is null

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
        fee_tax_minor,
        net_minor,
        counts_from
    from settled_events

    union all

    select * from reversals

    union all

    select * from failed_payouts

)

select * from settlements
