"""Rows of a Parquet file as JSON lines, written by DuckDB as it reads them."""

from __future__ import annotations

import functools
import glob
from collections.abc import Generator
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.contract.catalogue import Catalogue
from ingestion.files.event_file import Lines
from ingestion.files.json_rows import json_object, text_cell
from ingestion.files.limits import Limits
from ingestion.files.parquet_weight import WINDOW_ROWS, heaviest_window
from ingestion.files.split import TOO_LARGE, kept
from ingestion.judge.text import json_text, name, quoted

# Bounds what scanning holds; 231 columns in row groups of a million rows pass.
_MEMORY: Final = "768MB"

# What the statistics of the row groups rule out saves a fifth of the time on files with
# a column for every field.
_STATISTICS: Final = """
select
    path_in_schema,
    coalesce(sum(stats_null_count) = sum(num_values), false),
    bool_or(coalesce(stats_min_value = '', stats_null_count < num_values, true))
from parquet_metadata({path})
group by path_in_schema
"""


def parquet_lines(
    path: Path, catalogue: Catalogue, *, limit: int, limits: Limits
) -> Generator[Lines]:
    """Read a Parquet file; a row's number is its place, from 1.

    Raises:
        duckdb.Error, pa.ArrowException: It is damaged.
        OSError: It unpacks to too much.
    """
    # the name of a file may hold the marks of a pattern, and folders named key=value
    literal = quoted(glob.escape(str(path)))
    source = f"read_parquet({literal}, hive_partitioning = false"
    packed, unpacked, first = path.stat().st_size, 0, 1
    with _database().cursor() as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        rows_at_once = _rows_at_once(
            heaviest_window(
                connection, f"{source}, file_row_number = true)", pq.read_schema(path)
            ),
            limit,
            limits,
        )
        cells = _cells(connection, f"{source})", literal, catalogue)
        lines = connection.sql(f"select {json_object(cells)} as line from {source})")
        for batch in lines.to_arrow_reader(rows_at_once):
            texts = batch.column("line")
            numbers = pa.array(np.arange(first, first + len(texts)))
            first += len(texts)
            unpacked += texts.nbytes
            limits.check_expansion(packed, unpacked)
            yield _bounded(numbers, texts, limits)


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    """Open what reads every file; opening one for each took half the time of it."""
    return duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": ""})


def _rows_at_once(heaviest: int, limit: int, limits: Limits) -> int:
    if heaviest > limits.window_bytes:
        raise OSError(
            f"{WINDOW_ROWS:,} neighboring rows hold {heaviest / 2**20:,.0f} MiB of "
            "text, as no events do"
        )
    if heaviest * limit > limits.window_bytes * WINDOW_ROWS:
        return min(limit, WINDOW_ROWS)
    return limit


def _cells(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    path: str,
    catalogue: Catalogue,
) -> list[tuple[str, str]]:
    """Return key and value of each column in which anything stands."""
    statistics = connection.sql(_STATISTICS.format(path=path)).fetchall()
    empty = {key for key, is_empty, _ in statistics if is_empty}
    without_blanks = {key for key, _, may_be_blank in statistics if not may_be_blank}
    return [
        (key, _cell(key, kind, catalogue, may_be_blank=key not in without_blanks))
        for key, kind, *_ in connection.sql(f"describe from {source}").fetchall()
        if key not in empty
    ]


def _cell(key: str, kind: str, catalogue: Catalogue, *, may_be_blank: bool) -> str:
    """Write a typed cell as JSON; times as ISO 8601 text."""
    cell = name(key)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return json_text(
            f"strftime({cell} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
        )
    if kind.startswith("TIMESTAMP"):
        return json_text(f"strftime({cell}, '%Y-%m-%d %H:%M:%S.%f')")
    field = catalogue.fields.get(key)
    if kind in ("FLOAT", "DOUBLE"):
        written = json_text(cell)
        if field is not None and field.type.json == "integer":
            # a table with gaps keeps whole numbers as fractions, as pandas does
            written = (
                f"case when {cell} = trunc({cell}) and abs({cell}) < {2**53} "
                f"then cast(cast({cell} as bigint) as varchar) else {written} end"
            )
        return f"case when isfinite({cell}) then {written} end"
    if kind.startswith("STRUCT(") and kind.endswith(")[]"):
        # what a record of a list leaves out is absent, as an empty cell is
        items = (
            f"list_transform({cell}, "
            "lambda item: json_merge_patch('{}', to_json(item)))"
        )
        return json_text(items)
    if kind == "VARCHAR":
        value = f"nullif({cell}, '')" if may_be_blank else cell
        return text_cell(value, is_list=bool(field and field.type.json == "array"))
    return json_text(cell)


def _bounded(numbers: pa.Array, texts: pa.Array, limits: Limits) -> Lines:
    is_too_large = pc.greater(pc.binary_length(texts), limits.line_bytes)
    if not pc.any(is_too_large).as_py():
        return Lines(numbers, texts)
    heads = pa.array(
        [
            kept(text.encode(), limits) if cut else text
            for text, cut in zip(
                texts.to_pylist(), is_too_large.to_pylist(), strict=True
            )
        ],
        pa.string(),
    )
    faults = pc.if_else(is_too_large, TOO_LARGE, pa.scalar(None, pa.string()))
    return Lines(numbers, heads, faults)
