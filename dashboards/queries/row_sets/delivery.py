"""Rows behind the numbers about stock, addresses, promises and parcels."""

from __future__ import annotations

from dataclasses import replace

from dashboards.queries.row_sets.row_set import RowSet, store_day

# a line asks a day, a product and a place once, however often it is tried
LINES_ASKED = RowSet(
    "order lines that asked for stock",
    "line",
    "marts.fct_reservations",
    "order_id, sku, location_id, tries, failed_tries, reasons, quantity_requested, "
    "is_after_capture, is_missing_at_pick, last_answered_at",
    rows=f"""
    select
        order_id,
        order_line_id,
        sku,
        location_id,
        count(*) as tries,
        count(failed_at) as failed_tries,
        string_agg(distinct reason_code, ', ' order by reason_code) as reasons,
        max(quantity_requested) as quantity_requested,
        bool_or(is_after_capture) as is_after_capture,
        bool_or(is_missing_at_pick) as is_missing_at_pick,
        bool_or(
            is_after_capture and (failed_at is not null or is_missing_at_pick)
        ) as is_oversold,
        max(answered_at) as last_answered_at
    from marts.fct_reservations
    where answered_at is not null
    group by order_id, order_line_id, sku, location_id, {store_day("answered_at")}
    """,
    by=("sku", "location_id"),
    order="last_answered_at desc, order_id, order_line_id, sku, location_id",
    day=store_day("last_answered_at"),
    whole="count(*)",
    whole_noun="lines that asked for stock",
)

CHECKS = RowSet(
    "address checks",
    "check",
    "marts.fct_address_validations",
    "order_id, validation_number, outcome, failed_check, provider, validated_at, "
    "corrected_at, is_shipped_anyway, later_outcome",
    by=("failed_check", "provider"),
    order="validated_at desc, validation_key",
    day=store_day("validated_at"),
    whole="count(*)",
    whole_noun="address checks",
)

FAILED = f"select * from {CHECKS.table} where outcome = 'failed'"

PARCELS = RowSet(
    "parcels",
    "parcel",
    "marts.fct_shipments",
    "order_id, shipment_id, carrier, payment_mode, outcome, origin_location_id, "
    "destination_region, attempt_count, shipped_at, original_promise_at, "
    "effective_promise_at, outcome_at, is_on_time_original, is_on_time_current",
    rows="select * from marts.fct_shipments where shipped_at is not null",
    by=(
        "carrier",
        "payment_mode",
        "outcome",
        "destination_region",
        "destination_pincode",
        "attempt_count",
    ),
    order="shipped_at desc, shipment_id",
    day=store_day("shipped_at"),
)

DRIFT = RowSet(
    "stock counts that differ from what the events add up to",
    "count",
    "marts.stock_truth",
    "sku, location_id, expected_on_hand, counted_on_hand, drift, on_hand_now, "
    "refunded_not_restocked, restocked_not_refunded, rto_unacknowledged, "
    "counted_at",
    rows="select * from marts.stock_truth where counted_at is not null",
    where="drift <> 0",
    by=("sku", "location_id"),
    order="abs(drift) desc, sku, location_id",
    whole="count(*)",
    whole_noun="SKUs and places counted",
)

ROW_SETS = {
    "reservations": RowSet(
        "stock reservations",
        "try",
        "marts.fct_reservations",
        "order_id, sku, location_id, try_number, outcome, reason_code, "
        "quantity_requested, quantity_reserved, is_after_capture, fell_back, "
        "fallback_location_id, load_decile, requested_at, answered_at",
        by=("sku", "location_id", "outcome", "reason_code", "load_decile"),
        order="answered_at desc nulls last, reservation_key",
        day=store_day("answered_at"),
    ),
    "failed_lines": replace(
        LINES_ASKED,
        title="order lines that could not be reserved",
        where="failed_tries > 0",
    ),
    "oversold": replace(
        LINES_ASKED,
        title="lines paid for that had no stock",
        where="is_oversold",
        whole="",
    ),
    "addresses": CHECKS,
    "failed_checks": replace(
        CHECKS, title="address checks that failed", where="outcome = 'failed'"
    ),
    "corrected_checks": replace(
        CHECKS,
        title="failed address checks that were corrected",
        rows=FAILED,
        where="corrected_at is not null",
        whole_noun="failed checks",
    ),
    "came_back_anyway": replace(
        CHECKS,
        title="parcels shipped with a failed check that came back",
        rows=f"{FAILED} and is_shipped_anyway",
        where="later_outcome = 'rto'",
        whole_noun="checks that failed and were shipped anyway",
    ),
    "parcels": PARCELS,
    "returned_parcels": replace(
        PARCELS,
        title="parcels that came back to their origin",
        where="outcome = 'rto'",
        whole="count(*)",
        whole_noun="parcels shipped",
    ),
    "ended_parcels": replace(
        PARCELS,
        title="parcels that arrived, came back or were lost",
        where="outcome in ('delivered', 'rto', 'lost')",
        whole="count(*)",
        whole_noun="parcels shipped",
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
        day=store_day("original_promise_at"),
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
        day=store_day("promised_at"),
    ),
    "messages": RowSet(
        "messages that told customers something else than was true",
        "message",
        "marts.message_conflicts",
        "order_id, shipment_id, kind, subject, channel, told, true_then, told_at",
        by=("kind", "channel", "subject"),
        order="told_at desc nulls last, conflict_id",
    ),
    "drift": DRIFT,
    "drifting_units": replace(DRIFT, number="sum(abs(drift))", unit="unit", whole=""),
    "backlog": RowSet(
        "products sold and not shipped when the last day ended",
        "SKU",
        "marts.demand_vs_shipped",
        "sku, closing_backlog, opening_backlog, demand, cancelled, shipped, date",
        rows="select * from marts.demand_vs_shipped qualify date = max(date) over ()",
        where="closing_backlog > 0",
        by=("sku",),
        order="closing_backlog desc, sku",
        number="sum(closing_backlog)",
        unit="unit",
    ),
    "backorders": RowSet(
        "open backorders",
        "line",
        "marts.backorders",
        "order_id, sku, quantity, age_days, is_late, was_customer_told, created_at, "
        "expected_at",
        where="is_open",
        by=("sku",),
        order="age_days desc, order_line_id",
    ),
}
