"""What a large shop costs: to build, to judge, to read, and to keep up to date.

A history is landed, built and published once, and all that is measured stands on it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from ingestion.simulator import simulate
from tests.bench import gate, warm
from tests.bench.landing import EVENTS_PER_ORDER

DAYS = 120


def report(million: float = 5, rounds: int = warm.ROUNDS) -> None:
    """Simulate a shop, and print what its first build, gate, pages and rounds take."""
    # imported here: they cost seconds that no other benchmark should pay
    from dagster_project.run import run
    from ingestion.shop import Shop

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(
            orders=int(million * 1_000_000) // EVENTS_PER_ORDER,
            days=DAYS,
            seed=1,
            start=date(2026, 3, 1),
            out=folder / "events",
        )
        batches = list(warm.cut(folder / "events", folder / "cut", rounds))
        _, history = batches.pop(0)
        shop = Shop(folder / "shop", timezone="Asia/Kolkata", hash_key="a bench's key")
        started = time.perf_counter()
        done = run(shop, [history], backfill=True)
        seconds = time.perf_counter() - started
        events = sum(file.stored for file in done.landing.files)
        print(f"\n{events:,} events of {DAYS} days published in {seconds:.0f} s")
        gate.measure(shop.working)
        # a process of its own: what stands in for the server patches Streamlit
        subprocess.run(
            [sys.executable, "-m", "tests.bench.pages", str(shop.folder)], check=True
        )
        warm.measure(shop, batches)


if __name__ == "__main__":
    os.environ.setdefault("POSTORDER_HASH_KEY", "a bench's key")
    report(
        float(sys.argv[1]) if sys.argv[1:] else 5,
        int(sys.argv[2]) if sys.argv[2:] else warm.ROUNDS,
    )
