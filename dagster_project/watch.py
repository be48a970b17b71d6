"""Warm mode: one process that lands, builds, validates and publishes as files arrive.

It calls :func:`dagster_project.run.run` in rounds. Between two of them it holds
nothing, so that schedules, backfills and commands get their turn on the shop.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import FrameType

from dagster_project import shops
from dagster_project.arrivals import (
    State,
    files_in,
    landing_zone,
    set_apart,
    settled,
)
from dagster_project.run import RunReport, run
from ingestion.lock import ShopLockedError, hold
from ingestion.shop import Shop

LOOK_SECONDS = 1.0

EVERY = timedelta(minutes=15)
"""After so long without a file the clock moves all the same: orders become late and
stuck without an event. What failed is tried again then, too."""

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The watcher was asked to end; the step at hand was the round's last."""


@dataclass(frozen=True)
class Round:
    """What became of one round.

    Attributes:
        began_at: When, UTC.
        files: How many files it was to land.
        report: What it did; ``None`` where it failed.
        error: Why it failed; ``None`` where it published.
        seconds: Seconds by step, in the order of the steps, as far as it came.
    """

    began_at: datetime
    files: int
    report: RunReport | None = None
    error: Exception | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


Told = Callable[[Round], None]
Clock = Callable[[], datetime]


class Watcher:
    """Looks at a shop's landing zone and does a round whenever one is due.

    Args:
        shop: Whose zone it is.
        every: How long the clock may stand still.
        told: Told each round when it is over.
        clock: The time, UTC; the machine's where not given.

    Raises:
        ShopError: The folder holds the embedded sample, which has no news.
    """

    def __init__(
        self,
        shop: Shop,
        *,
        every: timedelta = EVERY,
        told: Told | None = None,
        clock: Clock | None = None,
    ) -> None:
        shops.require(shop, "own")
        self._shop = shop
        self.zone = landing_zone(shop)
        self._every = every
        self._told = told or (lambda _: None)
        self._clock = clock or (lambda: datetime.now(UTC))
        # files as they were when a round took them up, and when it landed them
        self._tried: dict[Path, State] = {}
        self._landed: dict[Path, State] = {}
        self._last: datetime | None = None
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End after the step at hand."""
        self._stopping.set()

    def watch(self) -> None:
        """Look and do rounds until stopped."""
        with _ending_by(self.stop):
            while not self._stopping.is_set():
                self.look()
                self._stopping.wait(LOOK_SECONDS)

    def look(self) -> Round | None:
        """Do a round if files have arrived or the clock has stood long enough.

        A file that may still be growing waits for a later look, and others do not
        wait for it. Where another process works on the shop, so does the round.

        Returns:
            The round, failed or not; ``None`` where there was none.
        """
        now = self._clock()
        is_time = self._last is None or now - self._last >= self._every
        known = self._landed if is_time else self._tried
        files = {
            path: state
            for path, state in settled(files_in(self.zone)).items()
            if known.get(path) != state
        }
        if not files and not (is_time and shops.kind_of(self._shop) == "own"):
            return None
        try:
            done = self._round(files, now)
        except (ShopLockedError, StoppedError) as later:
            log.info("%s", later)
            return None
        self._last = now
        self._tried |= files
        self._told(done)
        return done

    def _round(self, files: Mapping[Path, State], now: datetime) -> Round:
        """Do one round; what goes wrong in it is told, and ends nothing else."""
        steps = _Steps(self._stopping)
        try:
            # the place where files are set apart is one watcher's at a time
            with hold(self._shop, "watch"), self._apart(files) as folders:
                report = run(
                    self._shop, folders, is_warm=True, now=now, progress=steps.tell
                )
        except (ShopLockedError, StoppedError):
            raise
        except Exception as error:
            log.debug("the round failed", exc_info=True)
            return Round(now, len(files), error=error, seconds=steps.seconds())
        finally:
            if steps.has_landed:
                self._landed |= files
        return Round(now, len(files), report=report, seconds=steps.seconds())

    @contextmanager
    def _apart(self, files: Mapping[Path, State]) -> Iterator[list[Path]]:
        """Set the files to land apart: what else is there may still be growing."""
        from ingestion.landing.core import scratch

        if not files:
            yield []
            return
        with scratch(self._shop, "arrived") as folder:
            yield [set_apart(self.zone, files, folder)]


class _Steps:
    """Times the steps of a round, and ends it between two of them when asked to."""

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._begun: list[tuple[str, float]] = []

    def tell(self, step: str, _detail: str, _number: int, _count: int) -> None:
        """Take note of the step at hand.

        Raises:
            StoppedError: It is another than before, and the round is to end.
        """
        if self._begun and self._begun[-1][0] == step:
            return
        if self._stopping.is_set():
            raise StoppedError(f"stopped before the step {step}")
        self._begun.append((step, time.monotonic()))

    @property
    def has_landed(self) -> bool:
        """Whether the landing is behind us."""
        return any(step != "land" for step, _ in self._begun)

    def seconds(self) -> dict[str, float]:
        """Return the seconds of each step, the last one's until now."""
        names = [step for step, _ in self._begun]
        times = [*(begun for _, begun in self._begun), time.monotonic()]
        return {
            name: end - begun
            for name, (begun, end) in zip(names, pairwise(times), strict=True)
        }


@contextmanager
def _ending_by(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM ask for the end; a second one ends at once."""

    def ask(_signal: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    before = {
        each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        restore()
