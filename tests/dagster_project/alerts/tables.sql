-- What alerts and the letter read, hand-checkable. The clock stands on Tuesday,
-- 2026-03-31 at 12:30 UTC, which is 18:00 in the store.
create schema if not exists marts;
create schema if not exists metrics;

create table metrics.metric_definitions as
select *
from (
    values
    ('orders', 'orders', 'placed day', 0),
    ('rejected_rate', 'share', 'day of ingestion', 0),
    ('rto_naive_rate', 'share', 'ship day', 3),
    ('settlement_p90_hours', 'hours', 'capture day', 17),
    ('stuck_orders', 'orders', 'day of the clock', 0)
) as definitions (metric, unit, grain, matures_after_days);

create table metrics.metric_daily as
with days as (
    select
        date '2026-03-31' - cast(number as integer) as date,
        number as age
    from range(60) as numbers (number)
)

-- 100 orders a day on the web, 10 in the app; on Sundays half of both
select
    'orders' as metric,
    segment_type,
    segment,
    cast(usual * case when isodow(date) = 7 then 0.5 else 1 end as double) as value,
    cast(null as double) as numerator,
    cast(null as double) as denominator,
    date
from days
cross join (
    values ('all', 'all', 110), ('channel', 'web', 100), ('channel', 'app', 10)
) as segments (segment_type, segment, usual)

union all

-- a tenth of 20 parcels a day comes back, with one carrier
select
    'rto_naive_rate', segment_type, segment, 0.1, 2, 20, date
from days
cross join (
    values ('all', 'all'), ('carrier', 'delhivery')
) as segments (segment_type, segment)

union all

select 'settlement_p90_hours', 'all', 'all', 40.0, 18, 20, date
from days

union all

select 'rejected_rate', 'all', 'all', 0.01, 10, 1000, date
from days

union all

select 'stuck_orders', 'all', 'all', 7, 7, null, date
from days
where age = 0;

create table marts.fct_exceptions as
select * replace (age_hours::double as age_hours)
from (
    values
    ('e1', 'o1', 'refund_failed', 'critical', 'finance', true, 30.0),
    ('e2', 'o2', 'refund_failed', 'critical', 'finance', true, 24.0),
    ('e3', 'o3', 'refund_failed', 'critical', 'finance', true, 23.9),
    ('e4', 'o4', 'refund_failed', 'critical', 'finance', false, 90.0),
    ('e5', null, 'payment_settlement_timed_out', 'critical', 'finance', true, 50.0),
    ('e6', 'o6', 'delivery_attempt_failed', 'high', 'logistics', true, 70.0)
) as exceptions (
    exception_id, order_id, exception_name, severity, owner, is_open, age_hours
);

create table marts.missing_events as
select
    source,
    event_name,
    is_silent,
    (hour || '+00')::timestamptz as hour,
    (hour || '+00')::timestamptz - interval 5 hour as window_started_at
from (
    values
    ('stripe:main', 'any', false, '2026-03-31 11:00'),
    ('stripe:main', 'payment_captured', true, '2026-03-31 11:00'),
    ('shop:main', 'any', false, '2026-03-31 11:00'),
    ('wms:main', 'any', true, '2026-03-31 10:00'),
    ('wms:main', 'any', false, '2026-03-31 11:00')
) as missing (source, event_name, is_silent, hour);

create table marts.weekly_sweep as
select
    question,
    unit,
    value::decimal(18, 4) as value,
    previous_value::decimal(18, 4) as previous_value,
    week::date as week
from (
    values
    ('stuck', 'orders', 2, 5, '2026-03-30'),
    ('stuck', 'orders', 5, null, '2026-03-23'),
    ('pending_money', 'INR', 1500.5, 1000, '2026-03-30'),
    ('pending_money', 'USD', 0, 20, '2026-03-30'),
    ('stock_drift', 'units', 7, 7, '2026-03-30')
) as sweep (question, unit, value, previous_value, week);

create table marts.stuck_orders as
select
    order_id,
    stage,
    level,
    owner,
    age_hours::double as age_hours,
    (promise || '+00')::timestamptz as promise_at
from (
    values
    ('<b>o1</b>', 'payment', 'stuck', 'payments', 200.0, '2026-03-20 18:29'),
    ('o2', 'out_for_delivery', 'stuck', 'logistics', 60.0, null),
    ('o3', 'packing', 'watch', 'warehouse', 30.0, null)
) as stuck (order_id, stage, level, owner, age_hours, promise);

create table marts.pending_money as
select
    claim_id,
    class,
    order_id,
    currency,
    amount::decimal(18, 4) as amount,
    age_hours::double as age_hours
from (
    values
    ('c1', 'refund_owed', 'o1', 'INR', 1000, 72.0),
    ('c2', 'overpaid', 'o2', 'INR', 500.5, 12.0)
) as claims (claim_id, class, order_id, currency, amount, age_hours);

create table marts.stock_truth as
select
    sku,
    location_id,
    expected::bigint as expected_on_hand,
    counted::bigint as counted_on_hand,
    (counted - expected)::bigint as drift,
    unstocked::bigint as refunded_not_restocked,
    0::bigint as restocked_not_refunded,
    1::bigint as rto_unacknowledged,
    timestamptz '2026-03-28 20:00+00' as counted_at
from (
    values
    ('MUG-1', 'BLR-1', 10, 6, 2),
    ('TEE-M', 'BLR-1', 10, 13, 0),
    ('TEE-L', 'BLR-1', 5, 5, 0),
    ('CAP-1', 'BLR-1', null, 8, 0)
) as shelves (sku, location_id, expected, counted, unstocked);
