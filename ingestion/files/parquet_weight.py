"""What the rows of a Parquet file weigh, by lengths alone, before any is written out.

A dictionary lets a small file say a long text a million times, its own sizes and
statistics may lie, and DuckDB's bound on memory does not count the text it writes.
"""

from __future__ import annotations

from typing import Final

import duckdb
import pyarrow as pa
from pyarrow import types

from ingestion.judge.text import name

#: Rows that DuckDB works on at once.
WINDOW_ROWS: Final = 2048


def heaviest_window(
    connection: duckdb.DuckDBPyConnection, source: str, schema: pa.Schema
) -> int:
    """Return the bytes of text in the heaviest 2,048 neighboring rows.

    Args:
        connection: Reads the file.
        source: A ``read_parquet`` that gives ``file_row_number``.
        schema: The file's.
    """
    sums = [
        f"coalesce(sum({weight}), 0)"
        for column in schema
        if (weight := _weight(name(column.name), column.type)) != _FIXED
    ]
    if not sums:
        return 0
    windows = (
        f"select {' + '.join(sums)} as bytes from {source} "
        f"group by file_row_number // {WINDOW_ROWS}"
    )
    rows = connection.sql(f"select max(bytes) from ({windows})").fetchall()
    return int(rows[0][0] or 0)


_FIXED: Final = "8"


def _weight(value: str, kind: pa.DataType, depth: int = 0) -> str:
    if types.is_dictionary(kind):
        return _weight(value, kind.value_type, depth)
    if types.is_string(kind) or types.is_large_string(kind):
        return f"strlen({value})"
    if types.is_binary(kind) or types.is_large_binary(kind):
        return f"octet_length({value})"
    if types.is_struct(kind):
        parts = [
            f"coalesce({_weight(f'{value}.{name(part.name)}', part.type, depth)}, 0)"
            for part in kind
        ]
        return f"({' + '.join(parts)})"
    if types.is_map(kind):
        pair = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        return _weight(f"map_entries({value})", pa.list_(pair), depth)
    if types.is_nested(kind):
        item = f"item_{depth}"
        weight = _weight(item, kind.value_type, depth + 1)
        return f"list_sum(list_transform({value}, lambda {item}: {weight}))"
    return _FIXED
