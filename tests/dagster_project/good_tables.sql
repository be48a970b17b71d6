create schema marts;
create schema metrics;

create table marts.events as
select
    'e-' || n as event_id,
    'placed' as event_name,
    'orders' as domain,
    'web' as source,
    'o-' || n as order_id,
    false as is_retracted,
    timestamptz '2026-02-01 00:00:00+00' + to_minutes(n) as occurred_at,
    timestamptz '2026-02-01 00:00:00+00' + to_minutes(n) as ingested_at
from range(200) as numbers (n)
union all
select
    'p-' || n, 'payment_captured', 'payments', 'gateway', 'o-' || n, false,
    timestamptz '2026-02-01 01:00:00+00' + to_minutes(n),
    timestamptz '2026-02-01 01:00:00+00' + to_minutes(n)
from range(200) as numbers (n);
comment on table marts.events is 'One row per accepted event.';
comment on column marts.events.occurred_at is 'When it''s said to have happened.';

create table marts.rejected_events as
select
    'r-' || n as rejected_id,
    'part-1.jsonl' as landed_file,
    n as line_number,
    'field_missing' as reason_code,
    'order_id is missing' as reason,
    'order_id' as field,
    'order_placed' as event_name,
    timestamptz '2026-03-01 09:00:00+00' - to_minutes(n) as rejected_at,
    case when n = 9 then timestamptz '2026-03-01 10:00:00+00' end as replayed_at
from range(10) as numbers (n);

create table marts.landings as
select
    'part-1.jsonl' as landed_file,
    timestamptz '2026-03-01 10:00:00+00' as landed_at,
    1000 as delivered,
    400 as accepted,
    590 as duplicates,
    0 as conflicts,
    10 as rejected;

create schema raw;

create table raw.landings as
select landed_at from marts.landings;

create table marts.fct_orders as
select
    'o-' || n as order_id,
    'web' as source,
    'c-' || n as customer_id,
    'prepaid' as payment_mode,
    'INR' as currency,
    case when n < 150 then 'delivered' when n < 160 then 'cancelled' else 'shipped' end
        as stage,
    100::decimal(18, 4) as ordered_amount,
    100::decimal(18, 4) as captured_amount,
    case when n < 20 then 100 else 0 end::decimal(18, 4) as refunded_amount,
    n >= 150 and n < 160 as is_cancelled,
    n < 150 as is_delivered,
    false as is_rto,
    n % 50 = 0 as has_open_exception,
    timestamptz '2026-02-01 00:00:00+00' + to_minutes(n) as placed_at,
    timestamptz '2026-02-01 01:00:00+00' + to_minutes(n) as captured_at,
    timestamptz '2026-02-02 00:00:00+00' as first_shipped_at,
    case when n < 150 then timestamptz '2026-02-05 00:00:00+00' end as last_delivered_at,
    cast(null as timestamptz) as cancelled_at
from range(200) as numbers (n);

create table marts.fct_order_lines as
select
    order_id || '-1' as order_line_id,
    order_id,
    'SKU-1' as sku,
    2 as quantity,
    2 as quantity_shipped,
    case when is_delivered then 2 else 0 end as quantity_delivered,
    0 as quantity_returned
from marts.fct_orders;

create table marts.dim_customers as
select customer_id, false as is_guest, 1 as order_count
from marts.fct_orders;

create table marts.fct_payments as
select
    'p-' || order_id as payment_id,
    order_id,
    'upi' as method,
    'gateway' as gateway,
    'settled' as exit,
    currency,
    captured_amount,
    captured_amount as settled_gross_amount,
    2::decimal(18, 4) as settled_fee_amount,
    captured_at as authorized_at,
    captured_at,
    captured_at + interval 2 day as settled_at
from marts.fct_orders;

create table marts.fct_payment_attempts as
select
    payment_id,
    1 as attempt_number,
    order_id,
    method,
    gateway,
    'authorized' as outcome
from marts.fct_payments;

create table marts.fct_refunds as
select
    'rf-' || order_id as refund_id,
    order_id,
    'original' as destination,
    currency,
    10::decimal(18, 4) as amount,
    captured_at + interval 1 day as initiated_at,
    captured_at + interval 2 day as completed_at,
    cast(null as timestamptz) as failed_at
from marts.fct_payments;

create table marts.fct_ledger_entries as
select
    'e-' || n || ':' || account as line_id,
    'e-' || n as entry_id,
    account,
    'INR' as currency,
    amount::decimal(18, 4) as amount
from range(200) as numbers (n)
cross join (values ('bank', 100), ('provider_clearing', -100)) as sides (account, amount);

create table marts.ledger_clearing as
select
    payment_id,
    order_id,
    gateway,
    currency,
    0::decimal(18, 4) as balance_amount,
    cast(null as varchar) as cause
from marts.fct_payments;

-- as many as it takes to judge a share of one in a thousand
create table marts.reconciliation as
select
    'o-' || n as order_id,
    'INR' as currency,
    0::decimal(18, 4) as residual_amount,
    cast(null as varchar) as residual_cause
from range(1000) as numbers (n);

create table marts.pending_money as
select
    'refund_owed:o-1' as claim_id,
    'refund_owed' as class,
    'o-1' as order_id,
    10::decimal(18, 4) as amount,
    'INR' as currency,
    timestamptz '2026-02-20 00:00:00+00' as since_at;

create table marts.fct_reservations as
select
    order_line_id || ':1' as reservation_key,
    order_id,
    sku,
    'north' as location_id,
    'reserved' as outcome,
    cast(null as varchar) as reason_code,
    timestamptz '2026-02-02 00:00:00+00' as reserved_at,
    cast(null as timestamptz) as failed_at
from marts.fct_order_lines;

create table marts.fct_shipments as
select
    's-' || order_id as shipment_id,
    order_id,
    'carrier' as carrier,
    case when is_delivered then 'delivered' else 'open' end as outcome,
    first_shipped_at as shipped_at,
    last_delivered_at as delivered_at,
    cast(null as timestamptz) as rto_initiated_at,
    cast(null as timestamptz) as lost_at
from marts.fct_orders;

create table marts.fct_returns as
select
    'rl-' || n as return_line_id,
    'o-' || n as order_id,
    'return' as kind,
    'size' as reason_code,
    timestamptz '2026-02-10 00:00:00+00' as initiated_at,
    cast(null as timestamptz) as denied_at,
    timestamptz '2026-02-12 00:00:00+00' as received_at,
    timestamptz '2026-02-13 00:00:00+00' as resolved_at
from range(110) as numbers (n);

create table metrics.settlement_times as
select *
from (
    values
    ('all', 'all', 200, 180, 20, 24.0, 30.0, 48.0, 60.0, 0.1, 0.01),
    ('method', 'upi', 150, 140, 10, 24.0, 30.0, 48.0, 60.0, 0.1, 0.01),
    ('method', 'card', 50, 40, 10, 24.0, 30.0, 48.0, null, 0.1, 0.01),
    ('gateway', 'gateway', 200, 180, 20, 24.0, 30.0, 48.0, 60.0, 0.1, 0.01)
) as segments (
    segment_type, segment, payments, settled, open, p50_hours, p75_hours, p90_hours,
    p95_hours, delay_rate, timeout_rate
);

create table metrics.reservation_failures as
select
    date '2026-02-02' as date,
    'SKU-1' as sku,
    'north' as location_id,
    200 as lines_requested,
    10 as lines_failed,
    210 as attempts,
    20 as attempts_failed,
    0.05 as line_failure_rate;

create table metrics.rto_rates as
select *
from (
    values
    (
        'all', 'all', 200, 150, 10, 160, 0.05, 0.0625, 0.07, 0.06, 0.03, 0.1, 30, 0.8
    ),
    (
        'carrier', 'carrier', 200, 150, 10, 160, 0.05, 0.0625, 0.07, 0.06, 0.03, 0.1,
        30, 0.8
    )
) as segments (
    segment_type, segment, shipped, delivered, rto, resolved, naive_rate,
    resolved_rate, matured_rate, shrunk_rate, lower, upper, matured_age_days,
    pct_resolved
);

create table metrics.return_reasons as
select *
from (
    values
    (date '2026-02-01', 'shoes', 'SKU-1', 'size', 300, 40, 0.13, cast(null as double)),
    (date '2026-02-01', 'shoes', 'SKU-1', 'color', 300, 20, 0.07, null)
) as reasons (
    delivered_month, category, sku, reason, units_delivered, units_returned,
    unit_return_rate, matured_rate
);

create table metrics.cohort_retention as
select *
from (
    values
    (date '2026-02-01', '30_day', 0, 100, 100, 1.0, true),
    (date '2026-02-01', '30_day', 1, 100, cast(null as integer), cast(null as double), false)
) as cells (
    cohort_month, age_mode, age, cohort_customers, active_customers, retention_rate,
    is_observed
);

create table metrics.payment_success as
select
    date '2026-02-01' as date,
    method,
    gateway,
    count(*) as attempts,
    1.0 as attempt_success_rate,
    1.0 as first_attempt_success_rate,
    1.0 as order_success_rate,
    cast(null as double) as retry_recovery_rate
from marts.fct_payment_attempts
group by method, gateway;

create table metrics.settlement_curves as
select *
from (
    values
    ('all', 'all', 0, 1.0, 1.0, 1.0),
    ('all', 'all', 1, 0.6, 0.5, 0.7),
    ('all', 'all', 2, 0.6, 0.5, 0.7),
    ('all', 'all', 3, 0.2, 0.1, 0.3)
) as hours (segment_type, segment, hours, survival, lower, upper);
