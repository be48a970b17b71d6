"""Reads the files of an export into declared dlt tables of text columns.

Python's ``csv`` reads CSV here, not DuckDB: DuckDB skips blank lines, so that physical
line numbers drift, and drops the rows after a quote that never closes. Parquet is cast
to text by Arrow; its line numbers are the places of the rows.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO

import dlt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.extract import DltResource

from ingestion.errors import LandingError
from ingestion.judge.personal import keyed_hash

SUFFIXES = (".csv", ".csv.gz", ".parquet")
ROWS_PER_BATCH = 50_000
LINEAGE = ("landed_file", "line_number")


def export_resource(table: ExportTable, folder: Path, *, hash_key: str) -> DltResource:
    """Make the dlt resource of one table of an export.

    The resource replaces its table: the tables of a source hold the export landed
    last, while the judged lines made from every export stay.

    Args:
        table: What to read.
        folder: Folder of the export's files.
        hash_key: Secret that keys the hashes of ``table.hashed``.

    Raises:
        ExportError: The file is absent or there twice. What the file holds is
            checked when it is read, and raises the same error.
    """
    path = find_file(folder, table.stem)

    @dlt.resource(
        name=table.name,
        write_disposition="replace",
        schema_contract={"columns": "freeze", "data_type": "freeze"},
        columns={
            **{name: {"data_type": "text"} for name in table.landed_columns},
            "landed_file": {"data_type": "text", "nullable": False},
            "line_number": {"data_type": "bigint", "nullable": False},
        },
    )
    def rows() -> Iterator[pa.Table]:
        yield from read_batches(path, table, hash_key=hash_key)

    return rows


def find_file(folder: Path, stem: str) -> Path:
    """Find the one file of a stem, which may be a pattern, in a folder.

    Raises:
        ExportError: None is there, or more than one.
    """
    found = sorted(
        path
        for suffix in SUFFIXES
        for path in folder.glob(f"{stem}{suffix}")
        if path.is_file()
    )
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(path.name for path in found)
        raise ExportError(f"{folder}: {names} are both there; keep one of them")
    raise ExportError(
        f"{folder}: {stem}.csv is missing, plain or .gz, and so is its .parquet; "
        "put the whole export there"
    )


def read_batches(
    path: Path, table: ExportTable, *, hash_key: str
) -> Iterator[pa.Table]:
    """Read a file as Arrow tables of text, with the file and line of each row.

    An empty cell is NULL. ``line_number`` is the physical line on which the row
    starts, from 1, so that the header of a CSV file is line 1.

    Raises:
        ExportError: The file is damaged, or its header is not the declared one.
    """
    try:
        if path.suffix == ".parquet":
            yield from _parquet_batches(path, table, hash_key)
        else:
            yield from _csv_batches(path, table, hash_key)
    except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
        raise ExportError(
            f"{path}: cannot be read to its end ({error}); fetch the file again"
        ) from error
    except UnicodeDecodeError as error:
        raise ExportError(
            f"{path}: is not UTF-8 ({error}); save the file as UTF-8"
        ) from error


def _csv_batches(path: Path, table: ExportTable, hash_key: str) -> Iterator[pa.Table]:
    with _open_text(path) as text:
        reader = csv.reader(text, strict=True)
        header = next(reader, [])
        table.check_header(path, header)
        rows = _numbered_rows(path, reader, width=len(header))
        # an export without rows still has its table, and empties an older one
        batch = list(islice(rows, ROWS_PER_BATCH))
        yield _to_arrow(path, table, header, batch, hash_key)
        while batch := list(islice(rows, ROWS_PER_BATCH)):
            yield _to_arrow(path, table, header, batch, hash_key)


def _parquet_batches(
    path: Path, table: ExportTable, hash_key: str
) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        table.check_header(path, file.schema_arrow.names)
        rows = file.read(columns=list(table.landed))
        values = {name: rows.column(name).cast(pa.string()) for name in table.landed}
        lines = pa.array(np.arange(1, rows.num_rows + 1))
        yield _landed_table(path, table, values, lines, hash_key)


def _open_text(path: Path) -> TextIO:
    opener: Callable[..., TextIO] = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def _numbered_rows(
    path: Path, reader: Iterator[list[str]], *, width: int
) -> Iterator[tuple[int, list[str]]]:
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ExportError(
                f"{path}, line {line}: {error}; close the quotes of this row"
            ) from error
        if row is None:
            return
        if not row:
            continue
        if len(row) != width:
            raise ExportError(
                f"{path}, line {line}: {len(row)} fields where the header has "
                f"{width}; quote commas and line breaks inside a field"
            )
        yield line, row


def _to_arrow(
    path: Path,
    table: ExportTable,
    header: list[str],
    rows: list[tuple[int, list[str]]],
    hash_key: str,
) -> pa.Table:
    values: dict[str, pa.Array] = {}
    for name in table.landed:
        place = header.index(name)
        values[name] = pa.array([row[place] or None for _, row in rows], pa.string())
    lines = pa.array([line for line, _ in rows], pa.int64())
    return _landed_table(path, table, values, lines, hash_key)


def _landed_table(
    path: Path,
    table: ExportTable,
    values: dict[str, pa.Array],
    lines: pa.Array,
    hash_key: str,
) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for name, cells in values.items():
        if kind := table.hashed.get(name):
            cells = pa.array(
                [
                    cell and keyed_hash(kind, cell, key=hash_key)
                    for cell in cells.to_pylist()
                ],
                pa.string(),
            )
        columns[table.landed_name(name)] = cells
    columns["landed_file"] = pa.repeat(pa.scalar(path.name), len(lines))
    columns["line_number"] = lines
    # dlt compares these with the declared columns, and warns of any difference
    schema = pa.schema(
        [
            pa.field(name, cells.type, nullable=name not in LINEAGE)
            for name, cells in columns.items()
        ]
    )
    return pa.table(columns, schema=schema)


class ExportError(LandingError):
    """An export that cannot be landed; the message names the file and the fix."""


@dataclass(frozen=True)
class ExportTable:
    """One file of an export and the table it becomes.

    Attributes:
        name: Table in the source's schema.
        stem: File name without its suffix, or a pattern that one file meets.
        columns: Every column of the file, spelled as in its header.
        hashed: Columns that may hold direct personal data, and of which kind; each
            lands as a keyed hash under its name with ``_hash`` behind it, never as
            it came.
        left_out: Columns of free text, which are never landed.
    """

    name: str
    stem: str
    columns: tuple[str, ...]
    hashed: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    @property
    def landed(self) -> tuple[str, ...]:
        """Columns of the file that land, spelled as in its header."""
        return tuple(name for name in self.columns if name not in self.left_out)

    @property
    def landed_columns(self) -> tuple[str, ...]:
        """Names of the columns as they land, lineage left out."""
        return tuple(self.landed_name(name) for name in self.landed)

    def landed_name(self, column: str) -> str:
        """Name under which a column of the file lands: in snake case."""
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()
        return f"{name}_hash" if column in self.hashed else name

    def check_header(self, path: Path, header: list[str]) -> None:
        """Refuse a header that is not the declared one, in any order.

        A column nobody declared is refused too: it may hold personal data, and
        leaving it out would drop it silently.

        Raises:
            ExportError: A column is missing, undeclared or there twice.
        """
        where = f"{path}, line 1"
        for name in self.columns:
            if header.count(name) != 1:
                fix = "is missing" if name not in header else "is there twice"
                raise ExportError(
                    f"{where}: column {name} {fix}; export {self.stem} again"
                )
        for name in header:
            if name not in self.columns:
                raise ExportError(
                    f"{where}: column {name!r} is not declared; remove it from the "
                    f"file or declare it for the table {self.name}"
                )
