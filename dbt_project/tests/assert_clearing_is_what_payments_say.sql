-- Payments whose captures or settlements the books and the fact tell differently, in
-- the payment's own currency: the fact knows no other.
with

ledger_sums as (

    select
        payment_id,
        currency,
        coalesce(
            -sum(amount) filter (
                where account = 'receivable'
                    and entry_kind in ('capture', 'settlement')
            ), 0
        ) as captured_amount,
        coalesce(
            sum(amount) filter (
                where account in ('bank', 'fees', 'rounding')
                    and entry_kind = 'settlement'
            ), 0
        ) as settled_amount

    from {{ ref('fct_ledger_entries') }}
    where payment_id is not null
    group by payment_id, currency

),

unequal_payments as (

    select
        payments.payment_id,
        payments.currency,
        payments.captured_amount as told_captured_amount,
        ledger_sums.captured_amount,
        payments.settled_gross_amount as told_settled_amount,
        ledger_sums.settled_amount

    from {{ ref('fct_payments') }} as payments
    left join ledger_sums
        on payments.payment_id = ledger_sums.payment_id
        and payments.currency = ledger_sums.currency
    where payments.captured_amount <> coalesce(ledger_sums.captured_amount, 0)
        or payments.settled_gross_amount <> coalesce(ledger_sums.settled_amount, 0)

)

select * from unequal_payments
