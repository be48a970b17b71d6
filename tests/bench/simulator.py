"""How fast the simulator writes, against gzip alone on the very same lines.

Each size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from ingestion.simulator import simulate

EVENTS_PER_ORDER = 29
"""Roughly; the table shows what was really written."""

MILLIONS = (1, 5)
GZIP_LEVEL = 6


def report() -> None:
    """Print lines a second, peak memory and the ratio to gzip, by size."""
    print("simulator: 120 days, gzipped JSON lines by day and domain")
    print("      lines   seconds   lines/s   peak MiB   times gzip alone")
    for millions in MILLIONS:
        orders = millions * 1_000_000 // EVENTS_PER_ORDER
        print(
            subprocess.run(
                [sys.executable, "-m", __name__, str(orders)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout,
            end="",
            flush=True,
        )


def _measure(orders: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        begun = time.perf_counter()
        written = simulate(
            orders=orders, days=120, seed=1, start=date(2026, 3, 1), out=Path(name)
        )
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        squeezing = 0.0
        for path in written.files:
            text = gzip.decompress(path.read_bytes())
            begun = time.perf_counter()
            gzip.compress(text, GZIP_LEVEL)
            squeezing += time.perf_counter() - begun
    lines = sum(written.lines.values())
    print(
        f"{lines:11,} {seconds:9.1f} {lines / seconds:9,.0f} {peak:10,.0f}"
        f" {seconds / squeezing:18.1f}"
    )


if __name__ == "__main__":
    _measure(int(sys.argv[1]))
