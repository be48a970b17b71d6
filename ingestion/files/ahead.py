"""Work done in the background, a few items ahead of whoever takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar, cast

Item = TypeVar("Item")
_END: Final = object()


def read_ahead(items: Generator[Item], *, depth: int = 2) -> Iterator[Item]:
    """Run a generator in one thread, at most ``depth`` items ahead.

    Items come in their order, and an exception in its place among them. Whoever stops
    taking stops the thread and closes the generator.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
    pending: deque[Future[object]] = deque()
    try:
        for _ in range(depth):
            pending.append(pool.submit(next, items, _END))
        while (item := pending.popleft().result()) is not _END:
            pending.append(pool.submit(next, items, _END))
            yield cast(Item, item)
    finally:
        pool.shutdown(cancel_futures=True)
        items.close()
