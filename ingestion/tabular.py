"""Rows of CSV and Parquet files as JSON lines; an empty cell is an absent key."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract.catalogue import Catalogue
from ingestion.judge.text import name, quoted

# How the text of a cell must look to be the JSON type that the catalogue wants.
# Anything else stays text, and the judge says that the type is wrong.
_READS_AS: Final = {
    "integer": r"-?(0|[1-9]\d*)",
    "number": r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?",
    "boolean": "true|false",
}


def csv_lines(path: Path, catalogue: Catalogue, *, limit: int) -> Iterator[pa.Table]:
    """Read a CSV file with a header; a row's number is the physical line it ends on.

    A row with more cells than the header becomes text that is no JSON.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as handle:
        reader = csv.reader(handle)
        header = next(reader, [])
        rows: list[list[str]] = []
        numbers: list[int] = []
        for row in reader:
            if any(row):
                rows.append(row)
                numbers.append(reader.line_num)
            if len(rows) == limit:
                yield _csv_table(header, rows, numbers, catalogue)
                rows, numbers = [], []
        if rows:
            yield _csv_table(header, rows, numbers, catalogue)


def parquet_lines(path: Path, *, limit: int) -> Iterator[pa.Table]:
    """Read a Parquet file; a row's number is its place, from 1."""
    with pq.ParquetFile(path) as file:
        first = 1
        for batch in file.iter_batches(batch_size=limit):
            table = pa.Table.from_batches([batch])
            cells = {
                key: _parquet_cell(name(key), table.schema.field(key).type, key)
                for key in table.column_names
            }
            yield _json_table(table, cells, range(first, first + table.num_rows))
            first += table.num_rows


def _csv_table(
    header: list[str],
    rows: list[list[str]],
    numbers: list[int],
    catalogue: Catalogue,
) -> pa.Table:
    width = len(header)
    columns = {
        f"cell {n}": pa.array([row[n] if n < len(row) else None for row in rows])
        for n in range(width)
    }
    overflow = [",".join(row) if any(row[width:]) else None for row in rows]
    table = pa.table({**columns, "overflow": pa.array(overflow, pa.string())})
    cells = [
        (key.strip(), _csv_cell(name(f"cell {n}"), key.strip(), catalogue))
        for n, key in enumerate(header)
    ]
    return _json_rows(table, cells, numbers, overflow="overflow")


def _csv_cell(cell: str, key: str, catalogue: Catalogue) -> str:
    """Write a cell as JSON, typed as the catalogue types the field."""
    alias = next((a for a in catalogue.field_aliases if a.key == key), None)
    field = catalogue.fields.get(key if alias is None else alias.field)
    value = f"nullif({cell}, '')"
    as_text = f"cast(to_json({value}) as varchar)"
    if field is None:
        return as_text
    if field.type.json == "array":
        return _inline_list(value, as_text)
    kind = "number" if alias and alias.transform != "copy" else field.type.json
    pattern = _READS_AS.get(kind)
    if pattern is None:
        return as_text
    tidy = f"lower({value})" if kind == "boolean" else value
    return (
        f"case when regexp_full_match({tidy}, '{pattern}') then {tidy} "
        f"else {as_text} end"
    )


def _parquet_cell(cell: str, kind: pa.DataType, key: str) -> str:
    """Write a typed cell as JSON; times as ISO 8601 text."""
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            value = f"strftime({cell}, '%Y-%m-%d %H:%M:%S.%f')"
        else:
            value = f"strftime({cell} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
        return f"cast(to_json({value}) as varchar)"
    if pa.types.is_date(kind):
        return f"cast(to_json(strftime({cell}, '%Y-%m-%d')) as varchar)"
    if pa.types.is_floating(kind):
        return f"case when isfinite({cell}) then cast(to_json({cell}) as varchar) end"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        value = f"nullif({cell}, '')"
        as_text = f"cast(to_json({value}) as varchar)"
        return _inline_list(value, as_text) if key == "lines" else as_text
    return f"cast(to_json({cell}) as varchar)"


def _inline_list(value: str, as_text: str) -> str:
    return (
        f"case when json_valid({value}) and starts_with(ltrim({value}), '[') "
        f"then {value} else {as_text} end"
    )


def _json_table(table: pa.Table, cells: dict[str, str], numbers: range) -> pa.Table:
    return _json_rows(table, list(cells.items()), list(numbers))


def _json_rows(
    table: pa.Table,
    cells: list[tuple[str, str]],
    numbers: list[int],
    *,
    overflow: str | None = None,
) -> pa.Table:
    pairs = ", ".join(
        f"{quoted(_json_key(key))} || ({written})" for key, written in cells
    )
    line = f"'{{' || concat_ws(',', {pairs or 'null'}) || '}}'"
    if overflow is not None:
        line = f"coalesce({name(overflow)}, {line})"
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        connection.register("cells", table)
        lines = (
            connection.sql(f"select {line} as line from cells")
            .to_arrow_table()
            .column("line")
        )
    return pa.table({"line_number": pa.array(numbers, pa.int64()), "line": lines})


def _json_key(key: str) -> str:
    import json

    return json.dumps(key, ensure_ascii=False) + ":"
