"""A file of any kind as lines of JSON."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.files.ahead import read_ahead
from ingestion.files.csv_rows import csv_lines
from ingestion.files.event_file import BrokenFileError, EventFile, Lines
from ingestion.files.formats import Format, kind_of
from ingestion.files.limits import Limits
from ingestion.files.parquet_rows import parquet_lines
from ingestion.files.split import split
from ingestion.files.unpack import whole_lines

# a smaller file fits into one block, and there is nothing to read ahead
_AHEAD_BYTES: Final = 1024 * 1024


def read_lines(
    file: EventFile, catalogue: Catalogue, *, limit: int, limits: Limits | None = None
) -> Iterator[Lines]:
    """Read a file as JSON lines, at most ``limit`` at a time, in constant memory.

    Rows of CSV and Parquet become JSON lines; their empty cells are absent. Large
    files are read ahead in a thread that ends with this iterator.

    Args:
        file: What to read.
        catalogue: Says which JSON type the text of a cell stands for.
        limit: Lines at a time.
        limits: Bounds of a line and of unpacking; by default the environment's.

    Raises:
        BrokenFileError: The file cannot be read further. Lines before are delivered.
    """
    lines = _read(file, catalogue, limit, limits or Limits.from_environment())
    if file.size_bytes > _AHEAD_BYTES:
        yield from read_ahead(lines)
    else:
        yield from lines


def _read(
    file: EventFile, catalogue: Catalogue, limit: int, limits: Limits
) -> Generator[Lines]:
    if file.refusal is not None:
        raise BrokenFileError(file.refusal)
    try:
        for lines in _lines_of(file, catalogue, limit, limits):
            yield from lines.slices(limit)
    except (OSError, pa.ArrowException, duckdb.Error) as error:
        first, *_ = str(error).splitlines() or [type(error).__name__]
        raise BrokenFileError(first) from error


def _lines_of(
    file: EventFile, catalogue: Catalogue, limit: int, limits: Limits
) -> Iterator[Lines]:
    kind = kind_of(file.landed_file)
    if kind is None:
        raise ValueError(f"{file.landed_file}: not a name that find_files gives")
    if kind.format is Format.PARQUET:
        return parquet_lines(file.path, catalogue, limit=limit, limits=limits)
    blocks = whole_lines(file.path, kind.compression, limits)
    if kind.format is Format.CSV:
        return csv_lines(blocks, catalogue, limit=limit, limits=limits)
    return split(blocks, limits)
