"""The raw schema: one narrow table per event group, one view per domain over them.

What costs in loading is width. A group's table therefore has only the columns its
lines were ever seen to carry; the view of its domain has every column there is.

The ledger, ``raw.landings``, is written last and is what commits a landing: views show
no row of a landing that is not in it, and the next landing takes such rows out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, cast

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.judge import text
from ingestion.shop import Shop

RAW: Final = "raw"
LEDGER: Final = "landings"
REJECTED: Final = "landed_rejections"
BOOKS: Final = "orders"  # the domain whose pipeline also keeps rejections and ledger

LINEAGE: Final = {
    "landing_seq": "bigint",
    "landing_id": "text",
    "landed_file": "text",
    "line_number": "bigint",
    "content_hash": "text",
    "ingested_at": "timestamp",
    "first_landed_at": "timestamp",
    "fact_key": "text",
    "raw_values": "text",
    "extra": "text",
}
LINE_KEY: Final = "line_key"
"""Column of a group's table: 64 bits of the content hash, to find repeats fast."""

STANDS_IN: Final = {"event_id": "fact_key", "first_landed_at": "ingested_at"}
"""Column that is stored only where it differs -> the column it equals elsewhere."""

REJECTED_COLUMNS: Final = {
    "landing_seq": "bigint",
    "landing_id": "text",
    "landed_file": "text",
    "line_number": "bigint",
    "rejected_id": "text",
    "reason_code": "text",
    "reason": "text",
    "field": "text",
    "event_name": "text",
    "masked_line": "text",
    "source": "text",
    "rejected_at": "timestamp",
    "ingested_at": "timestamp",
    "replayed_at": "timestamp",
}
LEDGER_COLUMNS: Final = {
    "landing_id": "text",
    "landing_seq": "bigint",
    "landed_file": "text",
    "content_hash": "text",
    "landed_at": "timestamp",
    "delivered": "bigint",
    "rejected": "bigint",
    "is_backfill": "bool",
}
_ARROW_TYPES: Final = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_DUCKDB_TYPES: Final = {
    "text": "varchar",
    "bigint": "bigint",
    "double": "double",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
}


def group_table(group: str) -> str:
    """Name the table of an event group."""
    return f"landed_{group}"


def event_columns(catalogue: Catalogue, domain: str) -> dict[str, str]:
    """Return every column of a domain's view with its dlt type."""
    fields = {
        column.name: column.dlt
        for column in catalogue.domain_fields(domain)
        if column.name not in LINEAGE
    }
    return {**LINEAGE, **fields}


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Return columns with dlt types as an Arrow schema."""
    return pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in columns.items()])


@contextlib.contextmanager
def opened(shop: Shop) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the working file in UTC."""
    with duckdb.connect(str(shop.working)) as connection:
        run(connection, "set timezone = 'UTC'")
        yield connection


def run(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Run a statement for what it does."""
    connection.execute(statement).fetchall()


def tables_of(connection: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    """List the raw tables of an open or attached working file."""
    return {
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() "
            f"where database_name = $1 and schema_name = '{RAW}'",
            [database],
        ).fetchall()
    }


def landed_tables(tables: set[str]) -> list[str]:
    """Choose the tables of accepted rows among the raw tables, sorted."""
    return sorted(t for t in tables if t.startswith("landed_") and t != REJECTED)


def roll_back(connection: duckdb.DuckDBPyConnection) -> int:
    """Take out what an interrupted landing left; return the last landing's number."""
    tables = tables_of(connection, _database(connection))
    last = 0
    if LEDGER in tables:
        query = f"select coalesce(max(landing_seq), 0) from {RAW}.{LEDGER}"
        last = connection.execute(query).fetchall()[0][0]
    for table in (*landed_tables(tables), *({REJECTED} & tables)):
        run(connection, f"delete from {RAW}.{table} where landing_seq > {last}")
    return last


def landed_files(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the landing ids that the ledger holds."""
    if LEDGER not in tables_of(connection, _database(connection)):
        return set()
    rows = connection.execute(f"select landing_id from {RAW}.{LEDGER}").fetchall()
    return {landing_id for (landing_id,) in rows}


def last_landed_at(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """Return the ledger's latest landing time."""
    query = f"select max(landed_at) from {RAW}.{LEDGER}"
    return cast(datetime | None, connection.execute(query).fetchall()[0][0])


def create_views(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Show each domain's rows, and the rejected ones, once their landing is whole."""
    tables = tables_of(connection, _database(connection))
    for domain, view in catalogue.event_views.items():
        columns = event_columns(catalogue, domain)
        groups = {event.group: None for event in catalogue.events_of(domain)}
        names = [t for group in groups if (t := group_table(group)) in tables]
        selects = [_select(connection, table, columns) for table in names]
        _create_view(connection, view, selects or [_nothing(columns)])
    if REJECTED in tables:
        columns = REJECTED_COLUMNS
        select = _select(connection, REJECTED, columns)
        _create_view(connection, "rejected_events", [select])


def _create_view(
    connection: duckdb.DuckDBPyConnection, view: str, selects: list[str]
) -> None:
    body = "\nunion all\n".join(selects)
    run(connection, f"create or replace view {RAW}.{view} as\n{body}")


def _select(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]
) -> str:
    held = {
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = $1 "
            f"and schema_name = '{RAW}' and table_name = $2",
            [_database(connection), table],
        ).fetchall()
    }
    cells = ", ".join(_cell(column, kind, held) for column, kind in columns.items())
    return (
        f"select {cells} from {RAW}.{table} where landing_seq <= "
        f"(select max(landing_seq) from {RAW}.{LEDGER})"
    )


def _cell(column: str, kind: str, held: set[str]) -> str:
    substitute = STANDS_IN.get(column)
    if substitute in held:
        own = f"{column}, " if column in held else ""
        return f"coalesce({own}{substitute}) as {column}"
    return text.name(column) if column in held else _null(column, kind)


def _nothing(columns: Mapping[str, str]) -> str:
    cells = ", ".join(_null(column, kind) for column, kind in columns.items())
    return f"select {cells} where false"


def _null(column: str, kind: str) -> str:
    return f"cast(null as {_DUCKDB_TYPES[kind]}) as {text.name(column)}"


def _database(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])
