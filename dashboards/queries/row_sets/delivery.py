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


def lines_failed_by(column: str) -> RowSet:
    """Return the lines that failed, once for each value of a column of their tries."""
    return RowSet(
        "order lines that could not be reserved",
        "line",
        "marts.fct_reservations",
        f"order_id, sku, {column}, tries, failed_tries, reasons, last_answered_at",
        rows=f"""
        select
            min(order_id) as order_id,
            order_line_id,
            min(sku) as sku,
            {column},
            count(*) as tries,
            count(failed_at) as failed_tries,
            string_agg(distinct reason_code, ', ' order by reason_code) as reasons,
            max(answered_at) as last_answered_at
        from marts.fct_reservations
        where answered_at is not null
        group by {column}, order_line_id
        """,
        where="failed_tries > 0",
        by=(column,),
        order="last_answered_at desc, order_id, order_line_id",
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

# an address is checked four ways, and may fail at several; a failure of none is one too
FAILED_CHECKS = f"""
    select
        *,
        unnest([
            case when not is_serviceable then 'serviceability' end,
            case when not is_normalized then 'normalization' end,
            case when not is_carrier_compatible then 'carrier_compatibility' end,
            case when needs_manual_review then 'manual_review' end,
            case when failed_check = 'unknown' then 'unknown' end
        ]) as address_check
    from {CHECKS.table}
"""

FAILED = f"select * from {CHECKS.table} where outcome = 'failed'"

PARCELS = RowSet(
    "parcels",
    "parcel",
    "marts.fct_shipments",
    "order_id, shipment_id, carrier, payment_mode, outcome, origin_location_id, "
    "destination_region, attempt_count, shipped_at, original_promise_at, "
    "effective_promise_at, outcome_at, is_on_time_original, is_on_time_current",
    rows="select *, cast(date_trunc('week', "
    f"{store_day('shipped_at')}) as date) as ship_week "
    "from marts.fct_shipments where shipped_at is not null",
    by=(
        "ship_week",
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

# misses first: they are what is asked about
PROMISED = RowSet(
    "orders whose promise is due",
    "order",
    "marts.promised_orders",
    "order_id, carrier, lane, has_kept_original, has_kept_current, is_revised, "
    "has_tried_on_time, original_promise_at, effective_promise_at, handed_over_at, "
    "padding_days",
    rows="select * from marts.promised_orders where is_decided",
    by=("carrier", "lane"),
    order="has_kept_original, original_promise_at desc, order_id",
    day="date",
)

# A count finds what it should have where the count before it, with what moved between
# the two, makes the same number: the rest is drift.
DRIFT_MOVEMENTS = """
    select
        *,
        case stretch when 'last_count' then quantity else -quantity end
            as drift_quantity
    from marts.stock_movements
    where stretch <> 'since_count'
    qualify bool_or(stretch = 'count_before') over (partition by sku, location_id)
"""

# What stock counts as its backlog, line by line: sold, not cancelled, not handed over.
# What is left of a closed order was collected, sent as a file, or lost on its way.
WAITING_LINES = """
    select
        lines.*,
        lines.quantity - lines.quantity_cancelled - lines.quantity_shipped
            as waiting_units,
        orders.stage,
        orders.placed_at
    from marts.fct_order_lines as lines
    inner join marts.fct_orders as orders
        on lines.order_id = orders.order_id
    where orders.stage <> 'closed'
        and lines.quantity - lines.quantity_cancelled - lines.quantity_shipped > 0
"""

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
    "failed_in_hour": lines_failed_by("hour_of_week"),
    "failed_under_load": lines_failed_by("load_decile"),
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
    "failed_at": replace(
        CHECKS,
        title="addresses that did not pass a check",
        columns=f"{CHECKS.columns}, address_check",
        rows=FAILED_CHECKS,
        where="address_check is not null",
        by=("address_check",),
        whole="",
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
    "returned_at_a_cost": RowSet(
        "parcels that came back, with what that cost",
        "parcel",
        "marts.rto_parcels",
        "order_id, shipment_id, carrier, payment_mode, currency, cost_amount, "
        "basis, shipped_at, outcome_at",
        by=("payment_mode", "carrier", "currency"),
        order="outcome_at desc nulls last, shipment_id",
        day=store_day("shipped_at"),
    ),
    "ended_parcels": replace(
        PARCELS,
        title="parcels that arrived, came back or were lost",
        where="outcome in ('delivered', 'rto', 'lost')",
        whole="count(*)",
        whole_noun="parcels shipped",
    ),
    "promised": PROMISED,
    "kept_at_first": replace(
        PROMISED,
        title="orders that came by their first promise",
        where="has_kept_original",
        whole="count(*)",
        whole_noun="orders promised",
    ),
    "kept_at_last": replace(
        PROMISED,
        title="orders that came by the promise that stood when it was due",
        where="has_kept_current",
        whole="count(*)",
        whole_noun="orders promised",
    ),
    "moved": replace(
        PROMISED,
        title="orders whose promise was moved",
        where="is_revised",
        whole="count(*)",
        whole_noun="orders promised",
    ),
    "padded": replace(
        PROMISED,
        title="orders handed over, by the days to their first promise",
        rows="select * from marts.promised_orders",
        where="padding_days is not null",
        order="padding_days desc, order_id",
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
    "drift_movements": RowSet(
        "counts and movements that a drift is told from",
        "movement",
        "marts.stock_movements",
        "order_id, sku, location_id, movement, stretch, quantity, drift_quantity, "
        "occurred_at",
        rows=DRIFT_MOVEMENTS,
        by=("sku", "location_id"),
        order="occurred_at desc, event_id, sku, location_id",
        number="sum(drift_quantity)",
        unit="unit",
    ),
    "stock_of_day": RowSet(
        "products asked for, shipped or waiting on a day",
        "product",
        "marts.demand_vs_shipped",
        "date, sku, opening_backlog, demand, cancelled, shipped, closing_backlog",
        where="demand <> 0 or shipped <> 0 or closing_backlog <> 0",
        by=("date",),
        needs=("date",),
        order="closing_backlog desc, sku",
        number="sum(closing_backlog)",
        unit="unit",
    ),
    "drifting_units": replace(DRIFT, number="sum(abs(drift))", unit="unit", whole=""),
    "backlog": RowSet(
        "order lines sold and not shipped",
        "line",
        "marts.fct_order_lines",
        "order_id, sku, waiting_units, quantity, quantity_shipped, "
        "quantity_cancelled, stage, placed_at",
        rows=WAITING_LINES,
        by=("sku",),
        order="placed_at, order_id, sku, order_line_id",
        number="sum(waiting_units)",
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
