-- What the charts ask of the facts: one table per question, times in UTC.

create macro local(moment) as
    make_timestamp(((epoch(moment) + 19800) * 1000000)::bigint);
create table placed as from facts where event_name = 'order_placed';
create table payments as
select
    payment_id,
    any_value(gateway) as gateway,
    min(occurred_at) filter (event_name = 'payment_authorized') as authorized_at,
    min(occurred_at) filter (event_name = 'payment_captured') as captured_at,
    min(occurred_at) filter (event_name = 'payment_settled') as settled_at
from facts
where payment_id is not null
group by payment_id;
create table promises as
select order_id, placed.occurred_at as placed_at, first.promise_max_at::timestamptz
    as promise_max_at
from facts as first
join placed using (order_id)
where first.event_name = 'delivery_promise_confirmed' and first.promise_no = 1;
create table parcels as
select
    shipment_id,
    any_value(facts.order_id) as order_id,
    any_value(carrier) as carrier,
    any_value(placed.payment_mode) as payment_mode,
    any_value(promises.promise_max_at) as promise_max_at,
    min(facts.occurred_at) filter (event_name = 'shipment_shipped') as shipped_at,
    min(facts.occurred_at) filter (
        event_name in ('delivery_attempt_failed', 'shipment_delivered')
    ) as attempted_at,
    max(facts.occurred_at) filter (event_name = 'shipment_delivered') as delivered_at,
    min(facts.occurred_at) filter (event_name = 'rto_initiated') as rto_at,
    min(facts.occurred_at) filter (event_name = 'cod_collected') as collected_at,
    min(facts.occurred_at) filter (event_name = 'cod_remitted') as remitted_at
from (
    select
        event_name, shipment_id, carrier, occurred_at,
        max(order_id) over (partition by shipment_id) as order_id
    from facts
    where shipment_id is not null
) as facts
left join (select order_id, payment_mode from placed) as placed using (order_id)
left join promises using (order_id)
group by shipment_id;
create table returns as from facts where event_name = 'return_initiated';
create table delivered_lines as
select
    line.order_line_id as order_line_id,
    any_value(products.category) as category,
    any_value(products.size) as size,
    max(parcels.delivered_at) as delivered_at,
    max((returns.return_line_id is not null)::integer) as is_returned
from (
    select shipment_id, unnest(lines) as line
    from facts
    where event_name = 'shipment_shipped'
) as shipped
join parcels using (shipment_id)
join products on products.sku = shipped.line.sku
left join returns on returns.order_line_id = shipped.line.order_line_id
where parcels.delivered_at is not null
group by line.order_line_id;
create table refund_clocks as
with refunds as (
    select
        refund_id,
        any_value(return_line_id) as return_line_id,
        min(occurred_at) filter (event_name = 'refund_initiated') as started_at,
        min(occurred_at) filter (event_name = 'refund_completed') as completed_at
    from facts
    where refund_id is not null
    group by refund_id
),
received as (
    select return_line_id, min(occurred_at) as received_at
    from facts
    where event_name = 'return_received'
    group by return_line_id
)
select 'received to started' as clock,
    (epoch(started_at) - epoch(received_at)) / 3600 as hours
from refunds join received using (return_line_id)
union all
select 'started to completed', (epoch(completed_at) - epoch(started_at)) / 3600
from refunds;
create table gaps as
select
    sku,
    life_days,
    (epoch(occurred_at) - lag(epoch(occurred_at)) over (
        partition by customer_id, sku order by occurred_at
    )) / 86400 as gap_days
from (
    select customer_id, occurred_at, unnest(lines).sku as sku
    from placed
    where customer_id is not null
)
join products using (sku)
where life_days > 0;
create table asks as
select
    asked.order_line_id,
    asked.occurred_at as asked_at,
    lines.delivered_at,
    any_value(reviews.review_id) as review_id
from facts as asked
left join delivered_lines as lines using (order_line_id)
left join (
    select order_line_id, review_id from facts where event_name = 'review_submitted'
) as reviews using (order_line_id)
where asked.event_name = 'review_requested' and asked.ask_no = 1
group by all;
create table contacts as
select
    contact.contact_reason,
    (epoch(contact.occurred_at) - epoch(told.occurred_at)) / 3600 as silence_hours
from (
    select * from facts
    where event_name = 'support_contact_opened' and order_id is not null
) as contact
asof join (
    select coalesce(facts.order_id, parcels.order_id) as order_id, occurred_at
    from facts
    left join parcels using (shipment_id)
    where event_name in (
        'order_placed', 'order_confirmation_sent', 'shipment_shipped',
        'shipment_out_for_delivery', 'delivery_attempt_failed', 'shipment_delivered',
        'delivery_promise_revised', 'pickup_ready', 'refund_completed'
    )
) as told
on contact.order_id = told.order_id and contact.occurred_at > told.occurred_at;
create table moves as
select sku, location_id, occurred_at, delta_quantity as units
from facts
where event_name = 'inventory_adjusted' and adjustment_cause <> 'count_correction'
union all
select picked.sku, picked.location_id, ready.occurred_at, -picked.quantity
from facts as ready
join facts as picked using (fulfillment_order_id)
where ready.event_name = 'pickup_ready' and picked.event_name = 'item_picked'
union all
select line.sku, location_id, occurred_at, -line.quantity
from (
    select location_id, occurred_at, unnest(lines) as line
    from facts
    where event_name = 'shipment_shipped'
)
union all
select sku, location_id, occurred_at, quantity
from facts
where event_name = 'inventory_restocked';
