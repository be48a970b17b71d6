"""Everything a published version knows of one order, for people and support systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.published import Version

Record = dict[str, Any]


class UnknownOrderError(Exception):
    """No event ever named the order."""


@dataclass(frozen=True)
class Section:
    """One part of an order's story.

    Attributes:
        name: Its key.
        table: The published table its rows are of.
        in_order: How they are sorted.
        is_single: An order has one row there at most.
    """

    name: str
    table: str
    in_order: str
    is_single: bool = False


SECTIONS = (
    Section("state", "marts.fct_orders", "order_id", is_single=True),
    Section("stuck", "marts.stuck_orders", "order_id", is_single=True),
    Section("lines", "marts.fct_order_lines", "order_line_id"),
    Section("gates", "marts.order_readiness", "order_id", is_single=True),
    Section("addresses", "marts.fct_address_validations", "validation_number"),
    Section("reservations", "marts.fct_reservations", "requested_at, reservation_key"),
    Section("backorders", "marts.backorders", "created_at, order_line_id"),
    Section(
        "promises",
        "marts.fct_delivery_promises",
        "promised_at, shipment_id nulls first",
    ),
    Section("parcels", "marts.fct_shipments", "shipped_at nulls last, shipment_id"),
    Section("attempts", "marts.fct_delivery_attempts", "attempted_at, attempt_number"),
    Section("pickups", "marts.fct_pickups", "ready_at"),
    Section("payments", "marts.fct_payments", "captured_at nulls last, payment_id"),
    Section(
        "payment_attempts",
        "marts.fct_payment_attempts",
        "attempted_at, payment_id, attempt_number",
    ),
    Section("refunds", "marts.fct_refunds", "due_at nulls last, refund_id"),
    Section("pending_money", "marts.pending_money", "since_at, claim_id"),
    Section("reconciliation", "marts.reconciliation", "currency"),
    Section("returns", "marts.fct_returns", "initiated_at, return_line_id"),
    Section("exceptions", "marts.fct_exceptions", "opened_at, exception_id"),
    Section("changes", "marts.fct_order_changes", "changed_at, changed_field"),
    Section("contacts", "marts.order_contacts", "contacted_at, ticket_id"),
    Section("messages", "marts.message_conflicts", "told_at, kind"),
    Section("timeline", "marts.events", "occurred_at, event_rank, event_id"),
)


def order_story(
    version: Version, connection: duckdb.DuckDBPyConnection, order_id: str
) -> Record:
    """Return an order's state, gates, promises, parcels, money, exceptions, timeline.

    Rows are those of the published tables, whose columns ``marts.md`` and the
    tables' own comments describe. A section is empty where nothing of it happened, and
    a single one then ``None``: the state of an order whose placing never came.

    Args:
        version: What is read.
        connection: To it.
        order_id: The order.

    Raises:
        UnknownOrderError: Nothing is known of it.
    """
    story: Record = {
        "order_id": order_id,
        "as_of": version.as_of,
        "version": version.name,
    }
    for section in SECTIONS:
        found = _rows(connection, section, order_id)
        story[section.name] = next(iter(found), None) if section.is_single else found
    if not any(story[section.name] for section in SECTIONS):
        raise UnknownOrderError(
            f"no event names order {order_id!r} in version {version.name}"
        )
    return story


def _rows(
    connection: duckdb.DuckDBPyConnection, section: Section, order_id: str
) -> list[Record]:
    """Return a section's rows of one order by column name."""
    cursor = connection.execute(
        f"select * from {section.table} where order_id = $order_id "
        f"order by {section.in_order}",
        {"order_id": order_id},
    )
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
