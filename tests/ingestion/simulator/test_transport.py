"""The way from the systems to the files: rates as set, outages, clocks that are off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from ingestion.errors import SimulationError
from ingestion.simulator import Simulation, simulate, world_of
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.shop import Window
from ingestion.simulator.parameters.transport import Outage, Skew

DAYS = 30
START = date(2026, 2, 1)
MIDNIGHT = datetime(2026, 2, 1, tzinfo=timezone(timedelta(hours=5, minutes=30)))

Shop = Callable[[World], duckdb.DuckDBPyConnection]


def simulated(
    folder: Path, world: World, *, truth: str = "truth", is_told: bool = True
) -> Simulation:
    return simulate(
        orders=800,
        days=DAYS,
        seed=41,
        start=START,
        out=folder / "events" if is_told else None,
        truth=folder / truth,
        world=world,
        period="month",
    )


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Simulate a world; return its ``lines`` and what went ``unreported``, if any."""

    def opened(world: World) -> duckdb.DuckDBPyConnection:
        simulated(tmp_path, world)
        connection = duckdb.connect()
        connection.execute("set timezone = 'Asia/Kolkata'")
        connection.execute(
            f"""
            create table lines as
            select
                json ->> 'event_name' as event_name,
                json ->> 'source' as source,
                (json ->> 'occurred_at')::timestamptz as occurred_at,
                (json ->> 'observed_at')::timestamptz as observed_at,
                coalesce(json ->> 'delivery_id', '') as delivery_id,
                json_merge_patch(
                    json, '{{"observed_at": null, "delivery_id": null}}'
                )::varchar as fact
            from read_json_objects(
                '{tmp_path}/events/*/*.jsonl.gz', format = 'newline_delimited'
            )
            """
        )
        unreported = tmp_path / "truth" / "unreported.parquet"
        if unreported.exists():
            connection.read_parquet(str(unreported)).create_view("unreported")
        return connection

    return opened


def undisturbed(world: World) -> World:
    return replace(world, transport=replace(world.transport, outages=(), skews=()))


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[float, ...]:
    return connection.sql(query).fetchall()[0]


def test_rates_are_as_set(shop: Shop) -> None:
    connection = shop(
        undisturbed(world_of("everyday", late=0.3, duplicated=0.2, missing=0.1))
    )
    reported, twice = one(
        connection,
        """
        select count(*), count(*) filter (copies > 1)
        from (
            select count(*) as copies from lines
            where source like 'shiprocket:%' and observed_at < '2026-02-25'
            group by fact
        )
        """,
    )
    (lost,) = one(
        connection,
        """
        select count(*) from unreported
        where event_name = 'shipment_out_for_delivery'
        """,
    )
    (told,) = one(
        connection,
        """
        select count(distinct fact) from lines
        where event_name = 'shipment_out_for_delivery'
        """,
    )
    assert reported > 1000
    # of some thousand facts; four standard deviations
    assert twice / reported == pytest.approx(0.2, abs=4 * (0.16 / reported) ** 0.5)
    assert lost / (told + lost) == pytest.approx(
        0.1, abs=4 * (0.09 / (told + lost)) ** 0.5
    )


def test_every_fact_is_reported_or_known_to_be_missing(tmp_path: Path) -> None:
    quiet = simulated(tmp_path / "all", undisturbed(world_of("everyday", missing=0)))
    lossy = simulated(tmp_path / "some", undisturbed(world_of("everyday", missing=1)))
    assert quiet.facts == lossy.facts
    unreported = duckdb.sql(
        f"""
        select event_name, count(*)
        from read_parquet('{tmp_path}/some/truth/unreported.parquet')
        group by event_name
        """
    ).fetchall()
    assert dict(unreported)["order_placed"] == quiet.facts["order_placed"] == 800
    assert not (tmp_path / "all" / "truth" / "unreported.parquet").exists()


@pytest.mark.parametrize("recovered", [0.0, 0.75])
def test_nothing_comes_through_an_outage(shop: Shop, recovered: float) -> None:
    window = Window(0.5, 6, 30)
    world = undisturbed(world_of("everyday", missing=0))
    down = Outage("shiprocket", window, recovered)
    connection = shop(
        replace(world, transport=replace(world.transport, outages=(down,)))
    )
    first = MIDNIGHT + timedelta(seconds=window.first(DAYS))
    end = MIDNIGHT + timedelta(seconds=window.end(DAYS))
    inside = f"observed_at >= '{first}' and observed_at < '{end}'"
    (during,) = one(
        connection,
        f"select count(*) from lines where source like 'shiprocket:%' and {inside}",
    )
    (others,) = one(
        connection, f"select count(*) from lines where source like 'wms:%' and {inside}"
    )
    (lost,) = one(connection, "select count(*) from unreported")
    found, soonest = one(
        connection,
        f"""
        select count(*), min(observed_at) >= '{end}'
        from lines
        where delivery_id like 'poll-%'
            and occurred_at < '{end}'
            and source like 'shiprocket:%'
            and fact not in (
                select fact from lines where delivery_id not like 'poll-%'
            )
        """,
    )
    assert during == 0
    assert others > 50
    assert found + lost > 100
    assert bool(soonest) is (recovered > 0) or recovered == 0
    # of some hundred reports; four standard deviations
    assert found / (found + lost) == pytest.approx(
        recovered, abs=4 * (0.1875 / (found + lost)) ** 0.5
    )


def test_a_clock_that_is_ahead_stamps_what_has_not_come_yet(shop: Shop) -> None:
    window = Window(0.3, 0, 72)
    world = undisturbed(world_of("everyday", missing=0))
    skew = Skew("oms", window, 240)
    first = MIDNIGHT + timedelta(seconds=window.first(DAYS))
    end = MIDNIGHT + timedelta(seconds=window.end(DAYS) + skew.seconds)
    connection = shop(replace(world, transport=replace(world.transport, skews=(skew,))))
    ahead, outside = one(
        connection,
        f"""
        select
            count(*),
            count(*) filter (
                source not like 'oms:%'
                or occurred_at < '{first}'
                or occurred_at > '{end}'
            )
        from lines
        where occurred_at > observed_at
        """,
    )
    assert ahead > 50
    assert outside == 0


def test_truth_is_the_same_whether_or_not_anything_is_reported(tmp_path: Path) -> None:
    world = undisturbed(world_of("everyday", missing=0))
    simulated(tmp_path, world)
    simulated(tmp_path, world, truth="alone", is_told=False)
    names = {path.name for path in (tmp_path / "truth").glob("*.parquet")}
    # which lines were broken is known only where there are lines
    assert {"captures.parquet", "parcels.parquet"} < names - {"corrupted.parquet"}
    for name in names - {"corrupted.parquet"}:
        told, alone = (tmp_path / folder / name for folder in ("truth", "alone"))
        (different,) = duckdb.sql(
            f"""
            select count(*)
            from (from '{told}' except all from '{alone}')
            union all
            select count(*)
            from (from '{alone}' except all from '{told}')
            order by 1 desc
            limit 1
            """
        ).fetchall()[0]
        assert different == 0, name


def test_truth_reaches_beyond_the_period(tmp_path: Path) -> None:
    simulated(tmp_path, world_of("everyday"))
    (last,) = duckdb.sql(
        f"select max(remitted_at) from '{tmp_path}/truth/parcels.parquet'"
    ).fetchall()[0]
    assert last > MIDNIGHT + timedelta(days=DAYS)


def test_truth_does_not_lie_among_the_events(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="truth must not lie among the events"):
        simulated(tmp_path, World(), truth="events/truth")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"scenario": "doomsday"}, "no scenario 'doomsday'; known are everyday"),
        ({"scenario": "everyday", "late": 1.5}, "late must be between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_is_named(asked: dict, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        world_of(**asked)
