-- Sixty even days before noon of the first of March: an order every ten minutes, and
-- what follows it. Laid over the handmade shop, which is too young to have a usual.
create temp table moments as
select n, timestamptz '2026-03-01 12:00:00+00' - to_minutes(10 * n::integer + 5) as said_at
from range(8640) as numbers (n);

insert into intermediate.int_order_event_facts by name
select
    'shop' as source,
    'order_placed' as event_name,
    'h-' || n as order_id,
    'k-' || n as customer_id,
    'INR' as currency,
    if(n % 3 = 0, 'app', 'web') as channel,
    if(n % 2 = 0, 'cod', 'prepaid') as payment_mode,
    if(n % 5 = 0, '110001', '560001') as postal_code,
    '[{"sku": "sku-' || n % 4 || '"}]' as lines,
    10000 + n % 7 * 1000 as total_minor,
    false as is_retracted,
    said_at as occurred_at,
    said_at as ingested_at
from moments;

insert into intermediate.int_order_event_facts by name
select
    'floor' as source,
    'shipment_shipped' as event_name,
    'h-' || n as order_id,
    if(n % 3 = 0, 'slow', 'fast') as carrier,
    if(n % 4 = 0, 'north', 'south') as location_id,
    false as is_retracted,
    said_at as occurred_at,
    said_at as ingested_at
from moments;

insert into intermediate.int_order_event_facts by name
select
    'desk' as source,
    'delivery_promise_confirmed' as event_name,
    'h-' || n as order_id,
    false as is_retracted,
    said_at + to_days(3 + n::integer % 3) as promise_max_at,
    said_at as occurred_at,
    said_at as ingested_at
from moments;

insert into intermediate.int_payment_event_facts by name
select
    'psp' as source,
    steps.event_name,
    'h-' || n as order_id,
    'p-' || n as payment_id,
    'p-' || n as capture_id,
    'r-' || n as refund_id,
    'INR' as currency,
    if(n % 3 = 0, 'upi', 'card') as payment_method,
    if(n % 3 = 0, 'east', 'west') as gateway,
    10000 + n % 7 * 1000 as amount_minor,
    false as is_retracted,
    said_at as occurred_at,
    said_at as ingested_at
from moments
cross join (
    values ('payment_initiated'), ('payment_captured'), ('refund_initiated')
) as steps (event_name);

insert into intermediate.int_events_described by name
select source, event_name, currency, total_minor / 100 as amount, is_retracted,
    occurred_at, occurred_at + interval '90 seconds' as observed_at, ingested_at
from intermediate.int_order_event_facts
union all by name
select source, event_name, currency, amount_minor / 100 as amount, is_retracted,
    occurred_at, occurred_at + interval '90 seconds' as observed_at, ingested_at
from intermediate.int_payment_event_facts;

insert into intermediate.int_event_copies by name
select source, event_name, 1 as copy_rank, false as is_conflict, ingested_at
from intermediate.int_events_described;
