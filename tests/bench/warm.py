"""How soon a watcher publishes new events of a large shop.

A history is landed, built and published once. Then batches arrive in the landing zone,
one after the other, each when the clock stands at its last event, and the watcher does
its rounds. What a file waits until it is taken up comes on top: it is added.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from types import SimpleNamespace

import duckdb

from ingestion.simulator import simulate
from tests.bench.landing import BATCH, EVENTS_PER_ORDER

ROUNDS = 12
GOAL_SECONDS = 60
"""At five million events, at the 95th percentile, until readers see a batch."""

STEPS = ("land", "build", "validate", "publish")


def report(million: float = 5, rounds: int = ROUNDS) -> None:
    """Print seconds by step of each round, and their median and 95th percentile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(
            orders=int(million * 1_000_000 / EVENTS_PER_ORDER),
            days=120,
            seed=1,
            start=date(2026, 3, 1),
            out=folder / "events",
        )
        measure(folder, rounds)


def measure(folder: Path, rounds: int) -> None:
    """Publish the history under a folder, then let its last batches arrive."""
    # imported here: they cost seconds that no other benchmark should pay
    from dagster_project.arrivals import SETTLED_SECONDS, landing_zone
    from dagster_project.run import run
    from dagster_project.watch import LOOK_SECONDS, Watcher
    from ingestion.shop import Shop

    shop = Shop(folder / "shop", timezone="Asia/Kolkata", hash_key="a bench's key")
    batches = list(cut(folder / "events", folder / "cut", rounds))
    _, history = batches.pop(0)
    run(shop, [history], backfill=True)
    zone = landing_zone(shop)
    zone.mkdir()
    now = SimpleNamespace(at=datetime.now(UTC))
    watcher = Watcher(shop, every=timedelta(days=999), clock=lambda: now.at)
    waited = SETTLED_SECONDS + LOOK_SECONDS
    print(f"\n{BATCH:,} events become visible")
    print(
        f"{'round':>5} {'waits':>8}" + "".join(f"{step:>10}" for step in STEPS), end=""
    )
    print(f"{'seconds':>10}")
    seconds = []
    for number, (at, batch) in enumerate(batches, 1):
        now.at = at
        arrived = zone / f"{number}.jsonl.gz"
        batch.rename(arrived)
        os.utime(arrived, (0, 0))
        done = watcher.look()
        assert done is not None
        if done.error is not None:
            raise done.error
        seconds.append(waited + sum(done.seconds.values()))
        steps = "".join(f"{done.seconds[step]:10.1f}" for step in STEPS)
        print(f"{number:5} {waited:8.1f}{steps}{seconds[-1]:10.1f}", flush=True)
    worst = quantiles(seconds, n=20, method="inclusive")[-1]
    print(f"p50 {median(seconds):.1f} s, p95 {worst:.1f} s; the goal is {GOAL_SECONDS}")


def cut(events: Path, folder: Path, batches: int) -> Iterator[tuple[datetime, Path]]:
    """Cut a feed in the order of observation: all but the last lines, then batches.

    Yields:
        The time of a part's last line, and its file.
    """
    folder.mkdir()
    with duckdb.connect(str(folder / "lines.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            f"""
            create table lines as
            select
                line,
                observed_at,
                -- 0 is the history, 1 the first batch
                greatest(0, {batches} - (
                    row_number() over (order by observed_at desc) - 1
                ) // {BATCH}) as part
            from (
                select
                    line,
                    regexp_extract(line, '"observed_at":"([^"]+)"', 1)::timestamptz
                        as observed_at
                from read_csv(
                    '{events}/**/*.jsonl.gz', columns = {{'line': 'varchar'}},
                    delim = '\\x01', quote = '', escape = '', header = false
                )
            )
            """
        )
        for part in range(batches + 1):
            path = folder / f"{part}.jsonl.gz"
            connection.execute(
                f"copy (select line from lines where part = {part}) to '{path}' "
                "(format csv, header false, quote '', delim '\\x01')"
            )
            ((last,),) = connection.execute(
                f"select max(observed_at) from lines where part = {part}"
            ).fetchall()
            yield last, path


if __name__ == "__main__":
    report(float(sys.argv[1]) if sys.argv[1:] else 5)
