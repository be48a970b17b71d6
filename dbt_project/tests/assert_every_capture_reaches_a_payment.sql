-- Captured money that the events and the fact tell differently, by payment.
with

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where event_name = 'payment_captured'

),

payments as (

    select * from {{ ref('fct_payments') }}
    where payment_id not like 'cod:%'

),

captures as (

    select
        payment_id,
        sum({{ to_amount('amount_minor', 'currency') }}) as captured_amount

    from payment_events
    group by payment_id

),

unequal_payments as (

    select
        coalesce(captures.payment_id, payments.payment_id) as payment_id,
        captures.captured_amount as told_amount,
        payments.captured_amount

    from captures
    full outer join payments
        on captures.payment_id = payments.payment_id
    where coalesce(captures.captured_amount, 0)
        <> coalesce(payments.captured_amount, 0)

)

select * from unequal_payments
