"""Today shows the numbers the marts hold, and says so where there are none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dagster_project import gate, published
from dagster_project.published import Version
from dashboards.queries import verdict
from ingestion.shop import Shop
from tests.dashboards.small_shop import answer_of, open_page, publish, text_of


def value_in(version: Version, sql: str) -> Any:
    """Return the one value of a query on a version."""
    with published.connect(version) as connection:
        ((value,),) = connection.execute(sql).fetchall()
    return value


@pytest.mark.usefixtures("version")
def test_the_first_line_answers() -> None:
    page = open_page()

    assert not page.exception
    assert page.title[0].value == "What needs a person now?"
    assert answer_of(page) == (
        "5 of 12 open orders need a person: 2 are past promise, 4 have an open "
        "exception. 1 ended order has one about money. 2 captured payments are late "
        "to settle."
    )


@pytest.mark.usefixtures("version")
def test_an_ended_order_in_money_trouble_is_not_forgotten() -> None:
    page = open_page()

    assert [box.label for box in page.expander] == [
        "1 ended order with an open exception about money"
    ]
    assert "Cancelled · Refund of INR 720 failed" in text_of(page)


@pytest.mark.usefixtures("version")
def test_the_clock_is_the_version_s_own() -> None:
    """As-of stands in the store's zone, and ages count to it, not to the wall clock."""
    said = text_of(open_page())

    assert "As of 31 March 2026, 18:00 (Asia/Kolkata); ages count to then." in said
    assert "16 days past promise" in said


def test_money_equals_the_mart_s_and_is_never_added_across_currencies(
    version: Version,
) -> None:
    said = text_of(open_page())

    for currency in ("INR", "USD"):
        waiting = value_in(
            version,
            f"""
            select sum(captured_amount) from marts.fct_payments
            where exit = 'open' and captured_at is not null and currency = '{currency}'
            """,
        )
        assert f"**{currency} {waiting:,.{0 if currency == 'INR' else 2}f}** in" in said
    assert "2,899" not in said


def test_headlines_equal_the_metrics(version: Version) -> None:
    metrics = {metric.label: metric.value for metric in open_page().metric}

    matured = value_in(
        version,
        "select matured_rate from metrics.rto_rates where segment_type = 'all'",
    )
    # 28 days up to the last mature one, 28 March
    failed = value_in(
        version,
        """
        select sum(numerator) / sum(denominator) from metrics.metric_daily
        where metric = 'reservation_failure_rate' and segment_type = 'all'
            and date between date '2026-03-01' and date '2026-03-28'
        """,
    )
    assert metrics["Parcels that come back (RTO)"] == f"{matured * 100:.1f} %"
    assert metrics["Lines without stock"] == f"{failed * 100:.1f} %"
    assert metrics["90 % settled within (p90)"] == "not reached"


@pytest.mark.usefixtures("version")
def test_young_days_are_left_out_and_the_naive_figure_says_its_bias() -> None:
    page = open_page()

    said = text_of(page)
    assert ":orange-badge[:material/hourglass_top: 3 younger days left out]" in said
    assert "56 of 280 units delivered, 1 March 2026 to 28 March 2026." in said
    deltas = {metric.label: metric.delta for metric in page.metric}
    assert deltas["Units sent back"] == "-10.0 points vs 28 days before"
    assert "**18.9 %, the last 28 days to the clock**, computed the common way." in said
    assert "The naive rate reads 3.8 points too low" in said


@pytest.mark.usefixtures("version")
def test_exceptions_wait_by_owner_and_open_to_their_rows() -> None:
    page = open_page()
    assert "5 open exceptions; most are for **operations** (4)." in text_of(page)

    page.selectbox(key="chosen_owner").set_value("finance").run()
    assert list(page.dataframe[0].value["exceptions"]) == [1]

    rows = open_page("views/rows.py", of="exceptions", owner="finance")
    assert answer_of(rows) == "1 exception: open exceptions; owner finance."
    assert list(rows.dataframe[0].value["order_id"]) == ["ORD-013"]


def test_without_settlement_reports_no_payment_is_called_late(
    published_folder: Path,
) -> None:
    publish(
        published_folder,
        "blind",
        "update marts.fct_payments set settled_gross_amount = 0, exit = 'open'",
        "update metrics.settlement_times set settled = 0, p50_hours = null",
    )
    page = open_page()

    assert answer_of(page).endswith("Nothing is known of settlements.")
    assert [info.value for info in page.info] == [
        "No source reports settlements, so nobody can say which money has arrived. "
        "Land the payout reports of the gateway to see it."
    ]
    assert "late to settle" not in text_of(page)


def test_an_empty_shop_has_words_of_its_own(published_folder: Path) -> None:
    tables = [
        "marts.fct_orders",
        "marts.fct_payments",
        "marts.fct_shipments",
        "marts.events",
        "marts.rejected_events",
        "marts.landings",
        "marts.fct_exceptions",
        "metrics.metric_daily",
        "metrics.settlement_times",
        "metrics.rto_rates",
    ]
    publish(published_folder, "empty", *(f"delete from {table}" for table in tables))
    page = open_page()

    assert not page.exception
    assert answer_of(page) == ("No order is open. Nothing is known of settlements.")
    said = text_of(page)
    assert "None: no open order is past its promise or has an exception." in [
        box.value for box in page.success
    ]
    assert "No day is old enough to judge." in said


def test_a_block_without_its_table_is_not_shown(published_folder: Path) -> None:
    publish(
        published_folder,
        "early",
        "drop table metrics.rto_rates",
        "drop table marts.fct_exceptions",
    )
    page = open_page()

    assert not page.exception
    said = text_of(page)
    assert "RTO" not in said
    assert "Whose exceptions wait?" not in said
    assert "Where do open orders stand?" in said


@pytest.mark.usefixtures("published_folder")
def test_before_the_first_publish_it_says_what_to_do() -> None:
    page = open_page()

    assert not page.exception
    assert page.info[0].value.startswith("Nothing has been published yet")
    assert "postorder run" in page.info[0].value


def test_a_broken_version_is_said_in_plain_words(published_folder: Path) -> None:
    (published_folder / published.POINTER).write_text('{"version": "gone"}')
    page = open_page()

    assert not page.exception
    assert "cannot be read" in page.error[0].value


def test_figures_that_nobody_renewed_are_called_old(published_folder: Path) -> None:
    publish(published_folder, "old", published_at=datetime.now(UTC) - timedelta(days=3))
    page = open_page()

    assert "Nothing newer has been published for 3.0 days" in page.warning[0].value


def test_a_failed_validation_is_said_beside_the_figures_that_stay(
    published_folder: Path, version: Version
) -> None:
    found = {
        "as_of": version.as_of.isoformat(),
        "judged_at": datetime.now(UTC).isoformat(),
        "failures": [
            {"table": "marts.fct_orders", "says": "orders fall by half at most"},
            {"table": "marts.events", "says": "few events lie ahead"},
        ],
    }
    record = published_folder.with_name(verdict.RECORD)
    record.write_text(json.dumps(found))
    page = open_page()

    said = page.error[0].value
    assert "failed its checks and was not published" in said
    assert "orders fall by half at most, and 1 more" in said
    assert len(page.metric) == 8

    found["judged_at"] = (version.published_at - timedelta(hours=1)).isoformat()
    record.write_text(json.dumps(found))
    assert not open_page().error


def test_the_verdict_is_looked_for_where_the_gate_keeps_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)

    assert shop.published.with_name(verdict.RECORD) == gate.path_of(shop.working)
