"""Files that arrive start one run; a shop that is locked is tried again."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import dagster as dg
import duckdb
import pytest

from dagster_project.arrivals import SETTLED_SECONDS, state_of
from dagster_project.defs import transient
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


STEPS = {
    "raw_tables": ("landing", "land"),
    "dbt_models": ("models", "attempt"),
    "population_checks": ("quality", "validate"),
    "published_database": ("publish", "publish"),
    "canary_check": ("canary", "canary.check"),
}


@pytest.mark.parametrize("step", STEPS)
def test_each_step_of_a_batch_waits_for_the_shop(zone, monkeypatch, step):
    asked = []

    def locked_once(*_, **__):
        asked.append(step)
        if len(asked) == 1:
            raise ShopLockedError("in use")
        raise GateError("free, and no")

    module, function = STEPS[step]
    # models read dbt's manifest when they are imported
    defined = importlib.import_module(f"dagster_project.defs.{module}")
    monkeypatch.setattr(f"{defined.__name__}.{function}", locked_once)
    monkeypatch.setattr(transient, "FIRST_WAIT_SECONDS", 0)
    built = getattr(defined, step)
    is_check = isinstance(built, dg.AssetChecksDefinition)
    select = dg.AssetSelection.checks if is_check else dg.AssetSelection.assets
    job = dg.Definitions(
        assets=None if is_check else [built],
        asset_checks=[built] if is_check else None,
        jobs=[dg.define_asset_job("one_step", select(built))],
        resources={"shop": ShopResource(), "dbt": object()},
    ).resolve_job_def("one_step")
    assert not job.execute_in_process(raise_on_error=False).success
    assert asked == [step, step]


def test_a_verdict_is_not_asked_for_twice():
    with pytest.raises(GateError), tried_again(Step(0)):
        raise GateError("no")
