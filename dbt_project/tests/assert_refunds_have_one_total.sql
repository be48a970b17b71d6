-- Refunds whose acknowledged, paid and still payable sums differ between the books and
-- the refunds themselves.
with

ledger_sums as (

    select
        refund_id,
        currency,
        coalesce(
            sum(amount) filter (where account in ('revenue', 'receivable')), 0
        ) as acknowledged_amount,
        coalesce(
            -sum(amount) filter (
                where account in ('provider_clearing', 'bank', 'store_credit')
            ), 0
        ) as paid_amount

    from {{ ref('fct_ledger_entries') }}
    where refund_id is not null
    group by refund_id, currency

),

refunds as (

    select
        refund_id,
        currency,
        {{ to_amount('amount_minor', 'currency') }} as amount,
        completed_at

    from {{ ref('int_refunds') }}

),

unequal_refunds as (

    select
        refunds.refund_id,
        refunds.amount,
        ledger_sums.acknowledged_amount,
        ledger_sums.paid_amount

    from refunds
    left join ledger_sums
        on refunds.refund_id = ledger_sums.refund_id
        and refunds.currency = ledger_sums.currency
    where coalesce(ledger_sums.paid_amount, 0)
        <> case when refunds.completed_at is null then 0 else refunds.amount end
        or coalesce(ledger_sums.acknowledged_amount, 0)
        not in (0, coalesce(refunds.amount, 0))

)

select * from unequal_refunds
