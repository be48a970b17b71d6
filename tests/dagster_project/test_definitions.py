"""The code location loads, and every edge between the tools is real."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from dagster_project.definitions import defs
from dagster_project.defs.schedules import (
    EVERY_MONDAY,
    EVERY_MORNING,
    EVERY_QUARTER_HOUR,
)
from dagster_project.published import SCHEMAS
from dagster_project.quality.suite import load_suites

RAW = {"order_events", "payment_events", "return_events", "rejected_events", "landings"}
PUBLISHED = dg.AssetKey(["published", "database"])
PAGES = {
    dg.AssetKey(["published", "data_docs"]),
    dg.AssetKey(["published", "model_docs"]),
}
DIGEST = dg.AssetKey(["told", "digest"])
SCHEDULES = (EVERY_QUARTER_HOUR, EVERY_MORNING, EVERY_MONDAY)


@pytest.fixture(scope="module")
def loaded() -> dg.Definitions:
    return defs()


@pytest.fixture(scope="module")
def graph(loaded):
    return loaded.resolve_asset_graph()


def test_staging_reads_what_landing_writes(graph):
    landed = {dg.AssetKey(["raw", table]) for table in RAW}
    assert landed <= graph.materializable_asset_keys
    for domain in ("order", "payment", "return"):
        staging = graph.get(dg.AssetKey(["staging", f"stg_{domain}_events"]))
        assert dg.AssetKey(["raw", f"{domain}_events"]) in staging.parent_keys


def test_no_model_reads_a_table_that_nothing_declares(graph):
    """A source whose key matches no asset would stand alone in the lineage."""
    declared = graph.materializable_asset_keys | {
        key
        for key in graph.get_all_asset_keys()
        if key.path[0] in ("control", "sources")
    }
    assert set(graph.get_all_asset_keys()) == declared


def test_every_guarded_key_is_an_asset(graph):
    guarded = {dg.AssetKey(suite.table.split(".")) for suite in load_suites()}
    assert guarded <= graph.materializable_asset_keys
    checks = {
        key.asset_key for key in graph.asset_check_keys if key.name == "population"
    }
    assert checks == guarded


def test_checks_block_unless_all_they_do_is_warn(loaded):
    (checks,) = (
        checks
        for checks in loaded.asset_checks or []
        if "population" in {spec.name for spec in checks.check_specs}
    )
    found = {(spec.asset_key, spec.name): spec.blocking for spec in checks.check_specs}
    events = dg.AssetKey(["marts", "events"])
    assert found == {
        (dg.AssetKey(suite.table.split(".")), "population"): True
        for suite in load_suites()
    } | {
        (events, "repeats"): True,
        # amounts and currencies block, the rest warns
        (events, "mixes"): True,
        (events, "rates"): False,
        (events, "volumes"): False,
    }


def test_a_canary_is_planted_each_hour_and_looked_for_in_each_batch(loaded):
    planted = {
        each.job_name: each.cron_schedule
        for each in loaded.schedules
        if each not in SCHEDULES
    }
    assert planted == {"canary": "7 * * * *"}
    for job in ("micro_batch", "daily", "weekly_sweep"):
        keys = loaded.resolve_job_def(job).asset_layer.asset_graph.asset_check_keys
        assert dg.AssetCheckKey(PUBLISHED, "canary") in keys


def test_everything_published_comes_before_publication(graph):
    parents = graph.get(PUBLISHED).parent_keys
    assert parents == {
        key for key in graph.materializable_asset_keys if key.path[0] in SCHEMAS
    }


def test_one_lineage_leads_from_what_is_sent_to_published(graph):
    above = dg.AssetSelection.assets(PUBLISHED).upstream().resolve(graph)
    assert {dg.AssetKey(["raw", table]) for table in RAW} <= above
    for table in RAW:
        (sent,) = graph.get(dg.AssetKey(["raw", table])).parent_keys
        assert sent == dg.AssetKey(["sources", "landing_zone"])


def test_no_asset_stands_in_a_group_without_a_name_or_says_nothing(graph):
    for key in graph.get_all_asset_keys():
        assert graph.get(key).group_name != "default", key
        assert graph.get(key).description, key


def test_the_chain_runs_often_and_its_extras_at_their_time(loaded):
    planned = {each.name: (each.cron_schedule, each.job_name) for each in SCHEDULES}
    assert planned == {
        "every_quarter_hour": ("*/15 * * * *", "micro_batch"),
        "every_morning": ("5 5 * * *", "daily"),
        "every_monday": ("5 8 * * 1", "weekly_sweep"),
    }
    assert {each.name for each in loaded.schedules or []} >= set(planned)


@pytest.mark.parametrize(
    ("job", "left_out"),
    [
        ("micro_batch", {*PAGES, DIGEST}),
        ("daily", {DIGEST}),
        ("weekly_sweep", PAGES),
    ],
)
def test_each_job_is_the_chain_and_the_past_is_in_none(loaded, graph, job, left_out):
    run = loaded.resolve_job_def(job).asset_layer.executable_asset_keys
    past = dg.AssetKey(["published", "as_of"])
    assert graph.materializable_asset_keys - run == {past, *left_out}
    assert graph.get(past).is_partitioned


@pytest.mark.parametrize(
    ("status", "is_asked"),
    [(dg.DagsterRunStatus.QUEUED, False), (dg.DagsterRunStatus.STARTED, True)],
)
def test_a_batch_that_waits_already_is_not_asked_for_again(status, is_asked):
    with dg.instance_for_test() as instance:
        here = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "here")
        instance.add_run(
            dg.DagsterRun(
                job_name="micro_batch",
                run_id=str(uuid4()),
                status=status,
                remote_job_origin=RemoteJobOrigin(here, "micro_batch"),
            )
        )
        # left open, the context would leave its storage to every later test
        with dg.build_schedule_context(
            instance=instance, scheduled_execution_time=datetime(2026, 3, 1, tzinfo=UTC)
        ) as context:
            asked = EVERY_QUARTER_HOUR.evaluate_tick(context).run_requests
    assert bool(asked) is is_asked


def test_nothing_starts_by_itself_where_a_person_looks_on(loaded):
    assert {each.default_status for each in SCHEDULES} == {
        dg.DefaultScheduleStatus.STOPPED
    }


def test_failures_are_told_wherever_dagster_runs(loaded):
    told = {
        each.name
        for each in loaded.sensors or []
        if each.default_status is dg.DefaultSensorStatus.RUNNING
    }
    assert told == {"run_failed", "run_succeeded"}


def test_stale_tables_are_named(graph):
    for table in RAW:
        assert graph.get(dg.AssetKey(["raw", table])).freshness_policy is not None
    assert graph.get(PUBLISHED).freshness_policy is not None


def test_models_are_grouped_by_schema(graph):
    groups = {
        key.path[0]: graph.get(key).group_name
        for key in graph.materializable_asset_keys
        if key.path[0] in {"staging", "intermediate", "marts", "metrics", "seeds"}
    }
    assert groups == {name: name for name in groups}
    assert {"marts", "metrics"} <= set(groups)
