-- One JSON line of the contract per event that the invoices of Online Retail know.
--
-- An invoice is a sale, paid for as it is written; one whose number begins with C is a
-- credit note. Rows without a price on an invoice of nobody are stock written off or
-- found. Rows that are neither are sent as they stand, for the judge to refuse with a
-- reason, each under its own line; the rest of their invoice stands.

with

rows_read as (

    select
        invoice_no,
        stock_code,
        customer_id,
        invoice_date,
        landed_file,
        line_number,
        try_cast(quantity as integer) as quantity,
        try_cast(unit_price as decimal(18, 4)) * 100 as price_pence,

        -- a price finer than a penny stays unknown instead of being rounded
        case when price_pence % 1 = 0 then price_pence::bigint end as price_minor,
        invoice_no
        || ':'
        || row_number() over (partition by invoice_no order by line_number) as row_id

    from raw_online_retail.invoice_rows

),

rows_sorted as (

    select
        *,
        invoice_no like 'C%' as is_credit,
        case
            -- the ledger's own bookings, which no customer sees
            when regexp_matches(invoice_no, '^[AB]') then 'ledger_adjusted'
            when stock_code in ('AMAZONFEE', 'BANK CHARGES', 'S')
                and customer_id is null
                then 'merchant_cost_booked'
            when is_credit and quantity < 0 and price_minor is not null
                then 'credit_row'
            when not is_credit
                and customer_id is null
                and quantity <> 0
                and max(price_pence) over (partition by invoice_no) = 0
                then 'stock_row'
            when not is_credit and quantity > 0 and price_minor is not null
                then 'sale_row'
            else 'unreadable'
        end as kind,

        -- postage, discounts and entries by hand: billed, and no goods to send back
        stock_code not in ('POST', 'DOT', 'C2', 'D', 'M', 'm') as is_goods

    from rows_read

),

sale_rows as (

    select * from rows_sorted
    where kind = 'sale_row'

),

-- 34 invoices were written across the turn of a minute: the first is theirs
invoices as (

    select
        invoice_no,
        min(invoice_date) as invoiced_at,
        min(customer_id) as customer_id,
        sum(quantity * price_minor)::bigint as total_minor,
        to_json(list({
            'order_line_id': row_id,
            'sku': stock_code,
            'quantity': quantity,
            'unit_price_minor': price_minor
        } order by line_number)) as lines,
        min(landed_file) as landed_file,
        min(line_number) as line_number

    from sale_rows
    group by invoice_no

),

orders_placed as (

    -- invoices that name no customer are each somebody else's
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'order_placed',
            'occurred_at', invoiced_at,
            'occurred_at_quality', 'derived',
            'order_id', invoice_no,
            'customer_id', customer_id,
            'is_guest', customer_id is null,
            'channel', 'web',
            'actor_type', 'customer',
            'payment_mode', 'prepaid',
            'fulfillment_type', 'ship',
            'currency', 'GBP',
            'total_minor', total_minor,
            'lines', lines
        ) as line

    from invoices

),

payments_captured as (

    -- the export tells no payment, but an invoice that is not credited was paid
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'payment_captured',
            'occurred_at', invoiced_at,
            'occurred_at_quality', 'derived',
            'order_id', invoice_no,
            'payment_id', invoice_no,
            'capture_id', invoice_no,
            'payment_method', 'unknown',
            'gateway', 'unknown',
            'amount_minor', total_minor,
            'is_partial', false
        ) as line

    from invoices
    where total_minor > 0

),

-- the largest row of each minute, so that the same one is found by every run
latest_sale_rows as (

    select *
    from sale_rows
    where is_goods
    qualify row_number() over (
        partition by customer_id, stock_code, invoice_date
        order by quantity desc, line_number
    ) = 1

),

-- a credit note names no invoice: the customer's last sale of the product before it is
-- meant, if it was of as many; without one the return hangs on no order
credits as (

    select
        credit_rows.*,
        -credit_rows.quantity as returned_quantity,
        -credit_rows.quantity * credit_rows.price_minor as credited_minor,
        case
            when sale_rows.quantity >= -credit_rows.quantity then sale_rows.invoice_no
        end as sale_invoice_no,
        case
            when sale_rows.quantity >= -credit_rows.quantity then sale_rows.row_id
        end as sale_row_id,
        case when credit_rows.is_goods then credit_rows.row_id end as return_line_id

    from rows_sorted as credit_rows
    asof left join latest_sale_rows as sale_rows
        on credit_rows.customer_id = sale_rows.customer_id
        and credit_rows.stock_code = sale_rows.stock_code
        and credit_rows.invoice_date >= sale_rows.invoice_date
    where credit_rows.kind = 'credit_row'

),

returns_received as (

    -- goods are credited when they are back
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'return_received',
            'occurred_at', invoice_date,
            'occurred_at_quality', 'derived',
            'order_id', sale_invoice_no,
            'order_line_id', sale_row_id,
            'customer_id', customer_id,
            'return_id', invoice_no,
            'return_line_id', return_line_id,
            'sku', stock_code,
            'quantity', returned_quantity
        ) as line

    from credits
    where is_goods

),

returns_resolved as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'return_resolved',
            'occurred_at', invoice_date,
            'occurred_at_quality', 'derived',
            'order_id', sale_invoice_no,
            'customer_id', customer_id,
            'return_id', invoice_no,
            'return_line_id', return_line_id,
            'refund_id', row_id,
            'outcome', 'refund',
            'amount_minor', credited_minor
        ) as line

    from credits
    where is_goods

),

-- an order to refund names its sale, so only goods of a known one have it
refunds_initiated as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'refund_initiated',
            'occurred_at', invoice_date,
            'occurred_at_quality', 'derived',
            'order_id', sale_invoice_no,
            'customer_id', customer_id,
            'refund_id', row_id,
            'return_line_id', return_line_id,
            'refund_cause', 'return',
            'refund_destination', 'unknown',
            'amount_minor', credited_minor,
            'is_partial', true
        ) as line

    from credits
    where sale_invoice_no is not null

),

refunds_completed as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'refund_completed',
            'occurred_at', invoice_date,
            'occurred_at_quality', 'second',
            'order_id', sale_invoice_no,
            'customer_id', customer_id,
            'refund_id', row_id,
            'return_line_id', return_line_id,
            'credited_code', stock_code,
            'amount_minor', credited_minor,
            'is_partial', true
        ) as line

    from credits

),

stock_adjusted as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'inventory_adjusted',
            'occurred_at', invoice_date,
            'occurred_at_quality', 'second',
            'movement_id', row_id,
            'sku', stock_code,
            'location_id', 'unknown',
            'delta_quantity', quantity,
            'adjustment_cause', 'other'
        ) as line

    from rows_sorted
    where kind = 'stock_row'

),

-- the contract has no event for these: they are named, refused and counted
ledger_booked as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', kind,
            'occurred_at', invoice_date,
            'invoice_row', row_id
        ) as line

    from rows_sorted
    where kind in ('ledger_adjusted', 'merchant_cost_booked')

),

unreadable as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'order_placed',
            'occurred_at', invoice_date,
            'order_id', invoice_no,
            'payment_mode', 'prepaid',
            'currency', 'GBP',
            'total_minor', 0,
            'lines', to_json([{
                'order_line_id': row_id,
                'sku': stock_code,
                'quantity': quantity,
                'unit_price_minor': price_minor
            }])
        ) as line

    from rows_sorted
    where kind = 'unreadable'

),

events as (

    select * from orders_placed
    union all
    select * from payments_captured
    union all
    select * from returns_received
    union all
    select * from returns_resolved
    union all
    select * from refunds_initiated
    union all
    select * from refunds_completed
    union all
    select * from stock_adjusted
    union all
    select * from ledger_booked
    union all
    select * from unreadable

),

lines as (

    select
        landed_file,
        line_number,

        -- a merge patch leaves keys without a value out, as the contract wants them
        json_merge_patch(
            json_object('source', 'online_retail:invoices'),
            line
        )::varchar as line

    from events

)

select * from lines
