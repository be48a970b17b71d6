"""Compares two published databases the way the marts promise to be equal."""

from __future__ import annotations

from pathlib import Path

import duckdb

# where a line came from is not what it says
LINEAGE = {"landed_file", "line_number", "landing_id", "landing_seq"}
LINEAGE_PREFIX = "rejected_"

# the ledger is about deliveries; split or doubled files are other deliveries
LEDGER = ("marts", "landings")

# what was published before is no matter of what has landed
MEMORY = {("metrics", "restatements"), ("marts", "weekly_sweep")}


def differences(
    first: Path, second: Path, *, with_ledger: bool = True
) -> dict[str, tuple[list, list]]:
    """Return, per table that differs, rows only the first and only the second holds.

    Doubles are compared at nine significant digits, everything else exactly; rows are
    compared as multisets.
    """
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{first}' as first (read_only)")
        connection.execute(f"attach '{second}' as second (read_only)")
        tables = _tables(connection, "first")
        assert tables == _tables(connection, "second")
        assert tables, "nothing was published"
        for schema, table in tables:
            if (schema, table) == LEDGER and not with_ledger:
                continue
            if (schema, table) in MEMORY:
                continue
            columns = _compared(connection, schema, table)
            one, other = (
                f"select {columns} from {name}.{schema}.{table}"
                for name in ("first", "second")
            )
            only_one, only_other = (
                connection.sql(f"{a} except all {b}").limit(3).fetchall()
                for a, b in ((one, other), (other, one))
            )
            if only_one or only_other:
                found[f"{schema}.{table}"] = (only_one, only_other)
    return found


def _tables(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str]]:
    return connection.sql(
        f"""
        select schema_name, table_name from duckdb_tables()
        where database_name = '{name}' order by all
        """
    ).fetchall()


def _compared(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    columns = connection.sql(
        f"""
        select column_name, data_type from duckdb_columns()
        where database_name = 'first'
            and schema_name = '{schema}' and table_name = '{table}'
        order by column_index
        """
    ).fetchall()
    return ", ".join(
        f'format(\'{{:.8e}}\', "{name}") as "{name}"'
        if kind == "DOUBLE"
        else f'"{name}"'
        for name, kind in columns
        if name not in LINEAGE and not name.startswith(LINEAGE_PREFIX)
    )
