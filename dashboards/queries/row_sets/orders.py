"""Rows behind the numbers about orders and what needs a person."""

from __future__ import annotations

from dashboards.queries.row_sets.row_set import RowSet, store_day

ROW_SETS = {
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
        day=store_day("placed_at"),
    ),
    "contacts": RowSet(
        "support contacts",
        "contact",
        "marts.order_contacts",
        "order_id, ticket_id, contact_reason, contact_channel, "
        "silence_hours_at_contact, was_promise_broken, contacted_at, closed_at",
        by=("contact_reason", "contact_channel"),
        order="contacted_at desc, ticket_id",
        day=store_day("contacted_at"),
    ),
}
