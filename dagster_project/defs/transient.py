"""What a later try may mend is tried again; everything else fails at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import dagster as dg
import duckdb

from ingestion.lock import ShopLockedError

TRIES = 5
FIRST_WAIT_SECONDS = 15

HELD_ELSEWHERE = "Could not set lock on file"
"""What DuckDB says of a file that another process has open; it has no error of its own
for that."""


class Tried(Protocol):
    """A step that knows how often it was tried before."""

    @property
    def retry_number(self) -> int:
        """Tries before this one."""
        ...


@contextmanager
def tried_again(context: Tried) -> Iterator[None]:
    """Try the step again, each time after twice the wait, where the shop was locked.

    A run that was killed may leave dbt behind, which has no lock of the shop's and the
    working file open: it is waited for as well.

    A gate that says no, a model that fails or a file that cannot be read would say the
    same again: they are for a person.

    Args:
        context: Of the step.

    Raises:
        RetryRequested: Another process works on the shop.
    """
    try:
        yield
    except (ShopLockedError, duckdb.IOException) as error:
        if isinstance(error, duckdb.IOException) and HELD_ELSEWHERE not in str(error):
            raise
        raise dg.RetryRequested(
            max_retries=TRIES,
            seconds_to_wait=FIRST_WAIT_SECONDS * 2**context.retry_number,
        ) from error
