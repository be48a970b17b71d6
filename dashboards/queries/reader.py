"""Reads one published version: the only place where pages open a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pyarrow as pa
import streamlit as st

from dagster_project import published
from dagster_project.published import Version

Row = TypeVar("Row")

KEPT_VERSIONS = 3
KEPT_ANSWERS = 500

# A version never changes once it is published, so its name is all that an answer
# depends on. Its path ends with the name and tells two shops in one process apart.
BY_VERSION: dict[Any, Any] = {Version: lambda version: str(version.path)}

cached = st.cache_data(
    show_spinner=False, max_entries=KEPT_ANSWERS, hash_funcs=BY_VERSION
)


class VersionGoneError(Exception):
    """The version was retired between reading the pointer and opening its file."""


@dataclass(frozen=True)
class Query:
    """One select that fills a chart or a table.

    Attributes:
        sql: With ``$name`` parameters; its columns are named as the marts name them,
            so that their units and wording follow from their names.
        parameters: A value for each ``$name``.
    """

    sql: str
    parameters: Mapping[str, object] = field(default_factory=dict)


def frame(version: Version, query: Query, *, limit: int | None = None) -> pd.DataFrame:
    """Run a query and return its rows, the first ``limit`` where one is given."""
    return _frame(version, query.sql, dict(query.parameters), limit)


def total(version: Version, query: Query) -> int:
    """Count the rows of a query."""
    return int(_total(version, query.sql, dict(query.parameters)))


def arrow(version: Version, query: Query) -> pa.Table:
    """Run a query and return every row with the types of the marts, for a download."""
    with cursor_of(version) as cursor:
        cursor.execute(query.sql, dict(query.parameters))
        return cursor.to_arrow_table()


@cached
def _frame(
    version: Version, sql: str, parameters: dict[str, object], limit: int | None
) -> pd.DataFrame:
    if limit is not None:
        sql = f"{sql}\nlimit $row_limit"
        parameters = parameters | {"row_limit": limit}
    with cursor_of(version) as cursor:
        cursor.execute(sql, parameters)
        found: pd.DataFrame = cursor.df()
    return found


@cached
def _total(version: Version, sql: str, parameters: dict[str, object]) -> int:
    with cursor_of(version) as cursor:
        cursor.execute(f"select count(*) from ({sql})", parameters)
        ((rows_found,),) = cursor.fetchall()
    return int(rows_found)


def rows(
    version: Version,
    kind: type[Row],
    sql: str,
    parameters: Mapping[str, object] | None = None,
) -> list[Row]:
    """Run one query and return its rows as objects of a dataclass.

    Args:
        version: The published version to read.
        kind: Dataclass whose field names are columns of the query.
        sql: One select with ``$name`` parameters.
        parameters: A value for each ``$name``.

    Raises:
        VersionGoneError: The version's file is no longer there.
    """
    with cursor_of(version) as cursor:
        cursor.execute(sql, dict(parameters or {}))
        names = [column[0] for column in cursor.description or []]
        found = cursor.fetchall()
    positions = {
        field.name: names.index(field.name)
        for field in fields(kind)  # type: ignore[arg-type]
    }
    return [
        kind(**{name: values[position] for name, position in positions.items()})
        for values in found
    ]


def row(
    version: Version,
    kind: type[Row],
    sql: str,
    parameters: Mapping[str, object] | None = None,
) -> Row | None:
    """Return the only row of a query, or ``None`` where it has none."""
    found = rows(version, kind, sql, parameters)
    return found[0] if found else None


def only_row(
    version: Version,
    kind: type[Row],
    sql: str,
    parameters: Mapping[str, object] | None = None,
) -> Row:
    """Return the row of a query that always has one, as an ungrouped aggregate does."""
    (found,) = rows(version, kind, sql, parameters)
    return found


def store_zone(version: Version) -> ZoneInfo:
    """Return the zone in which the version counts its days."""
    return ZoneInfo(version.store_timezone)


@cached
def tables(version: Version) -> frozenset[str]:
    """Return the published tables as ``schema.table``.

    Later releases publish more tables: a page shows a block when its table exists.
    """
    with cursor_of(version) as cursor:
        cursor.execute(
            """
            select table_schema || '.' || table_name
            from information_schema.tables
            where table_schema in ('marts', 'metrics')
            """
        )
        return frozenset(name for (name,) in cursor.fetchall())


def cursor_of(version: Version) -> duckdb.DuckDBPyConnection:
    """Return a cursor of its own over a version, hardened; close it after use.

    Raises:
        VersionGoneError: The version's file is no longer there.
    """
    return _connection(version).cursor()


def _connection(version: Version) -> duckdb.DuckDBPyConnection:
    """Return the open, hardened connection to a version; callers take cursors of it.

    Raises:
        VersionGoneError: The version's file is no longer there.
    """
    try:
        return _open(version)
    except (duckdb.IOException, FileNotFoundError) as error:
        if version.path.exists():
            raise
        raise VersionGoneError(version.name) from error


# An open file outlives its retirement, so a page that has begun to read a version can
# finish. The connections that drop out of this cache close when nobody uses them.
@st.cache_resource(show_spinner=False, max_entries=KEPT_VERSIONS, hash_funcs=BY_VERSION)
def _open(version: Version) -> duckdb.DuckDBPyConnection:
    return published.connect(version)
