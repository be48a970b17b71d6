"""Lines of many files as batches that the judge takes at once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import pyarrow as pa

from ingestion.files import Lines
from ingestion.judge.judge import LINES_SCHEMA
from ingestion.landing.accounts import Delivery

JUDGED_ROWS: Final = 300_000  # lines; planning a batch costs what 10,000 lines do
READ_ROWS: Final = 50_000  # lines read at once; DuckDB scans such pieces in parallel
_BROKEN_FILE: Final = (OSError, EOFError, zlib.error, pa.ArrowInvalid)

LinesOf = Callable[[int], Iterator[Lines]]
"""Reads the file with a number."""


def batches(deliveries: Sequence[Delivery], lines_of: LinesOf) -> Iterator[pa.Table]:
    """Gather the lines of all new files into batches of :data:`LINES_SCHEMA`."""
    held: list[pa.Table] = []
    row_id = held_rows = 0
    for number, delivery in enumerate(deliveries):
        if delivery.is_known:
            continue
        for lines in _readable(delivery, lines_of(number)):
            count = len(lines.numbers)
            if not count:
                continue
            delivery.delivered += count
            held.append(
                pa.table(
                    [
                        pa.array(range(row_id, row_id + count), pa.int64()),
                        pa.repeat(pa.scalar(number, pa.int64()), count),
                        lines.numbers,
                        lines.texts,
                    ],
                    schema=LINES_SCHEMA,
                )
            )
            row_id += count
            held_rows += count
            if held_rows >= JUDGED_ROWS:
                yield pa.concat_tables(held)
                held, held_rows = [], 0
    if held:
        yield pa.concat_tables(held)


def _readable(delivery: Delivery, lines: Iterator[Lines]) -> Iterator[Lines]:
    """Read a file as far as it can be read; note why it breaks off."""
    try:
        yield from lines
    except _BROKEN_FILE as error:
        delivery.fault = (
            f"{delivery.landed_file}: broken after {delivery.delivered} lines "
            f"({error}); send the whole file again"
        )
