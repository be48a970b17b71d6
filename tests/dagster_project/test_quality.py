"""Each suite passes on good rows and names what a planted fault breaks."""

from __future__ import annotations

import re
import shutil
import socket

import duckdb
import pytest

from dagster_project import gate
from dagster_project.gate import GateError
from dagster_project.quality.suite import (
    SuiteError,
    all_suites,
    load_suites,
    read_suite,
)
from dagster_project.quality.validate import QualityError, validate
from tests.dagster_project.conftest import AS_OF

SUITES = load_suites()

# the tables a fault changes
CHANGED = re.compile(r"\b(?:update|delete from|insert into) (\w+\.\w+)")

# A fault per measure: the table and measure that must fail, the column that shows it.
FAULTS = [
    (
        "events, volume, events",
        "delete from marts.events",
    ),
    (
        "events, clock, unknown_events",
        "update marts.events set ingested_at = '2026-03-02' where event_id = 'e-7'",
    ),
    (
        "events, clock, silent_days",
        "update marts.events set ingested_at = '2020-03-02'",
    ),
    (
        "events, odd_events, retracted_share",
        "update marts.events set is_retracted = true where domain = 'payments'",
    ),
    (
        "events, odd_events, future_share",
        "update marts.events set occurred_at = '2027-01-01' where domain = 'orders'",
    ),
    (
        "landings, rejection, rejected_share",
        "update marts.landings set rejected = 500, duplicates = 100",
    ),
    (
        "landings, conservation, unexplained_events",
        "update marts.landings set accepted = 519, duplicates = 591",
    ),
    (
        "rejected_events, conservation, lost_lines",
        "delete from marts.rejected_events where line_number = 3",
    ),
    (
        "rejected_events, reasons, unreasoned",
        "update marts.rejected_events set reason = null where line_number = 3",
    ),
    (
        "fct_orders, volume, orders",
        """
        delete from marts.fct_orders;
        delete from marts.fct_order_lines
        """,
    ),
    (
        "fct_orders, clock, future_orders",
        "update marts.fct_orders set placed_at = '2026-04-01' where order_id = 'o-3'",
    ),
    (
        "fct_orders, outcomes, contradictions",
        "update marts.fct_orders set is_cancelled = true where order_id = 'o-3'",
    ),
    (
        "fct_orders, outcomes, cancelled_share",
        "update marts.fct_orders set is_cancelled = true, is_delivered = false",
    ),
    (
        "fct_orders, outcomes, rto_share",
        "update marts.fct_orders set is_rto = true",
    ),
    (
        "fct_orders, payment_coverage, share_with_payment",
        "delete from marts.events where domain = 'payments' and order_id > 'o-10'",
    ),
    (
        "fct_orders, money, captured_to_ordered",
        "update marts.fct_orders set captured_amount = 120",
    ),
    (
        "fct_orders, money, refunded_to_captured",
        "update marts.fct_orders set refunded_amount = 120",
    ),
    (
        "fct_order_lines, units, shipped_to_ordered",
        "update marts.fct_order_lines set quantity_shipped = 3",
    ),
    (
        "fct_order_lines, units, returned_to_delivered",
        "update marts.fct_order_lines set quantity_returned = 2",
    ),
    (
        "fct_payments, clock, future_payments",
        "update marts.fct_payments set settled_at = '2026-04-01'",
    ),
    (
        "fct_payments, money, settled_to_captured",
        "update marts.fct_payments set settled_gross_amount = 110",
    ),
    (
        "fct_payments, money, fee_share",
        "update marts.fct_payments set settled_fee_amount = 30",
    ),
    (
        "fct_payments, failures, failed_share",
        "update marts.fct_payments set exit = 'failed'",
    ),
    (
        "fct_ledger_entries, conservation, lines_of_unknown_payments",
        """
        update marts.fct_ledger_entries set payment_id = 'p-x'
        where entry_id = 'e-3'
        """,
    ),
    (
        "fct_ledger_entries, rounding, rounded_share",
        """
        insert into marts.fct_ledger_entries by name
        select * replace (
            line_id || 'r' as line_id, 'rounding' as account, 2 as amount
        )
        from marts.fct_ledger_entries
        where account = 'bank';
        update marts.fct_ledger_entries set amount = 98 where account = 'bank'
        """,
    ),
    (
        "ledger_clearing, balances, over_settled_share",
        "update marts.ledger_clearing set balance_amount = -1, cause = 'over_settled'",
    ),
    (
        "reconciliation, residuals, unexplained_share",
        """
        update marts.reconciliation set residual_amount = 1,
            residual_cause = 'unexplained'
        """,
    ),
    (
        "pending_money, claims, future_claims",
        "update marts.pending_money set since_at = '2026-04-01'",
    ),
    (
        "fct_refunds, clock, future_refunds",
        "update marts.fct_refunds set completed_at = '2026-04-01'",
    ),
    (
        "fct_refunds, outcomes, failed_share",
        "update marts.fct_refunds set failed_at = completed_at",
    ),
    (
        "fct_payment_attempts, outcomes, failed_share",
        "update marts.fct_payment_attempts set outcome = 'failed'",
    ),
    (
        "fct_payment_attempts, outcomes, pending_share",
        "update marts.fct_payment_attempts set outcome = 'pending'",
    ),
    (
        "payment_success, rates, lowest_rate",
        "update metrics.payment_success set retry_recovery_rate = -0.1",
    ),
    (
        "payment_success, rates, highest_rate",
        "update metrics.payment_success set order_success_rate = 1.1",
    ),
    (
        "payment_success, conservation, attempts_not_conserved",
        "update metrics.payment_success set attempts = attempts - 1",
    ),
    (
        "settlement_curves, curves, rising_hours",
        "update metrics.settlement_curves set survival = 0.65 where hours = 2",
    ),
    (
        "fct_reservations, clock, future_reservations",
        "update marts.fct_reservations set failed_at = '2026-04-01'",
    ),
    (
        "fct_reservations, outcomes, failed_share",
        "update marts.fct_reservations set outcome = 'unavailable'",
    ),
    (
        "fct_exceptions, clock, future_exceptions",
        "update marts.fct_exceptions set resolved_at = '2026-04-01'",
    ),
    (
        "fct_exceptions, conservation, unaccounted_exceptions",
        "delete from marts.fct_exceptions where order_id = 'o-0'",
    ),
    (
        "fct_exceptions, agreement, orders_told_otherwise",
        """
        update marts.fct_exceptions set is_open = false, resolved_at = opened_at
        where order_id = 'o-0'
        """,
    ),
    (
        "fct_order_changes, clock, future_changes",
        "update marts.fct_order_changes set changed_at = '2026-04-01'",
    ),
    (
        "fct_order_changes, conservation, unaccounted_changes",
        "delete from marts.fct_order_changes",
    ),
    (
        "stuck_orders, agreement, orders_elsewhere",
        "update marts.fct_orders set stage = 'packing' where order_id = 'o-199'",
    ),
    (
        "stuck_orders, agreement, orders_out_of_rhythm",
        "update metrics.stage_rhythms set p90_hours = 20",
    ),
    (
        "stage_rhythms, agreement, overfull_stages",
        "update metrics.stage_rhythms set open = 41",
    ),
    (
        "fct_shipments, clock, future_shipments",
        "update marts.fct_shipments set lost_at = '2026-04-01' where order_id = 'o-3'",
    ),
    (
        "fct_shipments, outcomes, rto_share",
        "update marts.fct_shipments set outcome = 'rto'",
    ),
    (
        "fct_shipments, outcomes, lost_share",
        "update marts.fct_shipments set outcome = 'lost'",
    ),
    (
        "fct_shipments, outcomes, share_delivered_before_shipped",
        "update marts.fct_shipments set shipped_at = '2026-02-20'",
    ),
    (
        "fct_returns, clock, future_returns",
        "update marts.fct_returns set resolved_at = '2026-04-01'",
    ),
    (
        "fct_returns, outcomes, denied_share",
        "update marts.fct_returns set denied_at = initiated_at",
    ),
    (
        "fct_returns, outcomes, share_received_before_initiated",
        "update marts.fct_returns set received_at = '2026-02-01'",
    ),
    (
        "fct_warranty_claims, clock, future_claims",
        "update marts.fct_warranty_claims set resolved_at = '2026-04-01'",
    ),
    (
        "fct_warranty_claims, outcomes, denied_share",
        "update marts.fct_warranty_claims set decision = 'denied'",
    ),
    (
        "fct_warranty_claims, outcomes, share_decided_before_opened",
        "update marts.fct_warranty_claims set decided_at = '2026-02-01'",
    ),
    (
        "fct_item_not_received_claims, clock, future_claims",
        "update marts.fct_item_not_received_claims set decided_at = '2026-04-01'",
    ),
    (
        "fct_item_not_received_claims, chance, least_chance",
        "update marts.fct_item_not_received_claims set expected_by_chance = -0.01",
    ),
    (
        "fct_item_not_received_claims, chance, greatest_chance",
        "update marts.fct_item_not_received_claims set expected_by_chance = 1.01",
    ),
    (
        "fct_item_not_received_claims, chance, repeated_share",
        "update marts.fct_item_not_received_claims set prior_claims_at_address = 1",
    ),
    (
        "return_risk_signals, extent, beyond_chance_share",
        "update marts.return_risk_signals set is_beyond_chance = true",
    ),
    (
        "return_risk_signals, subjects, overfull_signals",
        "update marts.return_risk_signals set exposure_count = 1",
    ),
    (
        "return_risk_signals, subjects, strangers",
        "update marts.return_risk_signals set subject_id = 'guest:' || subject_id",
    ),
    (
        "exchange_outcomes, conservation, lines_not_conserved",
        "update metrics.exchange_outcomes set resolved_lines = 109",
    ),
    (
        "exchange_outcomes, conservation, overfull_rows",
        "update metrics.exchange_outcomes set exchanged_lines = 111",
    ),
    (
        "exchange_outcomes, money, least_returned",
        "update metrics.exchange_outcomes set returned_amount = -1",
    ),
    (
        "exchange_outcomes, money, retained_to_returned",
        "update metrics.exchange_outcomes set retained_amount = 3300",
    ),
    (
        "refund_latency, counts, overfull_rows",
        "update metrics.refund_latency set within_48h = 181",
    ),
    (
        "refund_latency, counts, shortest_hours",
        "update metrics.refund_latency set p50_hours = -1",
    ),
    (
        "refund_latency, conservation, refunds_not_conserved",
        "update metrics.refund_latency set refunds = 199",
    ),
    (
        "return_rates, conservation, units_not_conserved",
        "update metrics.return_rates set units_delivered = 301",
    ),
    (
        "return_rates, conservation, returns_lost_share",
        "update metrics.return_rates set units_returned = 55",
    ),
    (
        "return_rates, rates, orders_returned_share",
        "update metrics.return_rates set orders_returned = 140",
    ),
    (
        "return_rates, rates, value_returned_share",
        "update metrics.return_rates set value_returned_amount = 29000",
    ),
    (
        "return_rates, rates, unvalued_share",
        "update metrics.return_rates set units_valued = 200",
    ),
    (
        "return_reason_shares, shares, sum_off_one",
        "update metrics.return_reason_shares set reason_share = 0.6, upper = 0.7",
    ),
    (
        "return_reason_shares, shares, shares_out_of_bounds",
        "update metrics.return_reason_shares set upper = lower",
    ),
    (
        "return_reason_shares, conservation, returns_lost_share",
        "update metrics.return_reason_shares set young_units_returned = 41",
    ),
    (
        "bracketing, counts, overfull_rows",
        "update metrics.bracketing set single_fit_units_returned = 47",
    ),
    (
        "bracketing, counts, bracket_share",
        "update metrics.bracketing set brackets = 140",
    ),
    (
        "dim_customers, guests, grouped_guests",
        """
        update marts.dim_customers
        set is_guest = true, order_count = order_count + (customer_id = 'c-3')::int
            - (customer_id = 'c-4')::int
        """,
    ),
    (
        "dim_customers, conservation, orders_not_conserved",
        "delete from marts.dim_customers where customer_id = 'c-3'",
    ),
    (
        "customer_identities, conservation, customers_without_identity",
        "delete from marts.customer_identities where customer_id = 'c-3'",
    ),
    (
        "customer_identities, links, merged_accounts",
        "update marts.customer_identities set resolved_customer_id = 'c-4'"
        " where customer_id = 'c-3'",
    ),
    (
        "customer_identities, links, links_to_nobody",
        "update marts.customer_identities set resolved_customer_id = 'nobody'"
        " where customer_id = 'c-3'",
    ),
    (
        "identity_effect, conservation, orders_not_conserved",
        "update metrics.identity_effect set orders = 199"
        " where identity_mode = 'resolved'",
    ),
    (
        "identity_effect, conservation, customers_made_up",
        "update metrics.identity_effect set customers = 201"
        " where identity_mode = 'resolved'",
    ),
    (
        "identity_effect, rates, impossible_months",
        "update metrics.identity_effect set repeat_customers = 96"
        " where identity_mode = 'resolved'",
    ),
    (
        "settlement_times, counts, overfull_segments",
        "update metrics.settlement_times set open = open + 1 where segment = 'card'",
    ),
    (
        "settlement_times, rates, lowest_rate",
        "update metrics.settlement_times set delay_rate = -0.1 where segment = 'card'",
    ),
    (
        "settlement_times, rates, highest_rate",
        "update metrics.settlement_times set timeout_rate = 1.1 where segment = 'card'",
    ),
    (
        "reservation_failures, rates, impossible_rates",
        "update metrics.reservation_failures set lines_failed = 201",
    ),
    (
        "rto_rates, outcomes, lowest_rate",
        """
        update metrics.rto_rates set naive_rate = -0.1
        """,
    ),
    (
        "rto_rates, outcomes, highest_rate",
        "update metrics.rto_rates set naive_rate = 1.1",
    ),
    (
        "return_reasons, rates, negative_rows",
        "update metrics.return_reasons set units_returned = -1",
    ),
    (
        "return_reasons, rates, lowest_rate",
        "update metrics.return_reasons set matured_rate = -0.1",
    ),
    (
        "return_reasons, rates, returned_to_delivered",
        "update metrics.return_reasons set units_returned = 290",
    ),
    (
        "cohort_retention, rates, impossible_cells",
        "update metrics.cohort_retention set active_customers = 101 where age = 0",
    ),
    (
        "cohort_retention, rates, invented_cells",
        "update metrics.cohort_retention set retention_rate = 0 where age = 1",
    ),
    (
        "cohort_retention, rates, missing_cells",
        "update metrics.cohort_retention set retention_rate = null where age = 0",
    ),
    (
        "fct_reorder_gaps, conservation, orders_without_gap",
        "delete from marts.fct_reorder_gaps where from_order_id = 'o-3'",
    ),
    (
        "fct_reorder_gaps, chains, customers_not_open_once",
        "update marts.fct_reorder_gaps set is_open = false where from_order_id = 'o-3'",
    ),
    (
        "fct_reorder_gaps, chains, shortest_gap",
        "update marts.fct_reorder_gaps set gap_days = -1",
    ),
    (
        "second_order, probabilities, outside_interval",
        "update metrics.second_order set lower = 0.25",
    ),
    (
        "second_order, probabilities, invented_or_missing",
        "update metrics.second_order set probability = 0.4 where not is_observed",
    ),
    (
        "second_order, conservation, customers_not_conserved",
        "update metrics.second_order set customers = 199",
    ),
    (
        "replenishment_clock, clocks, clocks_out_of_order",
        "update metrics.replenishment_clock set p35_days = 40",
    ),
    (
        "replenishment_clock, clocks, clocks_not_their_own",
        "update metrics.replenishment_clock set basis = 'sku'",
    ),
    (
        "gateway_products, rates, overfull_products",
        "update metrics.gateway_products set second_orders = 61",
    ),
    (
        "gateway_products, rates, rates_outside_interval",
        "update metrics.gateway_products set shrunk_rate = 0.4",
    ),
    (
        "gateway_products, rates, lowest_lift",
        "update metrics.gateway_products set lift = 1.2",
    ),
    (
        "gateway_products, rates, highest_lift",
        "update metrics.gateway_products set lift = 0.8",
    ),
    (
        "product_affinity, pairs, pairs_one_way",
        "delete from metrics.product_affinity where sku_a = 'SKU-1'",
    ),
    (
        "product_affinity, pairs, overfull_pairs",
        "update metrics.product_affinity set baskets = 55",
    ),
    (
        "product_affinity, pairs, bounds_above_lift",
        "update metrics.product_affinity set lift_lower = 2",
    ),
    (
        "order_contributions, amounts, unexplained_amount",
        "update marts.order_contributions set fee_amount = 3",
    ),
    (
        "order_contributions, conservation, contributions_not_conserved",
        "delete from marts.order_contributions",
    ),
    (
        "refund_clocks, conservation, debts_not_conserved",
        "delete from marts.refund_clocks where debt_id = 'refund:100'",
    ),
    (
        "refund_clocks, conservation, open_debts_not_conserved",
        "update marts.refund_clocks set ended_at = '2026-02-05' "
        "where debt_id = 'refund:1'",
    ),
    (
        "stock_movements, conservation, units_not_conserved",
        "delete from marts.stock_movements where sku = 'SKU-5'",
    ),
    (
        "stock_movements, clock, future_movements",
        "update marts.stock_movements set occurred_at = '2026-04-01'",
    ),
    (
        "customer_value, amounts, unexplained_amount",
        "update metrics.customer_value set refunded_amount = -10",
    ),
    (
        "customer_value, amounts, invented_or_missing",
        "update metrics.customer_value set contribution_amount = 0 where age = 1",
    ),
    (
        "customer_value, conservation, money_out_of_nothing",
        "update marts.reconciliation set captured_amount = 0",
    ),
    (
        "fct_delivery_attempts, conservation, parcels_tried_otherwise",
        "delete from marts.fct_delivery_attempts where shipment_id = 's-o-3'",
    ),
    (
        "fct_delivery_attempts, conservation, parcels_failed_otherwise",
        "update marts.fct_delivery_attempts set outcome = 'failed'"
        " where shipment_id = 's-o-3'",
    ),
    (
        "fct_delivery_attempts, conservation, parcels_led_back_otherwise",
        "update marts.fct_delivery_attempts set led_to_rto = true"
        " where shipment_id = 's-o-180'",
    ),
    (
        "fct_delivery_attempts, outcomes, failed_share",
        "update marts.fct_delivery_attempts set outcome = 'failed'",
    ),
    (
        "fct_delivery_attempts, outcomes, unknown_share",
        "update marts.fct_delivery_attempts set outcome = 'unknown'",
    ),
    (
        "dim_carriers, coverage, unlisted_carriers",
        "delete from marts.dim_carriers",
    ),
    (
        "rto_curves, conservation, parcels_not_on_curve",
        "update metrics.rto_curves set at_risk = 199 where age_days = 0",
    ),
    (
        "rto_curves, course, ages_going_back",
        """
        update metrics.rto_curves
        set cif_delivered = 0.45, open_share = 0.5
        where age_days = 4
        """,
    ),
    (
        "rto_curves, course, lost_share",
        """
        update metrics.rto_curves set cif_lost = 0.5, open_share = open_share - 0.5
        """,
    ),
    (
        "rto_costs, conservation, parcels_not_counted",
        "delete from metrics.rto_costs where currency = 'USD'",
    ),
    (
        "rto_costs, conservation, returns_not_counted",
        "update metrics.rto_costs set rto = 9",
    ),
    (
        "rto_parcels, conservation, parcels_not_conserved",
        "delete from marts.rto_parcels where shipment_id = 's-3'",
    ),
    (
        "rto_parcels, conservation, costs_not_conserved",
        "update marts.rto_parcels set cost_amount = 61 where shipment_id = 's-3'",
    ),
    (
        "false_deliveries, conservation, deliveries_not_counted",
        "update metrics.false_deliveries set deliveries = 149",
    ),
    (
        "false_deliveries, conservation, false_share",
        "update metrics.false_deliveries set false_deliveries = 50",
    ),
    (
        "fct_pickups, outcomes, no_show_share",
        "update marts.fct_pickups set is_no_show = true",
    ),
    (
        "fct_pickups, outcomes, share_collected_before_ready",
        "update marts.fct_pickups set ready_at = '2026-02-05'",
    ),
    (
        "fct_pickups, clock, future_pickups",
        "update marts.fct_pickups set collected_at = '2026-04-01'",
    ),
    (
        "order_contacts, silence, contacts_without_past",
        "update marts.order_contacts set silence_hours_at_contact = 0",
    ),
    (
        "order_contacts, silence, unheard_share",
        "update marts.order_contacts set silence_hours_at_contact = null",
    ),
    (
        "order_contacts, silence, broken_share",
        "update marts.order_contacts set was_promise_broken = true",
    ),
    (
        "satisfaction, conservation, orders_not_counted",
        "update metrics.satisfaction set orders = 199",
    ),
    (
        "satisfaction, conservation, contacts_not_counted",
        "update metrics.satisfaction set contacts = 99",
    ),
    (
        "satisfaction, scores, lowest_score",
        "update metrics.satisfaction set mean_score = -0.1",
    ),
    (
        "satisfaction, scores, highest_score",
        "update metrics.satisfaction set mean_score = 4",
    ),
    (
        "satisfaction, scores, surveys_of_no_kind",
        "delete from metrics.satisfaction where segment_type = 'survey_type'",
    ),
    (
        "cost_to_serve, amounts, lowest_amount",
        "update metrics.cost_to_serve set reverse_amount = -1",
    ),
    (
        "cost_to_serve, amounts, amount_not_conserved",
        "update metrics.cost_to_serve set orders = 199 where segment = 'web'",
    ),
    (
        "cost_to_serve, orders, orders_not_counted",
        "update metrics.cost_to_serve set orders = 199",
    ),
    (
        "fct_delivery_promises, clock, future_promises",
        "update marts.fct_delivery_promises set promised_at = '2026-04-01'",
    ),
    (
        "fct_delivery_promises, lines, lines_without_one_current",
        "update marts.fct_delivery_promises set is_current = is_original"
        " where order_id = 'o-3' and not is_original",
    ),
    (
        "fct_delivery_promises, lines, lines_with_two_originals",
        "update marts.fct_delivery_promises set is_original = true"
        " where order_id = 'o-3'",
    ),
    (
        "fct_delivery_promises, revisions, share_broken_before_revision",
        "update marts.fct_delivery_promises set was_broken_before_revision = true",
    ),
    (
        "promise_kept, counts, overfull_rows",
        "update metrics.promise_kept set revised = 181",
    ),
    (
        "promise_kept, counts, rows_kept_by_instant_alone",
        "update metrics.promise_kept set kept_original_timestamp = 151",
    ),
    (
        "promise_kept, conservation, orders_counted_twice",
        "update metrics.promise_kept set not_yet_due = 21",
    ),
    (
        "promise_kept, rate, kept_share",
        "update metrics.promise_kept set kept_current = 1",
    ),
    (
        "promised_orders, verdicts, kept_and_never_came",
        "update marts.promised_orders set handed_over_at = null where order_id = 'o-7'",
    ),
    (
        "promised_orders, verdicts, came_and_undecided",
        "update marts.promised_orders set is_decided = false where order_id = 'o-7'",
    ),
    (
        "promised_orders, conservation, orders_not_conserved",
        "update marts.promised_orders set is_decided = true where order_id = 'o-180'",
    ),
    (
        "fct_address_validations, clock, future_validations",
        "update marts.fct_address_validations set validated_at = '2026-04-01'",
    ),
    (
        "fct_address_validations, outcomes, share_not_passed",
        "update marts.fct_address_validations set outcome = 'manual_review'",
    ),
    (
        "address_outcomes, counts, unbalanced_rows",
        "update metrics.address_outcomes set passed = 191",
    ),
    (
        "address_outcomes, counts, fates_not_conserved",
        "update metrics.address_outcomes set shipped_anyway_open = 2",
    ),
    (
        "address_outcomes, conservation, verdicts_out_of_nowhere",
        "update metrics.address_outcomes set validations = 201",
    ),
    (
        "order_readiness, clock, future_orders",
        "update marts.order_readiness set ready_at = '2026-04-01'",
    ),
    (
        "order_readiness, conservation, orders_not_conserved",
        "delete from marts.order_readiness where order_id = 'o-3'",
    ),
    (
        "order_readiness, shipped, share_shipped_before_ready",
        "update marts.order_readiness set shipped_before_ready = true",
    ),
    (
        "order_readiness, shipped, share_shipped_unpaid",
        "update marts.order_readiness set shipped_unpaid = true",
    ),
    (
        "message_conflicts, clock, future_messages",
        "update marts.message_conflicts set told_at = '2026-04-01'",
    ),
    (
        "message_conflicts, conservation, revisions_out_of_nowhere",
        """
        insert into marts.message_conflicts by name
        select * replace (conflict_id || '-again' as conflict_id)
        from marts.message_conflicts
        """,
    ),
    (
        "demand_vs_shipped, conservation, units_not_conserved",
        "update marts.demand_vs_shipped set demand = demand - 1",
    ),
    (
        "demand_vs_shipped, departures, beyond_demand_share",
        "update marts.demand_vs_shipped set shipped_beyond_demand = 200",
    ),
    (
        "stock_truth, shelves, drift_share",
        """
        update marts.stock_truth
        set drift = -6, counted_on_hand = expected_on_hand - 6
        """,
    ),
    (
        "stock_truth, shelves, negative_share",
        "update marts.stock_truth set on_hand_now = -1 where sku < 'SKU-3'",
    ),
    (
        "stock_truth, conservation, return_lines_lost",
        "delete from marts.stock_truth where sku = 'SKU-3'",
    ),
    (
        "privacy_clock, clock, future_cases",
        "update marts.privacy_clock set closed_at = '2026-04-01'",
    ),
    (
        "privacy_clock, clock, cases_without_a_term",
        "update marts.privacy_clock set due_at = null",
    ),
    (
        "backorders, clock, future_backorders",
        "update marts.backorders set released_at = '2026-04-01'",
    ),
    (
        "backorders, clock, share_released_before_created",
        "update marts.backorders set released_at = '2026-02-01'",
    ),
    (
        "reservation_failures, orders, impossible_orders",
        "update metrics.reservation_failures set orders_failed = 11",
    ),
    (
        "reservation_failures_by_load, rates, impossible_rates",
        "update metrics.reservation_failures_by_load set line_failure_rate = 0.2",
    ),
    (
        "reservation_failures_by_load, conservation, lines_lost",
        "delete from metrics.reservation_failures_by_load where load_decile = 2",
    ),
    (
        "reservation_failures_by_hour, rates, impossible_rates",
        "update metrics.reservation_failures_by_hour set line_failure_rate = 0.2",
    ),
    (
        "reservation_failures_by_hour, conservation, lines_lost",
        "delete from metrics.reservation_failures_by_hour where hour_of_week = 8",
    ),
    (
        "reservation_fallback_costs, costs, impossible_costs",
        "update metrics.reservation_fallback_costs set currency = 'unknown'",
    ),
    (
        "reservation_fallback_costs, costs, lines_lost",
        "delete from metrics.reservation_fallback_costs",
    ),
    (
        "fulfillment_quality, work, impossible_weeks",
        "update metrics.fulfillment_quality set handoffs_due = 139",
    ),
    (
        "fulfillment_quality, work, pick_error_share",
        "update metrics.fulfillment_quality set pick_errors = 70",
    ),
    (
        "metric_daily, conservation, orders_not_conserved",
        "update metrics.metric_daily set numerator = 199 "
        "where metric = 'orders' and segment_type = 'all'",
    ),
    (
        "metric_daily, conservation, orders_lost_by_segment",
        "delete from metrics.metric_daily where segment_type = 'channel';"
        "insert into metrics.metric_daily by name select * replace "
        "('channel' as segment_type, 7 as numerator) from metrics.metric_daily "
        "where metric = 'orders' and segment_type = 'all'",
    ),
    (
        "metric_daily, definitions, undefined_figures",
        "delete from metrics.metric_definitions where metric = 'rejected_rate'",
    ),
    (
        "metric_daily, definitions, figures_not_told",
        "update metrics.metric_daily set value = null where metric = 'rejected_rate'",
    ),
    (
        "restatements, changes, changed_before_told",
        "update metrics.restatements set restated_at = published_at",
    ),
    (
        "restatements, changes, changed_nothing",
        "update metrics.restatements set new_value = old_value",
    ),
    (
        "fct_consents, spells, backward_spells",
        "update marts.fct_consents set valid_to = valid_from "
        "where customer_id = 'c-3' and purpose = 'marketing'",
    ),
    (
        "fct_consents, spells, gaping_spells",
        "update marts.fct_consents set valid_from = '2026-01-11' where not is_given",
    ),
    (
        "fct_consents, customers, misjudged_customers",
        "update marts.dim_customers set marketing_consent = true "
        "where customer_id = 'c-50'",
    ),
    (
        "fct_reviews, ratings, lowest_rating",
        "update marts.fct_reviews set rating = -1 where review_id = 'rv-1'",
    ),
    (
        "fct_reviews, ratings, highest_rating",
        "update marts.fct_reviews set rating = 10 where review_id = 'rv-1'",
    ),
    ("fct_reviews, ratings, ratings_used", "update marts.fct_reviews set rating = 5"),
    (
        "fct_reviews, conservation, invented_reviews",
        "update marts.events set is_retracted = true where event_id = 'rv-1'",
    ),
    (
        "line_reviews, order, answers_before_their_ask",
        "update marts.line_reviews set responded_at = '2026-01-20' "
        "where order_line_id = 'l-7'",
    ),
    (
        "line_reviews, conservation, asks_not_conserved",
        "update marts.line_reviews set asked_at = null where order_line_id = 'l-70'",
    ),
    (
        "line_reviews, conservation, invented_reviews",
        "update marts.line_reviews set reviewed_at = '2026-01-22'",
    ),
    (
        "review_timing, conservation, asks_not_conserved",
        "update metrics.metric_daily set denominator = 99 "
        "where metric = 'review_response_rate'",
    ),
    (
        "review_timing, conservation, answers_not_conserved",
        "update metrics.metric_daily set numerator = 21 "
        "where metric = 'review_response_rate'",
    ),
    (
        "review_timing, rates, overfull_delays",
        "update metrics.review_timing set delivered_lines = 39 "
        "where delay_bucket = '0'",
    ),
    (
        "review_timing, rates, misplaced_bounds",
        "update metrics.review_timing set upper = 0.1 where delay_bucket = '1'",
    ),
    (
        "audience_review_due, suppression, unasked_customers",
        "delete from marts.fct_consents "
        "where customer_id = 'c-7' and purpose = 'review_requests'",
    ),
    (
        "audience_review_due, suppression, troubled_customers",
        "update marts.audience_review_due set customer_id = 'c-50' "
        "where customer_id = 'c-51'",
    ),
    (
        "audience_review_due, lot, held_out_share",
        "update marts.audience_review_due set holdout_group = 'treatment'",
    ),
    (
        "audience_review_due, lot, empty_windows",
        "update marts.audience_review_due set ask_window_end_at = ask_window_start_at "
        "where customer_id = 'c-7'",
    ),
    (
        "audience_reorder_due, suppression, unasked_customers",
        "delete from marts.fct_consents "
        "where customer_id = 'c-7' and purpose = 'reorder_reminders'",
    ),
    (
        "audience_reorder_due, suppression, troubled_customers",
        "update marts.audience_reorder_due set customer_id = 'c-50' "
        "where customer_id = 'c-51'",
    ),
    (
        "audience_reorder_due, lot, held_out_share",
        "update marts.audience_reorder_due set holdout_group = 'treatment'",
    ),
    (
        "audience_reorder_due, lot, empty_windows",
        "update marts.audience_reorder_due set window_end_at = window_start_at "
        "where customer_id = 'c-7'",
    ),
    (
        "audience_readouts, arms, overfull_arms",
        "update metrics.audience_readouts set held_out_responded = 6 "
        "where held_out = 5",
    ),
    (
        "audience_readouts, arms, misplaced_bounds",
        "update metrics.audience_readouts set lower = 0.1 where is_observed",
    ),
    (
        "audience_readouts, arms, early_rates",
        "update metrics.audience_readouts set treated_rate = 0.1 where not is_observed",
    ),
    (
        "audience_readouts, arms, held_out_share",
        "update metrics.audience_readouts set held_out = 5 where held_out = 30",
    ),
    (
        "weekly_sweep, conservation, stuck_not_conserved",
        "update marts.weekly_sweep set value = 3 where question = 'stuck'",
    ),
    (
        "weekly_sweep, conservation, money_not_conserved",
        "update marts.weekly_sweep set value = value + 1 "
        "where question = 'pending_money'",
    ),
    (
        "transition_violations, events, unknown_events",
        "update marts.transition_violations set event_id = 'x' where event_id = 'p-1'",
    ),
    (
        "transition_violations, events, retracted_events",
        "update marts.events set is_retracted = true where event_id = 'p-1'",
    ),
    (
        "transition_violations, share, broken_share",
        """
        insert into marts.transition_violations by name
        select
            event_id as violation_id, event_id, 'order' as machine,
            order_id as entity_id, event_name, 'new' as from_state, 'why' as reason
        from marts.events where domain = 'orders'
        """,
    ),
    (
        "instrumentation_coverage, balance, unbalanced_steps",
        "update marts.instrumentation_coverage set first_missing_at = null",
    ),
    (
        "instrumentation_coverage, orders, uncounted_orders",
        """
        delete from marts.fct_orders where order_id = 'o-3';
        delete from marts.fct_order_lines where order_id = 'o-3'
        """,
    ),
    (
        "missing_steps, conservation, steps_not_conserved",
        "delete from marts.missing_steps where order_id = 'o-3'",
    ),
    (
        "missing_events, windows, early_judgements",
        "update marts.missing_events set expected_count = 15.75 where is_silent",
    ),
    (
        "missing_events, windows, future_hours",
        """
        update marts.missing_events set hour = hour + interval '1 year' where is_silent
        """,
    ),
    (
        "missing_events, bounds, low_share",
        "update marts.missing_events set observed_count = 5 where not is_silent",
    ),
]


def test_good_rows_pass(shop, build_by_hand):
    working = build_by_hand(shop, passed=False)
    report = validate(shop)
    assert report.passed, gate.describe(report.verdict)
    assert not report.warnings
    assert {each.suite for each in report.verdict.judged} == {
        suite.name for suite in all_suites()
    }
    assert gate.last_verdict(working) == report.verdict


def test_too_few_rows_are_not_said_to_hold(shop, build_by_hand):
    """Of three orders no share is known; that there are some can be seen."""
    working = build_by_hand(shop, passed=False)
    with duckdb.connect(str(working)) as connection:
        connection.execute(
            "delete from marts.fct_orders where order_id not in "
            "(select order_id from marts.fct_orders order by order_id limit 3)"
        )
    report = validate(
        shop, suites=[each for each in SUITES if each.name == "fct_orders"]
    )
    held = {each.column: each.held for each in report.verdict.judged}
    assert held["orders"] is held["contradictions"] is True
    assert held["cancelled_share"] is held["rto_share"] is None
    assert report.held + report.unjudged == len(held)
    assert report.unjudged >= 2
    assert gate.last_verdict(working) == report.verdict


def test_every_expectation_has_a_fault():
    planted = {name for name, _ in FAULTS}
    held = {
        f"{suite.name}, {measure.name}, {expectation.column}"
        for suite in SUITES
        for measure in suite.measures
        for expectation in measure.expectations
    }
    assert held == planted


@pytest.mark.parametrize(("broken", "fault"), FAULTS, ids=[name for name, _ in FAULTS])
def test_a_planted_fault_is_named_with_its_rows(shop, build_by_hand, broken, fault):
    working = build_by_hand(shop, changes=fault)
    judging = [suite for suite in SUITES if suite.name == broken.partition(",")[0]]
    report = validate(shop, suites=judging)
    found = {
        f"{failure.table.split('.')[1]}, {failure.measure}, {failure.column}": failure
        for failure in report.failures
    }
    assert broken in found, sorted(found)
    failure = found[broken]
    assert failure.expectation == "expect_column_values_to_be_between"
    assert len(failure.rows) <= 10
    said = gate.describe(report.verdict)
    assert failure.says in said
    assert failure.observed in said
    assert gate.last_verdict(working).passed is False


@pytest.fixture(scope="module")
def good_rows(good_build, tmp_path_factory):
    """The good rows, to be changed and rolled back."""
    working = tmp_path_factory.mktemp("rows") / "working.duckdb"
    shutil.copyfile(good_build, working)
    with duckdb.connect(str(working)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("insert into control.clock values ($1)", [AS_OF])
        yield connection


def breaks(rows, suite) -> bool:
    """Whether a suite does not hold, by plain SQL: every bound is a least or a most."""
    for measure in suite.measures:
        for each in measure.expectations:
            bounds = dict(each.bounds)
            least = bounds.pop("min_value", None)
            most = bounds.pop("max_value", None)
            assert not bounds
            ((broken,),) = rows.execute(
                f"""
                select count(*) from ({measure.sql})
                where {each.column} < $least or {each.column} > $most
                """,
                {"least": least, "most": most},
            ).fetchall()
            if broken:
                return True
    return False


def caught_by(rows, fault) -> set[str]:
    """Name the suites that catch a fault, of those that read what it changes."""
    changed = CHANGED.findall(fault)
    rows.execute("begin")
    try:
        rows.execute(fault)
        return {
            suite.name
            for suite in SUITES
            if any(re.search(rf"\b{table}\b", str(suite)) for table in changed)
            and breaks(rows, suite)
        }
    finally:
        rows.execute("rollback")


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_a_suite_catches_what_no_other_does(good_rows, suite):
    faults = [fault for name, fault in FAULTS if name.startswith(f"{suite.name}, ")]
    assert any(caught_by(good_rows, fault) == {suite.name} for fault in faults)


def test_up_to_ten_failing_rows_are_shown_with_keys(shop, build_by_hand):
    build_by_hand(shop, changes="update marts.fct_orders set placed_at = '2026-04-01'")
    (failure,) = validate(shop).failures
    assert len(failure.rows) == 10
    assert failure.rows[0]["order_id"] == "o-0"
    assert str(failure.rows[0]["placed_at"]).startswith("2026-04-01")


def test_a_small_shop_is_not_judged_by_its_rates(shop, build_by_hand):
    """Ninety-nine orders, all of them cancelled, are no population yet."""
    build_by_hand(
        shop,
        changes="""
            delete from marts.fct_orders where order_id not in (
                select order_id from marts.fct_orders limit 99
            );
            update marts.fct_orders set is_cancelled = true, is_delivered = false;
            delete from marts.fct_order_lines
            where order_id not in (select order_id from marts.fct_orders);
            delete from marts.dim_customers
            where customer_id not in (select customer_id from marts.fct_orders);
            delete from marts.order_readiness
            where order_id not in (select order_id from marts.fct_orders);
            update marts.demand_vs_shipped set demand = 198;
            delete from marts.stuck_orders;
            delete from metrics.stage_rhythms;
            update metrics.cost_to_serve set orders = 99;
            update metrics.satisfaction set orders = 99 where orders is not null;
            update metrics.metric_daily set numerator = 99 where metric = 'orders';
        """,
    )
    # the events of the orders taken out stay, and coverage rightly misses those orders
    judging = [each for each in SUITES if each.name != "instrumentation_coverage"]
    assert validate(shop, suites=judging).passed


@pytest.mark.parametrize(
    "fault",
    [
        "drop table metrics.rto_rates",
        "alter table metrics.rto_rates rename column matured_rate to honest_rate",
    ],
)
def test_what_cannot_be_measured_is_an_error_not_a_pass(shop, build_by_hand, fault):
    working = build_by_hand(shop, changes=fault, passed=False)
    with pytest.raises(QualityError, match="rto_rates"):
        validate(shop)
    assert gate.last_verdict(working) is None


def test_what_breaks_inside_great_expectations_is_an_error(
    shop, build_by_hand, tmp_path
):
    path = tmp_path / "fct_orders.yml"
    path.write_text(
        """
        table: marts.fct_orders
        owner: operations
        measures:
          - name: words
            sql: select min(order_id) as first_order from marts.fct_orders
            expectations:
              - column: first_order
                expectation: expect_column_values_to_be_between
                min_value: 1
                says: A word lies above a number.
        """
    )
    build_by_hand(shop)
    with pytest.raises(QualityError, match="fct_orders, words"):
        validate(shop, suites=[read_suite(path)])


def test_an_unfinished_build_is_not_judged(shop, build_by_hand):
    with pytest.raises(GateError, match="nothing is built"):
        validate(shop)
    build_by_hand(shop, changes="update control.builds set status = 'begun'")
    with pytest.raises(GateError, match="did not finish"):
        validate(shop)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("table: marts.fct_orders\nowner: x", "'measures' is missing"),
        ("table: marts.fct_orders\nmeasures: []", "'owner' is missing"),
        ("table: marts.other\nowner: x\nmeasures: []", "call it other.yml"),
        (
            "table: marts.fct_orders\nowner: x\nmeasures: []\nuser: x",
            "nobody reads 'user'",
        ),
        (
            "table: marts.fct_orders\nowner: x\nseverity: mild\nmeasures: []",
            "blocking or warning",
        ),
    ],
)
def test_a_broken_suite_names_its_file(tmp_path, text, complaint):
    path = tmp_path / "fct_orders.yml"
    path.write_text(text)
    with pytest.raises(SuiteError, match=complaint) as error:
        read_suite(path)
    assert str(path) in str(error.value)


def test_judging_opens_no_socket(shop, build_by_hand, monkeypatch):
    build_by_hand(shop)

    def refuse(*arguments):
        raise AssertionError(f"connects to {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert validate(shop).passed
