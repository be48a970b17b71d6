"""A settlement with a value date to come is booked when the clock reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.build import build
from ingestion.landing import land_files
from ingestion.shop import Shop
from tests.dagster_project.batches import captured, placed

BEFORE = datetime(2026, 3, 2, 12, tzinfo=UTC)
AFTER = datetime(2026, 3, 7, 12, tzinfo=UTC)

SETTLED = {
    "event_name": "payment_settled",
    "source": "gateway:cards",
    "occurred_at": "2026-03-02T09:00:00Z",
    "payment_id": "p-1",
    "order_id": "o-1",
    "settlement_id": "s-1",
    "settlement_basis": "bank_payout",
    "settlement_date": "2026-03-05",
    "gross_minor": 50000,
    "fee_minor": 1000,
    "net_minor": 49000,
    "currency": "INR",
}


def land(shop: Shop, name: str, at: datetime, *events: Mapping[str, Any]) -> None:
    """Land events at an instant, and build as of it."""
    file = shop.folder.parent / f"{shop.folder.name}-{name}.jsonl"
    file.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    landed = land_files([file], shop=shop, landed_at=at)
    assert [file.rejected for file in landed.files] == [0]
    build(shop, as_of=at, is_tested=False)


def books(shop: Shop) -> list[tuple[Any, ...]]:
    """Return what an order's payment posted, by account."""
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        return connection.sql(
            "select * from marts.fct_ledger_entries "
            "where order_id = 'o-1' order by line_id"
        ).fetchall()


def test_the_clock_alone_books_a_settlement(tmp_path: Path) -> None:
    grown = Shop(tmp_path / "grown", timezone="UTC", hash_key="a test's key")
    at_once = Shop(tmp_path / "at once", timezone="UTC", hash_key="a test's key")

    land(grown, "first", BEFORE, placed(1), captured(1), SETTLED)
    assert "bank" not in {account for row in books(grown) for account in row}
    # another order arrives; of the first nothing does
    land(grown, "second", AFTER, placed(2, occurred_at="2026-03-07T10:00:00Z"))
    assert "bank" in {account for row in books(grown) for account in row}

    land(at_once, "all", AFTER, placed(1), captured(1), SETTLED)
    assert books(grown) == books(at_once)
