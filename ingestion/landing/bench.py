"""Judges at work side by side, a batch each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final

from ingestion.judge.judge import Judge


class Bench:
    """Seats judges as they are needed and gives each one batch at a time."""

    SEATS: Final = 2  # one reads, one gives verdicts; more only add to memory

    def __init__(self, seat: Callable[[], Judge]) -> None:
        """Begin with none; ``seat`` opens a judge."""
        self._seat = seat
        self._judges: list[Judge] = []
        self._working: deque[tuple[Judge, Future[None]]] = deque()
        self._pool = ThreadPoolExecutor(self.SEATS, thread_name_prefix="verdicts")

    def __enter__(self) -> Bench:
        """Return the bench; leaving waits for the work and closes the judges."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the work.

        Raises:
            BaseException: What a piece of work raised.
        """
        self._pool.shutdown()
        for judge in self._judges:
            judge.connection.close()
        if error is None:
            while self._working:
                self._working.popleft()[1].result()

    def free_judge(self) -> Judge:
        """Return a judge without work, perhaps after waiting for one.

        Raises:
            BaseException: What that judge's last work raised.
        """
        if len(self._judges) < self.SEATS:
            self._judges.append(self._seat())
            return self._judges[-1]
        judge, done = self._working.popleft()
        done.result()
        return judge

    def work(self, judge: Judge, task: Callable[[Judge], None]) -> None:
        """Let a judge do a task in the background."""
        self._working.append((judge, self._pool.submit(task, judge)))
