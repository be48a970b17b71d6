"""How fast events land, against DuckDB alone and against dlt's default road.

Every figure is of the very same files in one run, each measurement in a process of
its own, so that its peak memory is its own.
"""

from __future__ import annotations

import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import duckdb

from ingestion.simulator import simulate

EVENTS_PER_ORDER = 31
"""Roughly; the table shows what was really written."""

NOW = datetime(2026, 12, 31, tzinfo=UTC)
SLICE = 100_000
BATCH = 10_000
PARQUET_MILLIONS = 5
ENVELOPE = ("event_name", "source", "occurred_at", "observed_at", "order_id")


def report(millions: tuple[int, ...] = (1, 5, 10)) -> None:
    """Print the landing's time, ratio and memory by size and form of the files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _report_dlt(folder)
        print("\nlanding: judged, hashed, accounted, committed")
        print("form         lines   duckdb s   landing s   ratio   lines/s   peak MiB")
        for size in millions:
            events = folder / f"{size}"
            _apart("simulate", size * 1_000_000, events)
            alone, _, _ = _apart("duckdb", events)
            _report_form("jsonl.gz", events, folder / f"shop.{size}", alone)
            if size <= PARQUET_MILLIONS:
                same = _as_parquet(events, folder / f"{size}.parquet")
                _report_form("parquet", same, folder / f"parquet.{size}", alone)
        print(f"\nwhere the time of {millions[0]} M goes; all but loading at once")
        print(_run("profile", folder / f"{millions[0]}", folder / "profiled").rstrip())
        print(f"\nanother {BATCH:,} events land")
        print("in the warehouse   landing s")
        _apart("simulate", BATCH, folder / "batch", 2)
        for size in millions:
            shop = folder / f"shop.{size}"
            seconds, _, _ = _apart("land", folder / "batch", shop)
            print(f"{size:10,},000,000 {seconds:11.2f}", flush=True)


def _report_form(form: str, events: Path, shop: Path, alone: float) -> None:
    seconds, peak, lines = _apart("land", events, shop)
    print(
        f"{form:8} {lines:11,.0f} {alone:10.1f} {seconds:11.1f} {seconds / alone:7.2f}"
        f" {lines / seconds:9,.0f} {peak:10,.0f}",
        flush=True,
    )


def _report_dlt(folder: Path) -> None:
    """Compare with dlt fed dictionaries; starting up is measured and taken off."""
    _apart("simulate", SLICE, folder / "slice")
    _first_lines(folder / "slice", 1, folder / "one.jsonl")
    _first_lines(folder / "slice", SLICE, folder / "slice.jsonl")
    seconds = {
        (road, path): _apart(road, folder / path, folder / f"{road}.{path}")[0]
        for road in ("dlt", "land")
        for path in ("one.jsonl", "slice.jsonl")
    }
    net = {
        road: seconds[road, "slice.jsonl"] - seconds[road, "one.jsonl"]
        for road in ("dlt", "land")
    }
    print(f"{SLICE:,} events, start-up taken off (s; of it start-up)")
    for road, own in net.items():
        print(f"{road:5} {own:8.2f} {seconds[road, 'one.jsonl']:8.2f}")
    print(f"landing is {net['dlt'] / net['land']:.0f} times as fast", flush=True)


def _apart(task: str, *arguments: object) -> tuple[float, float, float]:
    """Run a task in its own process; return seconds, peak MiB and lines."""
    seconds, peak, lines = map(float, _run(task, *arguments).split()[-3:])
    return seconds, peak, lines


def _run(task: str, *arguments: object) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tests.bench.landing", task, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _simulate(lines: str, folder: str, seed: str = "1") -> int:
    written = simulate(
        orders=max(int(lines) // EVENTS_PER_ORDER, 40),
        days=120,
        seed=int(seed),
        start=date(2026, 3, 1),
        out=Path(folder),
    )
    return sum(written.lines.values())


def _land(events: str, shop: str) -> int:
    # imported here: start-up is not landing
    from ingestion.landing import land_files
    from ingestion.shop import Shop

    global begun
    begun = time.perf_counter()
    landing = land_files(
        [Path(events)],
        shop=Shop(Path(shop), timezone="Asia/Kolkata", hash_key="a bench's key"),
        landed_at=NOW,
        backfill=True,
    )
    delivered = sum(file.delivered for file in landing.files)
    rejected = sum(file.rejected for file in landing.files)
    if rejected > delivered / 100:
        raise RuntimeError(f"{rejected} of {delivered} lines rejected: what landed?")
    return delivered


def _profile(events: str, shop: str) -> int:
    """Land and print the seconds of each step."""
    from tests.bench.profile import STEPS, timed

    steps = timed()
    lines = _land(events, shop)
    print("thread      step                                      s   us per line")
    for thread, step, _, _ in STEPS:
        each = steps[step] / lines * 1e6
        print(f"{thread:10}  {step:38} {steps[step]:6.2f} {each:10.2f}")
    print("\nseconds, peak MiB, lines")
    return lines


def _duckdb(events: str) -> int:
    """Read the lines as text with five envelope fields into a table on disk."""
    paths = [f"$.{field}" for field in ENVELOPE]
    fields = ", ".join(f"found[{n + 1}] as {f}" for n, f in enumerate(ENVELOPE))
    with (
        tempfile.TemporaryDirectory() as name,
        duckdb.connect(f"{name}/lines.duckdb") as connection,
    ):
        connection.execute(
            f"""
            create table lines as
            select json as line, {fields}
            from (
                select json, json_extract_string(json, {paths}) as found
                from read_json_objects('{events}/*/*', format='newline_delimited')
            )
            """
        ).fetchall()
        return int(connection.sql("select count(*) from lines").fetchall()[0][0])


def _dlt(events: str, folder: str) -> int:
    """Feed dlt dictionaries, everything else as it comes.

    But in small files, one at a time: as it comes, 24 GiB are not enough for a slice.
    """
    import dlt

    import ingestion

    del ingestion  # imported first, it switches telemetry off
    dlt.config["load.workers"] = 1
    dlt.config["data_writer.file_max_items"] = 1_000

    lines = Path(events).read_text(encoding="utf-8").splitlines()
    global begun
    begun = time.perf_counter()
    dlt.pipeline(
        "bench",
        destination=dlt.destinations.duckdb(f"{folder}.duckdb"),
        dataset_name="raw",
        pipelines_dir=f"{folder}.dlt",
    ).run((json.loads(line) for line in lines), table_name="events")
    return len(lines)


def _first_lines(folder: Path, count: int, path: Path) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(islice(_lines(folder), count))


def _lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            yield from handle


def _as_parquet(events: Path, folder: Path) -> Path:
    """Write the same events as Parquet, a file for each month of a domain."""
    with duckdb.connect() as connection:
        for domain, month in sorted(
            {
                (path.parent.name, path.name[: len("2026-03")])
                for path in events.rglob("*.jsonl.gz")
            }
        ):
            (folder / domain).mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy (from read_json('{events}/{domain}/{month}*', "
                "format='newline_delimited', convert_strings_to_integers=false, "
                "dateformat='none', timestampformat='none', "
                "map_inference_threshold=-1)) "
                f"to '{folder}/{domain}/{month}.parquet' (format parquet)"
            ).fetchall()
    return folder


_TASKS = {
    "simulate": _simulate,
    "land": _land,
    "profile": _profile,
    "duckdb": _duckdb,
    "dlt": _dlt,
}
begun = 0.0

if __name__ == "__main__":
    begun = time.perf_counter()
    lines = _TASKS[sys.argv[1]](*sys.argv[2:])
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, peak, lines)
