-- Money between the customer and the bank: what each payment still has in clearing,
-- until when that is in order, and why it is there after.
with

ledger_entries as (

    select * from {{ ref('fct_ledger_entries') }}
    where payment_id is not null

),

payments as (

    select * from {{ ref('fct_payments') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

sums as (

    select
        payment_id,
        currency,
        min(order_id) as order_id,
        sum(amount) filter (
            where account in ('provider_clearing', 'cod_clearing')
        ) as balance_amount,
        coalesce(sum(amount) filter (where account = 'chargebacks'), 0)
            as disputed_amount,
        coalesce(
            -sum(amount) filter (
                where account = 'receivable' and entry_kind = 'capture'
            ), 0
        ) as captured_amount,
        bool_or(
            account = 'bank' and entry_kind = 'settlement' and amount > 0
        ) as has_settlement,
        bool_or(
            account = 'bank' and entry_kind = 'settlement' and amount < 0
        ) as was_taken_back,
        min(booked_at) as opened_at

    from ledger_entries
    group by payment_id, currency

),

dated_sums as (

    select
        sums.*,
        coalesce(payments.method, 'unknown') as method,
        coalesce(payments.gateway, 'unknown') as gateway,
        sums.currency <> coalesce(payments.currency, '') as is_other_currency,
        {{ hours_after(
            'coalesce(payments.settlement_due_at, sums.opened_at)',
            24 * var('settlement_timeout_days')
        ) }} as matures_at

    from sums
    left join payments
        on sums.payment_id = payments.payment_id
    where sums.balance_amount is not null

),

ledger_clearing as (

    select
        dated_sums.payment_id,
        dated_sums.order_id,
        dated_sums.method,
        dated_sums.gateway,
        dated_sums.currency,
        case
            when dated_sums.balance_amount = 0 then null
            when dated_sums.is_other_currency then 'other_currency'
            when dated_sums.disputed_amount <> 0 then 'disputed'
            when dated_sums.balance_amount < 0 and dated_sums.captured_amount = 0
                then 'capture_unseen'
            when dated_sums.balance_amount < 0 then 'over_settled'
            when clock.as_of <= dated_sums.matures_at then 'in_transit'
            when dated_sums.was_taken_back then 'taken_back'
            when dated_sums.has_settlement then 'short_settled'
            else 'not_settled'
        end as cause,
        cast(dated_sums.balance_amount as decimal(18, 4)) as balance_amount,
        cast(dated_sums.disputed_amount as decimal(18, 4)) as disputed_amount,
        case
            when dated_sums.balance_amount <> 0
                then {{ hours_between('dated_sums.opened_at', 'clock.as_of') }}
        end as open_age_hours,
        clock.as_of > dated_sums.matures_at as is_mature,
        dated_sums.opened_at,
        dated_sums.matures_at

    from dated_sums
    cross join clock

)

select * from ledger_clearing
