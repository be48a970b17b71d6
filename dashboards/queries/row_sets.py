"""The rows behind the numbers: each set has a name that an address can carry.

A number on any page names its set and what it is filtered by; ``rows`` shows it. What
comes with an address is only ever a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.published import Version
from dashboards.queries.reader import Query, store_zone


@dataclass(frozen=True)
class RowSet:
    """A set of rows of one table that numbers are counted from.

    Attributes:
        title: What the rows are, as a plural noun.
        noun: What one row is.
        table: Where they stand.
        columns: Which columns are shown, in this order.
        where: Which rows belong to the set.
        by: Columns that an address may filter by, exactly.
        order: How they are sorted.
        day: Column that ``from`` and ``to`` of an address limit, as store days.
    """

    title: str
    noun: str
    table: str
    columns: str
    where: str = "true"
    by: tuple[str, ...] = ()
    order: str = "1"
    day: str = ""


ROW_SETS: dict[str, RowSet] = {
    "exceptions": RowSet(
        "open exceptions",
        "exception",
        "marts.fct_exceptions",
        "order_id, exception_name, severity, owner, age_hours, opened_at, next_action",
        where="is_open",
        by=("owner", "severity", "exception_name"),
        order="age_hours desc, exception_id",
    ),
    "stuck": RowSet(
        "open orders slower than their stage's rhythm",
        "order",
        "marts.stuck_orders",
        "order_id, stage, level, owner, age_hours, rhythm_p90_hours, rhythm_p99_hours, "
        "promise_at, silence_hours, customer_order_number",
        by=("stage", "level", "owner"),
        order="level, age_hours desc, order_id",
    ),
    "orders": RowSet(
        "orders",
        "order",
        "marts.fct_orders",
        "order_id, stage, payment_mode, channel, placed_at, currency, ordered_amount, "
        "captured_amount, settled_amount, refunded_amount",
        by=("stage", "payment_mode", "channel", "currency"),
        order="placed_at desc, order_id",
        day="placed_at",
    ),
    "payments": RowSet(
        "captured payments",
        "payment",
        "marts.fct_payments",
        "order_id, payment_id, method, gateway, exit, currency, captured_amount, "
        "refunded_amount, settled_gross_amount, unsettled_amount, captured_at, "
        "settlement_due_at, settled_at, captured_to_settled_hours, open_age_hours, "
        "is_settlement_late, is_settlement_timed_out",
        where="captured_at is not null",
        by=("method", "gateway", "exit", "currency"),
        order="open_age_hours desc nulls last, captured_at, payment_id",
        day="captured_at",
    ),
    "late_payments": RowSet(
        "captured payments late to settle",
        "payment",
        "marts.fct_payments",
        "order_id, payment_id, method, gateway, currency, captured_amount, "
        "refunded_amount, settled_gross_amount, open_age_hours, captured_at, "
        "settlement_due_at, is_settlement_timed_out",
        where="exit = 'open' and captured_at is not null and is_settlement_late",
        by=("method", "gateway", "currency"),
        order="open_age_hours desc, payment_id",
    ),
    "unsettled": RowSet(
        "captured payments that have not settled",
        "payment",
        "marts.fct_payments",
        "order_id, payment_id, method, gateway, currency, captured_amount, "
        "refunded_amount, settled_gross_amount, open_age_hours, captured_at, "
        "settlement_due_at, is_settlement_late, is_settlement_timed_out",
        where="exit = 'open' and captured_at is not null",
        by=("method", "gateway", "currency"),
        order="open_age_hours desc, payment_id",
    ),
    "attempts": RowSet(
        "payment attempts",
        "attempt",
        "marts.fct_payment_attempts",
        "order_id, payment_id, order_attempt_number, method, gateway, outcome, "
        "error_code, decline_type, is_retry, is_fallback, attempted_at, recovered_at",
        by=("method", "gateway", "outcome", "error_code", "decline_type"),
        order="attempted_at desc, payment_id, attempt_number",
        day="attempted_at",
    ),
    "pending": RowSet(
        "open claims on money",
        "claim",
        "marts.pending_money",
        "order_id, class, currency, amount, age_hours, since_at",
        by=("class", "currency"),
        order="age_hours desc, claim_id",
    ),
    "residuals": RowSet(
        "orders whose money leaves a residual",
        "order",
        "marts.reconciliation",
        "order_id, residual_cause, currency, residual_amount, ordered_amount, "
        "called_off_amount, captured_amount, settled_amount, outstanding_amount, "
        "refunded_amount, paid_in_credit_amount",
        where="residual_amount <> 0",
        by=("residual_cause", "currency"),
        order="abs(residual_amount) desc, order_id",
    ),
    "outstanding": RowSet(
        "orders with money outstanding",
        "order",
        "marts.reconciliation",
        "order_id, currency, outstanding_amount, ordered_amount, called_off_amount, "
        "captured_amount, settled_amount, refunded_amount",
        where="outstanding_amount <> 0",
        by=("currency",),
        order="abs(outstanding_amount) desc, order_id",
    ),
    "clearing": RowSet(
        "payments with a balance in clearing",
        "payment",
        "marts.ledger_clearing",
        "order_id, payment_id, method, gateway, currency, cause, balance_amount, "
        "disputed_amount, open_age_hours, opened_at, matures_at, is_mature",
        where="balance_amount <> 0",
        by=("cause", "currency", "gateway", "method"),
        order="abs(balance_amount) desc, payment_id",
    ),
    "reservations": RowSet(
        "stock reservations",
        "try",
        "marts.fct_reservations",
        "order_id, sku, location_id, try_number, outcome, reason_code, "
        "quantity_requested, quantity_reserved, is_after_capture, fell_back, "
        "fallback_location_id, load_decile, requested_at, answered_at",
        by=("sku", "location_id", "outcome", "reason_code", "load_decile"),
        order="answered_at desc nulls last, reservation_key",
        day="answered_at",
    ),
    "oversold": RowSet(
        "lines paid for that had no stock",
        "try",
        "marts.fct_reservations",
        "order_id, sku, location_id, outcome, reason_code, quantity_requested, "
        "fell_back, is_missing_at_pick, requested_at, answered_at",
        where="(failed_at is not null and is_after_capture) or is_missing_at_pick",
        by=("sku", "location_id"),
        order="answered_at desc nulls last, reservation_key",
        day="answered_at",
    ),
    "addresses": RowSet(
        "address checks",
        "check",
        "marts.fct_address_validations",
        "order_id, validation_number, outcome, failed_check, provider, validated_at, "
        "corrected_at, is_shipped_anyway, later_outcome",
        by=("outcome", "failed_check", "provider", "later_outcome"),
        order="validated_at desc, validation_key",
        day="validated_at",
    ),
    "parcels": RowSet(
        "parcels",
        "parcel",
        "marts.fct_shipments",
        "order_id, shipment_id, carrier, payment_mode, outcome, origin_location_id, "
        "destination_region, attempt_count, shipped_at, original_promise_at, "
        "effective_promise_at, outcome_at, is_on_time_original, is_on_time_current",
        where="shipped_at is not null",
        by=(
            "carrier",
            "payment_mode",
            "outcome",
            "destination_region",
            "destination_pincode",
            "attempt_count",
        ),
        order="shipped_at desc, shipment_id",
        day="shipped_at",
    ),
    "promised": RowSet(
        "parcels by the day of their first promise",
        "parcel",
        "marts.fct_shipments",
        "order_id, shipment_id, carrier, outcome, original_promise_at, "
        "effective_promise_at, delivered_at, is_on_time_original, is_on_time_current, "
        "shipped_at",
        where="original_promise_at is not null",
        by=("carrier", "is_on_time_original", "is_on_time_current"),
        order="is_on_time_original nulls last, original_promise_at, shipment_id",
        day="original_promise_at",
    ),
    "promises": RowSet(
        "delivery promises",
        "promise",
        "marts.fct_delivery_promises",
        "order_id, shipment_id, promise_number, promise_source, reason_code, "
        "promised_at, promise_max_at, replaced_promise_max_at, notice_hours, "
        "was_broken_before_revision, told_at",
        by=("reason_code", "promise_source"),
        order="promised_at desc, promise_key",
        day="promised_at",
    ),
    "messages": RowSet(
        "messages that told customers something else than was true",
        "message",
        "marts.message_conflicts",
        "order_id, shipment_id, kind, subject, channel, told, true_then, told_at",
        by=("kind", "channel", "subject"),
        order="told_at desc nulls last, conflict_id",
    ),
    "drift": RowSet(
        "stock counts that differ from what the events add up to",
        "count",
        "marts.stock_truth",
        "sku, location_id, expected_on_hand, counted_on_hand, drift, on_hand_now, "
        "refunded_not_restocked, restocked_not_refunded, rto_unacknowledged, "
        "counted_at",
        where="drift <> 0",
        by=("sku", "location_id"),
        order="abs(drift) desc, sku, location_id",
    ),
    "backorders": RowSet(
        "open backorders",
        "backorder",
        "marts.backorders",
        "order_id, sku, quantity, age_days, is_late, was_customer_told, created_at, "
        "expected_at",
        where="is_open",
        by=("sku",),
        order="age_days desc, order_line_id",
    ),
    "returns": RowSet(
        "return lines",
        "line",
        "marts.fct_returns",
        "order_id, return_id, sku, kind, reason_code, reason_found, outcome, quantity, "
        "currency, refund_amount, initiated_at, received_at, resolved_at",
        by=("sku", "kind", "reason_code", "reason_group", "outcome"),
        order="initiated_at desc nulls last, return_line_id",
        day="initiated_at",
    ),
    "came_back": RowSet(
        "delivered lines that came back",
        "line",
        "marts.fct_returns",
        "order_id, return_id, sku, reason_code, reason_found, outcome, "
        "received_quantity, currency, refund_amount, delivered_at, received_at",
        where="received_at is not null",
        by=("sku", "reason_code", "outcome"),
        order="delivered_at desc nulls last, return_line_id",
        day="delivered_at",
    ),
    "refunds": RowSet(
        "refunds",
        "refund",
        "marts.fct_refunds",
        "order_id, refund_id, cause, destination, currency, amount, due_at, "
        "initiated_at, completed_at, failed_at, due_to_initiated_hours, "
        "initiated_to_completed_hours",
        by=("cause", "destination", "currency"),
        order="due_at desc nulls last, refund_id",
        day="due_at",
    ),
    "claims": RowSet(
        "warranty claims",
        "claim",
        "marts.fct_warranty_claims",
        "order_id, claim_id, sku, fault, stage, decision, resolution, currency, "
        "amount, opened_at, decided_at",
        by=("sku", "decision", "resolution"),
        order="opened_at desc, claim_id",
    ),
    "review_asks": RowSet(
        "order lines to ask for a review",
        "line",
        "marts.audience_review_due",
        "order_id, sku, channels, refused_channels, holdout_group, delivered_at, "
        "ask_window_start_at, ask_window_end_at",
        by=("sku", "holdout_group"),
        order="ask_window_start_at, order_line_id",
    ),
    "reorder_asks": RowSet(
        "customers likely to need a product again",
        "customer and product",
        "marts.audience_reorder_due",
        "customer_id, sku, last_order_id, channels, refused_channels, confidence, "
        "holdout_group, last_placed_at, window_start_at, due_at, window_end_at",
        by=("sku", "holdout_group", "confidence"),
        order="due_at, customer_id, sku",
    ),
    "rejected": RowSet(
        "refused lines that nobody has replayed",
        "line",
        "marts.rejected_events",
        "landed_file, line_number, reason_code, reason, field, event_name, source, "
        "masked_line, rejected_at",
        where="replayed_at is null",
        by=("reason_code", "landed_file", "source"),
        order="rejected_at desc, landed_file, line_number",
    ),
    "violations": RowSet(
        "events that cannot follow what was known",
        "event",
        "marts.transition_violations",
        "order_id, machine, entity_id, event_name, from_state, reason, source, "
        "occurred_at",
        by=("machine", "event_name", "source"),
        order="occurred_at desc, violation_id",
    ),
    "silences": RowSet(
        "hours in which a source said nothing it should have said",
        "hour",
        "marts.missing_events",
        "source, event_name, hour, expected_count, observed_count, window_started_at",
        where="is_silent",
        by=("source", "event_name"),
        order="hour desc, source, event_name",
    ),
    "contacts": RowSet(
        "support contacts",
        "contact",
        "marts.order_contacts",
        "order_id, ticket_id, contact_reason, contact_channel, "
        "silence_hours_at_contact, was_promise_broken, contacted_at, closed_at",
        by=("contact_reason", "contact_channel"),
        order="contacted_at desc, ticket_id",
        day="contacted_at",
    ),
    "daily": RowSet(
        "days of a metric",
        "day",
        "metrics.metric_daily",
        "date, metric, segment_type, segment, value, numerator, denominator, coverage, "
        "is_mature",
        by=("metric", "segment_type", "segment"),
        order="date desc, segment_type, segment",
    ),
}


def rows_behind(version: Version, name: str, address: Mapping[str, str]) -> Query:
    """Return the query of one set, filtered as an address asks.

    Args:
        version: Its store zone decides what a day is.
        name: One of ``ROW_SETS``.
        address: What stands in the address; what the set does not know is ignored.
    """
    chosen = ROW_SETS[name]
    conditions = [f"({chosen.where})"]
    parameters: dict[str, object] = {}
    for column in chosen.by:
        if column in address:
            conditions.append(f"cast({column} as varchar) = $by_{column}")
            parameters[f"by_{column}"] = address[column]
    for limit, sign in (("from", ">="), ("to", "<=")):
        if chosen.day and limit in address:
            conditions.append(
                f"cast(timezone($zone, {chosen.day}) as date) "
                f"{sign} try_cast($day_{limit} as date)"
            )
            parameters |= {
                "zone": store_zone(version).key,
                f"day_{limit}": address[limit],
            }
    return Query(
        f"select {chosen.columns}\nfrom {chosen.table}\n"
        f"where {' and '.join(conditions)}\norder by {chosen.order}",
        parameters,
    )
