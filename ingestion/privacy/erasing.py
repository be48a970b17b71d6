"""Takes forgotten subjects out of what landing keeps: tables, quarantine, dlt, spool.

Deleted rows survive in a database's free blocks, and deleted cells in its columns'
segments. So nothing is deleted: what may stay is copied into a new file, which takes
the old one's place. Doing it twice does no more than doing it once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract.catalogue import Catalogue
from ingestion.judge import text
from ingestion.judge.rejections import reason
from ingestion.landing import pipelines, quarantine, raw
from ingestion.landing.forgotten import CODE, MASKED, rejected_id
from ingestion.privacy import subjects
from ingestion.privacy.identifiers import free_text_of
from ingestion.privacy.subjects import LandedTable
from ingestion.privacy.tombstones import Tombstones, sync
from ingestion.shop import Shop

_FRESH: Final = "working.making.duckdb"

IsKept = Callable[[str, str], bool]
"""Says of a schema and table whether it is copied; what is not is built anew."""


@dataclass
class Erased:
    """What was taken out.

    Attributes:
        lines: Landed lines that were the subjects'.
        landed_files: The files they came in, as the ledger names them.
        rewritten: Layer of the data folder -> files rewritten or removed.
        left: Files that hold a subject and are not ours to change.
    """

    lines: int = 0
    landed_files: tuple[str, ...] = ()
    rewritten: dict[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()


def learn(shop: Shop, catalogue: Catalogue, tombstones: Tombstones) -> Tombstones:
    """Add to tombstones what the warehouse says of forgotten subjects."""
    if not shop.working.exists():
        return tombstones
    with duckdb.connect(":memory:") as connection:
        _attach(connection, shop)
        tables = subjects.landed_tables(connection, catalogue, "held")
        _recognize(connection, tables, tombstones)
        subjects.follow(connection, tables)
        return tombstones.with_more(subjects.own(connection))


def erase_landed(
    shop: Shop, catalogue: Catalogue, tombstones: Tombstones, is_kept: IsKept
) -> Erased:
    """Rewrite everything that landing wrote, without forgotten subjects."""
    erased = Erased(rewritten={"spool": _remove(shop.folder / "spool")})
    if shop.working.exists():
        pipelines.drop_interrupted_loads(shop, catalogue.domains)
        with raw.opened(shop) as connection:
            raw.roll_back(connection)
        _rewrite_working(shop, catalogue, tombstones, is_kept, erased)
    # all it keeps stands in the warehouse too, and comes back from there
    erased.rewritten["dlt"] = _remove(shop.dlt)
    erased.rewritten["quarantine"] = _rewrite_quarantine(shop, tombstones)
    _remove(shop.folder / "spool")
    return erased


def _rewrite_working(
    shop: Shop,
    catalogue: Catalogue,
    tombstones: Tombstones,
    is_kept: IsKept,
    erased: Erased,
) -> None:
    fresh = shop.folder / _FRESH
    for leftover in shop.folder.glob(f"{_FRESH}*"):
        leftover.unlink()
    with duckdb.connect(":memory:") as connection:
        _attach(connection, shop)
        raw.run(connection, f"attach {text.quoted(str(fresh))} as fresh")
        landed = {
            t.name: t for t in subjects.landed_tables(connection, catalogue, "held")
        }
        _recognize(connection, list(landed.values()), tombstones)
        _note_erased_lines(connection, list(landed.values()), erased)
        for schema, table, ddl in _tables(connection):
            if not is_kept(schema, table):
                continue
            raw.run(
                connection, f"create schema if not exists fresh.{text.name(schema)}"
            )
            raw.run(connection, "use fresh")
            raw.run(connection, ddl)
            raw.run(connection, "use memory")
            name = f"{text.name(schema)}.{text.name(table)}"
            if (
                rows := landed.get(f"{text.name('held')}.{schema}.{table}")
            ) is not None:
                _copy_landed(connection, rows, name, catalogue, tombstones)
            elif (schema, table) == (raw.RAW, raw.REJECTED):
                _copy_rejections(connection, name, catalogue, tombstones)
            elif (schema, table) == (raw.RAW, raw.LEDGER):
                _copy_ledger(connection, name)
            else:
                _copy_others(connection, schema, table, name)
        raw.run(connection, "detach fresh")
    with duckdb.connect(str(fresh)) as connection:
        raw.run(connection, "set timezone = 'UTC'")
        raw.create_views(connection, catalogue)
        raw.run(connection, "checkpoint")
    sync(fresh)
    fresh.replace(shop.working)
    shop.working.with_name(f"{shop.working.name}.wal").unlink(missing_ok=True)
    sync(shop.folder)
    erased.rewritten["working"] = 1


def _attach(connection: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    raw.run(connection, "set timezone = 'UTC'")
    raw.run(
        connection, f"set temp_directory = {text.quoted(str(shop.folder / 'spool'))}"
    )
    with raw.opened(shop) as working:
        raw.run(working, "checkpoint")
    raw.run(connection, f"attach {text.quoted(str(shop.working))} as held (read_only)")


def _recognize(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[LandedTable],
    tombstones: Tombstones,
) -> None:
    columns = [
        (table.name, column, kind)
        for table in tables
        for column, kind in table.named.items()
    ]
    columns += [
        (
            table.name,
            "unnest(json_extract_string(lines, '$[*].order_line_id'))",
            "order_line_id",
        )
        for table in tables
        if "lines" in table.columns
    ]
    subjects.recognize(connection, tombstones, columns)


def _note_erased_lines(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[LandedTable],
    erased: Erased,
) -> None:
    """Keep which lines are the subjects', to account for them as rejected."""
    selects = [
        f"select landing_seq, file_number, line_number, hash_1, hash_2, event_name, "
        f"source, ingested_at from {table.name} where {table.is_of_subjects()}"
        for table in tables
    ]
    nothing = (
        "select null::bigint as landing_seq, null::bigint as file_number, "
        "null::bigint as line_number, null::bigint as hash_1, null::bigint as hash_2, "
        "null::varchar as event_name, null::varchar as source, "
        "null::timestamptz as ingested_at where false"
    )
    raw.run(
        connection,
        "create or replace temp table erased as "
        + " union all ".join(selects or [nothing]),
    )
    ((erased.lines,),) = connection.execute("select count(*) from erased").fetchall()
    if erased.lines:
        files = connection.execute(
            f"select distinct landed_file from held.{raw.RAW}.{raw.LEDGER} "
            "semi join erased using (landing_seq, file_number) order by landed_file"
        ).fetchall()
        erased.landed_files = tuple(file for (file,) in files)


def _copy_landed(
    connection: duckdb.DuckDBPyConnection,
    table: LandedTable,
    name: str,
    catalogue: Catalogue,
    tombstones: Tombstones,
) -> None:
    """Copy rows of others; where their free text names a subject, without it."""
    emptied = []
    for column in set(free_text_of(catalogue)) & set(table.columns):
        cell = text.name(column)
        _note_naming(
            connection,
            f"select {cell} from {table.name}",
            tombstones,
            into=f"naming_{column}",
        )
        emptied.append(
            f"case when {cell} not in (select said from naming_{column}) "
            f"then {cell} end as {cell}"
        )
    replaced = f" replace ({', '.join(emptied)})" if emptied else ""
    raw.run(
        connection,
        f"insert into fresh.{name} by name select *{replaced} from {table.name} "
        f"where not {table.is_of_subjects()}",
    )


def _note_naming(
    connection: duckdb.DuckDBPyConnection,
    texts: str,
    tombstones: Tombstones,
    *,
    into: str,
) -> None:
    """Keep in a temporary table which texts name a subject, as ``said``."""
    said = connection.execute(f"select distinct said from ({texts}) as each(said)")
    naming = [row for (row,) in said.fetchall() if row and tombstones.name_in(row)]
    connection.register("incoming", pa.table({"said": pa.array(naming, pa.string())}))
    raw.run(connection, f"create or replace temp table {into} as from incoming")
    connection.unregister("incoming")


def _copy_rejections(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    catalogue: Catalogue,
    tombstones: Tombstones,
) -> None:
    """Copy rejected lines, those of subjects masked, and add the lines erased."""
    held = f"held.{raw.RAW}.{raw.REJECTED}"
    _note_naming(
        connection, f"select masked_line from {held}", tombstones, into="naming"
    )
    said = text.quoted(reason(catalogue, CODE, None, None))
    connection.create_function(
        "forgotten_id",
        lambda plain: rejected_id(plain, key=tombstones.key),
        ["VARCHAR"],  # type: ignore[list-item]
        "VARCHAR",  # type: ignore[arg-type]
    )
    raw.run(
        connection,
        f"""
        insert into fresh.{name} by name
        with

        rejections as (

            select
                *,
                masked_line in (select said from naming) as is_theirs
            from {held}

        ),

        masked as (

            select * exclude (is_theirs) replace (
                case when is_theirs then '{CODE}' else reason_code end as reason_code,
                case when is_theirs then {said} else reason end as reason,
                case when not is_theirs then field end as field,
                case when is_theirs then '{MASKED}' else masked_line end as masked_line,
                case
                    when is_theirs then forgotten_id(rejected_id) else rejected_id
                end as rejected_id
            )
            from rejections

        ),

        added as (

            select
                erased.landing_seq,
                ledger.landing_id,
                ledger.landed_file,
                erased.line_number,
                forgotten_id(
                    cast({text.hash_of_numbers("hash_1", "hash_2")} as varchar)
                ) as rejected_id,
                '{CODE}' as reason_code,
                {said} as reason,
                erased.event_name,
                '{MASKED}' as masked_line,
                erased.source,
                erased.ingested_at as rejected_at,
                erased.ingested_at
            from erased
            inner join held.{raw.RAW}.{raw.LEDGER} as ledger
                using (landing_seq, file_number)

        )

        select * from masked
        union all by name
        select * from added
        """,
    )
    connection.remove_function("forgotten_id")


def _copy_ledger(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Copy the ledger; what was accepted and is erased counts as rejected."""
    raw.run(
        connection,
        f"""
        insert into fresh.{name} by name
        select ledger.* replace (
            ledger.rejected + coalesce(counted.erased_lines, 0) as rejected
        )
        from held.{raw.RAW}.{raw.LEDGER} as ledger
        left join (
            select landing_seq, file_number, count(*) as erased_lines
            from erased
            group by all
        ) as counted using (landing_seq, file_number)
        """,
    )


def _copy_others(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, name: str
) -> None:
    """Copy a table of another kind without rows whose ids are a subject's."""
    named = [
        f"coalesce({text.name(column)} in (select value from own), false)"
        for (column,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = 'held' "
            "and schema_name = $1 and table_name = $2 and data_type = 'VARCHAR' "
            "and regexp_matches(column_name, '_(id|hash)$') "
            "and not starts_with(column_name, '_dlt')",
            [schema, table],
        ).fetchall()
    ]
    is_theirs = " or ".join(named) or "false"
    raw.run(
        connection,
        f"insert into fresh.{name} by name "
        f"select * from held.{name} where not ({is_theirs})",
    )


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Return schema, name and definition of the warehouse's tables."""
    return connection.execute(
        "select schema_name, table_name, sql from duckdb_tables() "
        "where database_name = 'held' order by all"
    ).fetchall()


def _rewrite_quarantine(shop: Shop, tombstones: Tombstones) -> int:
    """Rewrite the files whose lines name a subject; an empty one goes."""
    rewritten = 0
    for path in quarantine.quarantined(shop):
        kept = pq.read_table(path)
        is_others = [
            not tombstones.name_in(line or "")
            for line in kept.column("line").to_pylist()
        ]
        if all(is_others):
            continue
        rewritten += 1
        if not any(is_others):
            path.unlink()
            continue
        draft = path.with_suffix(".making")
        draft.touch(mode=0o600)
        pq.write_table(kept.filter(pa.array(is_others)), draft, compression="zstd")
        sync(draft)
        draft.replace(path)
    return rewritten


def _remove(folder: Path) -> int:
    count = sum(path.is_file() for path in folder.rglob("*"))
    shutil.rmtree(folder, ignore_errors=True)
    return count
