"""The main job on the embedded sample: from nothing to a published version."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from dagster_project import shops
from dagster_project.gate import GateError, last_verdict
from dagster_project.published import as_of_versions, connect, current, versions
from dagster_project.quality.suite import load_suites
from dagster_project.run import run
from dagster_project.shops import ShopError, shop_from
from dashboards.queries.row_sets import ROW_SETS
from tests.dashboards.linked import dishonest, shown_by


@pytest.fixture(scope="module")
def sample_shop(sample_run):
    return sample_run.shop


@pytest.fixture(scope="module")
def first(sample_run):
    return sample_run.report, sample_run.told


@pytest.fixture(scope="module")
def guard(sample_run):
    return sample_run.guard


def test_the_sample_is_published(sample_shop, first):
    report, told = first
    assert current(sample_shop.published) == report.version
    assert list(dict.fromkeys(step for step, *_ in told)) == [
        "land",
        "build",
        "validate",
        "publish",
    ]
    count = max(count for _, _, _, count in told)
    assert ("build", count) in {(step, number) for step, _, number, _ in told}
    with connect(report.version) as connection:
        ((orders,),) = connection.sql(
            "select count(*) from marts.fct_orders"
        ).fetchall()
        ((last,),) = connection.sql(
            "select max(ingested_at) from marts.events"
        ).fetchall()
    assert 2_500 < orders <= 3_000
    # history loads as if we had been there: the clock is where it ends
    assert last <= report.version.as_of < last + timedelta(days=2)


def test_a_run_talks_to_no_other_machine(guard, first):
    assert guard.refused == []


def test_the_guard_would_have_noticed(guard, first):
    guard.is_set = True
    with pytest.raises(PermissionError):
        socket.create_connection(("192.0.2.1", 9), timeout=1)
    guard.is_set = False
    assert guard.refused.pop() == "192.0.2.1"


def test_the_headline_figures_are_there(first):
    report, _ = first
    assert set(report.version.summary) >= {
        "orders",
        "open_orders",
        "settlement_p50_hours",
        "settlement_p90_hours",
        "reservation_failure_rate",
        "rto_matured_rate",
        "rto_naive_rate",
        "top_return_reason",
    }


def test_every_published_table_that_is_a_fact_or_metric_is_judged(first):
    report, _ = first
    judged = {suite.table for suite in load_suites()}
    spared = {
        "marts.audience_exports",
        "marts.dim_dates",
        "marts.dim_locations",
        "marts.dim_products",
        "marts.event_retractions",
        "metrics.metric_definitions",
    }
    assert set(report.version.rows) - spared == judged


def test_every_number_opens_to_rows_that_add_up_to_it(sample_shop, first, monkeypatch):
    seen = shown_by(sample_shop.folder)
    assert dishonest(sample_shop.folder, seen) == []

    lines = replace(ROW_SETS["failed_lines"], where="true")
    monkeypatch.setitem(ROW_SETS, "failed_lines", lines)
    told = [
        fault.partition(" opens")[0] for fault in dishonest(sample_shop.folder, seen)
    ]
    assert told == [
        "reservations, Lines failed:",
        "today, Lines without stock:",
        "reservations, lines_failed of failed_lines:",
        "reservations, lines_failed of failed_lines:",
    ]


def test_running_again_changes_nothing(sample_shop, first):
    report, _ = first
    again = run(sample_shop)
    assert again.was_known
    assert again.version == report.version
    assert all(file.is_known for file in again.landing.files)
    assert again.build.was_known


@pytest.mark.deep
def test_a_failed_gate_leaves_the_last_version(sample_shop, first, monkeypatch):
    report, _ = first
    suites = [suite for suite in load_suites() if suite.name == "fct_orders"]
    (suite,) = suites
    measure = suite.measures[0]
    impossible = replace(measure.expectations[0], bounds={"min_value": 10**9})
    broken = replace(suite, measures=(replace(measure, expectations=(impossible,)),))
    monkeypatch.setattr(
        "dagster_project.quality.validate.all_suites", lambda: (broken,)
    )
    with pytest.raises(GateError, match="There is at least one order"):
        run(sample_shop, as_of=report.version.as_of + timedelta(days=1))
    assert last_verdict(sample_shop.working).passed is False
    assert current(sample_shop.published) == report.version
    assert versions(sample_shop.published) == (report.version,)


@pytest.mark.deep
def test_a_past_clock_stands_beside(sample_shop, first):
    report, _ = first
    past = report.version.as_of - timedelta(days=30)
    asked = run(sample_shop, as_of=past)
    assert asked.version.as_of == past
    assert as_of_versions(sample_shop.published) == (asked.version,)
    assert current(sample_shop.published) == report.version
    assert not (sample_shop.folder / "scratch").exists()
    with connect(asked.version) as connection:
        ((late,),) = connection.execute(
            "select count(*) from marts.events where ingested_at > $past",
            {"past": past},
        ).fetchall()
    assert late == 0
    assert asked.version.rows["marts.events"] < report.version.rows["marts.events"]


def test_own_files_never_mix_into_the_sample(sample_shop, first, tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text("{}\n")
    with pytest.raises(ShopError, match="holds the embedded sample"):
        run(sample_shop, [events])


def test_without_the_sample_the_way_to_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shops, "SAMPLE", tmp_path / "gone")
    shop = shop_from({"POSTORDER_DATA": str(tmp_path / "shop")}, is_sample=True)
    with pytest.raises(ShopError, match="simulate --sample"):
        run(shop)


def test_the_working_file_is_free_after_a_run(sample_shop, first):
    with duckdb.connect(str(sample_shop.working)) as connection:
        assert connection.sql("select count(*) from control.builds").fetchall()
