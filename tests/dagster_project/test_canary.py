"""A planted order is followed from file to version; one that is lost or shows is told.

That a whole build keeps it out of marts is seen in ``test_materialization``.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from dagster_project import canary, shops
from dagster_project.alerts.findings import Outcome
from dagster_project.arrivals import landing_zone
from dagster_project.canary import Canary
from dagster_project.publish import publish
from dagster_project.run import land
from ingestion.contract.catalogue import load_catalogue
from tests.dagster_project.alerts.shop import judged
from tests.dagster_project.conftest import AS_OF


@pytest.fixture
def own(shop):
    shops.claim(shop, "own")
    return shop


def files(shop):
    return sorted((landing_zone(shop) / canary.FOLDER).glob("*"))


def test_every_system_tells_of_it_in_the_words_of_the_contract(own):
    planted = canary.plant(own, now=AS_OF)
    assert len(files(own)) == len(canary.SYSTEMS) == 5
    landed = land(own, [landing_zone(own)], now=AS_OF + timedelta(minutes=5))
    assert [file.rejected for file in landed.files] == [0] * 5
    told = canary.events_of(planted)
    assert sum(file.stored for file in landed.files) == len(told)
    events = load_catalogue().events
    assert {events[each["event_name"]].domain for each in told} == set(
        load_catalogue().event_views
    )
    assert all(each["is_synthetic"] for each in told)
    # its own predecessors come first: it is a story, not a heap of events
    for number, each in enumerate(told):
        wanted = set(events[each["event_name"]].allowed_predecessors)
        assert not wanted or wanted & {before["event_name"] for before in told[:number]}


def test_planting_again_is_planting_once(own):
    canary.plant(own, now=AS_OF)
    before = {path: path.read_bytes() for path in files(own)}
    canary.plant(own, now=AS_OF)
    assert {path: path.read_bytes() for path in files(own)} == before
    assert len(canary.known(own)) == 1


@pytest.mark.parametrize("kind", ["sample", None])
def test_a_shop_without_events_of_its_own_gets_none(shop, kind):
    if kind:
        shops.claim(shop, kind)
    with pytest.raises(shops.ShopError, match="holds no events of your own"):
        canary.plant(shop, now=AS_OF)
    assert not landing_zone(shop).exists()


def test_a_system_that_lost_its_part_is_named(own):
    canary.plant(own, now=AS_OF)
    (lost,) = (path for path in files(own) if path.stem.endswith("payments"))
    lost.unlink()
    land(own, [landing_zone(own)], now=AS_OF)
    (soon,) = canary.check(own, now=AS_OF + canary.LOST_AFTER)
    assert soon.state == canary.WAITING
    assert "payment_captured: not landed" in soon.missing
    assert "order_placed: no fact" in soon.missing
    (late,) = canary.check(own, now=AS_OF + canary.LOST_AFTER + timedelta(seconds=1))
    assert late.state == canary.LOST
    assert canary.failing([late], AS_OF) == [late]
    assert len(files(own)) == 4


def test_one_that_a_published_table_shows_has_leaked(own, build_by_hand):
    planted = canary.plant(own, now=AS_OF)
    build_by_hand(
        own,
        changes=f"""
            update marts.fct_orders set order_id = '{planted.order_id}'
            where order_id = (select min(order_id) from marts.fct_orders);
            drop table intermediate.int_event_copies;
            create or replace table raw.order_events as
            select
                'order_placed' as event_name, 1 as content_hash, true as is_synthetic,
                now() as ingested_at, '' as order_id;
            create or replace table raw.payment_events as from raw.order_events;
            create or replace table raw.return_events as from raw.order_events;
        """,
    )
    publish(own)
    (found,) = canary.check(own, now=AS_OF)
    assert (found.state, found.leaked) == (canary.LEAKED, ("marts.fct_orders",))


def at(minutes, state):
    return Canary(f"canary-{minutes}", AS_OF + timedelta(minutes=minutes), state)


NEVER_LOOKED_AFTER = at(-90, canary.WAITING)


@pytest.mark.parametrize(
    ("canaries", "outcome", "says"),
    [
        ([], Outcome.NOT_JUDGED, None),
        ([at(0, canary.WAITING)], Outcome.FINE, "the last came through"),
        ([at(0, canary.LOST), at(5, canary.THROUGH)], Outcome.FINE, "the last came"),
        ([at(0, canary.THROUGH), at(5, canary.LOST)], Outcome.ALARMING, "is lost"),
        ([NEVER_LOOKED_AFTER], Outcome.ALARMING, "canary--90 is lost"),
        ([at(0, canary.LEAKED), at(5, canary.WAITING)], Outcome.ALARMING, "is leaked"),
    ],
)
def test_the_rules_tell_of_one_that_is_lost_until_one_comes_through(
    tmp_path, canaries, outcome, says
):
    rule = {"warehouse": "canary_lost", "message": "{detail}"}
    (found,) = judged(tmp_path, rule, canaries=canaries, now=AS_OF).values()
    assert found.outcome is outcome
    assert says is None or says in found.names["detail"]


def test_what_is_remembered_survives_and_is_not_endless(own):
    for hour in range(canary.KEPT + 5):
        canary.plant(own, now=AS_OF + timedelta(hours=hour))
    kept = canary.known(own)
    assert len(kept) == canary.KEPT
    first = next(iter(kept.values()))
    assert first.planted_at == AS_OF + timedelta(hours=5)
    record = own.folder / canary.FOLDER / canary.RECORD
    assert json.loads(record.read_text())[0]["order_id"] == first.order_id
