"""A day of the past is published as it could have been known at its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from dagster_project.defs import past
from dagster_project.defs.resources import ShopResource
from dagster_project.publish import publish
from tests.dagster_project.conftest import AS_OF


@pytest.fixture
def asked(shop, build_by_hand, monkeypatch):
    """The clocks that were built for; what is published stands at ``AS_OF``."""
    build_by_hand(shop)
    version = publish(shop)
    monkeypatch.setenv("POSTORDER_DATA", str(shop.folder))
    monkeypatch.setenv("POSTORDER_HASH_KEY", "a key")
    clocks = []

    def run(_shop, *, as_of):
        clocks.append(as_of)
        return SimpleNamespace(version=version)

    monkeypatch.setattr(past, "run", run)
    return clocks


def materialize(day):
    return dg.materialize(
        [past.published_as_of],
        partition_key=f"{day:%Y-%m-%d}",
        resources={"shop": ShopResource()},
        raise_on_error=False,
    )


def test_a_day_that_has_passed_is_built_as_of_its_end(asked):
    result = materialize(AS_OF.date() - timedelta(days=1))
    assert result.success
    assert asked == [datetime(2026, 3, 1, tzinfo=ZoneInfo(past.DAYS.timezone))]
    (made,) = result.get_asset_materialization_events()
    assert made.partition == "2026-02-28"
    assert set(made.materialization.metadata) >= {"version", "as_of", "database"}


def test_a_day_that_has_not_passed_is_refused(asked):
    result = materialize(AS_OF.date())
    assert not result.success
    assert asked == []


def test_a_backfill_is_a_run_for_each_day():
    policy = past.published_as_of.backfill_policy
    assert policy.max_partitions_per_run == 1
