"""Lines broken on purpose: each is refused, for the reason it was broken."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import Simulation, simulate, world_of
from ingestion.simulator.record.corruption import ANY_LINE, CONFLICT, SOME_LINES

Place = tuple[str, int]  # file among the events, line number


@dataclass(frozen=True)
class Broken:
    """A simulated shop with broken lines, and which those are."""

    events: Path
    simulation: Simulation
    codes: dict[Place, str]


def broken_shop(folder: Path, *, orders: int, corrupted: float) -> Broken:
    simulation = simulate(
        orders=orders,
        days=60,
        seed=29,
        start=date(2026, 2, 1),
        out=folder / "events",
        truth=folder / "truth",
        period="month",
        world=world_of("everyday", corrupted=corrupted),
    )
    account = pq.read_table(folder / "truth" / "corrupted.parquet").to_pylist()
    return Broken(
        folder / "events",
        simulation,
        {(row["file"], row["line_number"]): row["reason_code"] for row in account},
    )


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Broken:
    return broken_shop(tmp_path_factory.mktemp("broken"), orders=1500, corrupted=0.15)


def refused_by_the_checker(broken: Broken, shared: Path, folder: Path) -> dict:
    found: dict[Place, str] = {}
    for path in broken.simulation.files:
        plain = folder / "plain.jsonl"
        plain.write_bytes(gzip.decompress(path.read_bytes()))
        check = [sys.executable, str(shared / "contract" / "check.py"), "validate"]
        result = subprocess.run(
            [*check, str(plain), "--now", "2026-12-31T00:00:00Z"],
            capture_output=True,
            text=True,
            check=False,
        )
        name = str(path.relative_to(broken.events))
        for line, code in re.findall(r"line (\d+): (\w+)", result.stdout):
            found[name, int(line)] = code
    return found


def refusals(broken: Broken) -> dict[Place, str]:
    """Return what landing refuses: of lines that became equal, the first alone."""
    lines = {
        str(path.relative_to(broken.events)): gzip.decompress(path.read_bytes()).split(
            b"\n"
        )
        for path in broken.simulation.files
    }
    first: dict[bytes, Place] = {}
    for name, number in sorted(broken.codes):
        first.setdefault(lines[name][number - 1], (name, number))
    # a second story of one fact lands; the models find the clash
    return {
        place: broken.codes[place]
        for place in first.values()
        if broken.codes[place] != CONFLICT
    }


def landed(events: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    """Land the events; return the working database."""
    shop = Shop(folder, timezone="Asia/Kolkata", hash_key="k" * 32)
    now = datetime(2026, 12, 31, tzinfo=UTC)
    land_files([events], shop=shop, landed_at=now, backfill=True)
    return duckdb.connect(str(shop.working), read_only=True)


def test_every_kind_of_fault_occurs(broken: Broken) -> None:
    known = {fault.reason_code for fault in (*ANY_LINE, *SOME_LINES)} | {CONFLICT}
    lines = sum(broken.simulation.lines.values())
    # of some 45,000 lines: four standard deviations
    assert len(broken.codes) / lines == pytest.approx(
        0.15, abs=4 * (0.13 / lines) ** 0.5
    )
    counts = Counter(broken.codes.values())
    assert set(counts) == known


def test_the_contract_refuses_each_for_its_reason(
    broken: Broken, shared: Path, tmp_path: Path
) -> None:
    assert refused_by_the_checker(broken, shared, tmp_path) == broken.codes


def test_landing_refuses_each_for_its_reason(broken: Broken, tmp_path: Path) -> None:
    with landed(broken.events, tmp_path) as working:
        rows = working.sql(
            "select landed_file, line_number, reason_code from raw.rejected_events"
        ).fetchall()
    refused = {
        ("/".join(Path(file).parts[-2:]), number): code for file, number, code in rows
    }
    assert refused == refusals(broken)


def test_nothing_is_refused_where_nothing_is_broken(tmp_path: Path) -> None:
    whole = broken_shop(tmp_path, orders=400, corrupted=0)
    assert whole.codes == {}
    with landed(whole.events, tmp_path / "shop") as working:
        refused = working.sql("select * from raw.rejected_events").fetchall()
    assert refused == []
