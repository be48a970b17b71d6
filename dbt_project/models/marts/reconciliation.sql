-- Each order's price against its money: in the bank, on its way, or given back on the
-- way. What is left over is named by the largest part of it.
with

orders as (

    select * from {{ ref('fct_orders') }}

),

ledger_entries as (

    select * from {{ ref('fct_ledger_entries') }}
    where order_id is not null

),

payments as (

    select * from {{ ref('fct_payments') }}

),

refunds as (

    select * from {{ ref('int_refunds') }}

),

capture_events as (

    select * from {{ ref('int_payment_events') }}
    where event_name = 'payment_captured'

),

clock as (

    select * from {{ ref('stg_clock') }}

),

-- an order has a row in its own currency, and in each other that its money moved in
order_currencies as (

    select
        order_id,
        currency
    from orders

    union

    select
        ledger_entries.order_id,
        ledger_entries.currency
    from ledger_entries
    inner join orders
        on ledger_entries.order_id = orders.order_id

),

price_steps as (

    select
        order_id,
        currency,
        -coalesce(sum(amount) filter (where entry_kind = 'cancellation'), 0)
            as called_off_amount,
        coalesce(sum(abs(amount)) filter (where entry_kind = 'price_change'), 0)
            as price_change_amount

    from ledger_entries
    where account = 'receivable'
    group by order_id, currency

),

payment_sums as (

    select
        order_id,
        payment_id,
        currency,

        -- cash that was remitted and never reported as taken was taken
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
        ) as settled_amount,
        coalesce(
            sum(amount) filter (where account = 'fees' and entry_kind = 'settlement'),
            0
        ) as settlement_fee_amount,
        coalesce(
            -sum(amount) filter (
                where account = 'provider_clearing' and entry_kind = 'refund'
            ), 0
        ) as refunded_before_amount,
        coalesce(
            sum(amount) filter (
                where account = 'store_credit' and entry_kind = 'capture'
            ), 0
        ) as paid_in_credit_amount,
        coalesce(sum(amount) filter (where account = 'chargebacks'), 0)
            as disputed_amount,
        coalesce(
            sum(amount) filter (
                where account in ('provider_clearing', 'cod_clearing')
            ), 0
        ) as clearing_amount,
        bool_or(entry_kind = 'settlement') as is_settled

    from ledger_entries
    where payment_id is not null
    group by order_id, payment_id, currency

),

capture_fees as (

    select
        payment_id,
        currency,
        sum({{ to_amount('fee_minor', 'currency') }}) as fee_amount

    from capture_events
    where fee_minor is not null
    group by payment_id, currency

),

money as (

    select
        payment_sums.order_id,
        payment_sums.currency,
        sum(payment_sums.captured_amount) as captured_amount,
        sum(payment_sums.settled_amount) as settled_amount,
        sum(
            case
                when payment_sums.is_settled then payment_sums.settlement_fee_amount
                else coalesce(capture_fees.fee_amount, 0)
            end
        ) as fee_amount,
        sum(payment_sums.refunded_before_amount) as refunded_before_amount,
        sum(payment_sums.paid_in_credit_amount) as paid_in_credit_amount,
        sum(greatest(payment_sums.clearing_amount, 0)) as unsettled_amount,

        -- money that was settled was paid, whether or not its capture was reported
        sum(
            case
                when payment_sums.captured_amount <> 0
                    then payment_sums.captured_amount
                else payment_sums.settled_amount + payment_sums.refunded_before_amount
            end
        ) as paid_amount,
        sum(payment_sums.disputed_amount) as disputed_amount

    from payment_sums
    left join capture_fees
        on payment_sums.payment_id = capture_fees.payment_id
        and payment_sums.currency = capture_fees.currency
    group by payment_sums.order_id, payment_sums.currency

),

refunded as (

    select
        order_id,
        currency,
        sum({{ to_amount('amount_minor', 'currency') }}) as refunded_amount

    from refunds
    where completed_at is not null
    group by order_id, currency

),

-- an approval that may still be captured, or a parcel whose cash is not due back yet
awaited_payments as (

    select
        order_id,
        bool_or(
            method = 'cod' and captured_amount = 0
        ) as is_awaited_from_courier,
        bool_or(
            method <> 'cod'
            and authorized_at is not null
            and coalesce(authorized_amount, 0) > captured_amount
        ) as is_approved

    from payments
    where exit = 'open'
        and not is_settlement_timed_out
    group by order_id

),

awaited_orders as (

    select
        orders.order_id,
        coalesce(awaited_payments.is_awaited_from_courier, false)
        or (
            orders.stage not in ('delivered', 'rto', 'cancelled', 'closed')
            and (
                orders.payment_mode in ('cod', 'partial_cod')
                or coalesce(awaited_payments.is_approved, false)
                or clock.as_of <= {{ hours_after(
                    'orders.placed_at', 24 * var('payment_awaited_days')
                ) }}
            )
        )
        or (
            orders.payment_mode = 'deferred'
            and orders.stage not in ('rto', 'cancelled')
        ) as is_awaited

    from orders
    left join awaited_payments
        on orders.order_id = awaited_payments.order_id
    cross join clock

),

order_sums as (

    select
        order_currencies.order_id,
        order_currencies.currency,
        order_currencies.currency = orders.currency as is_own_currency,
        case
            when order_currencies.currency = orders.currency
                then orders.ordered_amount
            else 0
        end as ordered_amount,
        coalesce(price_steps.called_off_amount, 0) as called_off_amount,
        coalesce(price_steps.price_change_amount, 0) as price_change_amount,
        coalesce(money.captured_amount, 0) as captured_amount,
        coalesce(money.settled_amount, 0) as settled_amount,
        coalesce(money.fee_amount, 0) as fee_amount,
        coalesce(refunded.refunded_amount, 0) as refunded_amount,
        coalesce(money.refunded_before_amount, 0) as refunded_before_amount,
        coalesce(money.paid_in_credit_amount, 0) as paid_in_credit_amount,
        coalesce(money.unsettled_amount, 0) as unsettled_amount,
        coalesce(money.paid_amount, 0) as paid_amount,
        coalesce(money.disputed_amount, 0) as disputed_amount,
        awaited_orders.is_awaited

    from order_currencies
    inner join orders
        on order_currencies.order_id = orders.order_id
    inner join awaited_orders
        on order_currencies.order_id = awaited_orders.order_id
    left join price_steps
        on order_currencies.order_id = price_steps.order_id
        and order_currencies.currency = price_steps.currency
    left join money
        on order_currencies.order_id = money.order_id
        and order_currencies.currency = money.currency
    left join refunded
        on order_currencies.order_id = refunded.order_id
        and order_currencies.currency = refunded.currency

),

gaps as (

    select
        *,
        ordered_amount - called_off_amount as owed_amount,
        paid_amount - (ordered_amount - called_off_amount) as paid_gap_amount,
        case
            when is_awaited
                then greatest(ordered_amount - called_off_amount - paid_amount, 0)
            else 0
        end as awaited_amount

    from order_sums

),

residuals as (

    select
        *,
        unsettled_amount + awaited_amount as outstanding_amount,
        settled_amount
        + unsettled_amount
        + awaited_amount
        + refunded_before_amount
        + paid_in_credit_amount
        - owed_amount as residual_amount,
        paid_gap_amount + awaited_amount as unawaited_gap_amount

    from gaps

),

-- A residual is what was paid amiss, plus what was settled beyond that, less what is in
-- dispute. What the provider still has to take back for a dispute is neither.
parts as (

    select
        *,
        greatest(
            unawaited_gap_amount - residual_amount, 0
        ) as withheld_amount,
        greatest(
            residual_amount - unawaited_gap_amount, 0
        ) as settled_beyond_amount

    from residuals

),

reconciliation as (

    select
        order_id,
        currency,
        case
            when residual_amount = 0 then null
            when disputed_amount > 0
                and withheld_amount >= abs(unawaited_gap_amount)
                then 'disputed'
            when settled_beyond_amount > 0
                and settled_beyond_amount >= abs(unawaited_gap_amount)
                then 'settlement_mismatch'
            when not is_own_currency then 'settlement_mismatch'
            when unawaited_gap_amount = 0 then 'unexplained'

            -- units called off are priced by their share of the order: the shop's own
            -- price of them may differ, by less than they are worth
            when paid_amount > 0
                and owed_amount > 0
                and (
                    abs(unawaited_gap_amount) <= price_change_amount
                    or abs(unawaited_gap_amount) < called_off_amount
                )
                then 'price_change'
            when unawaited_gap_amount > 0 then 'overpaid'
            else 'uncollected'
        end as residual_cause,
        cast(ordered_amount as decimal(18, 4)) as ordered_amount,
        cast(called_off_amount as decimal(18, 4)) as called_off_amount,
        cast(captured_amount as decimal(18, 4)) as captured_amount,
        cast(settled_amount as decimal(18, 4)) as settled_amount,
        cast(fee_amount as decimal(18, 4)) as fee_amount,
        cast(refunded_amount as decimal(18, 4)) as refunded_amount,
        cast(refunded_before_amount as decimal(18, 4)) as refunded_before_amount,
        cast(paid_in_credit_amount as decimal(18, 4)) as paid_in_credit_amount,
        cast(outstanding_amount as decimal(18, 4)) as outstanding_amount,
        cast(residual_amount as decimal(18, 4)) as residual_amount

    from parts

)

select * from reconciliation
