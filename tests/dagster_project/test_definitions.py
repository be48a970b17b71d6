"""The code location loads, and every edge between the tools is real."""

from __future__ import annotations

import dagster as dg
import pytest

from dagster_project.definitions import defs
from dagster_project.published import SCHEMAS
from dagster_project.quality.suite import load_suites

RAW = {"order_events", "payment_events", "return_events", "rejected_events", "landings"}
PUBLISHED = dg.AssetKey(["published", "database"])


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
        key for key in graph.get_all_asset_keys() if key.path[0] == "control"
    }
    assert set(graph.get_all_asset_keys()) == declared


def test_every_guarded_key_is_an_asset(graph):
    guarded = {dg.AssetKey(suite.table.split(".")) for suite in load_suites()}
    assert guarded <= graph.materializable_asset_keys
    checks = {
        key.asset_key for key in graph.asset_check_keys if key.name == "population"
    }
    assert checks == guarded


def test_every_population_check_blocks(loaded):
    for checks in loaded.asset_checks or []:
        for spec in checks.check_specs:
            assert spec.blocking or spec.name != "population"


def test_everything_published_comes_before_publication(graph):
    parents = graph.get(PUBLISHED).parent_keys
    assert parents == {
        key for key in graph.materializable_asset_keys if key.path[0] in SCHEMAS
    }


def test_one_lineage_leads_from_raw_to_published(graph):
    above = dg.AssetSelection.assets(PUBLISHED).upstream().resolve(graph)
    assert {dg.AssetKey(["raw", table]) for table in RAW} <= above


def test_the_chain_runs_every_quarter_of_an_hour(loaded):
    (schedule,) = loaded.schedules or []
    assert schedule.cron_schedule == "*/15 * * * *"
    assert schedule.job_name == "micro_batch"


def test_the_past_is_built_only_when_asked_for(loaded, graph):
    everything = loaded.resolve_job_def("micro_batch").asset_layer.executable_asset_keys
    past = dg.AssetKey(["published", "as_of"])
    assert graph.materializable_asset_keys - everything == {past}
    assert graph.get(past).is_partitioned


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
