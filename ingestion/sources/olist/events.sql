-- One JSON line of the contract per event that the export of Olist knows.
--
-- The export is a snapshot: the last status of each order and the few times that were
-- kept. Times stay local and amounts are cents, as the source declares. Nothing is
-- repaired: a parcel handed over before its order was placed is sent as it stands, and
-- a row that makes no valid event is sent too, for the judge to refuse with a reason.

with

orders as (

    select * from raw_olist.orders

),

order_items as (

    select * from raw_olist.order_items

),

order_payments as (

    select * from raw_olist.order_payments

),

order_reviews as (

    select * from raw_olist.order_reviews

),

customers as (

    select * from raw_olist.customers

),

statuses_translated (source_status, order_status) as (

    values
    ('created', 'received'),
    -- the payment was approved and nothing more is known
    ('approved', 'received'),
    -- the seller is at work: picking, or the invoice is out; no parcel left yet
    ('processing', 'preparing'),
    ('invoiced', 'preparing'),
    ('shipped', 'shipped'),
    ('delivered', 'done'),
    ('canceled', 'cancelled'),
    -- paid, but the seller could not supply; nearly all have lost their items
    ('unavailable', 'on_hold')

),

payment_types_translated (payment_type, payment_method) as (

    values
    ('credit_card', 'card'),
    ('debit_card', 'card'),
    -- a slip paid at a bank or from its app, cleared days later
    ('boleto', 'bank_transfer'),
    ('voucher', 'gift_card')

),

items_counted_in_cents as (

    select
        order_id,
        order_id || ':' || order_item_id as order_line_id,
        product_id as sku,
        landed_file,
        line_number,
        try_cast(order_item_id as integer) as item_number,
        try_cast(price as decimal(18, 4)) * 100 as price_cents,
        try_cast(freight_value as decimal(18, 4)) * 100 as freight_cents,

        -- an amount that cannot be read, or is finer than a cent, stays unknown: the
        -- judge then refuses the order instead of taking a rounded sum
        case when price_cents % 1 = 0 then price_cents::bigint end as price_minor,
        case when freight_cents % 1 = 0 then freight_cents::bigint end as freight_minor

    from order_items

),

items_collected_to_orders as (

    select
        order_id,

        -- an item row is one unit: two of a product are two rows
        to_json(list({
            'order_line_id': order_line_id,
            'sku': sku,
            'quantity': 1,
            'unit_price_minor': price_minor
        } order by item_number)) as lines,
        to_json(list({
            'order_line_id': order_line_id,
            'sku': sku,
            'quantity': 1
        } order by item_number)) as parcel_lines,
        case
            when bool_and(price_minor is not null and freight_minor is not null)
                then sum(price_minor + freight_minor)::bigint
        end as total_minor,
        sum(freight_minor)::bigint as freight_minor,
        min_by(order_line_id, item_number) as first_line_id,
        min_by(sku, item_number) as first_sku

    from items_counted_in_cents
    group by order_id

),

payments_counted_in_cents as (

    select
        order_payments.order_id,
        order_payments.order_id
        || ':'
        || order_payments.payment_sequential as payment_id,
        order_payments.payment_type,

        -- another type passes as it is: the judge files it under other, word kept
        coalesce(
            payment_types_translated.payment_method,
            order_payments.payment_type
        ) as payment_method,
        order_payments.landed_file,
        order_payments.line_number,
        try_cast(order_payments.payment_installments as integer) as installments,
        try_cast(order_payments.payment_value as decimal(18, 4)) * 100 as paid_cents,
        case when paid_cents % 1 = 0 then paid_cents::bigint end as paid_minor

    from order_payments
    left join payment_types_translated
        on order_payments.payment_type = payment_types_translated.payment_type

),

payments_summed_to_orders as (

    select
        order_id,
        sum(paid_minor)::bigint as paid_minor

    from payments_counted_in_cents
    group by order_id

),

orders_completed as (

    select
        orders.order_id,
        orders.order_id || ':1' as shipment_id,

        -- customer_id is new with every order; the unique id is the person
        customers.customer_unique_id as customer_id,
        orders.order_status as source_status,

        -- an unknown status passes as it is: the judge files it under unknown
        coalesce(
            statuses_translated.order_status,
            orders.order_status
        ) as order_status,

        -- the export wrote five-digit prefixes as numbers and lost leading zeros
        repeat('0', 5 - length(customers.customer_zip_code_prefix))
        || customers.customer_zip_code_prefix as postal_code,

        -- an order whose items the export lost was still paid: one unknown line at
        -- what was paid keeps it in every count of orders and of money
        coalesce(
            items_collected_to_orders.lines,
            to_json([{
                'order_line_id': orders.order_id || ':unknown',
                'sku': 'unknown',
                'quantity': 1,
                'unit_price_minor': payments_summed_to_orders.paid_minor
            }])
        ) as lines,
        coalesce(
            items_collected_to_orders.parcel_lines,
            to_json([{
                'order_line_id': orders.order_id || ':unknown',
                'sku': 'unknown',
                'quantity': 1
            }])
        ) as parcel_lines,
        orders.landed_file,
        orders.line_number,
        case
            when items_collected_to_orders.order_id is null
                then payments_summed_to_orders.paid_minor
            else items_collected_to_orders.total_minor
        end as total_minor,
        items_collected_to_orders.freight_minor as shipping_minor,
        orders.order_purchase_timestamp as purchased_at,
        orders.order_approved_at as approved_at,
        orders.order_delivered_carrier_date as handed_over_at,
        orders.order_delivered_customer_date as delivered_at,

        -- a day, written as its midnight
        orders.order_estimated_delivery_date as estimated_at,

        -- texts of one shape sort as times; the estimate is a forecast, not a fact
        greatest(
            orders.order_purchase_timestamp,
            orders.order_approved_at,
            orders.order_delivered_carrier_date,
            orders.order_delivered_customer_date
        ) as last_known_at

    from orders
    left join customers
        on orders.customer_id = customers.customer_id
    left join statuses_translated
        on orders.order_status = statuses_translated.source_status
    left join items_collected_to_orders
        on orders.order_id = items_collected_to_orders.order_id
    left join payments_summed_to_orders
        on orders.order_id = payments_summed_to_orders.order_id

),

payments_dated_by_orders as (

    select
        payments_counted_in_cents.*,
        orders_completed.purchased_at,
        orders_completed.approved_at

    from payments_counted_in_cents
    -- a payment of an unknown order has no time, and the judge refuses it for that
    left join orders_completed
        on payments_counted_in_cents.order_id = orders_completed.order_id

),

orders_placed as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'order_placed',
            'occurred_at', purchased_at,
            'occurred_at_quality', 'second',
            'order_id', order_id,
            'customer_id', customer_id,
            'channel', 'marketplace',
            'actor_type', 'customer',
            'payment_mode', 'prepaid',
            'fulfillment_type', 'ship',
            'postal_code', postal_code,
            'country_code', 'BR',
            -- said here too: an order without a readable amount is refused for that
            'currency', 'BRL',
            'total_minor', total_minor,
            'shipping_minor', shipping_minor,
            'lines', lines
        ) as line

    from orders_completed

),

items_without_their_order as (

    -- sent without a time, so that the judge refuses the row and counts it
    select
        items_counted_in_cents.landed_file,
        items_counted_in_cents.line_number,
        json_object(
            'event_name', 'order_placed',
            'order_id', items_counted_in_cents.order_id,
            'currency', 'BRL',
            'lines', to_json([{
                'order_line_id': items_counted_in_cents.order_line_id,
                'sku': items_counted_in_cents.sku,
                'quantity': 1,
                'unit_price_minor': items_counted_in_cents.price_minor
            }])
        ) as line

    from items_counted_in_cents
    left join orders
        on items_counted_in_cents.order_id = orders.order_id
    where orders.order_id is null

),

promises_confirmed as (

    -- the buyer saw this date at the checkout; when it was set is not in the export
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'delivery_promise_confirmed',
            'occurred_at', purchased_at,
            'occurred_at_quality', 'derived',
            'order_id', order_id,
            'promise_no', 1,
            'promise_max_at', estimated_at,
            'promise_source', 'checkout',
            'is_shown_to_customer', true
        ) as line

    from orders_completed
    where estimated_at is not null

),

payments_initiated as (

    -- every row is a means of payment chosen at the checkout, approved later or not
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'payment_initiated',
            'occurred_at', purchased_at,
            'occurred_at_quality', 'derived',
            'order_id', order_id,
            'actor_type', 'customer',
            'payment_id', payment_id,
            'attempt_no', 1,
            'payment_method', payment_method,
            'payment_type', payment_type,
            'payment_installments', installments,
            'gateway', 'olist',
            'amount_minor', paid_minor
        ) as line

    from payments_dated_by_orders

),

payments_authorized as (

    -- the export dates the approval once per order: all its payments share the time
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'payment_authorized',
            'occurred_at', approved_at,
            'occurred_at_quality', 'second',
            'order_id', order_id,
            'actor_type', 'gateway',
            'payment_id', payment_id,
            'attempt_no', 1,
            'payment_method', payment_method,
            'gateway', 'olist',
            'amount_minor', paid_minor
        ) as line

    from payments_dated_by_orders
    where approved_at is not null

),

payments_captured as (

    -- Olist tells no capture, but an approved payment row is money the buyer paid
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'payment_captured',
            'occurred_at', approved_at,
            'occurred_at_quality', 'derived',
            'order_id', order_id,
            'actor_type', 'gateway',
            'payment_id', payment_id,
            'capture_id', payment_id || ':1',
            'payment_method', payment_method,
            'gateway', 'olist',
            'amount_minor', paid_minor,
            'is_partial', false
        ) as line

    from payments_dated_by_orders
    where approved_at is not null

),

approvals_without_a_payment as (

    -- an order approved though the export lost its payment: the approval stands, for
    -- what the order came to; nothing says that it was paid, so nothing is captured
    select
        orders_completed.landed_file,
        orders_completed.line_number,
        json_object(
            'event_name', 'payment_authorized',
            'occurred_at', orders_completed.approved_at,
            'occurred_at_quality', 'second',
            'order_id', orders_completed.order_id,
            'actor_type', 'gateway',
            'payment_id', orders_completed.order_id || ':unknown',
            'attempt_no', 1,
            'payment_method', 'unknown',
            'gateway', 'olist',
            'amount_minor', orders_completed.total_minor
        ) as line

    from orders_completed
    left join payments_summed_to_orders
        on orders_completed.order_id = payments_summed_to_orders.order_id
    where
        orders_completed.approved_at is not null
        and payments_summed_to_orders.order_id is null

),

shipments_shipped as (

    -- one handover per order, also where several sellers supplied it
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'shipment_shipped',
            'occurred_at', handed_over_at,
            'occurred_at_quality', 'second',
            'order_id', order_id,
            'actor_type', 'carrier',
            'shipment_id', shipment_id,
            'carrier', 'unknown',
            'is_partial', false,
            'lines', parcel_lines
        ) as line

    from orders_completed
    where handed_over_at is not null

),

shipments_delivered as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'shipment_delivered',
            'occurred_at', delivered_at,
            'occurred_at_quality', 'second',
            'order_id', order_id,
            'actor_type', 'carrier',
            'shipment_id', shipment_id,
            'carrier', 'unknown'
        ) as line

    from orders_completed
    where delivered_at is not null

),

statuses_changed as (

    -- when the status was set is not in the export: the last time it knows must do
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'order_status_changed',
            'occurred_at', last_known_at,
            'occurred_at_quality', 'inferred_from_snapshot',
            'order_id', order_id,
            'order_status', order_status,
            'source_status', source_status
        ) as line

    from orders_completed

),

orders_cancelled as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'order_cancelled',
            'occurred_at', last_known_at,
            'occurred_at_quality', 'inferred_from_snapshot',
            'order_id', order_id,
            'reason_code', 'unknown',
            'cancellation_stage', case
                when handed_over_at is not null then 'shipped'
                when approved_at is not null then 'after_payment'
                else 'before_payment'
            end
        ) as line

    from orders_completed
    where order_status = 'cancelled'

),

orders_blocked as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'order_blocked',
            'occurred_at', last_known_at,
            'occurred_at_quality', 'inferred_from_snapshot',
            'order_id', order_id,
            'block_id', order_id || ':unavailable',
            'block_reason', 'inventory_shortage'
        ) as line

    from orders_completed
    where source_status = 'unavailable'

),

-- a review is of a whole order, and is told of its first line; one that was written of
-- several orders is a review of each
reviews_lined as (

    select
        order_reviews.order_id,
        order_reviews.review_id
        || ':'
        || order_reviews.order_id as review_id,
        coalesce(
            items_collected_to_orders.first_line_id,
            order_reviews.order_id || ':unknown'
        ) as order_line_id,
        coalesce(items_collected_to_orders.first_sku, 'unknown') as sku,
        order_reviews.review_creation_date as asked_on,
        order_reviews.review_answer_timestamp as answered_at,
        order_reviews.landed_file,
        order_reviews.line_number,
        try_cast(order_reviews.review_score as integer) as rating,
        row_number() over (
            partition by order_reviews.order_id
            order by order_reviews.review_creation_date, order_reviews.review_id
        ) as ask_no

    from order_reviews
    left join items_collected_to_orders
        on order_reviews.order_id = items_collected_to_orders.order_id

),

reviews_requested as (

    -- the day on which the survey was sent; the export has no review without one
    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'review_requested',
            'occurred_at', asked_on,
            'occurred_at_quality', 'date_only',
            'order_id', order_id,
            'order_line_id', order_line_id,
            'sku', sku,
            'ask_no', ask_no,
            'message_channel', 'email'
        ) as line

    from reviews_lined

),

reviews_submitted as (

    select
        landed_file,
        line_number,
        json_object(
            'event_name', 'review_submitted',
            'occurred_at', answered_at,
            'occurred_at_quality', 'second',
            'order_id', order_id,
            'actor_type', 'customer',
            'review_id', review_id,
            'order_line_id', order_line_id,
            'sku', sku,
            'rating', rating,
            'is_solicited', true
        ) as line

    from reviews_lined

),

events as (

    select * from orders_placed
    union all
    select * from items_without_their_order
    union all
    select * from promises_confirmed
    union all
    select * from payments_initiated
    union all
    select * from payments_authorized
    union all
    select * from payments_captured
    union all
    select * from approvals_without_a_payment
    union all
    select * from shipments_shipped
    union all
    select * from shipments_delivered
    union all
    select * from statuses_changed
    union all
    select * from orders_cancelled
    union all
    select * from orders_blocked
    union all
    select * from reviews_requested
    union all
    select * from reviews_submitted

),

lines as (

    select
        landed_file,
        line_number,

        -- a merge patch leaves keys without a value out, as the contract wants them
        json_merge_patch(
            json_object('source', 'olist:marketplace'),
            line
        )::varchar as line

    from events

)

select * from lines
