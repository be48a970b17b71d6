{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

{%- set moving -%} open_rows.is_ahead {%- endset %}

-- What the events of each payment post: captures, cash at the door, settlements and
-- what takes them back, refunds paid, disputes. Debits are positive. A settlement ahead
-- of the clock stands here marked, and is in no book yet.
with

payments as (

    select * from {{ ref('int_payments') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id', open_rows=moving) }}
        and event_name in (
            'payment_captured', 'cod_collected',
            'dispute_opened', 'dispute_won', 'dispute_lost'
        )

),

settlements as (

    select * from {{ ref('int_settlements') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

chosen_payments as (

    select * from {{ ref('fct_payments') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

refunds as (

    select * from {{ ref('int_ledger_refunds') }}
    where {{ is_affected('story_id', open_rows=moving) }}
        and paid_minor <> 0

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- in another currency than the payment's only the bank's word counts: no basis was
-- chosen for it, and two would tell one story twice
settlement_steps as (

    select
        settlements.payment_id,
        settlements.story_id,
        settlements.event_id,
        settlements.currency,
        settlements.gross_minor,
        settlements.fee_minor,
        settlements.net_minor,
        settlements.counts_from as booked_at,
        settlements.counts_from > clock.as_of as is_ahead

    from settlements
    left join chosen_payments
        on settlements.payment_id = chosen_payments.payment_id
        and settlements.currency = chosen_payments.currency
    cross join clock
    where settlements.counts_from > clock.as_of
        or settlements.settlement_basis = coalesce(
            chosen_payments.settlement_basis,
            case
                when settlements.settlement_basis <> 'gateway_available'
                    then settlements.settlement_basis
            end
        )

),

disputed_sums as (

    select
        dispute_id,
        coalesce(
            min(amount_minor) filter (where event_name = 'dispute_opened'),
            min(amount_minor)
        ) as amount_minor,
        coalesce(
            min(currency) filter (where event_name = 'dispute_opened'), min(currency)
        ) as currency

    from payment_events
    where dispute_id is not null
    group by dispute_id

),

-- held from the day it is opened, given back if it is won
disputes as (

    select
        payment_events.payment_id,
        payment_events.story_id,
        payment_events.event_id,
        coalesce(disputed_sums.currency, payments.currency) as currency,
        payment_events.event_rank,
        case
            when payment_events.event_name = 'dispute_won' then 0
            else coalesce(disputed_sums.amount_minor, payments.captured_minor)
        end as held_minor,
        payment_events.dispute_id,
        payment_events.occurred_at as booked_at

    from payment_events
    inner join disputed_sums
        on payment_events.dispute_id = disputed_sums.dispute_id
    left join payments
        on payment_events.payment_id = payments.payment_id

),

dispute_steps as (

    select
        *,
        held_minor - lag(held_minor, 1, 0) over (
            partition by dispute_id order by booked_at, event_rank, event_id
        ) as held_change_minor

    from disputes

),

-- rank: at one instant money is taken before it is settled, and settled before it goes
steps as (

    select
        case event_name
            when 'cod_collected' then 'cod:' || shipment_id
            else payment_id
        end as payment_id,
        story_id,
        event_id,
        cast(null as varchar) as refund_id,
        order_id,
        cast(null as varchar) as destination,
        'captured' as step,
        currency,
        1 as step_rank,
        amount_minor,
        0 as fee_minor,
        0 as net_minor,
        false as is_ahead,
        occurred_at as booked_at
    from payment_events
    where event_name in ('payment_captured', 'cod_collected')

    union all

    select
        payment_id,
        story_id,
        event_id,
        null as refund_id,
        null as order_id,
        null as destination,
        'settled' as step,
        currency,
        2 as step_rank,
        gross_minor as amount_minor,
        fee_minor,
        net_minor,
        is_ahead,
        booked_at
    from settlement_steps

    union all

    select
        payment_id,
        story_id,
        event_id,
        refund_id,
        order_id,
        destination,
        'refunded' as step,
        currency,
        3 as step_rank,
        paid_minor as amount_minor,
        0 as fee_minor,
        0 as net_minor,
        false as is_ahead,
        booked_at
    from refunds

    union all

    select
        payment_id,
        story_id,
        event_id,
        null as refund_id,
        null as order_id,
        null as destination,
        'disputed' as step,
        currency,
        4 as step_rank,
        held_change_minor as amount_minor,
        0 as fee_minor,
        0 as net_minor,
        false as is_ahead,
        booked_at
    from dispute_steps
    where held_change_minor <> 0

),

-- the courier hands over what it took; the customer's refund never passes through it
described_steps as (

    select
        steps.payment_id,
        steps.story_id,
        steps.event_id,
        steps.refund_id,
        coalesce(payments.order_id, steps.order_id) as order_id,
        steps.step,
        steps.currency,
        steps.step_rank,
        steps.amount_minor,
        steps.fee_minor,
        steps.net_minor,
        steps.is_ahead,
        coalesce(payments.method, 'unknown') = 'cod' as is_cod,
        coalesce(steps.destination, 'unknown') in ('original_method', 'unknown')
            as is_back_to_method,
        coalesce(steps.destination, 'unknown') in ('store_credit', 'gift_card')
            as is_to_credit,
        payments.payment_id is not null as has_payment,
        steps.booked_at,
        count(*) filter (
            where steps.step = 'captured'
        ) over of_payment > 0 as has_capture,

        -- credit spent at the till is the shop's own: nobody is to settle it
        coalesce(payments.method, 'unknown') in ('gift_card', 'store_credit')
        and count(*) filter (
            where steps.step = 'settled'
        ) over of_payment = 0 as is_own_credit

    from steps
    left join payments
        on steps.payment_id = payments.payment_id
    window of_payment as (partition by steps.payment_id)

),

routed_steps as (

    select
        *,
        step = 'refunded'
        and (is_to_credit or (is_back_to_method and is_own_credit))
            as is_paid_in_credit,
        step = 'refunded'
        and is_back_to_method
        and has_payment
        and not is_cod as is_paid_by_provider

    from described_steps

),

sums_so_far as (

    select
        *,
        coalesce(sum(
            case
                when is_ahead or is_own_credit then 0
                when step = 'captured' then amount_minor
                when step = 'refunded' and not is_paid_by_provider then 0
                else -amount_minor
            end
        ) over (
            partition by payment_id, currency
            order by booked_at, step_rank, event_id
            rows between unbounded preceding and 1 preceding
        ), 0) as held_before_minor

    from routed_steps

),

-- a provider pays a refund out of what it still holds of the payment; beyond that, and
-- for cash and transfers, the shop's bank does. What comes back goes where it came from
provider_shares as (

    select
        *,
        case
            when is_paid_by_provider and amount_minor > 0
                then greatest(0, least(amount_minor, held_before_minor))
            else 0
        end as by_provider_minor

    from sums_so_far

),

shared_steps as (

    select
        *,
        case
            when step = 'refunded' and amount_minor < 0
                then -lag(by_provider_minor, 1, 0) over (
                    partition by refund_id order by booked_at, event_id
                )
            else by_provider_minor
        end as from_clearing_minor

    from provider_shares

),

-- What each step does to each account. A remittance of cash that nobody reported as
-- taken proves that the customer paid
sides as (

    select
        *,
        case
            when step = 'captured' then -amount_minor
            when step = 'settled' and is_cod and not has_capture then -amount_minor
            else 0
        end as receivable_minor,
        case
            when step = 'captured' and is_own_credit then amount_minor
            when is_paid_in_credit then -amount_minor
            else 0
        end as store_credit_minor,
        case
            when not is_cod then 0
            when step = 'captured' then amount_minor
            when step = 'settled' and has_capture then -amount_minor
            else 0
        end as cod_clearing_minor,
        case
            when step = 'disputed' then -amount_minor
            when is_cod then 0
            when step = 'captured' and not is_own_credit then amount_minor
            when step = 'settled' then -amount_minor
            when step = 'refunded' then -from_clearing_minor
            else 0
        end as provider_clearing_minor,
        case
            when step = 'settled' then net_minor
            when step = 'refunded' and not is_paid_in_credit
                then from_clearing_minor - amount_minor
            else 0
        end as bank_minor,
        case when step = 'settled' then amount_minor - fee_minor - net_minor else 0 end
            as rounding_minor,
        case when step = 'refunded' then amount_minor else 0 end
            as refunds_payable_minor,
        case when step = 'disputed' then amount_minor else 0 end as chargebacks_minor

    from shared_steps

),

postings as (

    select
        sides.*,
        accounts.account,
        case accounts.account
            when 'receivable' then sides.receivable_minor
            when 'store_credit' then sides.store_credit_minor
            when 'cod_clearing' then sides.cod_clearing_minor
            when 'provider_clearing' then sides.provider_clearing_minor
            when 'bank' then sides.bank_minor
            when 'fees' then sides.fee_minor
            when 'rounding' then sides.rounding_minor
            when 'refunds_payable' then sides.refunds_payable_minor
            when 'chargebacks' then sides.chargebacks_minor
        end as posted_minor

    from sides
    cross join (
        values
        ('receivable'), ('store_credit'), ('cod_clearing'), ('provider_clearing'),
        ('bank'), ('fees'), ('rounding'), ('refunds_payable'), ('chargebacks')
    ) as accounts (account)

),

ledger_payments as (

    select
        event_id,
        story_id,
        order_id,
        payment_id,
        refund_id,
        case step
            when 'captured' then 'capture'
            when 'settled' then 'settlement'
            when 'refunded' then 'refund'
            when 'disputed' then 'dispute'
        end as entry_kind,
        account,
        currency,
        posted_minor as amount_minor,
        is_ahead,
        booked_at

    from postings
    where posted_minor <> 0

)

select * from ledger_payments
