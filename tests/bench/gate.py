"""How long the gate takes on a large shop, suite by suite, and how much memory."""

from __future__ import annotations

import multiprocessing
import re
import time
from pathlib import Path

SHOWN = 12
GOAL = "10 s and 1 GB at five million events"


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
        judge_suites(connection, all_suites(), done=done)
    whole = time.perf_counter() - started
    # of suites that share frames the first pays for them, and the very first for
    # importing Great Expectations
    for name, each in sorted(seconds.items(), key=lambda item: -item[1])[:SHOWN]:
        print(f"{each:6.2f} s  {name}")
    print(f"{whole:6.2f} s  in all, {peak():.2f} GB at most; the goals are {GOAL}")


def peak() -> float:
    """Return the most memory this process has had, in GB, as Linux tells it.

    What a process says of its resources begins with what its parent had.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kilobytes) / 1024**2
