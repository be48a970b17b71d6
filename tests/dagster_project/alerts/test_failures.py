"""A run that fails is told once, through the rules' channels; its end is told too."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest

from dagster_project.alerts.failures import FailedRun, tell_failure, tell_success
from dagster_project.alerts.standing import FILE
from dagster_project.alerts.standing import FOLDER as ALERTS
from dagster_project.defs import telling
from dagster_project.defs.resources import ShopResource
from ingestion.shop import Shop
from tests.dagster_project.alerts.receivers import closed_port
from tests.dagster_project.alerts.shop import NOW, write_rules

BUILD = FailedRun(
    "micro_batch", "dbt_models", "fct_orders broke\n    name=Asha", "0123456789ab"
)
LAND = FailedRun("micro_batch", "raw_tables", "the disk is full", "1123456789ab")
OTHER = FailedRun("daily", "dbt_models", "fct_orders broke", "2123456789ab")


class Story:
    """Runs of jobs that fail and succeed, an hour apart."""

    def __init__(self, folder, url):
        self.shop = Shop(folder / "shop")
        self.environment = {"HOOK_URL": url}
        self.rules = write_rules(
            folder, failures={"to": ["hook"], "runs": "http://runs.example"}
        )
        self.now = NOW

    def fails(self, failed, after_hours=1):
        self.now += timedelta(hours=after_hours)
        return tell_failure(failed, self.shop, **self.rest())

    def succeeds(self, job="micro_batch"):
        self.now += timedelta(hours=1)
        return tell_success(job, self.shop, **self.rest())

    def rest(self):
        return {
            "environment": self.environment,
            "now": self.now,
            "rules": self.rules,
            "sleep": lambda _: None,
        }


@pytest.fixture
def story(tmp_path, hook):
    return Story(tmp_path, hook.url)


def told(hook):
    return [(each["state"], each["rule"], each["segment"]) for each in hook.got]


def test_a_step_that_keeps_failing_is_told_once_and_its_recovery_once(story, hook):
    for _ in range(3):
        story.fails(BUILD)
    story.succeeds()
    story.succeeds()
    assert told(hook) == [
        ("open", "micro_batch_failed", "dbt_models"),
        ("recovered", "micro_batch_failed", "dbt_models"),
    ]
    assert "Run 01234567 failed: fct_orders broke" in hook.got[0]["text"]
    assert "Asha" not in hook.got[0]["text"]
    assert hook.got[0]["link"] == "http://runs.example/runs/0123456789ab"
    assert "Over after 3.0 hours." in hook.got[1]["text"]


def test_each_job_and_step_is_an_alert_of_its_own(story, hook):
    for failed in (BUILD, LAND, OTHER, BUILD, OTHER):
        story.fails(failed)
    story.succeeds("micro_batch")
    assert told(hook) == [
        ("open", "micro_batch_failed", "dbt_models"),
        ("open", "micro_batch_failed", "raw_tables"),
        ("open", "daily_failed", "dbt_models"),
        ("recovered", "micro_batch_failed", "dbt_models"),
        ("recovered", "micro_batch_failed", "raw_tables"),
    ]


def test_a_job_that_stays_broken_is_said_again_after_a_day(story, hook):
    story.fails(BUILD)
    story.fails(BUILD, after_hours=23)
    story.fails(BUILD, after_hours=1)
    assert [state for state, *_ in told(hook)] == ["open", "still open"]


def test_what_a_channel_missed_is_sent_the_next_time(story, hook):
    story.environment = {"HOOK_URL": f"http://127.0.0.1:{closed_port()}/"}
    assert story.fails(BUILD).is_amiss
    assert told(hook) == []
    story.environment = {"HOOK_URL": hook.url}
    story.fails(BUILD)
    assert [state for state, *_ in told(hook)] == ["open"]


def test_a_job_that_never_failed_says_nothing(story, hook):
    assert story.succeeds().deliveries == ()
    assert told(hook) == []


def test_broken_rules_leave_the_log(story, hook, caplog):
    story.rules.write_text("rules: {")
    story.fails(BUILD)
    assert told(hook) == []
    assert "fct_orders broke (told to the log only:" in caplog.text


def test_the_rules_own_alerts_stand_apart(story):
    story.fails(BUILD)
    assert not (story.shop.folder / ALERTS / FILE).exists()


@dg.op
def lands() -> None:
    raise ValueError("outer") from OSError("the disk is full")


@dg.job
def micro_batch():
    lands()


@pytest.fixture
def watched(story, tmp_path, monkeypatch):
    """The shop and its rules as Dagster's sensors find them."""
    monkeypatch.setenv("POSTORDER_DATA", str(story.shop.folder))
    monkeypatch.setenv("HOOK_URL", story.environment["HOOK_URL"])
    for module in (telling.failures, telling.command):
        monkeypatch.setattr(module, "RULES", story.rules)
    return ShopResource()


def test_dagster_tells_the_step_and_the_cause_that_started_it(watched, hook):
    with dg.DagsterInstance.ephemeral() as instance:
        run = micro_batch.execute_in_process(instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="run_failed",
            dagster_instance=instance,
            dagster_run=run.dagster_run,
            dagster_event=run.get_run_failure_event(),
        )
        telling.run_failed(context.for_run_failure(), shop=watched)
        good = dg.build_run_status_sensor_context(
            sensor_name="run_succeeded",
            dagster_instance=instance,
            dagster_run=run.dagster_run,
            dagster_event=run.get_run_failure_event(),
        )
        telling.run_succeeded(good, shop=watched)
    assert told(hook) == [
        ("open", "micro_batch_failed", "lands"),
        ("recovered", "micro_batch_failed", "lands"),
    ]
    assert "failed: OSError: the disk is full" in hook.got[0]["text"]
