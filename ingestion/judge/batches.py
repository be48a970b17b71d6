"""Lines of many files as batches that the judge takes at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from ingestion.files import BrokenFileError, Lines
from ingestion.judge.judge import FAULT, LINES_SCHEMA

JUDGED_ROWS: Final = 300_000  # lines; planning a batch costs what 10,000 lines do
JUDGED_BYTES: Final = 256 * 2**20  # of text; fewer lines where they are long
READ_ROWS: Final = 50_000  # lines read at once; DuckDB scans such pieces in parallel
_SCHEMA: Final = LINES_SCHEMA.append(FAULT)


class Reading(Protocol):
    """A file on its way in, and what is known of it so far.

    Attributes:
        landed_file: Its name.
        is_known: It needs no reading.
        delivered: Lines read.
        fault: Why it is read no further; set before, it is not read at all.
    """

    landed_file: str
    is_known: bool
    delivered: int
    fault: str | None


LinesOf = Callable[[int], Iterator[Lines]]
"""Reads the file with a number."""


def batches(
    files: Sequence[Reading], lines_of: LinesOf, *, rows: int | None = None
) -> Generator[pa.Table]:
    """Gather the lines of all files to be read into batches for the judge.

    Args:
        files: Which; what becomes of their reading is noted in them.
        lines_of: Reads the lines of one.
        rows: Lines judged at once, by default :data:`JUDGED_ROWS`.
    """
    most = rows or JUDGED_ROWS
    held: list[pa.Table] = []
    row_id = held_rows = held_bytes = 0
    for number, file in enumerate(files):
        if file.is_known or file.fault:
            continue
        for lines in _readable(file, lines_of(number)):
            count = len(lines.numbers)
            if not count:
                continue
            file.delivered += count
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
            if held_rows >= most or held_bytes >= JUDGED_BYTES:
                yield pa.concat_tables(held)
                held, held_rows, held_bytes = [], 0, 0
    if held:
        yield pa.concat_tables(held)


def _readable(file: Reading, lines: Iterator[Lines]) -> Iterator[Lines]:
    """Read a file as far as it can be read; note why it breaks off."""
    try:
        yield from lines
    except BrokenFileError as error:
        file.fault = (
            f"{file.landed_file}: broken after {file.delivered} lines "
            f"({error}); send the whole file again"
        )
