"""A simulated shop whose last days are held back, to be landed with a fault in them."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from dagster_project.build import attempt, dbt_places, last_ingested, run_dbt
from dagster_project.quality.suite import HISTORIES, load_suites
from dagster_project.quality.validate import judge
from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import simulate
from tests.gate.faults import Event, Fault, planted

ZONE = "Asia/Kolkata"
START = date(2026, 3, 1)
DAYS = 92
END = datetime(2026, 5, 31, 18, 30, tzinfo=UTC)  # midnight after the last day
HELD_BACK = 15
LANDED_AT = datetime(2027, 1, 1, tzinfo=UTC)

# what the frames of the gate read, and silence
READ = (
    "+int_order_event_facts +int_payment_event_facts +int_return_event_facts "
    "+int_events_described +int_event_copies +rejected_events +missing_events holidays"
)


def simulated(folder: Path, *, orders: int, seed: int) -> Path:
    """Write the events of a clean shop, a file a domain and day."""
    simulate(orders=orders, days=DAYS, seed=seed, start=START, out=folder)
    return folder


def day_of(path: Path) -> date:
    return date.fromisoformat(path.name.removesuffix(".jsonl.gz"))


def files(events: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of the days before, and of the days held back."""
    cut = START + timedelta(days=DAYS - HELD_BACK)
    found = sorted(events.glob("*/*.jsonl.gz"))
    return (
        [path for path in found if day_of(path) < cut],
        [path for path in found if day_of(path) >= cut],
    )


def land_and_build(shop: Shop, paths: list[Path]) -> None:
    land_files(paths, shop=shop, landed_at=LANDED_AT, backfill=True)
    clock = min(last_ingested(shop), END)
    with attempt(shop, as_of=clock, full_refresh=False, is_whole=False) as (working, _):
        run_dbt(
            working,
            [
                "build",
                "--exclude-resource-type",
                "test",
                "--exclude-resource-type",
                "unit_test",
                "--select",
                *READ.split(),
                "--vars",
                f"{{store_timezone: {ZONE}}}",
                *dbt_places(shop),
            ],
        )


def with_fault(folder: Path, fault: Fault | None, paths: list[Path]) -> list[Path]:
    """Write the days held back with the fault in the last of them."""
    written = []
    since = START + timedelta(days=DAYS - (fault.days if fault else 0))
    for path in paths:
        told = folder / path.parent.name / path.name
        told.parent.mkdir(parents=True, exist_ok=True)
        if fault is None or day_of(path) < since:
            shutil.copyfile(path, told)
        else:
            with gzip.open(told, "wt", encoding="utf-8") as lines:
                for event in planted(fault, read(path), END):
                    lines.write(json.dumps(event) + "\n")
        written.append(told)
    return written


def read(path: Path) -> Iterator[Event]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def flagged(shop: Shop, as_of: datetime | None = None) -> set[str]:
    """Return the checks that do not hold, by name."""
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        if as_of:
            connection.execute("update control.clock set as_of = $1", [as_of])
        failures, warnings, _ = judge(connection, load_suites(HISTORIES))
        refused = connection.execute(
            "select distinct 'refused, ' || reason_code from marts.rejected_events"
        ).fetchall()
        silent = connection.execute(
            """
            select distinct 'silent, ' || source
            from marts.missing_events
            cross join control.clock
            where is_silent and event_name = 'any'
                and hour <= as_of and hour > as_of - interval '1 day'
            """
        ).fetchall()
    return {
        *(
            f"{each.suite}, {each.measure}, {each.column}"
            for each in failures + warnings
        ),
        *(name for (name,) in [*refused, *silent]),
    }
