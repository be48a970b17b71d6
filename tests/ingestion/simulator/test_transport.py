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
                    json,
                    case
                        when json ->> 'event_id' like 'evt-%'
                            then '{{"event_id": null}}'::json
                        else '{{}}'::json
                    end,
                    '{{"observed_at": null, "delivery_id": null}}'
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


def test_what_is_lost_can_be_found_again(tmp_path: Path) -> None:
    """The truth has the very lines that a shop without losses would have sent."""
    simulated(tmp_path / "all", undisturbed(world_of("everyday", missing=0)))
    simulated(tmp_path / "some", undisturbed(world_of("everyday", missing=0.3)))
    lost, ids, unknown = duckdb.sql(
        f"""
        with
        told as (
            select json_merge_patch(
                json, '{{"observed_at": null, "delivery_id": null}}'
            ) as line
            from read_json_objects(
                '{tmp_path}/all/events/*/*.jsonl.gz', format = 'newline_delimited'
            )
        )
        select
            count(*),
            count(line ->> 'event_id'),
            -- what happens just before the end is told after it, if at all
            count(*) filter (
                occurred_at < '2026-02-20'
                and json_merge_patch(line, '{{}}')::varchar not in (
                    select line::varchar from told
                )
            )
        from read_parquet('{tmp_path}/some/truth/unreported.parquet')
        """
    ).fetchall()[0]
    assert lost > 3000
    assert ids > 200
    assert unknown == 0


@pytest.mark.parametrize("told", [True, False])
def test_an_earlier_run_leaves_nothing_behind(tmp_path: Path, *, told: bool) -> None:
    simulated(tmp_path, world_of("everyday", missing=0.2))
    assert (tmp_path / "truth" / "unreported.parquet").exists()
    longer = tmp_path / "events" / "orders" / "2031-01.jsonl.gz"
    longer.write_bytes(b"")
    simulated(tmp_path, undisturbed(world_of("everyday", missing=0)), is_told=told)
    assert not (tmp_path / "truth" / "unreported.parquet").exists()
    assert longer.exists() is not told


@pytest.mark.parametrize("name", ["events/orders/2026-02.jsonl.gz", "truth/a.parquet"])
def test_what_no_simulation_wrote_is_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"somebody's own")
    with pytest.raises(SimulationError, match="name another folder, or empty this"):
        simulated(tmp_path, world_of("everyday"))
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "events").write_bytes(b"")
    with pytest.raises(SimulationError, match="not a folder"):
        simulated(tmp_path, world_of("everyday"))
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
    # carriers' statements of cash come by polls anyway
    scanned = "event_name <> 'cod_remitted'"
    (lost,) = one(connection, f"select count(*) from unreported where {scanned}")
    found, soonest = one(
        connection,
        f"""
        select count(*), min(observed_at) >= '{end}'
        from lines
        where delivery_id like 'poll-%'
            and occurred_at < '{end}'
            and source like 'shiprocket:%'
            and {scanned}
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


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ("events/truth", "truth must not lie among the events"),
        (".", "events must not lie among the truth"),
    ],
)
def test_truth_and_events_lie_apart(tmp_path: Path, truth: str, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        simulated(tmp_path, World(), truth=truth)


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
