"""A simulated shop, built once to each of a few days, and what its gate flags."""

from __future__ import annotations

import functools
import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from dagster_project.build import attempt, dbt_places, last_ingested, run_dbt
from dagster_project.quality.suite import HISTORIES, load_suites
from dagster_project.quality.validate import judge
from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import simulate
from tests.gate.faults import Fault
from tests.gate.planting import Event

ZONE = "Asia/Kolkata"
LANDED_AT = datetime(2027, 1, 1, tzinfo=UTC)
CLEAN_DAYS = 60

# silence is judged of all clean days; parsed once for all shops
VARIABLES = json.dumps(
    {"store_timezone": ZONE, "silence_judged_hours": 24 * CLEAN_DAYS}
)

# what the frames of the gate read, and silence
READ = (
    "+int_order_event_facts +int_payment_event_facts +int_return_event_facts "
    "+int_events_described +int_event_copies +rejected_events +missing_events holidays"
)


@dataclass(frozen=True)
class Simulated:
    """The events of a clean shop, a file a domain and day.

    Attributes:
        folder: Where they are.
        start: The first day, in the shop's zone.
        days: How many days.
    """

    folder: Path
    start: date
    days: int

    @property
    def end(self) -> datetime:
        """Midnight after the last day."""
        last = self.start + timedelta(days=self.days)
        return datetime.combine(last, time(), ZoneInfo(ZONE)).astimezone(UTC)

    def told(self, before_last: int, until_last: int = 0) -> Iterator[Event]:
        """Give the events of the days from one number before the end to another."""
        since = self.start + timedelta(days=self.days - before_last)
        until = self.start + timedelta(days=self.days - until_last)
        for path in sorted(self.folder.glob("*/*.jsonl.gz")):
            if since <= date.fromisoformat(path.name.removesuffix(".jsonl.gz")) < until:
                with gzip.open(path, "rt", encoding="utf-8") as lines:
                    yield from map(json.loads, lines)


def simulated(
    folder: Path, *, orders: int, seed: int, start: date, days: int = 92
) -> Simulated:
    """Write the events of a clean shop."""
    simulate(orders=orders, days=days, seed=seed, start=start, out=folder)
    return Simulated(folder, start, days)


def shop_at(folder: Path) -> Shop:
    return Shop(folder, timezone=ZONE, hash_key="a test's key")


def later(
    before: Shop | None, events: Iterator[Event], end: datetime, folder: Path
) -> Shop:
    """Land events in a copy of a shop, or in a new one, and build what the gate reads.

    Args:
        before: The shop as it was.
        events: What it is told.
        end: The latest clock; it stands at the last event where that is earlier.
        folder: Where the new shop is made.
    """
    shop = shop_at(folder / "shop")
    if before is not None:
        shutil.copytree(before.folder, shop.folder)
    told = folder / "told.jsonl.gz"
    told.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(told, "wt", encoding="utf-8", compresslevel=1) as lines:
        lines.writelines(json.dumps(event) + "\n" for event in events)
    land_files([told], shop=shop, landed_at=LANDED_AT, backfill=True)
    _build(shop, end)
    return shop


def with_fault(
    before: Shop, fault: Fault, simulated: Simulated, days: int, folder: Path
) -> Shop:
    """Tell a shop its last days with a fault in the newest of them."""
    clean = simulated.told(days, fault.days)
    faulty = fault.planted(simulated.told(fault.days), simulated.end)
    return later(before, chain(clean, faulty), simulated.end, folder)


@functools.cache
def _parsed() -> Any:
    """Return dbt's manifest, which is the same for all of these shops."""
    with TemporaryDirectory() as folder:
        places = dbt_places(shop_at(Path(folder)))
        return run_dbt(None, ["parse", "--vars", VARIABLES, *places])


def _build(shop: Shop, end: datetime) -> None:
    clock = min(last_ingested(shop), end)
    # a whole build of all there is here: the next one may stand on it
    with attempt(shop, as_of=clock) as (working, _):
        run_dbt(
            working,
            [
                "build",
                "--no-write-json",
                *("--exclude-resource-type", "test"),
                *("--exclude-resource-type", "unit_test"),
                *("--select", *READ.split()),
                *("--vars", VARIABLES),
                *dbt_places(shop),
            ],
            manifest=_parsed(),
        )


def flagged(shop: Shop, days_before: int = 0) -> set[str]:
    """Return what the gate says of the newest day, or as it said it days before.

    What is refused is listed whatever the day; silences are those of the last day.
    """
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("begin")
        connection.execute(
            "update control.clock set as_of = as_of - to_days($1)", [days_before]
        )
        failures, warnings, _ = judge(connection, load_suites(HISTORIES))
        refused = connection.execute(
            "select distinct 'refused, ' || reason_code from marts.rejected_events"
        ).fetchall()
        silent = connection.execute(
            """
            select distinct 'silent, ' || source
            from marts.missing_events
            cross join control.clock
            where is_silent and hour <= as_of and hour > as_of - interval '1 day'
            """
        ).fetchall()
        connection.execute("rollback")
    return {
        *(
            f"{each.suite}, {each.measure}, {each.column}"
            for each in failures + warnings
        ),
        *(name for (name,) in [*refused, *silent]),
    }
