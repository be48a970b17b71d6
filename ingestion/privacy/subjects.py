"""What of the raw tables is a subject's: by customer, order and what hangs on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.judge import text
from ingestion.landing import raw
from ingestion.privacy.identifiers import (
    ANYTHING,
    CONTACTS,
    CUSTOMER,
    ORDER,
    in_columns,
    kinds_of,
)
from ingestion.privacy.tombstones import Tombstones, hash_sql

# a line that names another customer is that customer's, whoever shared the phone
_LEARNED_BY_ASKING: Final = CUSTOMER


@dataclass(frozen=True)
class LandedTable:
    """One table of accepted rows.

    Attributes:
        name: With schema and database.
        columns: All of them.
        named: Columns that name a thing of one subject -> kind.
    """

    name: str
    columns: tuple[str, ...]
    named: Mapping[str, str]

    def is_of_subjects(self) -> str:
        """Write the condition that a row is of those in ``own``."""
        tests = []
        for column, kind in self.named.items():
            test = f"coalesce({_is_own(column, kind)}, false)"
            if column in CONTACTS and CUSTOMER in self.named:
                owner = f"coalesce({_is_own(CUSTOMER, CUSTOMER)}, true)"
                test = f"({test} and {owner})"
            tests.append(test)
        if ANYTHING in self.columns:
            tests.append(
                f"coalesce(list_has_any(list_prepend({ANYTHING}, "
                f"string_split({ANYTHING}, ':')), "
                "(select list(value) from own)), false)"
            )
        return f"({' or '.join(tests)})" if tests else "false"


def landed_tables(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, database: str
) -> list[LandedTable]:
    """List the tables of accepted rows of an open or attached working file."""
    kinds = kinds_of(catalogue)
    tables = []
    for name in raw.landed_tables(raw.tables_of(connection, database)):
        columns = tuple(
            column
            for (column,) in connection.execute(
                "select column_name from duckdb_columns() where database_name = $1 "
                "and schema_name = $2 and table_name = $3 order by column_index",
                [database, raw.RAW, name],
            ).fetchall()
        )
        tables.append(
            LandedTable(
                f"{text.name(database)}.{raw.RAW}.{name}",
                columns,
                in_columns(columns, kinds),
            )
        )
    return tables


def begin(
    connection: duckdb.DuckDBPyConnection, seeds: Iterable[tuple[str, str]]
) -> None:
    """Begin ``own(kind, value)`` with identifiers in clear."""
    raw.run(
        connection, "create or replace temp table own (kind varchar, value varchar)"
    )
    _add(connection, seeds)


def recognize(
    connection: duckdb.DuckDBPyConnection,
    tombstones: Tombstones,
    columns: Iterable[tuple[str, str, str | None]],
) -> None:
    """Begin ``own`` with what tombstones know among the values of columns.

    Args:
        connection: Where the tables are.
        tombstones: Who was forgotten.
        columns: Table, SQL of a value, and the kind of identifier it holds; ``None``
            where it may hold any.
    """
    begin(connection, [])
    by_kind: dict[str | None, list[str]] = {}
    for table, value, kind in columns:
        by_kind.setdefault(kind, []).append(f"select {value} as value from {table}")
    for kind, selects in by_kind.items():
        hashes = tombstones.of_any_kind if kind is None else tombstones.hashes.get(kind)
        if not hashes:
            continue
        connection.register("known", pa.table({"hash": sorted(hashes)}))
        # each value is hashed once, however many rows and tables say it
        raw.run(
            connection,
            f"""
            insert into own
            select {text.quoted(kind or "")} as kind, value
            from (select distinct value from ({" union all ".join(selects)}))
            where {hash_sql("value", key=tombstones.key)} in (select hash from known)
            """,
        )
        connection.unregister("known")


def follow(connection: duckdb.DuckDBPyConnection, tables: list[LandedTable]) -> None:
    """Add to ``own`` what rows of subjects name, until nothing is left to find.

    What a row of somebody else names too is shared, and leads nowhere: no other
    customer is found by it. A customer is never found, only asked for.
    """
    while found := list(_found(connection, tables)):
        _add(connection, found)


def own(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return kind and value of what was found."""
    return connection.execute("select kind, value from own order by all").fetchall()


def _found(
    connection: duckdb.DuckDBPyConnection, tables: list[LandedTable]
) -> Iterator[tuple[str, str]]:
    selects = [
        f"select {text.quoted(kind)} as kind, {column} as value from {table.name} "
        f"where {column} is not null and {table.is_of_subjects()}"
        for table in tables
        for column, kind in table.named.items()
        if kind != _LEARNED_BY_ASKING
    ]
    selects += [
        "select 'order_line_id' as kind, unnest(json_extract_string("
        f"lines, '$[*].order_line_id')) as value from {table.name} "
        f"where lines is not null and {table.is_of_subjects()}"
        for table in tables
        if "lines" in table.columns
    ]
    if not selects:
        return
    raw.run(
        connection,
        "create or replace temp table found as "
        f"select distinct * from ({' union all '.join(selects)}) anti join own "
        "using (kind, value)",
    )
    _leave_out_shared(connection, tables)
    yield from connection.execute("select kind, value from found").fetchall()


def _leave_out_shared(
    connection: duckdb.DuckDBPyConnection, tables: list[LandedTable]
) -> None:
    orders = " union all ".join(
        f"select {ORDER} from {table.name} where {_is_others(CUSTOMER)}"
        for table in tables
        if {ORDER, CUSTOMER} <= table.named.keys()
    )
    raw.run(
        connection,
        "create or replace temp table orders_of_others as "
        + (orders or f"select null::varchar as {ORDER} where false"),
    )
    for table in tables:
        of_others = [_is_others(CUSTOMER)] if CUSTOMER in table.named else []
        if ORDER in table.named:
            of_others.append(f"{ORDER} in (select {ORDER} from orders_of_others)")
        for column, kind in table.named.items() if of_others else ():
            raw.run(
                connection,
                f"delete from found where kind = {text.quoted(kind)} and value in "
                f"(select {column} from {table.name} where {' or '.join(of_others)})",
            )


def _is_own(column: str, kind: str) -> str:
    return f"{column} in (select value from own where kind = {text.quoted(kind)})"


def _is_others(column: str) -> str:
    return f"({column} is not null and not {_is_own(column, CUSTOMER)})"


def _add(
    connection: duckdb.DuckDBPyConnection, found: Iterable[tuple[str, str]]
) -> None:
    rows = list(found)
    if rows:
        connection.register(
            "incoming",
            pa.table({"kind": [r[0] for r in rows], "value": [r[1] for r in rows]}),
        )
        raw.run(connection, "insert into own select kind, value from incoming")
        connection.unregister("incoming")
