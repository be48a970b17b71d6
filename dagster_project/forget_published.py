"""Takes forgotten subjects out of published versions, DuckDB and Parquet alike.

A version is written anew beside its place and then changes places with itself. Whoever
has it open keeps reading the old files until they close it. Its metrics stay as they
were published: they count people and name none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from dagster_project import publish
from dagster_project.contents import contents_of, digest_of
from dagster_project.personal import PSEUDONYMOUS, class_of
from dagster_project.published import (
    AS_OF_VERSIONS,
    DATABASE,
    DESCRIPTION,
    VERSIONS,
)
from ingestion.contract.catalogue import load_catalogue
from ingestion.landing.forgotten import MASKED
from ingestion.privacy import subjects
from ingestion.privacy.identifiers import kinds_of
from ingestion.privacy.tombstones import Tombstones
from ingestion.shop import Shop

# lines as they may be shown; of one that names a subject nothing may
MASKED_TEXT = "masked_line"


def rewrite_published(shop: Shop, tombstones: Tombstones) -> int:
    """Rewrite every version that names a forgotten subject; return how many did."""
    rewritten = 0
    kinds = kinds_of(load_catalogue())
    for parent in (shop.published / VERSIONS, shop.published / AS_OF_VERSIONS):
        publish.remove_unfinished(parent)
        for folder in sorted(parent.glob("[!.]*")):
            rewritten += _rewrite(folder, tombstones, kinds)
    return rewritten


def _rewrite(folder: Path, tombstones: Tombstones, kinds: Mapping[str, str]) -> bool:
    with publish.attached(folder / DATABASE) as connection:
        tables = publish.published_tables(connection)
        named = {table: _named_columns(connection, table, kinds) for table in tables}
        _recognize(connection, named, tombstones)
        kept = {
            table: _kept_rows(connection, table, columns, tombstones)
            for table, columns in named.items()
        }
        description = (folder / DESCRIPTION).read_text(encoding="utf-8")
        names = tombstones.name_in(description)
        has_names = any(kept.values()) or bool(names)
        # rows that a table has lost since may stand in its file still
        if not has_names and not json.loads(description).get("has_old_blocks"):
            return False
        making = folder.with_name(f"{publish.MAKING}{folder.name}")
        making.mkdir()
        rows = publish.copy_tables(
            connection, tables, making, {t: s for t, s in kept.items() if s}
        )
    with publish.attached(making / DATABASE) as connection:
        contents = contents_of(connection, tables)
    # the longest first: one id may begin with another
    for name in sorted(names, key=len, reverse=True):
        description = description.replace(name, MASKED)
    publish.describe(
        making,
        json.loads(description)
        | {
            "rows": rows,
            "digest": digest_of(contents),
            "contents": contents,
            "has_old_blocks": False,
        },
    )
    publish.change_places(making, folder)
    return has_names


def _named_columns(
    connection: duckdb.DuckDBPyConnection, table: str, kinds: Mapping[str, str]
) -> dict[str, str | None]:
    """Return a table's columns that may name a subject, with the kind of their ids."""
    columns = connection.execute(f"describe working.{table}").fetchall()
    return {
        name: kinds.get(name)
        for name, kind, *_ in columns
        if kind == "VARCHAR"
        and name != MASKED_TEXT
        and (
            name in kinds
            or class_of(table.split(".")[1], name, kind) in (PSEUDONYMOUS, None)
        )
    }


def _recognize(
    connection: duckdb.DuckDBPyConnection,
    named: dict[str, dict[str, str | None]],
    tombstones: Tombstones,
) -> None:
    """Fill ``own`` with the subjects' ids in this version, alone or within others."""
    subjects.recognize(
        connection,
        tombstones,
        [
            (f"working.{table}", f"unnest({_parts(column)})", kind)
            for table, columns in named.items()
            for column, kind in columns.items()
        ],
    )


def _kept_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: dict[str, str | None],
    tombstones: Tombstones,
) -> str | None:
    """Return a select of what may stay of a table; ``None`` where all of it may."""
    tests = [_is_theirs(column, kind) for column, kind in columns.items()]
    is_theirs = " or ".join(tests) or "false"
    (found,) = connection.execute(
        f"select count(*) from working.{table} where {is_theirs}"
    ).fetchall()
    texts = _texts(connection, table, tombstones)
    if found == (0,) and not texts:
        return None
    masked = ""
    if texts:
        connection.execute("create or replace temp table texts (said varchar)")
        connection.executemany("insert into texts values ($1)", [[t] for t in texts])
        masked = (
            f" replace (case when {MASKED_TEXT} in (select said from texts) "
            f"then '{MASKED}' else {MASKED_TEXT} end as {MASKED_TEXT})"
        )
    return f"select *{masked} from working.{table} where not ({is_theirs})"


def _texts(
    connection: duckdb.DuckDBPyConnection, table: str, tombstones: Tombstones
) -> Sequence[str]:
    """Return the masked lines of a table that name a subject."""
    columns = [
        c for c, *_ in connection.execute(f"describe working.{table}").fetchall()
    ]
    if MASKED_TEXT not in columns:
        return ()
    said = connection.execute(f"select distinct {MASKED_TEXT} from working.{table}")
    return [text for (text,) in said.fetchall() if text and tombstones.name_in(text)]


def _is_theirs(column: str, kind: str | None) -> str:
    """Write that a value is a subject's id, or joins one with other words."""
    own = "(select list(value) from own)"
    joined = f"coalesce(list_has_any({_parts(column)}, {own}), false)"
    if kind is None:
        return joined
    of_kind = f"(select value from own where kind = '{kind}')"
    return (
        f'(coalesce("{column}" in {of_kind}, false) '
        f"or (coalesce(contains(\"{column}\", ':'), false) and {joined}))"
    )


def _parts(column: str) -> str:
    """Write a column's value and, where it joins several ids, each of them."""
    name = f'"{column}"'
    return f"list_prepend({name}, string_split({name}, ':'))"
