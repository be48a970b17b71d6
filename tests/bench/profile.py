"""Where the time of a landing goes, by thread and step."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

from ingestion.judge import judge
from ingestion.landing import core, pipelines, spool
from ingestion.landing.repeats import Repeats

STEPS: tuple[tuple[str, str, Any, str], ...] = (
    ("reading", "unpacked and split into lines", core, "batches"),
    ("judging", "shapes read, hashed, repeats found", judge.Judge, "read"),
    ("judging", "  of it repeats", Repeats, "first"),
    ("verdicts", "values typed and judged", judge.Judge, "_rows"),
    ("verdicts", "rejections masked and kept", core.Run, "keep_refused"),
    ("writing", "rows to Parquet", spool.Spool, "_add"),
    ("loading", "dlt and the warehouse's own tables", pipelines, "load_tables"),
)
"""Thread, step, and the function that does it; reading to writing go on at once."""


def timed() -> dict[str, float]:
    """Time the steps of every landing from here on; return step -> seconds, filled."""
    seconds = dict.fromkeys((step for _, step, _, _ in STEPS), 0.0)
    for _, step, owner, name in STEPS:
        setattr(owner, name, _timed(getattr(owner, name), step, seconds))
    return seconds


def _timed(
    function: Callable[..., Any], step: str, seconds: dict[str, float]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        result = function(*args, **options)
        seconds[step] += time.perf_counter() - begun
        if hasattr(result, "__next__"):
            return _each(result, step, seconds)
        return result

    return run


def _each(items: Any, step: str, seconds: dict[str, float]) -> Iterator[Any]:
    """Time a generator's own work, not that of who takes from it."""
    while True:
        begun = time.perf_counter()
        try:
            item = next(items)
        except StopIteration:
            return
        finally:
            seconds[step] += time.perf_counter() - begun
        yield item
