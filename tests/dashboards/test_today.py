"""Today shows the numbers the marts hold, and says so where there are none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dagster_project import gate, published
from dagster_project.published import Version
from dashboards.components import shown_version
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


def test_figures_equal_the_metrics(version: Version) -> None:
    metrics = {metric.label: metric.value for metric in open_page().metric}

    p50 = value_in(
        version,
        "select p50_hours from metrics.settlement_times where segment_type = 'all'",
    )
    matured, naive = (
        value_in(
            version,
            f"select {rate} from metrics.rto_rates where segment_type = 'all'",
        )
        for rate in ("matured_rate", "naive_rate")
    )
    failed = value_in(
        version,
        """
        select sum(lines_failed) / sum(lines_requested)
        from metrics.reservation_failures where date >= date '2026-03-25'
        """,
    )
    assert metrics["Half settled within (p50)"] == f"{p50 / 24:.1f} days"
    assert metrics["Matured rate"] == f"{matured * 100:.1f} %"
    assert metrics["Naive rate"] == f"{naive * 100:.1f} %"
    assert (
        metrics["Lines failed, 25 March 2026 to 31 March 2026"]
        == f"{failed * 100:.1f} %"
    )


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
    ] * 2
    assert "late" not in text_of(page)


@pytest.mark.usefixtures("version")
def test_a_percentile_the_curve_does_not_reach_is_said_in_words() -> None:
    page = open_page()

    values = {metric.label: metric.value for metric in page.metric}
    assert values["90 % settled within (p90)"] == "not reached"
    assert "fewer than 90 % of the payments are known to settle so far" in text_of(page)


@pytest.mark.usefixtures("version")
def test_returns_of_months_too_young_to_judge_are_left_out() -> None:
    said = text_of(open_page())

    assert "**size too small**: 5 units of the 8 that came back" in said
    assert "8.0 % of 100 units delivered in January 2026 came back" in said
    assert "defective" not in said


@pytest.mark.usefixtures("version")
def test_replayed_lines_are_no_longer_refused() -> None:
    assert "**4 lines** of 400 delivered (1.0 %)" in text_of(open_page())


def test_an_empty_shop_has_words_of_its_own(published_folder: Path) -> None:
    tables = [
        "marts.fct_orders",
        "marts.fct_payments",
        "marts.fct_shipments",
        "marts.events",
        "marts.rejected_events",
        "marts.landings",
        "metrics.reservation_failures",
        "metrics.settlement_times",
        "metrics.rto_rates",
        "metrics.return_reasons",
    ]
    publish(published_folder, "empty", *(f"delete from {table}" for table in tables))
    page = open_page()

    assert not page.exception
    assert answer_of(page) == ("No order is open. Nothing is known of settlements.")
    said = text_of(page)
    for words in (
        "No reservation has been answered yet.",
        "No payment has been captured yet.",
        "No parcel has been shipped yet.",
        "None of 0 delivered lines.",
        "Too early to say: no delivered month is old enough.",
    ):
        assert words in said


def test_a_block_without_its_table_is_not_shown(published_folder: Path) -> None:
    publish(
        published_folder,
        "early",
        "drop table metrics.rto_rates",
        "drop table metrics.return_reasons",
    )
    page = open_page()

    assert not page.exception
    said = text_of(page)
    assert "RTO" not in said
    assert "Why do customers send things back?" not in said
    assert "How often was stock not there?" in said


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
    verdict = {
        "judged_at": datetime.now(UTC).isoformat(),
        "failures": [
            {"table": "marts.fct_orders", "says": "orders fall by half at most"},
            {"table": "marts.events", "says": "few events lie ahead"},
        ],
    }
    record = published_folder.with_name(shown_version.VERDICT)
    record.write_text(json.dumps(verdict))
    page = open_page()

    said = page.error[0].value
    assert "failed its checks and was not published" in said
    assert "orders fall by half at most, and 1 more" in said
    assert len(page.metric) == 5

    verdict["judged_at"] = (version.published_at - timedelta(hours=1)).isoformat()
    record.write_text(json.dumps(verdict))
    assert not open_page().error


def test_the_verdict_is_looked_for_where_the_gate_keeps_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)

    assert shop.published.with_name(shown_version.VERDICT) == gate.path_of(shop.working)
