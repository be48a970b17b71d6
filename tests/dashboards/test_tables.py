"""Tables show store time and units, and their files are safe and exact."""

from __future__ import annotations

import io
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from dagster_project.published import Version
from dashboards.components import columns, tables
from dashboards.queries.reader import arrow
from dashboards.queries.row_sets import rows_behind
from tests.dashboards.small_shop import open_page


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_runs_no_cell(first: str) -> None:
    text = f"{first}cmd|' /C calc'!A0"
    written = tables.as_csv(pa.table({"id": [text, "plain=1"]})).decode()

    assert f"'{first}cmd" in written
    assert "'plain" not in written
    shown = tables.guarded(pd.DataFrame({"id": [text, "plain=1", None]}))
    assert list(shown["id"][:2]) == [f"'{text}", "plain=1"]


def test_parquet_keeps_every_digit_and_the_text_as_it_is(version: Version) -> None:
    rows = arrow(version, rows_behind(version, "pending", {"currency": "USD"}))
    read = pa_parquet.read_table(io.BytesIO(tables.as_parquet(rows)))

    assert read.column("amount").to_pylist() == [Decimal("80.2500")]
    listed = arrow(version, rows_behind(version, "reorder_asks", {}))
    kept = pa_parquet.read_table(io.BytesIO(tables.as_parquet(listed)))
    assert kept.column("customer_id").to_pylist() == ["=cmd()"]


@pytest.mark.usefixtures("version")
def test_every_table_offers_both_files() -> None:
    page = open_page("views/pending.py")

    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["CSV", "Parquet"]


def test_a_row_that_counts_nothing_leads_nowhere() -> None:
    shelves = pd.DataFrame({"sku": ["TEE-M", "MUG-1"], "drift": [2.0, None]})
    drift = tables.Behind("drift_movements", "drift", ("sku",))

    assert tables.addresses_behind(shelves, drift) == [
        "rows?of=drift_movements&sku=TEE-M",
        None,
    ]


def test_a_hostile_id_is_shown_as_text(version: Version) -> None:
    page = open_page("views/rows.py", of="reorder_asks")

    assert list(page.dataframe[0].value["customer_id"]) == ["'=cmd()"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("age_hours", "Age, hours"),
        ("opened_at", "Opened"),
        ("ordered_amount", "Ordered"),
        ("location_id", "Location"),
        ("is_late", "Late"),
        ("rto_unacknowledged", "RTO unacknowledged"),
        ("sku", "SKU"),
        ("is_rankable", "Enough to compare"),
    ],
)
def test_a_heading_says_the_unit(name: str, label: str) -> None:
    assert columns.label_of(name) == label


def test_times_are_the_store_s_and_shares_are_percent() -> None:
    table = pd.DataFrame(
        {
            "opened_at": pd.to_datetime(["2026-03-31 20:15"], utc=True),
            "delay_rate": [0.125],
            "lift_lower": [2.1],
            "reason_code": ["out_of_stock"],
        }
    )
    shown = columns.shown(table, ZoneInfo("Asia/Kolkata"))

    assert str(shown["opened_at"][0]) == "2026-04-01 01:45:00"
    assert list(shown["delay_rate"]) == [12.5]
    assert list(shown["lift_lower"]) == [2.1]
    assert list(shown["reason_code"]) == ["out of stock"]
