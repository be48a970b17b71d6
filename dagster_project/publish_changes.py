"""Makes a version's database of the one before it and what has changed since.

The file of the version before is copied whole, which the system does at the speed of
its memory. Then each table that holds other rows loses those that are gone and gains
those that are new: rows are told apart by their hashes, as the version's digest does.
What comes out holds the same rows as a copy of every table.

Rows that a table has lost may still stand in blocks of the file that nobody reads, so
whoever is forgotten is taken out of such a file by writing it anew, always.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb

from dagster_project.contents import hash_rows, hashes_of
from dagster_project.published import DATABASE, SCHEMAS, Version

SOUGHT_FROM = 20_000
"""Rows from which on a table's changes are sought; a smaller one is copied whole."""

# How many rows go and come, and whether that makes the old rows the new ones: where one
# row stands more often than before, no hash is new.
BALANCE = """
    with totals as (
        select
            (select (count(*), sum(row_hash::hugeint)) from old_hashes) as old_total,
            (select (count(*), sum(row_hash::hugeint)) from {new}) as new_total,
            (select (count(*), coalesce(sum(row_hash::hugeint), 0)) from old_hashes
             where row_hash in (from gone)) as gone_total,
            (select (count(*), coalesce(sum(row_hash::hugeint), 0)) from {new}
             where row_hash in (from come)) as come_total
    )
    select
        old_total[1] - gone_total[1] + come_total[1] = new_total[1]
        and old_total[2] - gone_total[2] + come_total[2] = new_total[2]
    from totals
"""


def write_changes(
    connection: duckdb.DuckDBPyConnection,
    contents: Mapping[str, str],
    previous: Version,
    making: Path,
) -> dict[str, int]:
    """Write a version's database beside its place; its folder holds no Parquet.

    Args:
        connection: With the file to copy from attached as ``working``; the new file
            stays attached as ``made``.
        contents: Of every table to publish, as ``contents_of`` found them on this
            connection.
        previous: The version to begin with.
        making: The folder to write.

    Returns:
        The row count of each table.
    """
    database = making / DATABASE
    shutil.copyfile(previous.path, database)
    quoted = str(database).replace("'", "''")
    connection.execute(f"attach '{quoted}' as made")
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists made.{schema}")
    for table in previous.rows.keys() - contents.keys():
        connection.execute(f"drop table made.{table}")
    rows = {}
    for table, content in contents.items():
        if previous.contents.get(table) != content:
            _bring_up(connection, table)
        ((rows[table],),) = connection.execute(
            f"select count(*) from made.{table}"
        ).fetchall()
    return rows


def _bring_up(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make a table hold the rows it has in the working file."""
    if not (_is_sought(connection, table) and _exchange(connection, table)):
        connection.execute(f"drop table if exists made.{table}")
        connection.execute(f"create table made.{table} as from working.{table}")


def _is_sought(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table is there, large, and has the same columns as before."""
    schema, name = table.split(".")
    made = connection.execute(
        """
        select estimated_size
        from duckdb_tables()
        where database_name = 'made' and schema_name = $schema and table_name = $name
        """,
        {"schema": schema, "name": name},
    ).fetchall()
    if not made or made[0][0] < SOUGHT_FROM:
        return False
    old, new = (
        [column[:2] for column in connection.execute(f"describe {place}").fetchall()]
        for place in (f"made.{table}", f"working.{table}")
    )
    return old == new


def _exchange(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Take out the rows that are gone and put in the new; ``False`` if that fails."""
    new = hashes_of(table)
    hash_rows(connection, f"made.{table}", "old_hashes")
    for name, these, others in (
        ("gone", "old_hashes", new),
        ("come", new, "old_hashes"),
    ):
        connection.execute(
            f"create or replace temp table {name} as select distinct row_hash "
            f"from {these} where row_hash not in (from {others})"
        )
    is_balanced = connection.execute(BALANCE.format(new=new)).fetchall() == [(True,)]
    if is_balanced:
        connection.execute(
            f"delete from made.{table} as every_column "
            "where hash(every_column) in (from gone)"
        )
        connection.execute(
            f"insert into made.{table} select * from working.{table} as every_column "
            "where hash(every_column) in (from come)"
        )
    for name in ("old_hashes", "gone", "come"):
        connection.execute(f"drop table {name}")
    return is_balanced
