"""How much of a large shop an increment writes anew, and how long it takes.

The last 10,000 events that came in are held back, the rest is landed and built, and
then they are: what a shop of that size sees between two builds.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from ingestion.simulator import simulate
from tests.bench.landing import BATCH, EVENTS_PER_ORDER, NOW

MOST = 0.05
"""The share of a fact that so few events may write anew."""


def report(million: int = 5) -> None:
    """Print seconds, and of each incremental model rows written and their share."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(
            orders=million * 1_000_000 // EVENTS_PER_ORDER,
            days=120,
            seed=1,
            start=date(2026, 3, 1),
            out=folder / "events",
        )
        measure(folder / "events", folder)


def measure(events: Path, folder: Path) -> None:
    """Build on all but the last events of a feed, then on them, and print both."""
    # imported here: they cost seconds that no other benchmark should pay
    from dagster_project.build import build, last_ingested
    from ingestion.landing import land_files
    from ingestion.shop import Shop

    shop = Shop(folder / "shop", timezone="Asia/Kolkata", hash_key="a bench's key")
    lines = hold_back(events, folder)
    reports, seconds = [], []
    for part in ("before", "batch"):
        land_files([folder / part], shop=shop, landed_at=NOW, backfill=True)
        started = time.perf_counter()
        reports.append(build(shop, as_of=last_ingested(shop)))
        seconds.append(time.perf_counter() - started)
    print(f"\n{lines:,} events built in {seconds[0]:.0f} s")
    print(f"{BATCH:,} more in {seconds[1]:.0f} s, of each model")
    print(f"{'model':32} {'rows':>12} {'written':>10} {'share':>7}")
    for each in sorted(reports[1].rewritten, key=lambda each: -each.rows / each.total):
        share = each.rows / each.total
        mark = f"  more than {MOST:.0%}" if share > MOST else ""
        print(f"{each.model:32} {each.total:12,} {each.rows:10,} {share:7.2%}{mark}")


def hold_back(events: Path, folder: Path) -> int:
    """Write a feed's last lines by observation to one folder, the others to another.

    Returns:
        How many the others are.
    """
    for part in ("before", "batch"):
        (folder / part).mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            create view lines as
            select line, regexp_extract(line, '"observed_at":"([^"]+)"', 1)::timestamptz
                as observed_at
            from read_csv(
                '{events}/**/*.jsonl.gz', columns = {{'line': 'varchar'}},
                delim = '\\x01', quote = '', escape = '', header = false
            )
            """
        )
        ((cut,),) = connection.execute(
            f"select min(observed_at) from (select observed_at from lines "
            f"order by observed_at desc limit {BATCH})"
        ).fetchall()
        for part, sign in (("before", "<"), ("batch", ">=")):
            connection.execute(
                f"copy (select line from lines where observed_at {sign} '{cut}') "
                f"to '{folder / part}/events.jsonl.gz' "
                "(format csv, header false, quote '', delim '\\x01')"
            )
        ((count,),) = connection.execute(
            f"select count(*) from lines where observed_at < '{cut}'"
        ).fetchall()
    return int(count)


if __name__ == "__main__":
    os.environ.setdefault("POSTORDER_HASH_KEY", "a bench's key")
    report(int(sys.argv[1]) if sys.argv[1:] else 5)
