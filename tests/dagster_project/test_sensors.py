"""Files that arrive start one run; a shop that is locked is tried again."""

from __future__ import annotations

import os
import subprocess
import sys

import dagster as dg
import duckdb
import pytest
from dagster_dbt import DbtCliResource

from dagster_project.arrivals import SETTLED_SECONDS, state_of
from dagster_project.build import DBT_PROJECT
from dagster_project.defs import canary, landing, models, publish, quality, transient
from dagster_project.defs.landing import raw_tables
from dagster_project.defs.resources import ShopResource
from dagster_project.defs.sensors import landing_folder
from dagster_project.defs.transient import FIRST_WAIT_SECONDS, TRIES, tried_again
from dagster_project.gate import GateError
from ingestion.lock import ShopLockedError


@pytest.fixture
def zone(tmp_path, monkeypatch):
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "shop"))
    monkeypatch.setenv("POSTORDER_HASH_KEY", "a key")
    folder = tmp_path / "shop" / "landing"
    folder.mkdir(parents=True)
    return folder


def deliver(zone, name, text="{}\n", age=60.0):
    path = zone / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    then = path.stat().st_mtime - age
    os.utime(path, (then, then))


def look(cursor=None):
    """What the sensor asks for, and where it stands then."""
    context = dg.build_sensor_context(cursor=cursor, resources={"shop": ShopResource()})
    return landing_folder(context), context.cursor


def test_a_file_that_arrived_is_asked_for_once(zone):
    deliver(zone, "a.jsonl")
    request, cursor = look()
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == cursor
    assert isinstance(look(cursor)[0], dg.SkipReason)


@pytest.mark.parametrize("name", ["b.jsonl", "deep/er/c.jsonl.gz"])
def test_one_more_file_is_one_more_run(zone, name):
    deliver(zone, "a.jsonl")
    first, cursor = look()
    deliver(zone, name)
    second, _ = look(cursor)
    assert isinstance(second, dg.RunRequest)
    assert second.run_key != first.run_key


def test_a_file_that_grew_is_asked_for_again(zone):
    deliver(zone, "a.jsonl")
    _, cursor = look()
    deliver(zone, "a.jsonl", "{}\n{}\n")
    assert isinstance(look(cursor)[0], dg.RunRequest)


def test_a_file_still_being_written_is_waited_for(zone):
    deliver(zone, "a.jsonl")
    deliver(zone, "b.jsonl", age=0)
    answer, cursor = look()
    assert isinstance(answer, dg.SkipReason)
    assert cursor is None
    written = (zone / "b.jsonl").stat().st_mtime
    assert state_of(zone, now=written + SETTLED_SECONDS)


def test_what_is_no_event_file_starts_nothing(zone):
    deliver(zone, "notes.txt", age=0)
    assert isinstance(look()[0], dg.SkipReason)


def test_an_empty_zone_and_none_at_all_start_nothing(zone):
    assert isinstance(look()[0], dg.SkipReason)
    zone.rmdir()
    assert isinstance(look()[0], dg.SkipReason)


class Step:
    def __init__(self, retry_number):
        self.retry_number = retry_number


def test_a_locked_shop_is_tried_again_after_ever_longer_waits():
    waits = []
    for tries in range(3):
        with pytest.raises(dg.RetryRequested) as asked, tried_again(Step(tries)):
            raise ShopLockedError
        assert asked.value.max_retries == TRIES
        waits.append(asked.value.seconds_to_wait)
    assert waits == [FIRST_WAIT_SECONDS, 2 * FIRST_WAIT_SECONDS, 4 * FIRST_WAIT_SECONDS]


HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_process_has_open_is_waited_for(tmp_path):
    """The words are the database's own, and may change with it."""
    path = str(tmp_path / "working.duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(dg.RetryRequested), tried_again(Step(0)):
            duckdb.connect(path)
    with pytest.raises(duckdb.IOException), tried_again(Step(0)):
        duckdb.connect(str(tmp_path / "nowhere" / "working.duckdb"))


STEPS = [
    (landing, "land", raw_tables),
    (models, "attempt", models.dbt_models),
    (quality, "validate", quality.population_checks),
    (publish, "publish", publish.published_database),
    (canary.canary, "check", canary.canary_check),
]


@pytest.mark.parametrize(("module", "name", "step"), STEPS, ids=lambda step: str(step))
def test_each_step_of_a_batch_waits_for_the_shop(zone, monkeypatch, module, name, step):
    asked = []

    def locked_once(*_, **__):
        asked.append(name)
        if len(asked) == 1:
            raise ShopLockedError("in use")
        raise GateError("free, and no")

    monkeypatch.setattr(module, name, locked_once)
    monkeypatch.setattr(transient, "FIRST_WAIT_SECONDS", 0)
    is_check = isinstance(step, dg.AssetChecksDefinition)
    job = dg.define_asset_job(
        "one_step",
        dg.AssetSelection.checks(step) if is_check else dg.AssetSelection.assets(step),
    )
    job = dg.Definitions(
        assets=None if is_check else [step],
        asset_checks=[step] if is_check else None,
        jobs=[job],
        resources={"shop": ShopResource(), "dbt": DbtCliResource(str(DBT_PROJECT))},
    ).resolve_job_def("one_step")
    result = job.execute_in_process(raise_on_error=False)
    assert not result.success
    assert asked == [name, name]


def test_a_verdict_is_not_asked_for_twice():
    with pytest.raises(GateError), tried_again(Step(0)):
        raise GateError("no")
