"""A source that falls silent is named at once; a quiet month raises no alarm."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from dagster_project.build import attempt, dbt_places, last_ingested, run_dbt
from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import simulate
from ingestion.simulator.scenarios import SCENARIOS

ZONE = "Asia/Kolkata"
# A Sunday in the zone. A week earlier the gateway's outage would fall on a holiday of
# banks, when its settlements rest, and too little else comes in 19 hours to be missed.
BEGUN = datetime(2026, 3, 7, 18, 30, tzinfo=UTC)
DAYS = 92
ORDERS = 2300


def shop_of(folder, scenario, seed):
    """A shop into which a scenario has landed."""
    shop = Shop(folder / "shop", timezone=ZONE, hash_key="a test's key")
    simulate(
        orders=ORDERS,
        days=DAYS,
        seed=seed,
        start=BEGUN.astimezone(ZoneInfo(ZONE)).date(),
        world=SCENARIOS[scenario].world,
        out=folder / "events",
    )
    land_files(
        [folder / "events"],
        shop=shop,
        landed_at=datetime(2027, 1, 1, tzinfo=UTC),
        backfill=True,
    )
    shutil.rmtree(folder / "events")
    return shop


def judge(shop, as_of=None):
    """Build what silence is judged by; the end of the history is the clock."""
    as_of = as_of or last_ingested(shop)
    with attempt(shop, as_of=as_of, full_refresh=True, is_whole=False) as (working, _):
        run_dbt(
            working,
            [
                "build",
                "--exclude-resource-type",
                "test",
                "--exclude-resource-type",
                "unit_test",
                "--full-refresh",
                "--select",
                "+missing_events",
                "--vars",
                f"{{store_timezone: {ZONE}}}",
                *dbt_places(shop),
            ],
        )


def rows(shop, query):
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.sql(query).fetchall()


def outages():
    """System -> from when to when its reports stay away, as the scenario says."""
    told = {}
    for outage in SCENARIOS["webhook_silent"].world.transport.outages:
        since = BEGUN + timedelta(seconds=outage.window.first(DAYS))
        told[outage.system] = (since, since + timedelta(hours=outage.window.hours))
    return told


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    shop = shop_of(tmp_path_factory.mktemp("silent"), "webhook_silent", 7)
    judge(shop)
    return shop


def test_silent_sources_are_named_and_no_others(silent):
    """Named while they are silent; the shop tells customers only what it hears."""
    found = rows(
        silent,
        """
        select split_part(source, ':', 1), min(hour), max(hour), min(window_started_at)
        from marts.missing_events
        where is_silent
        group by all
        """,
    )
    spans = {source: span for source, *span in found}
    told = outages()
    told["crm"] = told["shiprocket"]
    assert set(outages()) <= set(spans) <= set(told)
    for source, (first, last, window) in spans.items():
        since, until = told[source]
        # a poll brings what it kept up to fourteen hours later
        assert since <= first <= last <= until + timedelta(hours=14)
        # from the last event before, which may have come hours earlier
        assert window >= since - timedelta(hours=12)


def test_silence_is_named_once_sixteen_events_are_missing(silent):
    """Counted again from the log, hour by hour, for events that come one by one."""
    since, until = outages()["shiprocket"]
    named = dict(
        rows(
            silent,
            f"""
            select event_name, min(hour)
            from marts.missing_events
            where is_silent and source like 'shiprocket:%' and burst = 1
                and hour between '{since}' and '{until}'
            group by event_name
            """,
        )
    )
    assert {"any", "shipment_delivered"} & set(named)
    for event_name, hour in named.items():
        told = f"'{event_name}' in ('any', event_name)"
        arrivals = [
            moment
            for (moment,) in rows(
                silent,
                "select ingested_at from intermediate.int_events_described "
                f"where source like 'shiprocket:%' and {told}",
            )
        ]
        heard = max(moment for moment in arrivals if moment < hour)
        first = BEGUN + timedelta(hours=(heard - BEGUN) // timedelta(hours=1) + 1)
        missing, judged = 0.0, first
        while missing < 16:
            missing += (
                sum(
                    judged - timedelta(weeks=week)
                    <= moment
                    < judged - timedelta(weeks=week) + timedelta(hours=1)
                    for moment in arrivals
                    for week in (1, 2, 3, 4)
                )
                / 4
            )
            judged += timedelta(hours=1)
        assert hour == judged - timedelta(hours=1), event_name


def no_alarm(shop):
    judge(shop)
    ((judged, hours, days, silent),) = rows(
        shop,
        """
        select
            count(*), count(distinct hour), max(hour) - min(hour),
            count(*) filter (where is_silent)
        from marts.missing_events
        """,
    )
    assert judged > 50_000
    assert hours == 720
    assert days == timedelta(hours=719)
    assert silent == 0


@pytest.mark.deep
def test_thirty_quiet_days_raise_no_alarm(tmp_path):
    """Each hour is judged by what came until then: 720 clocks in one build."""
    no_alarm(shop_of(tmp_path, "everyday", 1))


@pytest.mark.deep
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_no_quiet_shop_raises_an_alarm(tmp_path, seed):
    no_alarm(shop_of(tmp_path, "everyday", seed))


@pytest.mark.deep
def test_an_hour_is_judged_then_as_it_is_afterwards(silent, tmp_path):
    """What a clock inside the outage shows is what a later clock says of it."""
    since, until = outages()["shiprocket"]
    as_of = until - timedelta(hours=20)
    shop = Shop(tmp_path / "then", timezone=ZONE, hash_key="a test's key")
    shutil.copytree(silent.folder, shop.folder)
    judge(shop, as_of)
    judged = f"""
        select source, event_name, hour, expected_count, observed_count, is_silent
        from marts.missing_events
        where hour between '{since}' and '{as_of - timedelta(hours=1)}'
        order by all
        """
    then = rows(shop, judged)
    assert then == rows(silent, judged)
    assert any(row[-1] for row in then)
