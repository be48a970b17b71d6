{{ config(materialized='view') }}

with

payments as (

    select * from {{ ref('int_payment_exits') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

payment_facts as (

    select
        payments.payment_id,
        payments.story_id,
        payments.order_id,
        payments.method,
        payments.gateway,
        payments.settlement_basis,
        payments.exit,
        payments.currency,
        payments.other_currency,
        payments.authorized_amount,
        payments.captured_amount,
        payments.settled_gross_amount,
        payments.settled_fee_amount,
        payments.settled_fee_tax_amount,
        payments.settled_net_amount,
        payments.other_settled_gross_amount,
        payments.unsettled_amount,
        payments.refunded_amount,
        payments.authorized_to_captured_hours,
        payments.captured_to_settled_hours,
        case
            when payments.exit = 'open'
                then {{ hours_between(
                    'coalesce(
                        payments.settlement_clock_started_at,
                        payments.authorized_at,
                        payments.first_seen_at
                    )',
                    'clock.as_of'
                ) }}
        end as open_age_hours,

        -- what left before it was due was never late
        coalesce(
            coalesce(payments.exit_at, clock.as_of) > payments.settlement_due_at, false
        ) as is_settlement_late,
        coalesce(
            coalesce(payments.exit_at, clock.as_of) > {{ hours_after(
                'payments.settlement_due_at', 24 * var('settlement_timeout_days')
            ) }}, false
        ) as is_settlement_timed_out,
        payments.has_settlement_ahead,
        payments.first_seen_at,
        payments.authorized_at,
        payments.authorization_lapses_at,
        payments.captured_at,
        payments.settlement_clock_started_at,
        payments.settlement_due_at,
        payments.disputed_at,
        payments.settled_at,
        payments.taken_back_at,
        payments.exit_at

    from payments
    cross join clock

)

select * from payment_facts
