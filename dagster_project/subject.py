"""Answers a subject who asks what is held of them: as it landed, and as it is shown."""

from __future__ import annotations

from typing import Any

import duckdb

from dagster_project.published import NothingPublishedError, connect_current
from ingestion.contract.catalogue import load_catalogue
from ingestion.privacy.access import Holding, holding
from ingestion.shop import Shop

Record = dict[str, Any]

# events under the names a person would look for, by their group in the contract
CHAPTERS = {
    "orders": ("order", "inventory", "address", "promise", "fulfillment", "pickup"),
    "deliveries": ("shipment", "delivery", "rto"),
    "payments": (
        "authorization",
        "capture",
        "retry",
        "settlement",
        "cod",
        "dispute",
        "refund",
        "fraud",
    ),
    "returns": ("return", "exchange", "warranty", "restock", "claim"),
    "messages": ("notification",),
    "reviews": ("engagement",),
    "contacts": ("support",),
    "consents": ("privacy",),
    "operations": ("control",),
}


class UnknownSubjectError(Exception):
    """Nothing is held of the customer."""


def answer(shop: Shop, customer_id: str) -> Record:
    """Return everything the shop holds of a customer.

    Args:
        shop: Who is asked.
        customer_id: As the source sends it.

    Raises:
        UnknownSubjectError: Nothing is held of them.
        ShopLockedError: Another process works on the shop.
    """
    catalogue = load_catalogue()
    held = holding(shop, catalogue, customer_id)
    published = _published(shop, held, customer_id)
    if not held.events and not held.rejected and not any(published.values()):
        raise UnknownSubjectError(f"nothing is held of customer {customer_id!r}")
    said: Record = {
        "customer_id": customer_id,
        "sources": sorted({event["source"] for event in held.events}),
        "purposes": _purposes(held),
        "identifiers": held.identifiers,
    }
    for chapter, groups in CHAPTERS.items():
        said[chapter] = [
            event
            for event in held.events
            if catalogue.events[event["event_name"]].group in groups
        ]
    said["rejected_lines"] = held.rejected
    said["quarantined_lines"] = held.quarantined
    said["published"] = published
    return said


def _purposes(held: Holding) -> list[Record]:
    lines: dict[tuple[str, str], int] = {}
    for event in held.events:
        key = (event["purpose"], event["legal_basis"])
        lines[key] = lines.get(key, 0) + 1
    return [
        {"purpose": purpose, "legal_basis": basis, "lines": count}
        for (purpose, basis), count in sorted(lines.items())
    ]


def _published(shop: Shop, held: Holding, customer_id: str) -> dict[str, list[Record]]:
    """Return the rows that the published version in force shows of the subject."""
    try:
        _, connection = connect_current(shop.published)
    except NothingPublishedError:
        return {}
    ids = {**held.identifiers, "customer_id": [customer_id]}
    with connection:
        tables = connection.execute(
            """
            select table_name, list(column_name)
            from information_schema.columns
            where table_schema = 'marts'
            group by table_name
            order by table_name
            """
        ).fetchall()
        rows = {
            table: _rows(connection, table, {c: ids[c] for c in columns if c in ids})
            for table, columns in tables
        }
    return {table: found for table, found in rows.items() if found}


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, ids: dict[str, list[str]]
) -> list[Record]:
    if not ids:
        return []
    tests = " or ".join(f"list_contains(${name}, {name})" for name in ids)
    cursor = connection.execute(f"select * from marts.{table} where {tests}", ids)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
