"""Batches of Dagster and rounds of a watcher on a shop of a few orders, run whole or
killed on the way.

``python -m tests.dagster_project.batches KIND TIME [POINT]`` runs one on the shop that
the environment names, as a run worker or ``postorder watch`` would, and dies by SIGKILL
where told to.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.arrivals import SETTLED_SECONDS, landing_zone
from ingestion.shop import Shop

ROOT = Path(__file__).resolve().parents[2]

BATCH = "batch"
WATCH = "watch"

Point = tuple[str, str, bool]

# Where a function is taken from, and whether it has done its work before we die.
ANYWHERE: dict[str, Point] = {
    "while landing": ("ingestion.landing.pipelines", "load_ledger", False),
    "before announcing": ("dagster_project.publish", "point_at", False),
    "after announcing": ("dagster_project.publish", "remember", False),
}
POINTS: dict[str, dict[str, Point]] = {
    BATCH: {
        **ANYWHERE,
        "after landing": ("dagster_project.defs.landing", "land", True),
        "after building": ("dagster_project.defs.models", "rewritten_in", False),
        "after validating": ("dagster_project.defs.quality", "validate", True),
    },
    WATCH: {
        **ANYWHERE,
        "after landing": ("dagster_project.run", "land", True),
        "after building": ("dagster_project.run", "validate", False),
        "after validating": ("dagster_project.run", "validate", True),
    },
}
WHILE_BUILDING = "while building"
NODES_BUILT = 40

# No step takes so long; a machine may have others to serve.
GIVEN_UP_SECONDS = 1800


def placed(number: int, **changes: Any) -> dict[str, Any]:
    """One order of one line, as the contract says it."""
    return {
        "event_name": "order_placed",
        "source": "shop:web",
        "occurred_at": f"2026-03-01T10:{number % 60:02}:00Z",
        "order_id": f"o-{number}",
        "customer_id": f"c-{number}",
        "currency": "INR",
        "total_minor": 50000,
        "payment_mode": "prepaid",
        "lines": [
            {
                "order_line_id": f"o-{number}-1",
                "sku": "SKU-1",
                "quantity": 1,
                "unit_price_minor": 50000,
            }
        ],
        **changes,
    }


def captured(number: int, amount: int = 50000) -> dict[str, Any]:
    """The capture of that order's money."""
    return {
        "event_name": "payment_captured",
        "source": "gateway:cards",
        "occurred_at": f"2026-03-01T11:{number % 60:02}:00Z",
        "order_id": f"o-{number}",
        "payment_id": f"p-{number}",
        "capture_id": f"p-{number}-1",
        "is_partial": False,
        "gateway": "cards",
        "payment_method": "card",
        "currency": "INR",
        "amount_minor": amount,
    }


def deliver(shop: Shop, name: str, *events: dict[str, Any]) -> None:
    """Put a file of events into the shop's landing zone, come to rest."""
    zone = landing_zone(shop)
    zone.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(event) + "\n" for event in events)
    path = zone / f"{name}.jsonl"
    path.write_text(text, encoding="utf-8")
    rest = path.stat().st_mtime - SETTLED_SECONDS
    os.utime(path, (rest, rest))


def run_batch() -> dg.ExecuteInProcessResult:
    """Run one batch on the shop that the environment names."""
    from dagster_project.definitions import defs

    with dg.DagsterInstance.ephemeral() as instance:
        return (
            defs()
            .resolve_job_def("micro_batch")
            .execute_in_process(instance=instance, raise_on_error=False)
        )


def watch_once(at: datetime) -> None:
    """Watch the shop that the environment names until its first round is over."""
    from dagster_project import cli, display, watch

    watch.Watcher = partial(watch.Watcher, clock=lambda: at)  # type: ignore[misc]
    shown = display.watched

    def end(done: watch.Round) -> None:
        shown(done)
        if done.error is not None:
            raise done.error
        os.kill(os.getpid(), signal.SIGTERM)

    display.watched = end
    cli.app(["watch"])


def run_apart(
    shop: Shop, at: datetime, point: str = "", *, kind: str = BATCH
) -> subprocess.CompletedProcess[str]:
    """Run one batch or round in a process of its own, on a clock of ours."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.dagster_project.batches",
            kind,
            at.isoformat(),
            *([point] if point else []),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "POSTORDER_DATA": str(shop.folder),
            "POSTORDER_HASH_KEY": "a key",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=GIVEN_UP_SECONDS,
    )


def die(*_: Any, **__: Any) -> Any:
    """End as a machine does that lost its power; nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def _die_at(kind: str, point: str) -> None:
    if point == WHILE_BUILDING:
        (_die_beside_dbt if kind == BATCH else _die_as_dbt)()
        return
    module_name, name, is_done_before = POINTS[kind][point]
    module = importlib.import_module(module_name)
    real: Callable[..., Any] = getattr(module, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if is_done_before:
            real(*arguments, **named)
        return die()

    setattr(module, name, dying)


def _die_as_dbt() -> None:
    """Die between two models; dbt runs in this process."""
    from dagster_project import build

    real = build.run_dbt

    def told(_name: str, number: int, _count: int) -> None:
        if number >= NODES_BUILT:
            die()

    build.run_dbt = lambda working, arguments, _progress=None, **named: real(
        working, arguments, told, **named
    )


def _die_beside_dbt() -> None:
    """Die between two models, and leave dbt behind as an orphan."""
    from dagster_dbt.core.dbt_cli_invocation import DbtCliInvocation

    real = DbtCliInvocation.stream_raw_events

    def dying(self: DbtCliInvocation) -> Any:
        finished = 0
        for event in real(self):
            finished += event.is_result_event
            if finished >= NODES_BUILT:
                die()
            yield event

    DbtCliInvocation.stream_raw_events = dying  # type: ignore[method-assign]


def main() -> None:
    """Run one batch or round, or a part of it."""
    kind, time, *point = sys.argv[1:]
    at = datetime.fromisoformat(time)
    # before the steps that take it from there are imported
    resources = importlib.import_module("dagster_project.defs.resources")
    resources.started_at = lambda _: at
    for each in point:
        _die_at(kind, each)
    if kind == WATCH:
        watch_once(at)
        return
    sys.exit(not run_batch().success)


if __name__ == "__main__":
    main()
