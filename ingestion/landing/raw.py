"""The raw schema: one narrow table per event group, one view per domain over them.

What costs in loading is width. A group's table therefore has only the columns its
lines were ever seen to carry; the view of its domain has every column there is. It
takes a file's name from the ledger and a default from the contract.

The ledger, ``raw.landings``, is written last and is what commits a landing: views show
no row of a file that is not in it, and the next landing takes such rows out.
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

STORED: Final = {
    "landing_seq": "bigint",
    "file_number": "bigint",
    "line_number": "bigint",
    "hash_1": "bigint",
    "hash_2": "bigint",
    "ingested_at": "timestamp",
    "first_landed_at": "timestamp",
    "fact_key": "text",
    "raw_values": "text",
    "extra": "text",
}
"""Columns of a group's table beside the fields of its events."""

LINEAGE: Final = {
    "landing_seq": "bigint",
    "landing_id": "text",
    "landed_file": "text",
    "line_number": "bigint",
    "content_hash": "number",
    "ingested_at": "timestamp",
    "first_landed_at": "timestamp",
    "fact_key": "text",
    "raw_values": "text",
    "extra": "text",
}
"""Columns of a domain's view beside the fields of its events."""

_LEDGERS: Final = ("landing_id", "landed_file")  # the view takes these from the ledger
_HASH: Final = "content_hash"

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
    "file_number": "bigint",
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
    "number": "hugeint",
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
        selects = [
            _landed(connection, group, columns, catalogue)
            for group in groups
            if group_table(group) in tables
        ]
        _create_view(connection, view, selects or [_nothing(columns)])
    if REJECTED in tables:
        _create_view(connection, "rejected_events", [_rejected(connection)])


def _create_view(
    connection: duckdb.DuckDBPyConnection, view: str, selects: list[str]
) -> None:
    body = "\nunion all\n".join(selects)
    run(connection, f"create or replace view {RAW}.{view} as\n{body}")


def _landed(
    connection: duckdb.DuckDBPyConnection,
    group: str,
    columns: Mapping[str, str],
    catalogue: Catalogue,
) -> str:
    table = group_table(group)
    held = _columns_of(connection, table)
    defaults = _defaults(catalogue, group)
    cells = ", ".join(
        _cell(column, kind, held, defaults.get(column))
        for column, kind in columns.items()
    )
    return (
        f"select {cells} from {RAW}.{table} as landed "
        f"inner join {RAW}.{LEDGER} as ledger "
        "on ledger.landing_seq = landed.landing_seq "
        "and ledger.file_number = landed.file_number"
    )


def _cell(column: str, kind: str, held: set[str], default: str | None) -> str:
    if column in _LEDGERS:
        return f"ledger.{column}"
    if column == _HASH:
        return f"{text.hash_of_numbers('landed.hash_1', 'landed.hash_2')} as {column}"
    own = [f"landed.{text.name(column)}"] if column in held else []
    if (substitute := STANDS_IN.get(column)) in held:
        own.append(f"landed.{substitute}")
    if default is not None:
        own.append(default)
    if not own:
        return _null(column, kind)
    cell = own[0] if len(own) == 1 else f"coalesce({', '.join(own)})"
    return f"{cell} as {text.name(column)}"


def _defaults(catalogue: Catalogue, group: str) -> dict[str, str]:
    """Write what each field with a default holds where its event did not say it."""
    names = [event.name for event in catalogue.events.values() if event.group == group]
    defaults = {}
    for field in catalogue.fields.values():
        having = [name for name in names if field.name in catalogue.allowed(name)]
        if field.default is None or not having:
            continue
        value = text.literal(field.default)
        if having != names:
            value = (
                f"case when landed.event_name in ({text.listed(having)}) "
                f"then {value} end"
            )
        defaults[field.name] = value
    return defaults


def _rejected(connection: duckdb.DuckDBPyConnection) -> str:
    held = _columns_of(connection, REJECTED)
    cells = ", ".join(
        text.name(column) if column in held else _null(column, kind)
        for column, kind in REJECTED_COLUMNS.items()
    )
    return (
        f"select {cells} from {RAW}.{REJECTED} where landing_seq <= "
        f"(select max(landing_seq) from {RAW}.{LEDGER})"
    )


def _columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = $1 "
            f"and schema_name = '{RAW}' and table_name = $2",
            [_database(connection), table],
        ).fetchall()
    }


def _nothing(columns: Mapping[str, str]) -> str:
    cells = ", ".join(_null(column, kind) for column, kind in columns.items())
    return f"select {cells} where false"


def _null(column: str, kind: str) -> str:
    return f"cast(null as {_DUCKDB_TYPES[kind]}) as {text.name(column)}"


def _database(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])
