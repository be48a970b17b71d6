"""How soon a watcher publishes new events of a large shop.

Batches arrive in the landing zone of a published shop, one after the other, each when
the clock stands at its last event, and the watcher does its rounds. What a file waits
until it is taken up comes on top: it is added.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from types import SimpleNamespace
from typing import TYPE_CHECKING

import duckdb

from tests.bench.landing import BATCH

if TYPE_CHECKING:
    from dagster_project.build import BuildReport
    from ingestion.shop import Shop

ROUNDS = 12
GOAL_SECONDS = 60
"""At five million events, at the 95th percentile, until readers see a batch."""

MOST_REWRITTEN = 0.05
"""The share of a fact that a batch may write anew at five million events."""

STEPS = ("land", "build", "validate", "publish")


def measure(shop: Shop, batches: Iterable[tuple[datetime, Path]]) -> None:
    """Let batches arrive at a published shop, and print what became of them.

    Prints the rows that the first batch wrote anew of each incremental model, and
    seconds by step of each round, with their median and 95th percentile. A watcher's
    first round comes as it starts, before any file, and is printed apart: it also reads
    the project and the expectations, once.

    Args:
        shop: Which to bring up to date; a watcher may work on it.
        batches: The time of a batch's last event, and its file, which is moved.
    """
    # imported here: they cost seconds that no other benchmark should pay
    from dagster_project.arrivals import SETTLED_SECONDS, landing_zone
    from dagster_project.watch import LOOK_SECONDS, Watcher

    zone = landing_zone(shop)
    zone.mkdir()
    batches = list(batches)
    start = batches[0][0] - timedelta(minutes=1)
    now = SimpleNamespace(at=start)
    watcher = Watcher(shop, every=timedelta(days=999), clock=lambda: now.at)
    waited = SETTLED_SECONDS + LOOK_SECONDS
    begun = watcher.look()
    assert begun is not None
    assert begun.report is not None, begun.error
    print(f"\nthe watcher starts: {sum(begun.seconds.values()):.1f} s")
    seconds, lines = [], []
    for number, (at, batch) in enumerate(batches, 1):
        now.at = at
        arrived = zone / f"{number}.jsonl.gz"
        batch.rename(arrived)
        os.utime(arrived, (0, 0))
        done = watcher.look()
        assert done is not None
        if done.report is None:
            raise done.error or AssertionError("a round that failed says why")
        if number == 1:
            show_rewritten(done.report.build)
        seconds.append(waited + sum(done.seconds.values()))
        steps = "".join(f"{done.seconds[step]:10.1f}" for step in STEPS)
        lines.append(f"{number:5} {waited:8.1f}{steps}{seconds[-1]:10.1f}")
    print(f"\n{BATCH:,} events become visible")
    print(
        f"{'round':>5} {'waits':>8}" + "".join(f"{step:>10}" for step in STEPS), end=""
    )
    print(f"{'seconds':>10}", *lines, sep="\n")
    worst = quantiles(seconds, n=20, method="inclusive")[-1]
    print(f"p50 {median(seconds):.1f} s, p95 {worst:.1f} s; the goal is {GOAL_SECONDS}")


def show_rewritten(report: BuildReport) -> None:
    """Print of each incremental model the rows that a round wrote, and their share."""
    print(f"\n{BATCH:,} events write anew, of each model")
    print(f"{'model':32} {'rows':>12} {'written':>10} {'share':>7}")
    for each in sorted(report.rewritten, key=lambda each: -each.rows / each.total):
        share = each.rows / each.total
        mark = f"  more than {MOST_REWRITTEN:.0%}" if share > MOST_REWRITTEN else ""
        print(f"{each.model:32} {each.total:12,} {each.rows:10,} {share:7.2%}{mark}")


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
