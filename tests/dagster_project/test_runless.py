"""Dagster knows what a watcher's rounds made and judged, though there was no run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
import pytest

from dagster_project import gate
from dagster_project.build import BuildError, BuildReport, Node, Rewritten
from dagster_project.builds import last_build
from dagster_project.definitions import defs
from dagster_project.gate import Failure, GateError, Judgement, Verdict
from dagster_project.publish import publish
from dagster_project.quality.validate import ValidationReport
from dagster_project.run import RunReport
from dagster_project.runless import PUBLISHED, events_of, reporter
from dagster_project.servers import dagster_home, dagster_home_of
from dagster_project.watch import Round
from ingestion.landing import Landing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECONDS = {"land": 1.0, "build": 2.0, "validate": 0.5, "publish": 0.25}
ORDERS = dg.AssetKey(["marts", "fct_orders"])
LAW = dg.AssetCheckKey(
    dg.AssetKey(["marts", "fct_ledger_entries"]), "assert_every_entry_balances"
)
POPULATION = dg.AssetCheckKey(ORDERS, "population")


def verdict_on(build, *failures):
    judged = Judgement(
        "fct_orders",
        "marts.fct_orders",
        "volume",
        "orders",
        "",
        "blocking",
        "",
        "",
        True,
    )
    return Verdict(build.build_id, NOW, NOW, failures=failures, judged=(judged,))


@pytest.fixture
def published_round(shop, build_by_hand):
    build = last_build(build_by_hand(shop))
    report = RunReport(
        landing=Landing(landing_seq=3, files=(), last_ingested_at=NOW),
        build=BuildReport(
            build=build,
            working=shop.working,
            rewritten=(Rewritten("fct_orders", rows=12, total=200, schema="marts"),),
            nodes=(
                Node("fct_orders", "marts", "fct_orders", is_test=False, seconds=0.2),
                Node(LAW.name, *LAW.asset_key.path, is_test=True, seconds=0.1),
            ),
        ),
        validation=ValidationReport(verdict_on(build)),
        version=publish(shop),
        was_known=False,
    )
    return Round(NOW, files=1, report=report, seconds=SECONDS)


@pytest.fixture
def instance(shop):
    with dg.DagsterInstance.from_config(str(dagster_home(shop))) as instance:
        yield instance


def materialized(instance, key):
    event = instance.get_latest_materialization_event(key)
    return event and event.asset_materialization.metadata


def test_a_round_shows_in_the_instance_that_was_opened(shop, published_round, instance):
    home = dagster_home_of(shop, {})
    reporter(shop, home)(published_round)
    raw = materialized(instance, dg.AssetKey(["raw", "order_events"]))
    assert raw["landing_seq"].value == 3
    assert materialized(instance, ORDERS)["rows_rewritten"].value == 12
    told = materialized(instance, PUBLISHED)
    assert told["version"].value == published_round.report.version.name
    assert told["seconds"].value == SECONDS["publish"]
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [LAW, POPULATION]
    )
    assert {key: record.status.value for key, record in records.items()} == {
        LAW: "SUCCEEDED",
        POPULATION: "SUCCEEDED",
    }
    assert instance.get_runs_count() == 0


def test_a_gate_that_says_no_shows_at_its_table(shop, build_by_hand, instance):
    build = last_build(build_by_hand(shop, passed=False))
    failure = Failure(
        "marts.fct_orders",
        "volume",
        "expect_x",
        "orders",
        "There are orders.",
        "0",
        suite="fct_orders",
    )
    gate.record(shop.working, verdict_on(build, failure))
    failed = Round(NOW, files=1, error=GateError("no"), seconds=SECONDS)
    reporter(shop, dagster_home_of(shop, {}))(failed)
    (record,) = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [POPULATION]
    ).values()
    assert record.status.value == "FAILED"
    assert materialized(instance, PUBLISHED) is None


def test_a_law_that_broke_shows_at_its_table_and_the_build_as_not_published(
    shop, instance
):
    broken = Node(LAW.name, *LAW.asset_key.path, is_test=True, seconds=0, passed=False)
    written = Node("fct_orders", "marts", "fct_orders", is_test=False, seconds=0.2)
    failed = Round(NOW, files=1, error=BuildError("it broke", (written, broken)))
    reporter(shop, dagster_home_of(shop, {}))(failed)
    (record,) = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [LAW]
    ).values()
    assert record.status.value == "FAILED"
    assert materialized(instance, ORDERS) is None
    (observed,) = instance.fetch_observations(PUBLISHED, limit=1).records
    assert observed.asset_observation.description == "it broke"


def test_all_that_is_told_stands_in_the_graph(shop, published_round):
    graph = defs().resolve_asset_graph()
    for event in events_of(shop, published_round):
        assert graph.has(event.asset_key)
        if isinstance(event, dg.AssetCheckEvaluation):
            assert event.asset_check_key in graph.asset_check_keys
    strange = replace(
        published_round.report,
        build=replace(
            published_round.report.build,
            nodes=(Node("nobody", "marts", "nobody", is_test=False, seconds=0),),
        ),
    )
    keys = {
        e.asset_key for e in events_of(shop, replace(published_round, report=strange))
    }
    assert not all(graph.has(key) for key in keys)


def test_an_instance_that_fails_ends_no_round(shop, published_round, tmp_path, caplog):
    (tmp_path / "dagster.yaml").write_text("no: [such, setting")
    reporter(shop, tmp_path)(published_round)
    assert "could not be told" in caplog.text


def test_without_an_instance_nobody_is_told(shop, tmp_path):
    assert dagster_home_of(shop, {}) is None
    assert dagster_home_of(shop, {"DAGSTER_HOME": str(tmp_path)}) is None
