-- What the other views read of the small shop, on top of its empty promised tables.

update marts.fct_orders set
    stage_entered_at = placed_at + interval 1 hour,
    placed_date = cast(timezone('Asia/Kolkata', placed_at) as date);

update marts.fct_payments set is_settlement_late = coalesce(is_settlement_late, false);

insert into marts.stuck_orders by name
select
    order_id,
    stage,
    'stuck' as level,
    'logistics' as owner,
    400.0 as age_hours,
    158.0 as rhythm_p90_hours,
    260.0 as silence_hours,
    stage_entered_at as entered_stage_at
from marts.fct_orders
where order_id in ('ORD-008', 'ORD-009');

insert into metrics.stage_rhythms by name
select 'shipped' as stage, true as has_rhythm, 61.0 as p50_hours, 158.0 as p90_hours;

insert into marts.fct_exceptions by name
select
    'exc-' || order_id as exception_id,
    order_id,
    'order_blocked' as exception_name,
    'high' as severity,
    case when order_id = 'ORD-013' then 'finance' else 'operations' end as owner,
    'Settle what the block waits for.' as next_action,
    50.0 as age_hours,
    true as is_open,
    placed_at as opened_at
from marts.fct_orders
where has_open_exception;

insert into marts.dim_customers by name
select
    customer_id,
    'new' as segment,
    1 as order_count,
    1 as delivered_order_count,
    false as is_guest,
    true as marketing_consent,
    placed_at as first_order_at
from marts.fct_orders;

update marts.events set customer_id = 'customer-' || order_id;

insert into marts.order_readiness by name
select
    order_id,
    placed_at as payment_passed_at,
    case when stage = 'reservation' then 'out_of_stock' end as reservation_blocked_reason,
    case when stage = 'reservation' then 'reservation' end as gate_blocking
from marts.fct_orders;

insert into marts.fct_delivery_promises by name
select
    'promise-' || shipment_id as promise_key,
    order_id,
    shipment_id,
    1 as promise_number,
    true as is_original,
    true as is_current,
    false as was_broken_before_revision,
    shipped_at as promised_at,
    original_promise_at as promise_max_at
from marts.fct_shipments;

insert into marts.weekly_sweep by name
select * from (
    values
    ('stuck', 'orders', 2, 1, date '2026-03-23'),
    ('pending_money', 'INR', 1299, null, date '2026-03-23'),
    ('stock_drift', 'units', 3, 5, date '2026-03-23')
) as sweep (question, unit, value, previous_value, week);

insert into marts.pending_money by name
select * from (
    values
    ('refund_failed:1', 'refund_failed', 'ORD-013', 'INR', 720, 650.0, timestamptz '2026-03-04 06:00+00'),
    ('settlement_late:1', 'settlement_late', 'ORD-004', 'INR', 579, 70.0, timestamptz '2026-03-28 09:05+00'),
    ('settlement_late:2', 'settlement_late', 'ORD-003', 'USD', 80.25, 4.0, timestamptz '2026-03-31 08:00+00')
) as claims (claim_id, class, order_id, currency, amount, age_hours, since_at);

insert into metrics.settlement_curves by name
select
    'method' as segment_type,
    'card' as segment,
    hours,
    24 as at_risk,
    1 - hours / 100.0 as survival,
    greatest(0, 0.9 - hours / 100.0) as lower,
    least(1, 1.1 - hours / 100.0) as upper
from range(0, 90, 10) as points (hours);

update metrics.settlement_times set
    is_rankable = true, due = 20, late = 4, timed_out = 1, delay_rate = 0.2, timeout_rate = 0.05;

insert into marts.fct_payment_attempts by name
select
    payment_id,
    order_id,
    method,
    gateway,
    1 as attempt_number,
    if(payment_id = 'pay-002', 'failed', 'authorized') as outcome,
    if(payment_id = 'pay-002', 'card_declined', null) as error_code,
    coalesce(authorized_at, captured_at) as attempted_at
from marts.fct_payments;

insert into metrics.payment_success by name
select
    'card' as method,
    'razorpay' as gateway,
    date '2026-03-02' + cast(7 * week as integer) as date,
    40 as attempts,
    34 as authorized,
    36 as orders,
    30 as first_attempt_authorized,
    33 as succeeded_orders,
    6 as failed_orders,
    6 as retry_eligible_orders,
    3 as recovered_orders,
    week < 3 as is_mature
from range(4) as weeks (week);

insert into marts.reconciliation by name
select
    order_id,
    currency,
    case when order_id = 'ORD-013' then 'overpaid' end as residual_cause,
    ordered_amount,
    0 as called_off_amount,
    captured_amount,
    settled_amount,
    0 as fee_amount,
    refunded_amount,
    0 as refunded_before_amount,
    0 as paid_in_credit_amount,
    captured_amount - settled_amount as outstanding_amount,
    if(order_id = 'ORD-013', 720, 0) as residual_amount
from marts.fct_orders;

insert into marts.fct_ledger_entries by name
select
    payment_id || account as line_id,
    payment_id as entry_id,
    order_id,
    account,
    currency,
    sign * captured_amount as amount,
    cast(captured_at as date) as booked_date
from marts.fct_payments
cross join (values ('provider_clearing', 1), ('receivable', -1)) as sides (account, sign)
where captured_amount > 0;

insert into marts.ledger_clearing by name
select
    payment_id, order_id, method, gateway, currency,
    'in_transit' as cause,
    captured_amount as balance_amount,
    open_age_hours,
    false as is_mature
from marts.fct_payments
where exit = 'open' and captured_amount > 0;

insert into marts.fct_reservations by name
select
    'res-' || order_line_id as reservation_key,
    order_id, order_line_id, sku,
    'BLR-1' as location_id,
    if(order_id = 'ORD-004', 'failed', 'reserved') as outcome,
    timestamptz '2026-03-25 09:10+00' as answered_at
from marts.fct_order_lines;

insert into metrics.reservation_failures_by_load by name
select
    cast(decile as bigint) as load_decile, 40 as lines_requested, cast(decile as bigint) as lines_failed,
    decile / 40.0 as line_failure_rate, decile / 60.0 as lower, decile / 20.0 as upper
from range(1, 11) as deciles (decile);

insert into metrics.reservation_failures_by_hour by name
select
    cast(hour as bigint) as hour_of_week, 40 as lines_requested, 4 as lines_failed,
    0.1 as line_failure_rate, hour % 2 = 0 as is_rankable
from range(168) as hours (hour);

update metrics.reservation_failures set
    attempts = lines_requested, attempts_failed = lines_failed, units_requested = lines_requested,
    units_failed = lines_failed, oversold_lines = 0, fallback_lines = 0, fallback_success_lines = 0;

insert into marts.fct_address_validations by name
select
    'check-' || order_id as validation_key,
    order_id,
    1 as validation_number,
    if(stage = 'address', 'failed', 'passed') as outcome,
    if(stage = 'address', 'serviceability', null) as failed_check,
    false as is_shipped_anyway,
    placed_at as validated_at
from marts.fct_orders;

insert into metrics.address_outcomes by name
select 'serviceability' as address_check, 33 as validations, 1 as failed, 0 as corrected,
    0 as shipped_anyway, 0 as shipped_anyway_delivered, 0 as shipped_anyway_rto,
    0 as shipped_anyway_lost, 0 as shipped_anyway_open, date '2026-03-02' as week;

insert into metrics.promise_kept by name
select
    carrier, 'BLR-1 > Delhi' as lane, 40 as promised, kept as kept_original, kept + 2 as kept_current,
    kept as first_attempt_on_time, 4 as revised, kept as kept_current_timestamp,
    week < date '2026-03-23' as is_mature, week
from (values ('bluedart', 36), ('delhivery', 28)) as carriers (carrier, kept)
cross join (values (date '2026-03-09'), (date '2026-03-16'), (date '2026-03-23')) as weeks (week);

insert into marts.message_conflicts by name
select 'conflict-1' as conflict_id, 'ORD-009' as order_id, 'email' as channel, 'promise' as subject,
    'never_told' as kind, timestamptz '2026-03-20 06:00+00' as told_at;

update metrics.rto_rates set resolved = delivered + rto;

insert into metrics.rto_rates by name
select 'payment_mode' as segment_type, * from (
    values
    ('cod', 30, 22, 5, 0.16, 0.2, 0.19, 0.1, 0.35, true),
    ('prepaid', 30, 22, 1, 0.03, 0.04, 0.05, 0.01, 0.15, true),
    ('partial_cod', 2, 1, 1, 0.5, 0.5, 0.12, 0.02, 0.6, false)
) as rates (
    segment, shipped, delivered, rto, naive_rate, matured_rate, shrunk_rate, lower, upper, is_rankable
);

insert into metrics.rto_rates by name
select 'region' as segment_type, * from (
    values
    ('Delhi', 31, 25, 3, 0.1, 0.12, 0.12, 0.05, 0.2, true),
    ('Karnataka', 33, 27, 2, 0.06, 0.07, 0.08, 0.03, 0.18, true)
) as rates (
    segment, shipped, delivered, rto, naive_rate, matured_rate, shrunk_rate, lower, upper, is_rankable
);

insert into metrics.rto_curves by name
select
    segment_type, segment, cast(age as bigint) as age_days, 60 as at_risk,
    age / 100.0 as cif_rto, age / 200.0 as cif_rto_lower, age / 50.0 as cif_rto_upper,
    age / 20.0 as cif_delivered, 0 as cif_lost, 1 - age / 100.0 - age / 20.0 as open_share
from range(15) as ages (age)
cross join (
    values ('all', 'all'), ('payment_mode', 'cod'), ('payment_mode', 'prepaid'), ('region', 'Delhi')
) as segments (segment_type, segment);

insert into metrics.rto_costs by name
select 'payment_mode' as segment_type, 'cod' as segment, 'INR' as currency, 30 as shipped, 5 as rto,
    5 as costed_rto, 400 as cost_amount, 80.0 as cost_per_rto, 1.0 as cost_coverage;

insert into marts.stock_truth by name
select * from (
    values
    ('TEE-M', 'BLR-1', 10, 12, 2, 12, 1, 0, 0, timestamptz '2026-03-20 06:00+00'),
    ('MUG-1', 'BLR-1', 5, 4, -1, 4, 0, 0, 1, timestamptz '2026-03-21 06:00+00'),
    ('CAP-1', 'BLR-1', 7, 7, 0, 7, 0, 0, 0, timestamptz '2026-03-21 06:00+00')
) as truth (
    sku, location_id, expected_on_hand, counted_on_hand, drift, on_hand_now, refunded_not_restocked,
    restocked_not_refunded, rto_unacknowledged, counted_at
);

insert into marts.demand_vs_shipped by name
select
    'TEE-M' as sku, date '2026-03-25' + cast(day as integer) as date, 10 + day as opening_backlog,
    5 as demand, 1 as cancelled, 3 as shipped, 11 + day as closing_backlog
from range(7) as days (day);

insert into marts.backorders by name
select 'ORD-004-1' as order_line_id, 'ORD-004' as order_id, 'TEE-M' as sku, 1 as backorder_number,
    2 as quantity, 6.0 as age_days, false as was_customer_told, true as is_open, true as is_late,
    timestamptz '2026-03-25 09:10+00' as created_at;

insert into metrics.return_reason_shares by name
select 'all' as segment_type, 'all' as segment, * from (
    values ('size_too_small', 5, 0.625, 0.3, 0.86), ('damaged_in_transit', 2, 0.25, 0.07, 0.59)
) as shares (reason, units_returned, reason_share, lower, upper);

insert into metrics.return_rates by name
select * from (
    values ('INR', 100, 8, true, date '2026-01-01'), ('INR', 50, 9, false, date '2026-02-01')
) as rates (currency, units_delivered, units_returned, is_mature, delivered_month);

insert into metrics.exchange_outcomes by name
select 'INR' as currency, 8 as resolved_lines, 2 as exchanged_lines, 0.25 as exchange_rate,
    500 as retained_amount, 3000 as returned_amount, 0.14 as retained_revenue_ratio, false as is_rankable,
    date '2026-03-01' as month;

insert into marts.fct_warranty_claims by name
select 'war-1' as claim_id, 'ORD-015' as order_id, 'MUG-1' as sku, 'cracked' as fault,
    timestamptz '2026-03-10 06:00+00' as opened_at;

insert into marts.fct_refunds by name
select 'ref-013' as refund_id, 'ORD-013' as order_id, 'cancellation' as cause, 'INR' as currency,
    720 as amount, 1.0 as due_to_initiated_hours, timestamptz '2026-03-03 06:00+00' as due_at,
    timestamptz '2026-03-03 07:00+00' as initiated_at, timestamptz '2026-03-04 06:00+00' as failed_at;

insert into metrics.refund_latency by name
select 'cancellation' as cause, 'total' as clock, 1 as refunds, 1 as open, false as is_rankable,
    date '2026-03-02' as week;

insert into metrics.second_order by name
select 'all' as segment_type, 'all' as segment, * from (
    values
    (30, 40, 25, 6, 0.2, 0.1, 0.35, 0.15, true),
    (60, 40, 0, 6, null, null, null, 0.15, false)
) as horizons (
    horizon_days, customers, at_risk, second_orders, probability, lower, upper, naive_rate, is_observed
);

insert into marts.fct_reorder_gaps by name
select 'customer-ORD-101' as customer_id, 1 as order_number, 'ORD-101' as from_order_id,
    'ORD-102' as to_order_id, 12.0 as gap_days, false as is_open,
    timestamptz '2026-01-11 06:00+00' as from_placed_at, timestamptz '2026-01-23 06:00+00' as to_placed_at;

insert into metrics.cohort_retention by name
select 'calendar_month' as age_mode, * from (
    values
    (date '2026-01-01', 1, 20, 0.2, true), (date '2026-01-01', 2, 20, 0.1, true),
    (date '2026-02-01', 1, 15, 0.3, true), (date '2026-02-01', 2, 15, null, false)
) as cells (cohort_month, age, cohort_customers, retention_rate, is_observed);

insert into metrics.replenishment_clock by name
select 'TEE-M' as sku, 'apparel' as category, false as is_consumable, 'sku' as basis, 40 as gaps,
    10 as open_gaps, 20.0 as p35_days, 31.0 as p50_days, true as is_reliable;

insert into metrics.gateway_products by name
select 'TEE-M' as sku, 'apparel' as category, 35 as first_buyers, 0.3 as shrunk_rate, 0.2 as lower,
    0.4 as upper, 0.22 as shop_rate, 1.4 as lift, true as is_rankable;

insert into metrics.product_affinity by name
select 'TEE-M' as sku_a, 'MUG-1' as sku_b, 25 as baskets, 5.5 as expected_baskets, 0.4 as confidence,
    4.5 as lift, 2.1 as lift_lower;

insert into metrics.customer_value by name
select date '2026-01-01' as cohort_month, 0 as age, 'INR' as currency, 20 as customers, true as is_observed,
    true as is_mature, 9000 as contribution_amount, 450.0 as cumulative_per_customer, 0.5 as cost_coverage;

insert into metrics.review_timing by name
select * from (
    values
    ('2-4', 2, 40, 6, 30, 5, 0.1667, 0.07, 0.33, 0.15, false),
    ('5-7', 5, 40, 4, 30, 3, 0.1, 0.03, 0.25, 0.1, false)
) as timing (
    delay_bucket, first_day, asked, responded, matured_asked, matured_responded, matured_rate,
    matured_lower, matured_upper, response_rate, is_learned
);

insert into marts.audience_review_due by name
select order_line_id, order_id, 'customer-' || order_id as customer_id, sku,
    if(order_id = 'ORD-101', 'holdout', 'treatment') as holdout_group
from marts.fct_order_lines
where order_id in ('ORD-101', 'ORD-102', 'ORD-103');

insert into marts.audience_reorder_due by name
select '=cmd()' as customer_id, 'TEE-M' as sku, 'ORD-101' as last_order_id, 'treatment' as holdout_group;

insert into marts.privacy_clock by name
select 'erasure:1' as case_id, 'erasure' as kind, false as is_overdue,
    timestamptz '2026-03-20 06:00+00' as opened_at, timestamptz '2026-04-20 06:00+00' as due_at;

insert into marts.instrumentation_coverage by name
select 'oms:main' as source, 'inventory_reserved -> reservation' as step, 100 as expected, 96 as observed,
    0.96 as coverage_rate, 4 as missing, timestamptz '2026-03-10 06:00+00' as first_missing_at;

insert into marts.missing_events by name
select 'oms:main' as source, 'shipment_shipped' as event_name, 4.5 as expected_count, 0 as observed_count,
    1 as lower, true as is_silent, timestamptz '2026-03-31 08:00+00' as hour;

insert into marts.transition_violations by name
select 'violation-1' as violation_id, 'ORD-009' as order_id, 'shipment' as machine, 'shp-009' as entity_id,
    'shipment_delivered' as event_name, 'rto_delivered' as from_state, 'impossible' as reason,
    'oms:main' as source, timestamptz '2026-03-21 08:00+00' as occurred_at;

-- 63 days of each daily metric; the last three are young
insert into metrics.metric_daily by name
select
    metric, 'share' as unit, 'all' as segment_type, 'all' as segment,
    date '2026-03-31' - cast(day as integer) as date,
    if(day < 3, 1.0, if(day < 31, 2.0, 3.0)) as numerator,
    if(metric in ('orders', 'oversold_lines'), null, 10.0) as denominator,
    if(day < 3, 0.1, if(day < 31, 0.2, 0.3)) as value,
    day >= 3 as is_mature
from range(63) as days (day)
cross join (
    select unnest([
        'orders', 'oversold_lines', 'reservation_failure_rate', 'promise_kept_original_rate',
        'promise_kept_current_rate', 'promise_revision_rate', 'unit_return_rate',
        'refund_within_48h_share', 'retry_recovery_rate', 'attempt_success_rate',
        'address_failure_rate', 'review_response_rate'
    ]) as metric
);

insert into metrics.metric_definitions by name
select 'unit_return_rate' as metric, 'What share of units delivered comes back?' as question,
    'Units received back over units delivered.' as definition, 'delivery day' as grain, 'share' as unit,
    'marketing' as owner, 'Rises until the window is over.' as caveat, 'return_received' as fed_by,
    'int_daily_customers' as model, 45 as matures_after_days;

-- rows that figures open to: some of each counted, some not
update marts.fct_payments set settlement_clock_started_at = captured_at;

update marts.fct_reservations set failed_at = answered_at where outcome = 'failed';

insert into marts.promised_orders by name
select
    order_id, carrier, 'BLR-1 > Delhi' as lane, true as is_decided,
    order_id = 'ORD-009' as is_revised,
    outcome = 'delivered' as has_kept_original, outcome = 'delivered' as has_kept_current,
    original_promise_at, effective_promise_at,
    case when outcome = 'delivered' then outcome_at end as handed_over_at,
    case when outcome = 'delivered' then 1.4 end as padding_days,
    cast(original_promise_at as date) as date
from marts.fct_shipments
where original_promise_at < timestamptz '2026-03-31 12:30+00'
union all by name
select
    order_id, 'bluedart' as carrier, 'BLR-1 > Goa' as lane, true as is_decided,
    false as is_revised, true as has_kept_original, true as has_kept_current,
    timestamptz '2026-03-10 18:29+00' as original_promise_at,
    timestamptz '2026-03-10 18:29+00' as effective_promise_at,
    timestamptz '2026-03-09 09:00+00' as handed_over_at, 1.4 as padding_days,
    date '2026-03-10' as date
from marts.fct_orders
where order_id in ('ORD-101', 'ORD-102');

insert into marts.line_reviews by name
select
    order_line_id, order_id, sku, 3 as ask_delay_days,
    timestamptz '2026-03-05 09:00+00' as delivered_at,
    timestamptz '2026-03-08 09:00+00' as asked_at,
    case when order_id = 'ORD-101' then timestamptz '2026-03-09 09:00+00' end as responded_at
from marts.fct_order_lines
where order_id in ('ORD-101', 'ORD-102', 'ORD-103');

insert into marts.fct_returns by name
select
    'ret-101-1' as return_line_id, 'ret-101' as return_id, 'ORD-101' as order_id, 'TEE-M' as sku,
    2 as quantity, 2 as received_quantity, 'return' as kind, 'size_too_small' as reason_code,
    timestamptz '2026-03-05 09:00+00' as delivered_at,
    timestamptz '2026-03-07 09:00+00' as initiated_at,
    timestamptz '2026-03-12 09:00+00' as received_at;

insert into marts.fct_refunds by name
select
    'ref-101' as refund_id, 'ORD-101' as order_id, 'return' as cause, 'INR' as currency, 100 as amount,
    timestamptz '2026-03-12 09:00+00' as due_at, timestamptz '2026-03-12 10:00+00' as initiated_at,
    timestamptz '2026-03-13 09:00+00' as completed_at;

insert into marts.refund_clocks by name
select
    'refund:' || refund_id as debt_id, order_id, 'total' as clock, cause, currency, amount,
    cast(date_trunc('week', timezone('Asia/Kolkata', due_at)) as date) as week,
    due_at as started_at, completed_at as ended_at
from marts.fct_refunds;
