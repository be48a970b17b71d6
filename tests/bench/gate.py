"""How long the gate takes on a large shop, suite by suite, and how much memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from ingestion.simulator import simulate
from tests.bench.landing import EVENTS_PER_ORDER, NOW

SHOWN = 12


def report(million: float = 5) -> None:
    """Simulate, land and build a shop, and print what judging it costs."""
    # imported here: they cost seconds that no other benchmark should pay
    from dagster_project.build import build, last_ingested
    from ingestion.landing import land_files
    from ingestion.shop import Shop

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(
            orders=int(million * 1_000_000) // EVENTS_PER_ORDER,
            days=120,
            seed=1,
            start=date(2026, 3, 1),
            out=folder / "events",
        )
        shop = Shop(folder / "shop", timezone="Asia/Kolkata", hash_key="a bench's key")
        land_files([folder / "events"], shop=shop, landed_at=NOW, backfill=True)
        build(shop, as_of=last_ingested(shop), is_tested=False)
        measure(shop.working)


def measure(working: Path) -> None:
    """Judge a built file in a process of its own, and print seconds and memory."""
    judging = multiprocessing.get_context("spawn").Process(target=judge, args=[working])
    judging.start()
    judging.join()
    if judging.exitcode:
        raise SystemExit(judging.exitcode)


def judge(working: Path) -> None:
    """Judge a built file by every suite and print what each took."""
    from dagster_project.quality.suite import Suite, all_suites
    from dagster_project.quality.validate import judge as judge_suites
    from dagster_project.quality.validate import open_for_reading

    seconds: dict[str, float] = {}
    started = time.perf_counter()

    def done(suite: Suite) -> None:
        seconds[suite.name] = time.perf_counter() - started - sum(seconds.values())

    with open_for_reading(working) as connection:
        # none, so that importing Great Expectations counts as no suite's time
        judge_suites(connection, [])
        seconds["(to import Great Expectations)"] = time.perf_counter() - started
        judge_suites(connection, all_suites(), done=done)
    whole = time.perf_counter() - started
    # of the suites that share frames the first pays for them
    for name, each in sorted(seconds.items(), key=lambda item: -item[1])[:SHOWN]:
        print(f"{each:6.2f} s  {name}")
    # kilobytes on Linux
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{whole:6.2f} s  in all, {peak:.2f} GB at most")


if __name__ == "__main__":
    os.environ.setdefault("POSTORDER_HASH_KEY", "a bench's key")
    report(float(sys.argv[1]) if sys.argv[1:] else 5)
