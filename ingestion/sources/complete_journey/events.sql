-- One JSON line of the contract per event that a basket of the Complete Journey knows.
--
-- A basket is ordered and paid for at the till. What was in it is not in the export, so
-- its one line is of an unknown product at what the basket came to; a basket wholly paid
-- for with coupons came to nothing, and nothing is captured for it.

with

baskets as (

    select
        basket_id,
        household_id,
        landed_file,
        line_number,

        -- Arrow writes nanoseconds, the contract reads microseconds
        left(ts, 19) as bought_at,
        try_cast(sales_value as decimal(18, 4)) * 100 as sales_cents,

        -- an amount finer than a cent stays unknown: the judge refuses the basket
        case when sales_cents % 1 = 0 then sales_cents::bigint end as total_minor

    from raw_complete_journey.baskets

),

orders_placed as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'order_placed',
            'occurred_at', bought_at,
            'occurred_at_quality', 'second',
            'order_id', basket_id,
            'customer_id', household_id,
            'channel', 'store',
            'actor_type', 'customer',
            'payment_mode', 'prepaid',
            'fulfillment_type', 'pickup',
            'currency', 'USD',
            'total_minor', total_minor,
            'lines', to_json([{
                'order_line_id': basket_id || ':unknown',
                'sku': 'unknown',
                'quantity': 1,
                'unit_price_minor': total_minor
            }])
        ) as line

    from baskets

),

payments_captured as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'payment_captured',
            'occurred_at', bought_at,
            'occurred_at_quality', 'derived',
            'order_id', basket_id,
            'payment_id', basket_id,
            'capture_id', basket_id,
            'payment_method', 'unknown',
            'gateway', 'unknown',
            'amount_minor', total_minor,
            'is_partial', false
        ) as line

    from baskets
    where total_minor > 0

),

events as (

    select * from orders_placed
    union all
    select * from payments_captured

),

lines as (

    select
        landed_file,
        line_number,

        -- a merge patch leaves keys without a value out, as the contract wants them
        json_merge_patch(
            json_object('source', 'complete_journey:baskets'),
            line
        )::varchar as line

    from events

)

select * from lines
