"""Reading a line by the letter of JSON, where DuckDB's reader is too lenient."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final

import duckdb
import pyarrow as pa

UNREAD: Final = ("line_too_large", "text_invalid", "not_json")
"""Reasons of lines of which nobody can say what stands in them."""

# every escape in turn: a pair of surrogates, a character that is none, any other
_ESCAPES: Final = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u0000|u[dD][89a-fA-F]..)|.)"
)


def find_unsound_lines(connection: duckdb.DuckDBPyConnection) -> None:
    """Read suspect lines by the letter, into ``unsound_lines(row_id, code, field)``."""
    suspects = connection.execute(
        "select row_id, line from fresh_lines where is_suspect"
    ).fetchall()
    faults = [
        (row_id, *fault) for row_id, line in suspects if (fault := json_fault(line))
    ]
    rows = pa.table(
        {
            "row_id": pa.array([row[0] for row in faults], pa.int64()),
            "code": pa.array([row[1] for row in faults], pa.string()),
            "field": pa.array([row[2] for row in faults], pa.string()),
        }
    )
    connection.register("unsound", rows)
    connection.execute(
        "create or replace temp table unsound_lines as select * from unsound"
    ).fetchall()
    connection.unregister("unsound")


def json_fault(line: str) -> tuple[str, str] | None:
    """Return code and key of what makes a line unsound JSON, if anything does."""
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(key for key, _ in items)
        twice.extend(key for key, count in counts.items() if count > 1)
        return dict(items)

    def constant(value: str) -> None:
        raise ValueError(f"{value} is not JSON")

    try:
        record = json.loads(line, object_pairs_hook=pairs, parse_constant=constant)
    except (ValueError, RecursionError):
        return "not_json", ""
    if _is_broken(line):
        return "text_invalid", _broken_key(record)
    return ("duplicate_json_key", twice[0]) if twice else None


def _broken_key(record: Any) -> str:
    """Name the key whose value no table can hold, if it can be named itself."""
    if not isinstance(record, dict):
        return ""
    return next(
        (
            key
            for key, value in record.items()
            if _is_broken(json.dumps(value)) and not _is_broken(json.dumps(key))
        ),
        "",
    )


def _is_broken(written: str) -> bool:
    """Say whether JSON has an escape that stands for no character a table can hold."""
    return any(found[1] for found in _ESCAPES.finditer(written))
