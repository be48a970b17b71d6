-- Sums somebody waits for. Each is claimed once, by the most specific class: what is
-- owed for a cause is no overpayment, what may still be captured is no remainder.
with

clock as (

    select * from {{ ref('stg_clock') }}

),

payments as (

    select * from {{ ref('fct_payments') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

dues as (

    select
        *,
        {{ to_amount('amount_minor', 'currency') }} as amount,
        {{ to_amount('value_minor', 'currency') }} as value_amount

    from {{ ref('int_refunds_due') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

deliveries as (

    select * from {{ ref('int_line_deliveries') }}

),

-- a refund that failed and was ordered anew counts by its successor
standing_refunds as (

    select * from refunds
    where replaced_by_refund_id is null

),

captured_sums as (

    select
        order_id,
        currency,
        sum(captured_amount) as captured_amount,
        min(captured_at) as captured_at

    from payments
    where captured_at is not null
    group by order_id, currency

),

refunded_sums as (

    select
        order_id,
        currency,
        sum(amount) as refunded_amount,

        -- what answers a debt lowers what is owed by as much; the rest gives back
        -- what was paid too much
        sum(amount) filter (
            where due_id is null
                or cause in ('duplicate_payment', 'exchange_difference')
        ) as given_back_amount

    from standing_refunds
    group by order_id, currency

),

due_sums as (

    select
        order_id,
        currency,
        sum(amount) filter (where cause = 'cancellation') as cancelled_paid_amount,
        sum(value_amount - amount) filter (where cause = 'cancellation')
            as cancelled_unpaid_amount,
        sum(amount) filter (where is_owed and cause <> 'exchange_difference')
            as due_amount

    from dues
    group by order_id, currency

),

unanswered_dues as (

    select
        dues.*,
        coalesce(
            sum(dues.amount) over (
                partition by dues.order_id, dues.currency
                order by dues.due_at, dues.due_id
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as claimed_before

    from dues
    left join refunds
        on dues.due_id = refunds.due_id
    where dues.is_owed
        and refunds.refund_id is null

),

-- nobody is owed more than was taken and has not been given back
owed_refunds as (

    select
        'due:' || unanswered_dues.due_id as claim_id,
        'refund_owed' as class,
        unanswered_dues.order_id,
        least(
            unanswered_dues.amount,
            captured_sums.captured_amount
            - coalesce(refunded_sums.refunded_amount, 0)
            - unanswered_dues.claimed_before
        ) as amount,
        unanswered_dues.currency,
        unanswered_dues.due_at as since_at

    from unanswered_dues
    inner join captured_sums
        on unanswered_dues.order_id = captured_sums.order_id
        and unanswered_dues.currency = captured_sums.currency
    left join refunded_sums
        on unanswered_dues.order_id = refunded_sums.order_id
        and unanswered_dues.currency = refunded_sums.currency

),

open_refunds as (

    select
        'refund:' || standing_refunds.refund_id as claim_id,
        case
            when standing_refunds.failed_at is not null then 'refund_failed'
            else 'refund_late'
        end as class,
        standing_refunds.order_id,
        standing_refunds.amount,
        standing_refunds.currency,
        coalesce(standing_refunds.failed_at, standing_refunds.expected_at) as since_at

    from standing_refunds
    cross join clock
    where standing_refunds.completed_at is null
        and (
            standing_refunds.failed_at is not null
            or standing_refunds.expected_at < clock.as_of
        )

),

listed_sums as (

    select
        order_id,
        sum(ordered_amount) as listed_amount

    from order_lines
    group by order_id

),

order_sums as (

    select
        orders.order_id,
        orders.currency,
        orders.payment_mode,
        orders.is_cancelled,
        orders.ordered_amount,
        coalesce(captured_sums.captured_amount, 0) as captured_amount,
        captured_sums.captured_at,
        coalesce(refunded_sums.given_back_amount, 0) as given_back_amount,
        coalesce(due_sums.due_amount, 0) as due_amount,
        listed_sums.listed_amount,

        -- what the order came to, without what was called off before it was paid
        case
            when orders.is_cancelled then coalesce(due_sums.cancelled_paid_amount, 0)
            else
                orders.ordered_amount - coalesce(due_sums.cancelled_unpaid_amount, 0)
        end as owed_amount,

        -- list prices tell what a line came to, but for its own taxes and discounts
        case
            when orders.is_cancelled then 0
            else coalesce(due_sums.cancelled_unpaid_amount, 0)
                * {{ var('list_price_error_share') }}
        end as doubtful_amount

    from orders
    left join captured_sums
        on orders.order_id = captured_sums.order_id
        and orders.currency = captured_sums.currency
    left join refunded_sums
        on orders.order_id = refunded_sums.order_id
        and orders.currency = refunded_sums.currency
    left join due_sums
        on orders.order_id = due_sums.order_id
        and orders.currency = due_sums.currency
    left join listed_sums
        on orders.order_id = listed_sums.order_id

),

exchange_dues as (

    select
        order_id,
        currency,
        sum(amount) as amount

    from unanswered_dues
    where cause = 'exchange_difference'
    group by order_id, currency

),

balances as (

    select
        order_sums.*,
        order_sums.captured_amount
        - order_sums.given_back_amount
        - coalesce(exchange_dues.amount, 0)
        - order_sums.owed_amount as overpaid_amount,
        case
            when order_sums.is_cancelled then 0
            else order_sums.owed_amount
                - order_sums.due_amount
                - order_sums.captured_amount
        end as missing_amount

    from order_sums
    left join exchange_dues
        on order_sums.order_id = exchange_dues.order_id
        and order_sums.currency = exchange_dues.currency

),

running_captures as (

    select
        payments.order_id,
        payments.currency,
        payments.captured_at,
        sum(payments.captured_amount) over (
            partition by payments.order_id, payments.currency
            order by payments.captured_at, payments.payment_id
            rows between unbounded preceding and current row
        ) as captured_amount

    from payments
    where payments.captured_at is not null

),

overpaid_orders as (

    select
        'overpaid:' || balances.order_id as claim_id,
        'overpaid' as class,
        balances.order_id,
        balances.overpaid_amount as amount,
        balances.currency,

        -- since the capture that was too much, else since less was owed
        coalesce(
            min(running_captures.captured_at) filter (
                where running_captures.captured_amount > balances.owed_amount
            ),
            max(running_captures.captured_at)
        ) as since_at

    from balances
    inner join running_captures
        on balances.order_id = running_captures.order_id
        and balances.currency = running_captures.currency
    where balances.overpaid_amount > balances.doubtful_amount
    group by balances.order_id, balances.overpaid_amount, balances.currency

),

lapsing_payments as (

    select
        payments.payment_id,
        payments.order_id,
        payments.currency,
        payments.authorized_at,
        payments.authorized_amount,
        least(
            payments.authorization_lapses_at,
            case when payments.exit = 'expired' then payments.exit_at end
        ) as lapses_at

    from payments
    where payments.authorized_at is not null
        and payments.captured_at is null
        and payments.exit in ('open', 'expired')

),

lapsing_claims as (

    select
        lapsing_payments.*,
        coalesce(
            sum(lapsing_payments.authorized_amount) over (
                partition by lapsing_payments.order_id, lapsing_payments.currency
                order by
                    lapsing_payments.lapses_at desc, lapsing_payments.payment_id desc
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as claimed_before

    from lapsing_payments
    cross join clock
    where lapsing_payments.lapses_at
        <= {{ hours_after('clock.as_of', var('capture_warning_hours')) }}

),

-- an order paid otherwise, or called off, needs no capture any more
expiring_captures as (

    select
        'capture:' || lapsing_claims.payment_id as claim_id,
        'capture_expiring' as class,
        lapsing_claims.order_id,
        least(
            lapsing_claims.authorized_amount,
            coalesce(balances.missing_amount, lapsing_claims.authorized_amount)
            - case
                when balances.order_id is null then 0
                else lapsing_claims.claimed_before
            end
        ) as amount,
        lapsing_claims.currency,
        greatest(
            lapsing_claims.authorized_at,
            {{ hours_after(
                'lapsing_claims.lapses_at', '-' ~ var('capture_warning_hours')
            ) }}
        ) as since_at

    from lapsing_claims
    left join balances
        on lapsing_claims.order_id = balances.order_id
        and lapsing_claims.currency = balances.currency

),

expiring_sums as (

    select
        order_id,
        currency,
        sum(amount) as amount

    from expiring_captures
    where amount > 0
    group by order_id, currency

),

partly_paid_orders as (

    select
        'partial:' || balances.order_id as claim_id,
        'partial_due' as class,
        balances.order_id,
        balances.missing_amount - coalesce(expiring_sums.amount, 0) as amount,
        balances.currency,
        balances.captured_at as since_at

    from balances
    left join expiring_sums
        on balances.order_id = expiring_sums.order_id
        and balances.currency = expiring_sums.currency
    where balances.captured_amount > 0
        and balances.missing_amount > balances.doubtful_amount
        and balances.payment_mode not in ('cod', 'partial_cod')
        and balances.order_id not in (
            select payments.order_id
            from payments
            where payments.payment_id like 'cod:%'
                and payments.order_id is not null
        )

),

late_settlements as (

    select
        'settlement:' || payments.payment_id as claim_id,
        'settlement_late' as class,
        payments.order_id,
        payments.unsettled_amount as amount,
        payments.currency,
        greatest(payments.settlement_due_at, payments.taken_back_at) as since_at

    from payments
    cross join clock
    where payments.payment_id not like 'cod:%'
        and payments.settlement_due_at < clock.as_of

),

parcel_values as (

    select
        deliveries.shipment_id,
        sum(order_lines.unit_price * deliveries.quantity) as listed_amount

    from deliveries
    inner join order_lines
        on deliveries.order_line_id = order_lines.order_line_id
    group by deliveries.shipment_id

),

-- where a courier has not said what it collected, the parcel's share of the order, as
-- far as it is not paid yet
unremitted_cash as (

    select
        'settlement:' || payments.payment_id as claim_id,
        'cod_not_remitted' as class,
        payments.order_id,
        case
            when payments.captured_at is not null then payments.unsettled_amount
            else least(
                balances.missing_amount,
                {{ payable_amount(
                    'cast(balances.owed_amount as double)
                    * coalesce(
                        cast(parcel_values.listed_amount as double)
                        / nullif(cast(balances.listed_amount as double), 0), 1
                    )',
                    'balances.currency'
                ) }}
            )
        end as amount,
        payments.currency,
        payments.settlement_clock_started_at as since_at

    from payments
    left join balances
        on payments.order_id = balances.order_id
        and payments.currency = balances.currency
    left join parcel_values
        on payments.payment_id = 'cod:' || parcel_values.shipment_id
    where payments.payment_id like 'cod:%'

),

claims as (

    select * from owed_refunds
    union all
    select * from open_refunds
    union all
    select * from expiring_captures
    union all
    select * from late_settlements
    union all
    select * from unremitted_cash
    union all
    select * from overpaid_orders
    union all
    select * from partly_paid_orders

),

pending_money as (

    select
        claims.claim_id,
        claims.class,
        claims.order_id,
        claims.currency,
        cast(claims.amount as decimal(18, 4)) as amount,
        {{ hours_between('claims.since_at', 'clock.as_of') }} as age_hours,
        claims.since_at

    from claims
    cross join clock
    where claims.amount > 0

)

select * from pending_money
