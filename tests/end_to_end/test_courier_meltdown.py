"""A courier falls apart: is that seen on the day it begins, in what is published?

The same shop is lived through twice, with and without the meltdown, so that whatever
differs is its doing. On the first day the courier hands nothing over; promises are
padded, and so few of them break at once. A week later its slow parcels are due.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import simulate, world_of
from tests.coverage.estimates import ZONE
from tests.coverage.shops import built_models

COURIER = "xpressbees"
START = date(2026, 3, 2)
DAYS = 66
BEFORE = 56
"""Days until it begins, 0.86 of the period: a Monday, so that weeks are whole."""

FIRST_DAY = START + timedelta(days=BEFORE)
MODELS = ("fct_delivery_attempts", "promise_kept", "rto_rates", "stuck_orders")

# each sign of the courier, and of all others beside it
SIGNS = {
    "failed": f"""
        select
            avg((outcome = 'failed')::int) filter (carrier = '{COURIER}'),
            avg((outcome = 'failed')::int) filter (carrier <> '{COURIER}')
        from marts.fct_delivery_attempts
        where outcome in ('failed', 'delivered')
            and (attempted_at at time zone '{ZONE}')::date = date '{FIRST_DAY}'
    """,
    "kept": f"""
        select
            sum(kept_current) filter (carrier = '{COURIER}')
            / sum(promised) filter (carrier = '{COURIER}'),
            sum(kept_current) filter (carrier <> '{COURIER}')
            / sum(promised) filter (carrier <> '{COURIER}')
        from metrics.promise_kept
        where week >= date '{FIRST_DAY}'
    """,
    "back": f"""
        select
            max(matured_rate) filter (segment = '{COURIER}'),
            sum(matured_rate) filter (segment <> '{COURIER}')
        from metrics.rto_rates
        where segment_type = 'carrier'
    """,
    "stuck": f"""
        select
            count(distinct stuck.order_id) filter (carrier = '{COURIER}'),
            count(distinct stuck.order_id) filter (carrier <> '{COURIER}')
        from marts.stuck_orders as stuck
        inner join marts.fct_shipments as shipments using (order_id)
        where stuck.level = 'stuck' and shipments.outcome = 'open'
    """,
}

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def signs_after(tmp_path_factory):
    """Read what each shop shows so many days after the meltdown began."""
    folder = tmp_path_factory.mktemp("meltdown")
    shops = {}
    for scenario in ("everyday", "courier_meltdown"):
        events = folder / scenario / "events"
        simulate(
            orders=6000,
            days=DAYS,
            seed=3,
            start=START,
            out=events,
            world=world_of(scenario),
            period="month",
        )
        shop = Shop(folder / scenario / "shop", timezone=ZONE, hash_key="invented")
        land_files([events], shop=shop, landed_at=midnight(DAYS), backfill=True)
        shops[scenario] = shop

    def read(days):
        found = []
        for shop in shops.values():
            clock = midnight(BEFORE + days)
            with built_models(shop, clock, MODELS, parsed=folder) as published:
                found.append(
                    {
                        sign: published.sql(query).fetchall()[0]
                        for sign, query in SIGNS.items()
                    }
                )
        return found

    return read


def midnight(days):
    """Return the store's midnight so many days after the first."""
    return datetime.combine(
        START + timedelta(days=days), datetime.min.time(), ZoneInfo(ZONE)
    )


def test_a_meltdown_is_seen_when_its_first_day_ends(signs_after):
    usual, melting = signs_after(1)
    assert {sign: others for sign, (_, others) in melting.items()} == pytest.approx(
        {sign: others for sign, (_, others) in usual.items()}
    )
    shown = {sign: theirs for sign, (theirs, _) in melting.items()}
    expected = {sign: theirs for sign, (theirs, _) in usual.items()}
    assert shown["failed"] == 1 > 0.6 > expected["failed"]
    assert shown["kept"] < expected["kept"]
    assert shown["back"] > expected["back"]
    assert shown["stuck"] >= 2 * expected["stuck"] > 0


@pytest.mark.deep
def test_it_is_plain_a_week_later(signs_after):
    usual, melting = signs_after(10)
    assert melting["kept"][0] < usual["kept"][0] - 0.1
    assert melting["back"][0] > 1.1 * usual["back"][0]
    assert melting["stuck"][0] >= 2 * usual["stuck"][0] > 0
