{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What an order's own events post: the sale, changes of its price, what is called off
-- before it is paid, and refunds as they are acknowledged. Debits are positive.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('order_placed', 'order_updated')

),

return_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'exchange_completed'

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('payment_captured', 'cod_collected')

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

cancellations as (

    select * from {{ ref('int_cancellations') }}
    where {{ is_affected('story_id') }}

),

refunds as (

    select * from {{ ref('int_ledger_refunds') }}
    where {{ is_affected('story_id') }}
        and owed_minor <> 0

),

goods as (

    select
        order_id,
        count(*) as line_count,
        cast(sum(quantity * unit_price_minor) as bigint) as goods_minor

    from order_lines
    group by order_id

),

placed_orders as (

    select
        order_events.event_id,
        order_events.order_id,
        order_events.total_minor,
        coalesce(order_events.tax_minor, 0) as tax_minor,
        coalesce(order_events.shipping_minor, 0) as shipping_minor,
        coalesce(order_events.discount_minor, 0) as discount_minor,
        coalesce(goods.line_count, 0) as line_count,

        -- what the parts leave unsaid of the total, were tax on top of the prices
        order_events.total_minor
        - coalesce(goods.goods_minor, 0)
        + coalesce(order_events.discount_minor, 0)
        - coalesce(order_events.shipping_minor, 0)
        - coalesce(order_events.tax_minor, 0) as unsaid_minor

    from order_events
    left join goods
        on order_events.order_id = goods.order_id
    where order_events.event_name = 'order_placed'

),

-- some prices contain their tax: the reading that leaves less unsaid is taken. Each
-- line and the total is rounded once; more than that is no rounding
priced_orders as (

    select
        *,
        case
            when abs(unsaid_minor + tax_minor) < abs(unsaid_minor)
                then unsaid_minor + tax_minor
            else unsaid_minor
        end as left_minor,
        line_count + 1 as rounding_most_minor

    from placed_orders

),

sales as (

    select
        event_id,
        order_id,
        total_minor,
        tax_minor,
        shipping_minor,
        discount_minor,
        case
            when abs(left_minor) <= rounding_most_minor then left_minor
            else 0
        end as rounding_minor

    from priced_orders

),

steps as (

    select
        event_id,
        story_id,
        order_id,
        cast(null as varchar) as refund_id,
        case event_name
            when 'order_placed' then 'sale'
            else 'price_change'
        end as step,
        currency,
        event_rank,
        case event_name
            when 'order_placed' then total_minor
            else price_delta_minor
        end as amount_minor,
        false as is_whole,
        occurred_at as booked_at
    from order_events
    where event_name = 'order_placed'
        or price_delta_minor <> 0

    union all

    select
        event_id,
        story_id,
        order_id,
        null as refund_id,
        'price_change' as step,
        currency,
        event_rank,
        price_delta_minor as amount_minor,
        false as is_whole,
        occurred_at as booked_at
    from return_events
    where price_delta_minor <> 0

    union all

    select
        event_id,
        story_id,
        order_id,
        null as refund_id,
        'capture' as step,
        currency,
        event_rank,
        amount_minor,
        false as is_whole,
        occurred_at as booked_at
    from payment_events

    union all

    select
        event_id,
        story_id,
        order_id,
        null as refund_id,
        'cancellation' as step,
        currency,
        event_rank,
        cancelled_minor as amount_minor,
        is_whole,
        cancelled_at as booked_at
    from cancellations

    union all

    select
        event_id,
        story_id,
        order_id,
        refund_id,
        'refund' as step,
        currency,
        event_rank,
        owed_minor as amount_minor,
        false as is_whole,
        booked_at
    from refunds

),

sums_so_far as (

    select
        *,
        coalesce(sum(amount_minor) filter (
            where step in ('sale', 'price_change')
        ) over so_far, 0) as ordered_minor,
        coalesce(sum(amount_minor) filter (where step = 'capture') over so_far, 0)
            as captured_minor,
        coalesce(sum(amount_minor) filter (where step = 'cancellation') over so_far, 0)
            as cancelled_minor,
        coalesce(sum(amount_minor) filter (where step = 'refund') over so_far, 0)
            as refunded_minor

    from steps
    window so_far as (
        partition by story_id, currency
        order by booked_at, event_rank, event_id
        rows between unbounded preceding and current row
    )

),

-- of what is called off only what is not yet paid leaves the books here; the rest is
-- a refund when it is ordered
called_off as (

    select
        *,
        case
            when step = 'cancellation'
                then greatest(
                    0,
                    least(
                        case
                            when is_whole
                                then ordered_minor - cancelled_minor + amount_minor
                            else amount_minor
                        end,
                        ordered_minor - captured_minor - cancelled_minor + amount_minor
                    )
                )
            else 0
        end as called_off_minor

    from sums_so_far

),

balances as (

    select
        *,
        sum(called_off_minor) over so_far as called_off_so_far_minor,

        -- paid beyond the price: what is refunded comes out of that first
        captured_minor
        - ordered_minor
        + sum(called_off_minor) over so_far
        - refunded_minor
        + case when step = 'refund' then amount_minor else 0 end as in_credit_minor

    from called_off
    window so_far as (
        partition by story_id, currency
        order by booked_at, event_rank, event_id
        rows between unbounded preceding and current row
    )

),

-- tax, discount and shipping leave with the share of the price that was called off
reversals as (

    select
        balances.*,
        coalesce(sales.tax_minor, 0) as tax_minor,
        coalesce(sales.discount_minor, 0) as discount_minor,
        coalesce(sales.shipping_minor, 0) as shipping_minor,
        coalesce(sales.rounding_minor, 0) as rounding_minor,
        case
            when balances.called_off_so_far_minor >= sales.total_minor then 1.0
            when sales.total_minor > sales.shipping_minor
                then least(
                    1.0,
                    cast(balances.called_off_so_far_minor as double)
                    / (sales.total_minor - sales.shipping_minor)
                )
            else 0.0
        end as called_off_share,
        balances.called_off_so_far_minor >= sales.total_minor as is_all_called_off

    from balances
    left join sales
        on balances.order_id = sales.order_id

),

parts_so_far as (

    select
        *,
        cast(round(tax_minor * called_off_share) as bigint) as tax_back_minor,
        cast(round(discount_minor * called_off_share) as bigint)
            as discount_back_minor,
        case when is_all_called_off then shipping_minor else 0 end
            as shipping_back_minor,
        case when is_all_called_off then rounding_minor else 0 end
            as rounding_back_minor

    from reversals
    where step = 'cancellation'
        and called_off_minor <> 0

),

parts as (

    select
        *,
        tax_back_minor - lag(tax_back_minor, 1, 0) over by_order as tax_step_minor,
        discount_back_minor
        - lag(discount_back_minor, 1, 0) over by_order as discount_step_minor,
        shipping_back_minor
        - lag(shipping_back_minor, 1, 0) over by_order as shipping_step_minor,
        rounding_back_minor
        - lag(rounding_back_minor, 1, 0) over by_order as rounding_step_minor

    from parts_so_far
    window by_order as (
        partition by story_id, currency
        order by booked_at, event_rank, event_id
    )

),

-- revenue is never stated here: it is what brings each entry to zero
postings as (

    select
        steps.event_id,
        steps.story_id,
        steps.order_id,
        steps.refund_id,
        steps.step as entry_kind,
        'receivable' as account,
        steps.currency,
        steps.amount_minor,
        steps.booked_at
    from steps
    where steps.step in ('sale', 'price_change')

    union all

    select
        steps.event_id,
        steps.story_id,
        steps.order_id,
        null as refund_id,
        steps.step as entry_kind,
        accounts.account,
        steps.currency,
        case accounts.account
            when 'tax' then -sales.tax_minor
            when 'shipping' then -sales.shipping_minor
            when 'discount' then sales.discount_minor
            when 'rounding' then -sales.rounding_minor
        end as amount_minor,
        steps.booked_at
    from steps
    inner join sales
        on steps.event_id = sales.event_id
    cross join (
        values ('tax'), ('shipping'), ('discount'), ('rounding')
    ) as accounts (account)

    union all

    select
        parts.event_id,
        parts.story_id,
        parts.order_id,
        null as refund_id,
        parts.step as entry_kind,
        accounts.account,
        parts.currency,
        case accounts.account
            when 'receivable' then -parts.called_off_minor
            when 'tax' then parts.tax_step_minor
            when 'shipping' then parts.shipping_step_minor
            when 'discount' then -parts.discount_step_minor
            when 'rounding' then parts.rounding_step_minor
        end as amount_minor,
        parts.booked_at
    from parts
    cross join (
        values ('receivable'), ('tax'), ('shipping'), ('discount'), ('rounding')
    ) as accounts (account)

    union all

    select
        event_id,
        story_id,
        order_id,
        refund_id,
        step as entry_kind,
        'refunds_payable' as account,
        currency,
        -amount_minor as amount_minor,
        booked_at
    from balances
    where step = 'refund'

    union all

    select
        event_id,
        story_id,
        order_id,
        refund_id,
        step as entry_kind,
        'receivable' as account,
        currency,
        greatest(0, least(amount_minor, in_credit_minor)) as amount_minor,
        booked_at
    from balances
    where step = 'refund'

),

revenue as (

    select
        event_id,
        story_id,
        order_id,
        refund_id,
        entry_kind,
        'revenue' as account,
        currency,
        -sum(amount_minor) as amount_minor,
        booked_at

    from postings
    group by
        event_id, story_id, order_id, refund_id, entry_kind, currency, booked_at

),

ledger_orders as (

    select * from postings
    where amount_minor <> 0

    union all

    select * from revenue
    where amount_minor <> 0

)

select * from ledger_orders
