"""Each suite passes on good rows and names what a planted fault breaks."""

from __future__ import annotations

import socket

import pytest

from dagster_project import gate
from dagster_project.gate import GateError
from dagster_project.quality.suite import SuiteError, load_suites, read_suite
from dagster_project.quality.validate import QualityError, validate

SUITES = load_suites()

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
        "landings, balance, unbalanced_files",
        "update marts.landings set duplicates = duplicates + 1",
    ),
    (
        "landings, balance, negative_files",
        "update marts.landings set duplicates = -10, delivered = 400",
    ),
    (
        "landings, rejection, rejected_share",
        "update marts.landings set rejected = 500, duplicates = 100",
    ),
    (
        "landings, conservation, unexplained_events",
        "update marts.landings set accepted = 399, duplicates = 591",
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
        "delete from marts.fct_orders",
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
        "fct_order_lines, orphans, lines_without_order",
        "update marts.fct_order_lines set order_id = 'o-x' where order_id = 'o-3'",
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
        "fct_ledger_entries, balance, out_of_balance",
        "update marts.fct_ledger_entries set amount = 90 where account = 'bank'",
    ),
    (
        "fct_ledger_entries, balance, unbalanced_entries",
        """
        update marts.fct_ledger_entries set entry_id = 'e-3'
        where entry_id = 'e-4' and account = 'bank'
        """,
    ),
    (
        "ledger_clearing, balances, uncaused",
        "update marts.ledger_clearing set balance_amount = 1 where order_id = 'o-3'",
    ),
    (
        "ledger_clearing, balances, over_settled_share",
        "update marts.ledger_clearing set balance_amount = -1, cause = 'over_settled'",
    ),
    (
        "reconciliation, residuals, uncaused",
        "update marts.reconciliation set residual_amount = 1 where order_id = 'o-3'",
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
        "pending_money, claims, empty_claims",
        "update marts.pending_money set amount = 0",
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
        "settlement_curves, curves, impossible_hours",
        "update metrics.settlement_curves set upper = 0.5 where hours = 2",
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
        "settlement_times, percentiles, disordered_segments",
        "update metrics.settlement_times set p50_hours = 50 where segment = 'card'",
    ),
    (
        "settlement_times, percentiles, overfull_segments",
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
        "settlement_times, conservation, payments_not_conserved",
        "delete from metrics.settlement_times where segment = 'card'",
    ),
    (
        "reservation_failures, rates, impossible_rates",
        "update metrics.reservation_failures set lines_failed = 201",
    ),
    (
        "rto_rates, outcomes, overfull_segments",
        "update metrics.rto_rates set resolved = 201",
    ),
    (
        "rto_rates, outcomes, lowest_rate",
        "update metrics.rto_rates set matured_rate = -0.1",
    ),
    (
        "rto_rates, outcomes, highest_rate",
        "update metrics.rto_rates set naive_rate = 1.1",
    ),
    (
        "rto_rates, outcomes, rates_outside_interval",
        "update metrics.rto_rates set shrunk_rate = 0.2",
    ),
    (
        "rto_rates, conservation, parcels_not_conserved",
        "update metrics.rto_rates set shipped = 199 where segment_type = 'carrier'",
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
]


def test_good_rows_pass(shop, build_by_hand):
    working = build_by_hand(shop, passed=False)
    report = validate(shop)
    assert report.passed, gate.describe(report.verdict)
    assert report.judged == len(FAULTS)
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
        """,
    )
    assert validate(shop).passed


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
        ("table: marts.fct_orders", "'measures' is missing"),
        ("table: marts.other\nmeasures: []", "call it other.yml"),
        ("table: marts.fct_orders\nmeasures: []\nowner: x", "nobody reads 'owner'"),
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
