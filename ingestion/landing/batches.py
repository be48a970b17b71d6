"""Lines of many files as batches that the judge takes at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from ingestion.files import BrokenFileError, Lines
from ingestion.judge.judge import FAULT, LINES_SCHEMA
from ingestion.landing.accounts import Delivery

JUDGED_ROWS: Final = 300_000  # lines; planning a batch costs what 10,000 lines do
JUDGED_BYTES: Final = 256 * 2**20  # of text; fewer lines where they are long
READ_ROWS: Final = 50_000  # lines read at once; DuckDB scans such pieces in parallel
_SCHEMA: Final = LINES_SCHEMA.append(FAULT)

LinesOf = Callable[[int], Iterator[Lines]]
"""Reads the file with a number."""


def batches(deliveries: Sequence[Delivery], lines_of: LinesOf) -> Generator[pa.Table]:
    """Gather the lines of all new files into batches for the judge."""
    held: list[pa.Table] = []
    row_id = held_rows = held_bytes = 0
    for number, delivery in enumerate(deliveries):
        if delivery.is_known or delivery.fault:
            continue
        for lines in _readable(delivery, lines_of(number)):
            count = len(lines.numbers)
            if not count:
                continue
            delivery.delivered += count
            held.append(
                pa.table(
                    [
                        pa.array(np.arange(row_id, row_id + count)),
                        pa.repeat(pa.scalar(number, pa.int64()), count),
                        lines.numbers,
                        lines.texts,
                        lines.faults,
                    ],
                    schema=_SCHEMA,
                )
            )
            row_id += count
            held_rows += count
            held_bytes += lines.texts.nbytes
            if held_rows >= JUDGED_ROWS or held_bytes >= JUDGED_BYTES:
                yield pa.concat_tables(held)
                held, held_rows, held_bytes = [], 0, 0
    if held:
        yield pa.concat_tables(held)


def _readable(delivery: Delivery, lines: Iterator[Lines]) -> Iterator[Lines]:
    """Read a file as far as it can be read; note why it breaks off."""
    try:
        yield from lines
    except BrokenFileError as error:
        delivery.fault = (
            f"{delivery.landed_file}: broken after {delivery.delivered} lines "
            f"({error}); send the whole file again"
        )
