-- A small shop as the pages read it: every column that a page uses, hand-checkable.
-- The clock stands at 2026-03-31 12:30 UTC, 18:00 in Asia/Kolkata.

create schema marts;
create schema metrics;

-- 33 orders: one of each stage by hand, one with a hostile id, 16 delivered for volume
create table marts.fct_orders as
with given as (
    select *
    from (
        values
        -- id, stage, mode, currency, ordered, captured, settled, refunded, exception, placed
        ('ORD-001', 'placed', 'prepaid', 'INR', 1299.00, 0, 0, 0, false, '2026-03-31 10:00'),
        ('ORD-002', 'payment', 'prepaid', 'INR', 2499.50, 0, 0, 0, true, '2026-03-30 08:00'),
        ('ORD-003', 'review', 'prepaid', 'USD', 80.25, 80.25, 0, 0, false, '2026-03-29 12:30'),
        ('ORD-004', 'reservation', 'prepaid', 'INR', 899, 899, 0, 0, true, '2026-03-25 09:00'),
        ('ORD-005', 'address', 'cod', 'INR', 450, 0, 0, 0, true, '2026-03-28 07:00'),
        ('ORD-006', 'ready', 'prepaid', 'INR', 1150, 1150, 0, 0, false, '2026-03-30 20:00'),
        ('ORD-007', 'packing', 'prepaid', 'INR', 760, 760, 0, 0, false, '2026-03-30 11:00'),
        ('ORD-008', 'shipped', 'prepaid', 'INR', 3200, 3200, 3200, 0, false, '2026-03-10 06:00'),
        ('ORD-009', 'shipped', 'cod', 'INR', 999, 0, 0, 0, true, '2026-03-15 06:00'),
        ('ORD-010', 'out_for_delivery', 'cod', 'INR', 610, 0, 0, 0, false, '2026-03-26 06:00'),
        ('ORD-011', 'pickup_ready', 'prepaid', 'INR', 310, 310, 310, 0, false, '2026-03-22 06:00'),
        ('ORD-012', 'rto', 'cod', 'INR', 1500, 0, 0, 0, false, '2026-02-20 06:00'),
        ('ORD-013', 'cancelled', 'prepaid', 'INR', 720, 720, 0, 720, true, '2026-03-02 06:00'),
        ('ORD-014', 'closed', 'prepaid', 'INR', 120, 120, 120, 0, false, '2026-03-03 06:00'),
        ('ORD-015', 'delivered', 'prepaid', 'USD', 61.10, 61.10, 61.10, 0, false, '2026-02-03 06:00'),
        ('A*b_[c](d)<i>$x$', 'shipped', 'prepaid', 'INR', 10, 10, 0, 0, false, '2026-03-05 06:00')
    ) as orders (
        order_id, stage, payment_mode, currency, ordered, captured, settled, refunded,
        has_open_exception, placed
    )

    union all

    select
        'ORD-1' || lpad(cast(number as varchar), 2, '0'),
        'delivered', 'prepaid', 'INR', 500 + number, 500 + number, 500 + number, 0,
        false,
        strftime(timestamp '2026-01-10 06:00' + to_days(cast(number as integer)), '%Y-%m-%d %H:%M')
    from range(17) as numbers (number)
)

select
    order_id,
    'shopify:main' as source,
    'customer-' || order_id as customer_id,
    'web' as channel,
    payment_mode,
    stage,
    currency,
    cast(ordered as decimal(18, 4)) as ordered_amount,
    cast(captured as decimal(18, 4)) as captured_amount,
    cast(settled as decimal(18, 4)) as settled_amount,
    cast(refunded as decimal(18, 4)) as refunded_amount,
    1 as line_count,
    2 as unit_count,
    1 as customer_order_number,
    has_open_exception,
    (placed || '+00')::timestamptz as placed_at,
    (placed || '+00')::timestamptz + interval 2 hour as last_customer_visible_at
from given;

create table marts.fct_order_lines as
select
    order_id || '-1' as order_line_id,
    order_id,
    'TEE-M' as sku,
    currency,
    cast(ordered_amount / 2 as decimal(18, 4)) as unit_price,
    ordered_amount,
    2 as quantity,
    case when stage in ('shipped', 'delivered') then 2 else 0 end as quantity_shipped,
    case when stage = 'delivered' then 2 else 0 end as quantity_delivered,
    0 as quantity_returned,
    0 as quantity_cancelled
from marts.fct_orders;

-- open and captured: 5 payments, INR 2,819 (one late, one timed out) and USD 80.25
create table marts.fct_payments as
select
    payment_id,
    order_id,
    method,
    gateway,
    exit,
    currency,
    cast(captured as decimal(18, 4)) as captured_amount,
    cast(settled as decimal(18, 4)) as settled_gross_amount,
    cast(if(exit = 'refunded', captured, 0) as decimal(18, 4)) as refunded_amount,
    (authorized || '+00')::timestamptz as authorized_at,
    (capture || '+00')::timestamptz as captured_at,
    (capture || '+00')::timestamptz + interval 3 day as settlement_due_at,
    (settlement || '+00')::timestamptz as settled_at,
    case
        when exit = 'open'
            then date_diff('second', (capture || '+00')::timestamptz, '2026-03-31 12:30+00') / 3600.0
    end as open_age_hours,
    late as is_settlement_late,
    timed_out as is_settlement_timed_out
from (
    values
    ('pay-003', 'ORD-003', 'card', 'stripe', 'open', 'USD', 80.25, 0, '2026-03-29 12:30', '2026-03-29 12:30', null, false, false),
    ('pay-004', 'ORD-004', 'upi', 'razorpay', 'open', 'INR', 899, 0, '2026-03-25 09:05', '2026-03-25 09:05', null, true, false),
    ('pay-006', 'ORD-006', 'upi', 'razorpay', 'open', 'INR', 1150, 0, '2026-03-30 20:05', '2026-03-30 20:05', null, false, false),
    ('pay-007', 'ORD-007', 'card', 'razorpay', 'open', 'INR', 760, 0, '2026-03-30 11:05', '2026-03-30 11:05', null, false, false),
    ('pay-h', 'A*b_[c](d)<i>$x$', 'upi', 'razorpay', 'open', 'INR', 10, 0, '2026-03-05 06:00', '2026-03-05 06:00', null, true, true),
    ('pay-008', 'ORD-008', 'card', 'razorpay', 'settled', 'INR', 3200, 3200, '2026-03-10 06:05', '2026-03-10 06:05', '2026-03-12 06:05', false, false),
    ('pay-013', 'ORD-013', 'card', 'razorpay', 'refunded', 'INR', 720, 0, '2026-03-02 06:05', '2026-03-02 06:05', null, false, false),
    ('pay-002', 'ORD-002', 'card', 'razorpay', 'open', 'INR', null, null, '2026-03-30 08:01', null, null, false, false)
) as payments (
    payment_id, order_id, method, gateway, exit, currency, captured, settled,
    authorized, capture, settlement, late, timed_out
);

-- past its promise: ORD-008 by 16 days, ORD-009 by 10; ORD-010 is due today
create table marts.fct_shipments as
select
    shipment_id,
    order_id,
    carrier,
    outcome,
    (shipped || '+00')::timestamptz as shipped_at,
    (promise || '+00')::timestamptz as original_promise_at,
    (promise || '+00')::timestamptz as effective_promise_at,
    attempts as attempt_count,
    on_time as is_on_time_current,
    (ended || '+00')::timestamptz as outcome_at
from (
    values
    ('shp-008', 'ORD-008', 'bluedart', 'open', '2026-03-11 06:00', '2026-03-15 18:29', 0, null, null),
    ('shp-009', 'ORD-009', 'delhivery', 'open', '2026-03-16 06:00', '2026-03-21 18:29', 2, null, null),
    ('shp-010', 'ORD-010', 'delhivery', 'open', '2026-03-28 06:00', '2026-03-31 18:29', 0, null, null),
    ('shp-012', 'ORD-012', 'delhivery', 'rto', '2026-02-22 06:00', '2026-02-27 18:29', 3, false, '2026-03-01 09:00'),
    ('shp-015', 'ORD-015', 'bluedart', 'delivered', '2026-02-04 06:00', '2026-02-09 18:29', 1, true, '2026-02-08 09:00'),
    ('shp-h', 'A*b_[c](d)<i>$x$', 'bluedart', 'open', '2026-03-06 06:00', '2026-04-09 18:29', 0, null, null)
) as shipments (
    shipment_id, order_id, carrier, outcome, shipped, promise, attempts, on_time, ended
);

create table marts.fct_returns as
select
    'ret-015-1' as return_line_id,
    'ret-015' as return_id,
    'ORD-015' as order_id,
    'TEE-M' as sku,
    1 as quantity,
    'return' as kind,
    'size_too_small' as reason_code,
    null::varchar as outcome,
    'USD' as currency,
    null::decimal(18, 4) as refund_amount,
    timestamptz '2026-02-12 06:00+00' as initiated_at,
    null::timestamptz as received_at,
    null::timestamptz as resolved_at;

create table marts.events as
select
    'evt-' || row_number() over () as event_id,
    event_name,
    domain,
    'shopify:main' as source,
    order_id,
    detail,
    is_exception,
    is_retracted,
    row_number() over () as event_rank,
    true as is_customer_visible,
    case when is_exception then 'high' end as severity,
    case when is_exception then 'delivery' end as owner,
    (occurred || '+00')::timestamptz as occurred_at,
    (occurred || '+00')::timestamptz as observed_at
from (
    values
    ('order_placed', 'orders', 'ORD-009', 'Order placed, 2 units, INR 999', false, false, '2026-03-15 06:00'),
    ('shipment_shipped', 'orders', 'ORD-009', 'Parcel shp-009 left with delhivery', false, false, '2026-03-16 06:00'),
    ('delivery_attempt_failed', 'orders', 'ORD-009', 'Delivery failed: customer unavailable', true, false, '2026-03-19 08:30'),
    ('delivery_attempt_failed', 'orders', 'ORD-009', 'Delivery failed: phone unreachable', true, false, '2026-03-20 20:15'),
    ('shipment_delivered', 'orders', 'ORD-009', 'Parcel shp-009 delivered', false, true, '2026-03-21 08:00'),
    ('order_placed', 'orders', 'A*b_[c](d)<i>$x$', 'Note **bold** <script>alert(1)</script> :red[x] $y$', false, false, '2026-03-05 06:00'),
    ('refund_completed', 'payments', 'ORD-LOST', 'Refund of INR 50 reached the customer', false, false, '2026-03-05 06:00'),
    ('refund_failed', 'payments', 'ORD-013', 'Refund of INR 720 failed', true, false, '2026-03-04 06:00'),
    ('inventory_reservation_failed', 'orders', 'ORD-004', 'Stock could not be reserved: out of stock', true, false, '2026-03-25 09:10')
) as events (event_name, domain, order_id, detail, is_exception, is_retracted, occurred);

create table marts.rejected_events as
select
    'rej-' || number as rejected_id,
    case when number < 3 then 'field_missing' else 'currency_unknown' end as reason_code,
    'orders/2026-03-30.jsonl' as landed_file,
    case when number < 3 then 'landing-1' else 'landing-2' end as landing_id,
    timestamptz '2026-03-30 20:00+00' as rejected_at,
    case when number = 4 then timestamptz '2026-03-31 01:00+00' end as replayed_at
from range(5) as numbers (number);

-- one name, landed twice with different lines
create table marts.landings as
select 'orders/2026-03-30.jsonl' as landed_file, *
from (values ('landing-1', 390, 387, 3), ('landing-2', 10, 8, 2)) as landings (landing_id, delivered, accepted, rejected);

-- 25 to 31 March: 8 of 40 lines failed; 18 to 24 March: 2 of 40
create table metrics.reservation_failures as
select
    date '2026-03-18' + cast(number as integer) as date,
    case when number % 2 = 0 then 'TEE-M' else 'MUG-1' end as sku,
    'BLR-1' as location_id,
    case when number in (6, 13) then 10 else 5 end as lines_requested,
    case when number = 2 then 2 when number in (8, 10) then 3 when number = 13 then 2 else 0 end as lines_failed
from range(14) as numbers (number);

-- 90 % have not settled yet, so the honest p90 does not exist
create table metrics.settlement_times as
select
    'all' as segment_type,
    'all' as segment,
    24 as payments,
    17 as settled,
    5 as open,
    2 as competing,
    52.5::double as p50_hours,
    null::double as p90_hours,
    40.25::double as naive_mean_hours,
    70.0::double as naive_p90_hours
union all
select 'method', 'card', 10, 9, 1, 0, 20.0, 30.0, 19.0, 28.0;

create table metrics.rto_rates as
select
    'all' as segment_type,
    'all' as segment,
    60 as shipped,
    44 as delivered,
    6 as rto,
    0.10::double as naive_rate,
    0.1375::double as matured_rate,
    0.06::double as lower,
    0.25::double as upper,
    30 as matured_age_days,
    0.85::double as pct_resolved;

-- mature: January, 100 units delivered, 8 back; February is too young
create table metrics.return_reasons as
select *
from (
    values
    (date '2026-01-01', 'apparel', 'TEE-M', 'size_too_small', 60, 5, true),
    (date '2026-01-01', 'apparel', 'TEE-M', 'changed_mind', 60, 1, true),
    (date '2026-01-01', 'kitchen', 'MUG-1', 'damaged_in_transit', 40, 2, true),
    (date '2026-02-01', 'kitchen', 'MUG-1', 'defective', 50, 9, false)
) as reasons (
    delivered_month, category, sku, reason, units_delivered, units_returned, is_mature
);
