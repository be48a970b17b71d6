"""What tables hold, as hashes of their rows: what is equal needs no comparing.

A view costs its whole query each time it is read, so a row is hashed once: the hashes
stay with the connection, for whoever asks next which rows have changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import duckdb


def contents_of(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str]
) -> dict[str, str]:
    """Return, of each table, a hash of columns and rows, whatever the rows' order.

    Args:
        connection: With the file to read attached as ``working``; it keeps the hashes
            of the rows of each table, in ``hashes_of(table)``.
        tables: Which, as ``schema.table``.
    """
    contents = {}
    for table in tables:
        described = connection.execute(f"describe working.{table}").fetchall()
        # what may not be missing is a promise of the build, and no copy keeps it
        columns = [column[:2] for column in described]
        hash_rows(connection, f"working.{table}", hashes_of(table))
        content = connection.execute(
            f"select count(*), sum(row_hash::hugeint) from {hashes_of(table)}"
        ).fetchall()
        contents[table] = hashlib.sha256(repr((columns, content)).encode()).hexdigest()
    return contents


def digest_of(contents: Mapping[str, str]) -> str:
    """Return one hash of the contents of all tables."""
    return hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()


def hashes_of(table: str) -> str:
    """Return the name of what holds the hashes of a table's rows, as ``row_hash``."""
    return f'temp."hashes of {table}"'


def hash_rows(connection: duckdb.DuckDBPyConnection, table: str, into: str) -> None:
    """Keep the hash of each row of a table as long as the connection lives."""
    connection.execute(
        f"create or replace temp table {into} as "
        f"select hash(every_column) as row_hash from {table} as every_column"
    )
