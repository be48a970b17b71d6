create schema marts;
create schema metrics;

create table marts.events as
select
    'e-' || n as event_id,
    case when n = 199 then 'order_updated' else 'placed' end as event_name,
    'orders' as domain,
    'web' as source,
    'o-' || n as order_id,
    false as is_retracted,
    timestamptz '2026-02-01 00:00:00+00' + to_minutes(n) as occurred_at,
    timestamptz '2026-02-01 00:00:00+00' + to_minutes(n) as ingested_at,
    n % 50 = 0 as is_exception
from range(200) as numbers (n)
union all
select
    'p-' || n, 'payment_captured', 'payments', 'gateway', 'o-' || n, false,
    timestamptz '2026-02-01 01:00:00+00' + to_minutes(n),
    timestamptz '2026-02-01 01:00:00+00' + to_minutes(n), false
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
    1120 as delivered,
    520 as accepted,
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
    date '2026-02-01' as placed_date,
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

create table marts.customer_identities as
select customer_id, customer_id as resolved_customer_id, 'as_sent' as method
from marts.dim_customers;

create table metrics.identity_effect as
select *
from (
    values
    (date '2026-02-01', 'as_sent', 200, 200, 100, 10),
    (date '2026-02-01', 'resolved', 200, 190, 95, 15)
) as months (
    cohort_month, identity_mode, orders, customers, observed_customers, repeat_customers
);

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
    cast(null as timestamptz) as failed_at,
    cast(null as varchar) as replaced_by_refund_id
from marts.fct_payments;

create table marts.fct_ledger_entries as
select
    'e-' || n || ':' || account as line_id,
    'e-' || n as entry_id,
    'p-o-' || n as payment_id,
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
    order_line_id,
    sku,
    'north' as location_id,
    'reserved' as outcome,
    cast(null as varchar) as reason_code,
    order_line_id = 'o-3-1' as fell_back,
    timestamptz '2026-02-02 00:00:00+00' as reserved_at,
    cast(null as timestamptz) as failed_at,
    timestamptz '2026-02-02 00:00:00+00' as answered_at
from marts.fct_order_lines;

create table marts.fct_shipments as
select
    's-' || order_id as shipment_id,
    order_id,
    'carrier' as carrier,
    case when is_delivered then 'delivered' else 'open' end as outcome,
    1 as attempt_count,
    case when is_delivered then 0 else 1 end as failed_attempt_count,
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
    n = 3 as is_refunded_not_restocked,
    timestamptz '2026-02-10 00:00:00+00' as initiated_at,
    cast(null as timestamptz) as denied_at,
    timestamptz '2026-02-12 00:00:00+00' as received_at,
    timestamptz '2026-02-13 00:00:00+00' as resolved_at,
    cast(null as timestamptz) as exchanged_at
from range(110) as numbers (n);

create table marts.fct_warranty_claims as
select
    'wc-' || n as claim_id,
    'o-' || n as order_id,
    case when n < 30 then 'denied' else 'approved' end as decision,
    'covered' as reason,
    timestamptz '2026-02-10 00:00:00+00' as opened_at,
    timestamptz '2026-02-12 00:00:00+00' as decided_at,
    timestamptz '2026-02-13 00:00:00+00' as resolved_at
from range(120) as numbers (n);

create table marts.fct_item_not_received_claims as
select
    'nr-' || n as claim_id,
    'o-' || n as order_id,
    'address-' || n // 2 as address_hash,
    n % 2 as prior_claims_at_address,
    2 as deliveries_at_address,
    0.01 as expected_by_chance,
    timestamptz '2026-02-10 00:00:00+00' as opened_at,
    timestamptz '2026-02-12 00:00:00+00' as decided_at
from range(120) as numbers (n);

create table marts.return_risk_signals as
select
    'customer:c-' || n || ':returned_lines' as signal_id,
    'customer' as subject_type,
    'c-' || n as subject_id,
    'returned_lines' as signal,
    2 as evidence_count,
    3 as exposure_count,
    0.05 as expected_count,
    200 as subjects_judged,
    0.2 as expected_in_shop,
    n = 0 as is_beyond_chance
from range(11) as numbers (n);

create table metrics.exchange_outcomes as
select
    date '2026-02-01' as month,
    'INR' as currency,
    110 as resolved_lines,
    20 as exchanged_lines,
    200::decimal(18, 4) as retained_amount,
    1100::decimal(18, 4) as returned_amount;

create table metrics.refund_latency as
select
    date '2026-02-02' as week,
    'return' as cause,
    unnest(['merchant', 'bank', 'total']) as clock,
    200 as refunds,
    10 as open,
    12.0 as p50_hours,
    40.0 as p90_hours,
    190 as same_day_eligible,
    60 as same_day,
    180 as within_48h_eligible,
    150 as within_48h;

create table marts.refund_clocks as
select
    'refund:' || n as debt_id,
    clock,
    date '2026-02-02' as week,
    case when n > 9 then timestamptz '2026-02-04 00:00:00+00' end as ended_at
from range(200) as numbers (n)
cross join (values ('merchant'), ('bank'), ('total')) as clocks (clock);

create table metrics.return_rates as
select
    date '2026-02-01' as delivered_month,
    'INR' as currency,
    300 as units_delivered,
    60 as units_returned,
    150 as orders_delivered,
    55 as orders_returned,
    290 as units_valued,
    30000::decimal(18, 4) as value_delivered_amount,
    6000::decimal(18, 4) as value_returned_amount;

create table metrics.return_reason_shares as
select
    segment_type,
    case segment_type when 'all' then 'all' else 'shoes' end as segment,
    reason,
    60 as segment_units,
    units_returned,
    units_returned / 60 as reason_share,
    units_returned / 60 - 0.1 as lower,
    units_returned / 60 + 0.1 as upper,
    units_returned as young_units_returned
from (values ('size', 40), ('color', 20)) as reasons (reason, units_returned)
cross join (values ('all'), ('category')) as types (segment_type);

create table metrics.bracketing as
select
    date '2026-02-01' as delivered_month,
    'shoe' as product_family,
    150 as orders,
    20 as brackets,
    12 as brackets_returned,
    14 as bracket_units_returned,
    10 as bracket_fit_units_returned,
    46 as single_units_returned,
    30 as single_fit_units_returned;

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
    0.05 as line_failure_rate,
    190 as orders_requested,
    9 as orders_failed,
    400 as units_requested,
    20 as units_failed;

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

alter table marts.fct_orders add column if not exists is_counted boolean default true;
alter table marts.fct_orders add column if not exists is_guest boolean default false;

create table marts.fct_reorder_gaps as
select
    customer_id,
    1 as order_number,
    order_id as from_order_id,
    cast(null as varchar) as to_order_id,
    28.0 as gap_days,
    true as is_open
from marts.fct_orders;

create table metrics.second_order as
select *
from (
    values
    ('all', 'all', 30, 200, 0.2, 0.1, 0.3, true),
    ('all', 'all', 60, 200, null, null, null, false),
    ('acquisition_month', '2026-02-01', 30, 200, 0.2, 0.1, 0.3, true),
    ('acquisition_month', '2026-02-01', 60, 200, null, null, null, false)
) as horizons (
    segment_type, segment, horizon_days, customers, probability, lower, upper, is_observed
);

create table metrics.replenishment_clock as
select *
from (
    values
    ('SKU-1', 'sku', 40, 60, 40, 60, 20.0, 18.0, 24.0, 30.0),
    ('SKU-2', 'category', 50, 90, 10, 30, 22.0, 19.0, null, null)
) as clocks (
    sku, basis, gaps, open_gaps, sku_gaps, sku_open_gaps, p35_days, p35_lower_days,
    p35_upper_days, p50_days
);

create table metrics.gateway_products as
select *
from (
    values
    ('SKU-1', 60, 15, 3, 0.22, 0.15, 0.3, 0.2, 1.1, true),
    ('SKU-2', 60, 9, 1, 0.18, 0.1, 0.25, 0.2, 0.9, true)
) as products (
    sku, first_buyers, second_orders, later_premium_buyers, shrunk_rate, lower, upper,
    shop_rate, lift, is_rankable
);

create table metrics.product_affinity as
select *
from (
    values
    ('SKU-1', 'SKU-2', 30, 50, 60, 200, 2.0, 1.2),
    ('SKU-2', 'SKU-1', 30, 60, 50, 200, 2.0, 1.2)
) as pairs (
    sku_a, sku_b, baskets, baskets_a, baskets_b, all_baskets, lift, lift_lower
);

alter table marts.reconciliation
add column if not exists captured_amount decimal(18, 4) default 100;

create table metrics.customer_value as
select *
from (
    values
    (date '2026-02-01', 0, 'INR', 100.0, 10.0, 0.0, 2.0, 8.0, 80.0, true),
    (date '2026-02-01', 1, 'INR', null, null, null, null, null, null, false)
) as cells (
    cohort_month, age, currency, captured_amount, refunded_amount, charged_back_amount,
    fee_amount, cost_amount, contribution_amount, is_observed
);

create table marts.order_contributions as
select
    'o-1' as order_id,
    * exclude (is_observed)
from metrics.customer_value
where is_observed;

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

create table marts.fct_delivery_attempts as
select
    shipment_id,
    1 as attempt_number,
    carrier,
    case when outcome = 'delivered' then 'delivered' else 'failed' end as outcome,
    cast(null as varchar) as reason_code,
    false as led_to_rto,
    shipped_at + interval 2 day as attempted_at
from marts.fct_shipments;

create table marts.dim_carriers as
select 'carrier' as carrier, 'Carrier' as carrier_name, true as is_described;

create table metrics.rto_curves as
select *
from (
    values
    ('all', 'all', 0, 200, 0.0, 0.5, 0.0, 0.5),
    ('all', 'all', 4, 100, 0.05, 0.75, 0.0, 0.2),
    ('carrier', 'carrier', 0, 200, 0.0, 0.5, 0.0, 0.5),
    ('carrier', 'carrier', 4, 100, 0.05, 0.75, 0.0, 0.2)
) as ages (
    segment_type, segment, age_days, at_risk, cif_rto, cif_delivered, cif_lost,
    open_share
);

create table metrics.rto_costs as
select *
from (
    values
    ('all', 'all', 'INR', 200, 10, 600.00),
    ('carrier', 'carrier', 'INR', 150, 10, 600.00),
    ('carrier', 'carrier', 'USD', 50, 0, null)
) as costs (segment_type, segment, currency, shipped, rto, cost_amount);

create table marts.rto_parcels as
select
    's-' || n as shipment_id,
    'o-' || n as order_id,
    'cod' as payment_mode,
    'INR' as currency,
    cast(60 as decimal(18, 4)) as cost_amount
from range(10) as numbers (n);

create table metrics.false_deliveries as
select *
from (
    values ('all', 'all', 150, 2), ('carrier', 'carrier', 150, 2)
) as segments (segment_type, segment, deliveries, false_deliveries);

create table marts.fct_pickups as
select
    'f-' || n as fulfillment_order_id,
    'o-' || n as order_id,
    'collected' as outcome,
    n % 10 = 0 as is_no_show,
    timestamptz '2026-02-02 00:00:00+00' as ready_at,
    timestamptz '2026-02-04 00:00:00+00' as collected_at,
    cast(null as timestamptz) as expired_at
from range(100) as numbers (n);

create table marts.order_contacts as
select
    't-' || n as ticket_id,
    'o-' || n as order_id,
    timestamptz '2026-02-04 00:00:00+00' as contacted_at,
    24.0 as silence_hours_at_contact,
    n % 10 = 0 as was_promise_broken
from range(100) as numbers (n);

create table metrics.satisfaction as
select *
from (
    values
    (date '2026-01-26', 'all', 'all', 20, 0.8, 100, 200),
    (date '2026-01-26', 'channel', 'web', 20, 0.8, 100, 200),
    (date '2026-01-26', 'survey_type', 'csat', 20, 0.8, null, null)
) as weeks (week, segment_type, segment, surveys, mean_score, contacts, orders);

create table metrics.cost_to_serve as
select
    date '2026-02-01' as month,
    segment_type,
    segment,
    'INR' as currency,
    200 as orders,
    1000::decimal(18, 4) as shipping_amount,
    500::decimal(18, 4) as reverse_amount,
    cast(null as decimal(18, 4)) as handling_amount,
    100::decimal(18, 4) as contact_amount,
    400::decimal(18, 4) as fee_amount,
    10.0 as cost_per_order
from (values ('all', 'all'), ('channel', 'web')) as segments (segment_type, segment);
create table marts.fct_delivery_promises as
select
    order_id || ':' || promise_number as promise_key,
    order_id,
    cast(null as varchar) as shipment_id,
    promise_number,
    promise_number = 1 as is_original,
    promise_number = 2 as is_current,
    false as was_broken_before_revision,
    placed_at + to_hours(promise_number) as promised_at,
    timestamptz '2026-02-05 00:00:00+00' as replaced_promise_max_at
from marts.fct_orders
cross join (values (1), (2)) as promises (promise_number);

create table metrics.promise_kept as
select
    date '2026-02-02' as week,
    'carrier' as carrier,
    'A > Goa' as lane,
    180 as promised,
    20 as not_yet_due,
    150 as kept_original,
    160 as kept_current,
    165 as first_attempt_on_time,
    180 as revised,
    140 as kept_original_timestamp,
    150 as kept_current_timestamp;

create table marts.promised_orders as
select
    'o-' || n as order_id,
    n < 180 as is_decided,
    n < 150 as has_kept_original,
    n < 160 as has_kept_current,
    timestamptz '2026-02-05 00:00:00+00' as original_promise_at,
    timestamptz '2026-02-05 00:00:00+00' as effective_promise_at,
    case when n < 160 then timestamptz '2026-02-04 00:00:00+00' end as handed_over_at
from range(200) as numbers (n);

create table marts.fct_address_validations as
select
    order_id || ':1' as validation_key,
    order_id,
    case when is_cancelled then 'failed' else 'passed' end as outcome,
    case when is_cancelled then 'serviceability' end as failed_check,
    placed_at as validated_at
from marts.fct_orders;

create table metrics.address_outcomes as
select
    date '2026-02-02' as week,
    'serviceability' as address_check,
    200 as validations,
    190 as passed,
    10 as failed,
    4 as shipped_anyway,
    1 as shipped_anyway_delivered,
    1 as shipped_anyway_rto,
    1 as shipped_anyway_lost,
    1 as shipped_anyway_open;

create table marts.order_readiness as
select
    order_id,
    cast(null as varchar) as gate_blocking,
    captured_at as ready_at,
    false as shipped_before_ready,
    false as shipped_unpaid
from marts.fct_orders;

create table marts.message_conflicts as
select
    'never_told:' || promise_key as conflict_id,
    order_id,
    'never_told' as kind,
    cast(null as timestamptz) as told_at
from marts.fct_delivery_promises
where not is_original;
create table marts.demand_vs_shipped as
select
    date '2026-02-01' as date,
    'SKU-1' as sku,
    400 as demand,
    390 as shipped,
    10 as shipped_beyond_demand;

create table marts.stock_truth as
select
    'SKU-' || n as sku,
    'north' as location_id,
    10 as expected_on_hand,
    9 as counted_on_hand,
    -1 as drift,
    case when n = 3 then -1 else 8 end as on_hand_now,
    case when n = 3 then 1 else 0 end as refunded_not_restocked,
    timestamptz '2026-02-20 00:00:00+00' as counted_at
from range(40) as numbers (n);

create table marts.stock_movements as
select
    'e-' || sku as event_id,
    sku,
    location_id,
    'count' as movement,
    'last_count' as stretch,
    on_hand_now as quantity,
    counted_at as occurred_at
from marts.stock_truth;

create table marts.privacy_clock as
select
    'erasure:r1' as case_id,
    'erasure' as kind,
    timestamptz '2026-02-02 00:00:00+00' as opened_at,
    timestamptz '2026-03-03 00:00:00+00' as due_at,
    timestamptz '2026-02-05 00:00:00+00' as closed_at;

create table marts.backorders as
select
    order_line_id,
    1 as backorder_number,
    timestamptz '2026-02-02 00:00:00+00' as created_at,
    timestamptz '2026-02-05 00:00:00+00' as released_at
from marts.fct_order_lines;

create table metrics.reservation_failures_by_load as
select *
from (values (1, 50, 1, 0.02, 0.0, 0.1), (2, 150, 9, 0.06, 0.03, 0.1)) as deciles (
    load_decile, lines_requested, lines_failed, line_failure_rate, lower, upper
);

create table metrics.reservation_failures_by_hour as
select *
from (values (7, 50, 1, 0.02, 0.0, 0.1), (8, 150, 9, 0.06, 0.03, 0.1)) as hours (
    hour_of_week, lines_requested, lines_failed, line_failure_rate, lower, upper
);

create table metrics.reservation_fallback_costs as
select
    date '2026-02-02' as date,
    'SKU-1' as sku,
    'north' as location_id,
    'INR' as currency,
    1 as fallback_lines,
    1 as costed_lines,
    0 as said_lines;

create table metrics.fulfillment_quality as
select
    date '2026-02-02' as week,
    'north' as location_id,
    200 as picked_lines,
    4 as pick_errors,
    150 as handoffs_due,
    140 as handoffs_moved_within_one_business_day;
create table marts.fct_exceptions as
select
    'x-' || order_id as exception_id,
    order_id,
    'placed' as exception_name,
    placed_at as opened_at,
    cast(null as timestamptz) as resolved_at,
    has_open_exception as is_open
from marts.fct_orders
where has_open_exception;

create table marts.fct_order_changes as
select
    event_id as change_id,
    order_id,
    'contact' as changed_field,
    occurred_at as changed_at
from marts.events
where event_name = 'order_updated';

create table metrics.stage_rhythms as
select
    'shipped' as stage,
    40 as spells,
    10 as completed,
    30 as open,
    24.0 as p90_hours,
    48.0 as p99_hours;

create table marts.stuck_orders as
select
    'o-199' as order_id,
    'shipped' as stage,
    'watch' as level,
    30.0 as age_hours,
    24.0 as rhythm_p90_hours,
    48.0 as rhythm_p99_hours;

create table metrics.metric_definitions as
select
    'orders' as metric,
    'orders' as unit
union all
select
    'rejected_rate' as metric,
    'share' as unit;

create table metrics.metric_daily as
select
    'orders' as metric,
    segment_type,
    case segment_type when 'all' then 'all' when 'channel' then 'web' else 'prepaid' end
        as segment,
    'orders' as unit,
    count(*)::double as value,
    count(*)::double as numerator,
    cast(null as double) as denominator,
    placed_date as date
from marts.fct_orders
cross join (values ('all'), ('channel'), ('payment_mode')) as types (segment_type)
group by segment_type, placed_date

union all

select
    'rejected_rate' as metric,
    'all' as segment_type,
    'all' as segment,
    'share' as unit,
    0.1 as value,
    1 as numerator,
    10 as denominator,
    date '2026-02-01' as date;

create table metrics.restatements as
select
    'orders' as metric,
    'all' as segment,
    1.0 as old_value,
    2.0 as new_value,
    timestamptz '2026-02-05 00:00:00+00' as published_at,
    timestamptz '2026-02-06 00:00:00+00' as restated_at,
    date '2026-02-01' as date;

create table marts.weekly_sweep as
select
    date '2026-03-02' as week,
    'stuck' as question,
    'orders' as unit,
    0::decimal(18, 4) as value
union all
select
    date '2026-03-02' as week,
    'pending_money' as question,
    currency as unit,
    sum(amount)::decimal(18, 4) as value
from marts.pending_money
group by currency;
create table marts.fct_consents as
select
    'c-' || n as customer_id,
    purpose,
    'any' as channel,
    is_given,
    case when is_given then timestamptz '2026-01-01 00:00:00+00'
        else timestamptz '2026-01-10 00:00:00+00' end as valid_from,
    case when is_given and n % 50 = 0 and purpose = 'marketing'
        then timestamptz '2026-01-10 00:00:00+00' end as valid_to
from range(400) as numbers (n)
cross join (values ('marketing'), ('review_requests'), ('reorder_reminders'))
    as purposes (purpose)
cross join (values (true), (false)) as answers (is_given)
where is_given or (n % 50 = 0 and purpose = 'marketing');

alter table marts.dim_customers add column marketing_consent boolean;

update marts.dim_customers
set marketing_consent = customer_id not in (
    select 'c-' || n * 50 from range(8) as numbers (n)
);

create table marts.fct_reviews as
select
    'rv-' || n as review_id,
    (n % 5 + 1)::double as rating
from range(120) as numbers (n);

insert into marts.events by name
select
    'rv-' || n as event_id,
    'review_submitted' as event_name,
    'orders' as domain,
    'web' as source,
    false as is_retracted,
    timestamptz '2026-02-01 00:00:00+00' + to_minutes(n) as occurred_at,
    timestamptz '2026-02-01 00:00:00+00' + to_minutes(n) as ingested_at
from range(120) as numbers (n);

insert into metrics.metric_definitions by name
select 'review_response_rate' as metric, 'share' as unit;

insert into metrics.metric_daily by name
select
    'review_response_rate' as metric,
    'all' as segment_type,
    'all' as segment,
    'share' as unit,
    0.2 as value,
    20 as numerator,
    100 as denominator,
    date '2026-02-01' as date;

create table metrics.review_timing as
select *
from (
    values
    ('before', null, 300, 0, 0, null, null, null, 0, 300, 1, null, null, null),
    ('0', 0, 300, 40, 8, 0.2, 0.1, 0.35, 40, 200, 1, -0.05, 0.0, 0.05),
    ('1', 1, 300, 60, 12, 0.2, 0.12, 0.32, 60, 200, 1, -0.05, 0.0, 0.05)
) as delays (
    delay_bucket, first_day, delivered_lines, asked, responded, response_rate, lower, upper,
    matured_asked, unasked_lines, organic_reviews, effect_lower, effect, effect_upper
);

create table marts.line_reviews as
select
    'l-' || n as order_line_id,
    'o-' || n as order_id,
    timestamptz '2026-01-20 00:00:00+00' as delivered_at,
    case when n < 100 then timestamptz '2026-01-21 00:00:00+00' end as asked_at,
    case when n < 20 then timestamptz '2026-01-22 00:00:00+00' end as responded_at,
    case when n < 20 then timestamptz '2026-01-22 00:00:00+00' end as reviewed_at
from range(300) as numbers (n);

create table marts.audience_review_due as
select
    'l-' || n as order_line_id,
    'c-' || n as customer_id,
    'SKU-1' as sku,
    case when n % 10 = 3 then 'holdout' else 'treatment' end as holdout_group,
    timestamptz '2026-02-20 00:00:00+00' as ask_window_start_at,
    timestamptz '2026-03-20 00:00:00+00' as ask_window_end_at
from range(400) as numbers (n)
where n % 50 > 0;

create table marts.audience_reorder_due as
select
    customer_id,
    holdout_group,
    ask_window_start_at as window_start_at,
    ask_window_end_at as window_end_at
from marts.audience_review_due;

create table metrics.audience_readouts as
select *
from (
    values
    ('audience_review_due', date '2026-01-05', 270, 60, 30, 5, 0.222, 0.167, 0.055, -0.1, 0.15, true),
    ('audience_review_due', date '2026-02-23', 40, 2, 5, 0, null, null, null, null, null, false)
) as weeks (
    audience, week, treated, treated_responded, held_out, held_out_responded, treated_rate,
    held_out_rate, lift, lower, upper, is_observed
);

create table marts.transition_violations as
select
    'payment:pay-' || n || ':p-' || n as violation_id,
    'p-' || n as event_id,
    'payment' as machine,
    'pay-' || n as entity_id,
    'payment_captured' as event_name,
    'voided' as from_state,
    'captured_after_release' as reason
from range(3) as numbers (n);

create table marts.instrumentation_coverage as
select * from (values
    ('web', 'order_placed -> order', 200, 200, 0, cast(null as timestamptz)),
    ('gateway', 'order_placed -> order', 200, 200, 0, null),
    ('gateway', 'payment_captured -> payment', 200, 190, 10,
        timestamptz '2026-02-02 00:00:00+00')
) as steps (source, step, expected, observed, missing, first_missing_at);

create table marts.missing_steps as
select
    'o-' || n as order_id,
    'o-' || n as entity_id,
    'gateway' as source,
    'payment_captured -> payment' as step,
    timestamptz '2026-02-02 00:00:00+00' as due_at
from range(10) as numbers (n);

create table marts.missing_events as
select
    'web' as source,
    case when n < 10 then 'reviewed' else 'placed' end as event_name,
    timestamptz '2026-01-10 00:00:00+00' + to_hours(n) as hour,
    17.5 as expected_count,
    case when n < 10 then 0 when n < 20 then 2 else 18 end as observed_count,
    6 as lower,
    n < 10 as is_silent
from range(1010) as numbers (n);

-- What the newest days are judged by: too young a shop to have a usual.
create schema intermediate;
create schema seeds;

create table seeds.holidays (date date);

create table intermediate.int_order_event_facts (
    source varchar, event_name varchar, order_id varchar, customer_id varchar,
    email_hash varchar, currency varchar, channel varchar, payment_mode varchar,
    postal_code varchar, lines varchar, carrier varchar, location_id varchar,
    total_minor bigint, is_retracted boolean, promise_max_at timestamptz,
    occurred_at timestamptz, ingested_at timestamptz
);

create table intermediate.int_payment_event_facts (
    source varchar, event_name varchar, order_id varchar, payment_id varchar,
    capture_id varchar, refund_id varchar, return_line_id varchar, currency varchar,
    payment_method varchar, gateway varchar, amount_minor bigint, is_retracted boolean,
    occurred_at timestamptz, ingested_at timestamptz
);

create table intermediate.int_return_event_facts (
    source varchar, event_name varchar, is_retracted boolean, occurred_at timestamptz,
    ingested_at timestamptz
);

create table intermediate.int_events_described (
    source varchar, event_name varchar, currency varchar, amount decimal(18, 4),
    is_retracted boolean, occurred_at timestamptz, observed_at timestamptz,
    ingested_at timestamptz
);

create table intermediate.int_event_copies (
    source varchar, event_name varchar, copy_rank bigint, is_conflict boolean,
    ingested_at timestamptz
);
