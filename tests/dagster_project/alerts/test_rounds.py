"""A watcher's round that fails is told as a run is; it names no rows and no run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dagster_project.alerts.rounds import teller
from dagster_project.alerts.standing import FOLDER as ALERTS
from dagster_project.build import BuildError
from dagster_project.watch import Round
from ingestion.shop import Shop
from tests.dagster_project.alerts.shop import NOW, write_rules

BROKEN = BuildError("the build failed at 1 node\n  test a: 1 rows\n    name=Asha")


@pytest.fixture
def tell(tmp_path, hook):
    rules = write_rules(
        tmp_path, failures={"to": ["hook"], "runs": "http://runs.example"}
    )
    return teller(Shop(tmp_path / "shop"), {"HOOK_URL": hook.url}, rules=rules)


def a_round(hour, *, error=None):
    seconds = {"land": 1.0, "build": 2.0}
    return Round(NOW + timedelta(hours=hour), files=1, error=error, seconds=seconds)


def test_a_round_that_fails_is_told_once_and_its_end_once(tell, hook):
    tell(a_round(0))
    for hour in (1, 2):
        tell(a_round(hour, error=BROKEN))
    tell(a_round(3))
    tell(a_round(4))
    assert [(each["state"], each["rule"], each["segment"]) for each in hook.got] == [
        ("open", "watch_failed", "build"),
        ("recovered", "watch_failed", "build"),
    ]
    text = hook.got[0]["text"]
    assert "A round failed: the build failed at 1 node test a: 1 rows" in text
    assert "Asha" not in text
    assert hook.got[0]["link"] is None


def test_alerts_that_fail_end_no_round(tell, hook, tmp_path, caplog):
    (tmp_path / "shop" / "dagster").mkdir(parents=True)
    (tmp_path / "shop" / "dagster" / ALERTS).write_text("not a folder")
    tell(a_round(0, error=BROKEN))
    assert hook.got == []
    assert "nobody could be told of the round" in caplog.text
