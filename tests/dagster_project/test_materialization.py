"""A shop's first days in Dagster, from files to versions; a run that is killed or bad.

One shop lives through all of it, since each batch costs a whole build.
"""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import dagster as dg
import pytest

from dagster_project import canary, gate
from dagster_project.arrivals import landing_zone
from dagster_project.published import connect, current
from ingestion.shop import Shop
from tests.dagster_project.batches import (
    captured,
    deliver,
    placed,
    run_apart,
    run_batch,
)

CANARY = dg.AssetCheckKey(dg.AssetKey(["published", "database"]), "canary")


def told_of(events, key):
    """What was said of the table with this key, by name."""
    found = {}
    for event in events:
        said = event.event_specific_data
        said = getattr(said, "materialization", None) or said.asset_observation
        if said.asset_key.to_user_string() == key:
            found |= {name: value.value for name, value in said.metadata.items()}
    return found


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "shop"))
    monkeypatch.setenv("POSTORDER_HASH_KEY", "a key")
    return Shop(tmp_path / "shop")


def test_what_is_good_is_published_once_and_a_bad_population_is_not(shop):
    deliver(shop, "good", *(placed(n) for n in range(120)), *map(captured, range(120)))
    killed = run_apart(shop, datetime.now(UTC), "after landing")
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert current(shop.published) is None

    canary.plant(shop, now=datetime.now(UTC))
    recovered = run_batch()
    assert recovered.success
    good = current(shop.published)
    assert good is not None
    with connect(good) as connection:
        counted = connection.sql(
            """
            select count(*), count(distinct order_id), sum(captured_amount)
            from marts.fct_orders
            """
        ).fetchall()
        assert counted == [(120, 120, 60000)]

    # the rest had landed before
    (planted,) = canary.known(shop).values()
    landed = told_of(recovered.get_asset_materialization_events(), "raw/order_events")
    lines = len(canary.events_of(planted))
    assert landed.pop("seconds") > 0
    assert landed == {
        "landing_seq": 2,
        "new_files": len(canary.SYSTEMS),
        "delivered_lines": lines,
        "stored_lines": lines,
        "repeated_lines": 0,
        "rejected_lines": 0,
    }

    assert (planted.state, planted.leaked) == (canary.THROUGH, ())
    assert planted.seconds is not None
    assert planted.seconds > 0
    assert not list((landing_zone(shop) / canary.FOLDER).iterdir())
    (checked,) = [
        each
        for each in recovered.get_asset_check_evaluations()
        if each.asset_check_key == CANARY
    ]
    assert checked.passed
    assert checked.metadata["seconds"].value == planted.seconds

    # each event may be; a gateway that captures ten times what was ordered may not
    deliver(
        shop,
        "bad",
        *(placed(n) for n in range(200, 400)),
        *(captured(n, 500000) for n in range(200, 400)),
    )
    result = run_batch()
    assert not result.success
    written = told_of(result.get_asset_observation_events(), "marts/fct_orders")
    assert written["rows"] == 320
    # the clock may move others too
    assert 200 <= written["rows_rewritten"] <= 320
    (failed,) = [
        check for check in result.get_asset_check_evaluations() if not check.passed
    ]
    assert failed.asset_key == dg.AssetKey(["marts", "fct_orders"])
    assert any("captured_to_ordered" in name for name in failed.metadata)
    verdict = gate.last_verdict(shop.working)
    assert verdict is not None
    assert "no more is captured than was ordered" in gate.describe(verdict)
    assert current(shop.published) == good
