"""Rows of CSV files as JSON lines, each under the physical line it ends on."""

from __future__ import annotations

import csv
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.files.event_file import Lines
from ingestion.files.json_rows import json_object, text_cell
from ingestion.files.limits import Limits
from ingestion.files.split import fault_of, kept
from ingestion.files.unpack import BLOCK_BYTES
from ingestion.judge.text import json_text, name

# How the text of a cell must look to be the JSON type that the catalogue wants.
# Anything else stays text, and the judge says that the type is wrong.
_READS_AS: Final = {
    "integer": r"-?(0|[1-9]\d*)",
    "number": r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?",
    "boolean": "true|false",
}


@dataclass(frozen=True)
class _Row:
    """Cells, or the text of a row that cannot be read as such, maybe with a fault."""

    number: int
    size: int
    cells: list[str]
    text: str | None = None
    fault: str | None = None


def csv_lines(
    blocks: Iterable[bytes], catalogue: Catalogue, *, limit: int, limits: Limits
) -> Generator[Lines]:
    """Read CSV with a header.

    A row with more cells than the header, or with quotes that make no sense, becomes
    text that is no JSON. A quote that is never closed costs its own line only.

    Raises:
        OSError: The header cannot be read.
    """
    # the csv module's own bound, one for the process, is far below that of a line
    csv.field_size_limit(2 * limits.line_bytes)
    rows = _rows(_PhysicalLines(blocks, limits), limits)
    header = next(rows, None)
    if header is None:
        return
    if header.text is not None:
        raise OSError(f"the header in line {header.number} is no CSV in UTF-8")
    keys = [key.strip() for key in header.cells]
    with duckdb.connect(":memory:") as connection:
        query = _lines_query(keys, catalogue)
        for batch in _batches(rows, limit):
            yield _written(connection, query, len(keys), batch)


class _PhysicalLines:
    """Physical lines on their way into a csv reader, kept until their row is read."""

    def __init__(self, blocks: Iterable[bytes], limits: Limits) -> None:
        self._lines = (
            line for block in blocks for line in block.removesuffix(b"\n").split(b"\n")
        )
        self._returned: deque[bytes] = deque()
        self._limits = limits
        self._held_bytes = 0
        self.number = 0
        self.held: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._lines)
        self.number += 1
        self.held.append(line)
        self._held_bytes += sys.getsizeof(line)
        if len(self.held) > 1 and self._held_bytes > self._limits.line_bytes:
            raise csv.Error("this row does not end")
        return line.decode(errors="surrogateescape") + "\n"

    def begin_row(self) -> None:
        self.held.clear()
        self._held_bytes = 0

    def give_back_all_but_the_first(self) -> None:
        self._returned.extendleft(reversed(self.held[1:]))
        self.number -= len(self.held) - 1
        del self.held[1:]


def _rows(lines: _PhysicalLines, limits: Limits) -> Iterator[_Row]:
    reader = csv.reader(lines, strict=True)
    while True:
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            lines.give_back_all_but_the_first()
            reader = csv.reader(lines, strict=True)
            cells = None
        raw = b"\n".join(lines.held)
        fault = fault_of(raw, limits)
        if fault is not None:
            yield _Row(lines.number, len(raw), [], kept(raw, limits), fault)
        elif cells is None:
            yield _Row(lines.number, len(raw), [], raw.decode())
        elif any(cells):
            yield _Row(lines.number, len(raw), cells)


def _batches(rows: Iterable[_Row], limit: int) -> Iterator[list[_Row]]:
    held: list[_Row] = []
    size = 0
    for row in rows:
        held.append(row)
        size += row.size
        if len(held) == limit or size >= BLOCK_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held


def _lines_query(keys: list[str], catalogue: Catalogue) -> str:
    cells = [
        (key, _cell(name(f"cell {n}"), key, catalogue)) for n, key in enumerate(keys)
    ]
    return f"select coalesce(as_it_is, {json_object(cells)}) as line from cells"


def _written(
    connection: duckdb.DuckDBPyConnection, query: str, width: int, rows: list[_Row]
) -> Lines:
    columns = {
        f"cell {n}": [row.cells[n] if n < len(row.cells) else None for row in rows]
        for n in range(width)
    }
    columns["as_it_is"] = [
        ",".join(row.cells) if any(row.cells[width:]) else row.text for row in rows
    ]
    cells = pa.table(
        {key: pa.array(cell, pa.string()) for key, cell in columns.items()}
    )
    connection.register("cells", cells)
    lines = connection.sql(query).to_arrow_table().column("line").combine_chunks()
    return Lines(
        pa.array([row.number for row in rows], pa.int64()),
        lines,
        pa.array([row.fault for row in rows], pa.string()),
    )


def _cell(cell: str, key: str, catalogue: Catalogue) -> str:
    """Write a cell as JSON, typed as the catalogue types the field."""
    value = f"nullif({cell}, '')"
    alias = next((a for a in catalogue.field_aliases if a.key == key), None)
    field = catalogue.fields.get(key if alias is None else alias.field)
    if field is None or field.type.json == "array":
        return text_cell(value, is_list=field is not None)
    kind = "number" if alias and alias.transform != "copy" else field.type.json
    pattern = _READS_AS.get(kind)
    if pattern is None:
        return json_text(value)
    tidy = f"lower({cell})" if kind == "boolean" else cell
    return (
        f"case when regexp_full_match({tidy}, '{pattern}') then {tidy} "
        f"else {json_text(value)} end"
    )
