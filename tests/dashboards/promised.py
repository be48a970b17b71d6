"""Gives the small shop every table and column that the models promise, empty."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import duckdb
import yaml

from dagster_project import published

ROOT = Path(__file__).parents[2]

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def promised_columns() -> dict[str, dict[str, str]]:
    """Return the declared type of each column of each published model, by table."""
    tables: dict[str, dict[str, str]] = {}
    for schema in published.SCHEMAS:
        for path in (ROOT / "dbt_project" / "models" / schema).glob("*.yml"):
            described = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
            for model in described["models"]:
                tables[f"{schema}.{model['name']}"] = {
                    column["name"]: column["data_type"].lower()
                    for column in model["columns"]
                }
    return tables


def complete(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to a shop what it has not got of the promised tables and columns."""
    found = connection.execute(
        """
        select table_schema || '.' || table_name, column_name
        from information_schema.columns
        where table_schema in ('marts', 'metrics')
        """
    ).fetchall()
    known: dict[str, set[str]] = {}
    for table, column in found:
        known.setdefault(table, set()).add(column)
    for table, columns in promised_columns().items():
        if table not in known:
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {table} ({listed})")
            continue
        for name, kind in columns.items():
            if name not in known[table]:
                connection.execute(f'alter table {table} add column "{name}" {kind}')
