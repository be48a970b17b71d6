{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

{%- set moving -%} open_rows.has_settlement_ahead {%- endset %}

-- Payments with what settled and what was given back, and how each spell ended. What
-- moves with the clock alone is added in fct_payments, so that no payment is written
-- anew for having grown older.
with

payments as (

    select * from {{ ref('int_payments') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

settlements as (

    select * from {{ ref('int_settlements') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

refunds as (

    select * from {{ ref('int_refunds') }}
    where {{ is_affected('story_id', open_rows=moving) }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

settlements_ahead as (

    select distinct settlements.payment_id

    from settlements
    cross join clock
    where settlements.counts_from > clock.as_of

),

comparable_settlements as (

    select
        settlements.*,
        settlements.counts_from > clock.as_of as is_ahead

    from settlements
    inner join payments
        on settlements.payment_id = payments.payment_id
        and settlements.currency = payments.currency
    cross join clock

),

-- the bank's word replaces the gateway's: never both
chosen_bases as (

    select
        payment_id,
        coalesce(
            max(settlement_basis) filter (
                where not is_ahead and settlement_basis = 'bank_payout'
            ),
            max(settlement_basis) filter (where not is_ahead)
        ) as settlement_basis

    from comparable_settlements
    group by payment_id

),

chosen_settlements as (

    select comparable_settlements.*
    from comparable_settlements
    inner join chosen_bases
        on comparable_settlements.payment_id = chosen_bases.payment_id
        and comparable_settlements.settlement_basis = chosen_bases.settlement_basis
    where not comparable_settlements.is_ahead

),

settled_amounts as (

    select
        payment_id,
        sum(gross_minor) as gross_minor,
        sum(fee_minor) as fee_minor,
        sum(fee_tax_minor) as fee_tax_minor,
        sum(net_minor) as net_minor,
        max(counts_from) filter (where gross_minor < 0) as taken_back_at

    from chosen_settlements
    group by payment_id

),

-- money that came in another currency settles nothing that could be compared, and is
-- shown beside
other_settlements as (

    select
        settlements.payment_id,
        settlements.currency,
        settlements.settlement_basis,
        sum(settlements.gross_minor) as gross_minor

    from settlements
    inner join payments
        on settlements.payment_id = payments.payment_id
        and settlements.currency <> payments.currency
    cross join clock
    where settlements.counts_from <= clock.as_of
    group by
        settlements.payment_id, settlements.currency, settlements.settlement_basis

),

-- one statement per payment: the bank's before the gateway's
other_amounts as (

    select
        payment_id,
        {{ min_by('currency', 'settlement_basis || currency') }} as currency,
        {{ min_by('gross_minor', 'settlement_basis || currency') }} as gross_minor

    from other_settlements
    group by payment_id

),

-- store credit moves no money: the provider still owes all that was captured
completed_refunds as (

    select
        refunds.payment_id,
        refunds.refund_id,
        refunds.amount_minor,
        refunds.completed_at,
        coalesce(refunds.destination, 'unknown')
            not in ('store_credit', 'gift_card') as is_money

    from refunds
    inner join payments
        on refunds.payment_id = payments.payment_id
        and refunds.currency = payments.currency
    where refunds.completed_at is not null

),

refunded_amounts as (

    select
        payment_id,
        sum(amount_minor) as refunded_minor

    from completed_refunds
    group by payment_id

),

money_steps as (

    select
        payment_id,
        counts_from as happened_at,
        gross_minor,
        0 as refunded_minor,
        false as is_refund,
        event_id || settlement_id as step_id
    from chosen_settlements

    union all

    select
        payment_id,
        completed_at as happened_at,
        0 as gross_minor,
        amount_minor as refunded_minor,
        true as is_refund,
        refund_id as step_id
    from completed_refunds
    where is_money

),

running_money as (

    select
        payment_id,
        happened_at,
        is_refund,
        sum(gross_minor) over so_far as gross_minor,
        sum(refunded_minor) over so_far as refunded_minor

    from money_steps
    window so_far as (
        partition by payment_id
        order by happened_at, is_refund, step_id
        rows between unbounded preceding and current row
    )

),

-- settled: what came in reaches what was captured less what had been given back;
-- refunded: all that was captured was given back first
money_exits as (

    select
        running_money.payment_id,
        min(running_money.happened_at) filter (
            where running_money.gross_minor > 0
                and running_money.gross_minor
                    >= payments.captured_minor - running_money.refunded_minor
                and not (
                    running_money.is_refund
                    and running_money.refunded_minor >= payments.captured_minor
                )
        ) as settled_at,
        min(running_money.happened_at) filter (
            where running_money.is_refund
                and payments.captured_minor > 0
                and running_money.refunded_minor >= payments.captured_minor
        ) as refunded_at

    from running_money
    inner join payments
        on running_money.payment_id = payments.payment_id
    group by running_money.payment_id

),

-- what was given back before settlement never was the provider's to pay out
refunds_before as (

    select
        completed_refunds.payment_id,
        sum(completed_refunds.amount_minor) as refunded_minor

    from completed_refunds
    left join money_exits
        on completed_refunds.payment_id = money_exits.payment_id
    where completed_refunds.is_money
        and completed_refunds.completed_at
        <= coalesce(money_exits.settled_at, completed_refunds.completed_at)
    group by completed_refunds.payment_id

),

first_exits as (

    select
        payments.*,
        money_exits.settled_at as reached_at,
        money_exits.refunded_at,
        least(
            money_exits.settled_at,
            money_exits.refunded_at,
            payments.disputed_at,
            payments.voided_at,
            payments.expired_at
        ) as first_exit_at

    from payments
    left join money_exits
        on payments.payment_id = money_exits.payment_id

),

exited_payments as (

    select
        first_exits.*,
        case
            when first_exit_at = reached_at then 'settled'
            when first_exit_at = refunded_at then 'refunded'
            when first_exit_at = disputed_at then 'disputed'
            when first_exit_at = voided_at then 'voided'
            when first_exit_at = expired_at then 'expired'
            when failed_at is not null then 'failed'
            else 'open'
        end as exit,
        coalesce(first_exit_at, failed_at) as exit_at

    from first_exits

),

payment_facts as (

    select
        payments.payment_id,
        payments.story_id,
        payments.order_id,
        payments.method,
        payments.gateway,
        chosen_bases.settlement_basis,
        payments.exit,
        payments.currency,
        other_amounts.currency as other_currency,
        {{ to_amount('payments.authorized_minor', 'payments.currency') }}
            as authorized_amount,
        {{ to_amount('payments.captured_minor', 'payments.currency') }}
            as captured_amount,
        {{ to_amount(
            'coalesce(settled_amounts.gross_minor, 0)', 'payments.currency'
        ) }} as settled_gross_amount,
        {{ to_amount(
            'coalesce(settled_amounts.fee_minor, 0)', 'payments.currency'
        ) }} as settled_fee_amount,
        {{ to_amount(
            'coalesce(settled_amounts.fee_tax_minor, 0)', 'payments.currency'
        ) }} as settled_fee_tax_amount,
        {{ to_amount(
            'coalesce(settled_amounts.net_minor, 0)', 'payments.currency'
        ) }} as settled_net_amount,
        {{ to_amount('other_amounts.gross_minor', 'other_amounts.currency') }}
            as other_settled_gross_amount,
        {{ to_amount(
            "case
                when payments.exit in ('open', 'settled')
                    and payments.disputed_at is null
                    then greatest(
                        payments.captured_minor
                        - coalesce(refunds_before.refunded_minor, 0)
                        - coalesce(settled_amounts.gross_minor, 0), 0
                    )
                else 0
            end",
            'payments.currency'
        ) }} as unsettled_amount,
        {{ to_amount(
            'coalesce(refunded_amounts.refunded_minor, 0)', 'payments.currency'
        ) }} as refunded_amount,
        {{ hours_between('payments.authorized_at', 'payments.captured_at') }}
            as authorized_to_captured_hours,

        -- a day without a time may begin before the capture: that took no time
        case
            when payments.exit = 'settled'
                then {{ hours_between(
                    'payments.settlement_clock_started_at',
                    'greatest(payments.settlement_clock_started_at, payments.reached_at)'
                ) }}
        end as captured_to_settled_hours,
        settlements_ahead.payment_id is not null as has_settlement_ahead,
        payments.first_seen_at,
        payments.authorized_at,
        payments.authorization_lapses_at,
        payments.captured_at,
        payments.settlement_clock_started_at,
        payments.settlement_due_at,
        payments.disputed_at,
        case when payments.exit = 'settled' then payments.reached_at end as settled_at,
        settled_amounts.taken_back_at,
        payments.exit_at

    from exited_payments as payments
    left join chosen_bases
        on payments.payment_id = chosen_bases.payment_id
    left join settlements_ahead
        on payments.payment_id = settlements_ahead.payment_id
    left join settled_amounts
        on payments.payment_id = settled_amounts.payment_id
    left join refunded_amounts
        on payments.payment_id = refunded_amounts.payment_id
    left join refunds_before
        on payments.payment_id = refunds_before.payment_id
    left join other_amounts
        on payments.payment_id = other_amounts.payment_id

)

select * from payment_facts
