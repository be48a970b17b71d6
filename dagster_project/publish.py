"""Publishes a build that passed the gate: a new immutable version, then the pointer.

Everything is written beside what readers use and made durable before ``current.json``
is replaced, so a crash at any point leaves the version before in place. What a crash
leaves behind is removed by the next publish.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from dagster_project import gate, headline
from dagster_project.builds import Build, last_build
from dagster_project.contents import contents_of, digest_of
from dagster_project.gate import Verdict
from dagster_project.memory import remember
from dagster_project.publish_changes import write_changes
from dagster_project.published import (
    AS_OF_VERSIONS,
    DATABASE,
    DESCRIPTION,
    PARQUET,
    POINTER,
    SCHEMAS,
    VERSIONS,
    BrokenVersionError,
    Version,
    as_of_versions,
    connect,
    current,
    read_version,
    versions,
)
from ingestion.lock import hold
from ingestion.privacy.retention import days_kept
from ingestion.shop import Shop

# Files written by DuckDB 2.0 open in 1.5 only in this storage version: measured, a
# client of 1.5.5 reads them, and refuses the default of 2.0. It costs no space.
STORAGE_VERSION = "v1.5.0"

MAKING = ".making-"
REMOVING = ".removing-"

LAST_KEPT = 3


class PublishError(Exception):
    """There is nothing that may be published."""


def publish(
    shop: Shop,
    *,
    working: Path | None = None,
    now: datetime | None = None,
    accept: str | None = None,
    is_warm: bool = False,
) -> Version:
    """Publish the last build of a working file.

    A build on a past clock goes to ``published/as_of`` and never moves the pointer.
    Publishing what is already published returns that version and writes nothing.

    Args:
        shop: Whose build it is.
        working: The file that was built; the shop's own where not given.
        now: The time of publication, UTC.
        accept: Why a build that failed validation is published all the same; kept with
            the version. It holds for this build only, and says nothing of one that
            passed. A build that was not judged cannot be accepted.
        is_warm: Whether the database alone is written, of the version before and what
            has changed since; where there is none before, everything is.

    Raises:
        PublishError: Nothing is built, or it was accepted for no reason.
        GateError: The build has not passed validation.
    """
    if accept is not None and not accept.strip():
        raise PublishError("say why the build is accepted; an empty reason is none")
    working = working or shop.working
    now = now or datetime.now(UTC)
    with hold(shop, "publish"):
        build = last_build(working)
        if build is None or not build.is_complete:
            raise PublishError(
                f"the last build in {working} is missing or did not finish; "
                "`postorder build` builds the models"
            )
        verdict = gate.require_judged(working, build)
        if accept is None:
            gate.require_passed(verdict)
        acceptance = None if verdict.passed else _acceptance(verdict, accept, now)
        folder = shop.published / (AS_OF_VERSIONS if build.is_past else VERSIONS)
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(shop.published)
        with attached(working) as connection:
            tables = published_tables(connection)
            contents = contents_of(connection, tables)
            digest = digest_of(contents)
            version = _same(shop.published, build, digest)
            is_new = version is None
            if version is None:
                is_increment = is_warm and not build.is_past
                version = _write(
                    connection,
                    contents,
                    folder,
                    build,
                    now,
                    acceptance,
                    previous=_before(shop.published) if is_increment else None,
                )
        if not build.is_past:
            if is_new:
                point_at(shop.published, version)
                retire(versions_to_drop(versions(shop.published), now))
            # also of a version known already: a crash may have come in between
            remember(working, version)
        return version


def versions_to_drop(kept: Sequence[Version], now: datetime) -> tuple[Version, ...]:
    """Return the versions whose time is over.

    The last three stay, the last with Parquet beside it, which a watcher's lack, and of
    each UTC day within their days (``retention.yml``) the one published last; all of
    them, where nothing goes by age.

    Args:
        kept: What is there.
        now: The instant from which days count.
    """
    ordered = sorted(kept, key=lambda version: (version.published_at, version.name))
    staying = {version.name for version in ordered[-LAST_KEPT:]}
    with_parquet = [each.name for each in ordered if each.parquet is not None]
    staying |= set(with_parquet[-1:])
    days = days_kept("published")
    if days is None:
        return ()
    oldest_day = (now.astimezone(UTC) - timedelta(days=days)).date()
    last_of_day = {
        version.published_at.astimezone(UTC).date(): version.name for version in ordered
    }
    staying |= {name for day, name in last_of_day.items() if day > oldest_day}
    return tuple(version for version in ordered if version.name not in staying)


def retire(dropped: Iterable[Version]) -> None:
    """Remove versions; who has one open keeps reading it."""
    for version in dropped:
        _remove(version.path.parent)


def remove_leftovers(published: Path) -> None:
    """Remove what interrupted publications left behind.

    That is unfinished folders, and versions newer than the pointer: they were written
    but never announced.
    """
    for parent in (published / VERSIONS, published / AS_OF_VERSIONS):
        remove_unfinished(parent)
    announced = _announced(published)
    if announced is not None:
        last = _number(announced.name)
        retire(v for v in versions(published) if _number(v.name) > last)


def remove_unfinished(parent: Path) -> None:
    """Remove what was being made or removed in a folder of versions.

    One that was about to change places goes back to its own.
    """
    for removed in parent.glob(f"{REMOVING}*"):
        name = removed.name.removeprefix(REMOVING)
        if not (parent / name).exists() and (parent / f"{MAKING}{name}").exists():
            removed.rename(parent / name)
    for pattern in (f"{MAKING}*", f"{REMOVING}*"):
        for folder in parent.glob(pattern):
            shutil.rmtree(folder)


def change_places(making: Path, folder: Path) -> None:
    """Put a version written anew in the place of the one it was made from."""
    _sync_all(making)
    removing = folder.with_name(f"{REMOVING}{folder.name}")
    folder.rename(removing)
    making.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(removing)


def point_at(published: Path, version: Version) -> None:
    """Make a version the current one, atomically and durably."""
    pointer = published / POINTER
    draft = pointer.with_suffix(".making")
    _write_durably(draft, json.dumps({"version": version.name}) + "\n")
    draft.replace(pointer)
    _sync(published)


def _same(published: Path, build: Build, digest: str) -> Version | None:
    """Return the version that already holds this clock and content."""
    rivals = as_of_versions(published) if build.is_past else (_announced(published),)
    for version in rivals:
        if version and (version.as_of, version.digest) == (build.as_of, digest):
            return version
    return None


def _before(published: Path) -> Version | None:
    """Return the version to begin with, if it says what each of its tables holds."""
    announced = _announced(published)
    return announced if announced and announced.contents else None


def _announced(published: Path) -> Version | None:
    """Return the current version; none where the pointer leads nowhere."""
    try:
        return current(published)
    except BrokenVersionError:
        return None


def _acceptance(verdict: Verdict, reason: str | None, now: datetime) -> dict[str, Any]:
    """Describe what was accepted; no rows, since a version's description is for all."""
    return {
        "reason": reason,
        "accepted_at": now.isoformat(),
        "failures": [
            f"{failure.table}, {failure.measure}: {failure.says} "
            f"(found {failure.observed})"
            for failure in verdict.failures
        ],
    }


@contextmanager
def attached(working: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a working file for reading, as ``working``."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {_literal(working)} as working (read_only)")
        yield connection


def published_tables(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Return the tables to publish as ``schema.table``, in order.

    Raises:
        PublishError: The schemas hold nothing.
    """
    found = connection.execute(
        """
        select table_schema || '.' || table_name
        from information_schema.tables
        where table_catalog = 'working'
            and table_schema in (select unnest($schemas))
        order by 1
        """,
        {"schemas": list(SCHEMAS)},
    ).fetchall()
    if not found:
        raise PublishError(
            "the working file has no marts; `postorder build` builds the models"
        )
    return tuple(name for (name,) in found)


def _write(
    connection: duckdb.DuckDBPyConnection,
    contents: Mapping[str, str],
    folder: Path,
    build: Build,
    now: datetime,
    acceptance: Mapping[str, Any] | None,
    *,
    previous: Version | None,
) -> Version:
    """Write a version's files beside its place, then move it there whole."""
    name = _next_name(folder, build.as_of)
    making = folder / f"{MAKING}{name}"
    making.mkdir()
    if previous is None:
        rows = copy_tables(connection, tuple(contents), making)
    else:
        rows = write_changes(connection, contents, previous, making)
        finish_copy(connection, tuple(contents))
    described: dict[str, Any] = {
        "as_of": build.as_of.isoformat(),
        "published_at": now.isoformat(),
        "build_id": build.build_id,
        "store_timezone": build.store_timezone,
        "digest": digest_of(contents),
        "contents": contents,
        "has_old_blocks": previous is not None,
        "rows": rows,
        "summary": {},
        "accepted": acceptance,
    }
    describe(making, described)
    with connect(read_version(making)) as published:
        figures = headline.figures(published)
    described["summary"] = {figure.name: asdict(figure) for figure in figures}
    describe(making, described)
    _sync_all(making)
    final = folder / name
    making.rename(final)
    _sync(folder)
    return read_version(final)


def copy_tables(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[str],
    making: Path,
    parts: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Copy tables with their comments to a new database and to Parquet.

    Args:
        connection: With the file to copy from attached as ``working``.
        tables: Which.
        making: The folder to write.
        parts: Table -> a select of what to copy of it; whole tables where not given.

    Returns:
        The row count of each table.
    """
    connection.execute(
        f"attach {_literal(making / DATABASE)} as made "
        f"(storage_version '{STORAGE_VERSION}')"
    )
    for schema in SCHEMAS:
        connection.execute(f"create schema made.{schema}")
        (making / PARQUET / schema).mkdir(parents=True)
    rows = {}
    for table in tables:
        rows_of = (parts or {}).get(table, f"from working.{table}")
        connection.execute(f"create table made.{table} as {rows_of}")
        schema, name = table.split(".")
        target = making / PARQUET / schema / f"{name}.parquet"
        connection.execute(
            f"copy made.{table} to {_literal(target)} "
            "(format parquet, compression zstd)"
        )
        counted = connection.execute(f"select count(*) from made.{table}").fetchall()
        rows[table] = int(counted[0][0])
    finish_copy(connection, tables)
    return rows


def finish_copy(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
    """Describe the tables of ``made`` as their models are, and let go of its file."""
    for statement in _comments(connection, tables):
        connection.execute(statement)
    connection.execute("detach made")


def _comments(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[str]
) -> list[str]:
    """Return statements that give copies the descriptions of their models they lack."""
    found = connection.execute(
        """
        with told as (
            select
                database_name,
                'table made.' || schema_name || '.' || table_name as what,
                comment
            from duckdb_tables()
            where list_contains($tables, schema_name || '.' || table_name)

            union all

            select
                database_name,
                'column made.' || schema_name || '.' || table_name
                    || '."' || replace(column_name, '"', '""') || '"' as what,
                comment
            from duckdb_columns()
            where list_contains($tables, schema_name || '.' || table_name)
        )

        select what, comment from told
        where database_name = 'working' and comment is not null
        except
        select what, comment from told
        where database_name = 'made'
        """,
        {"tables": list(tables)},
    ).fetchall()
    return [f"comment on {what} is {_literal(comment)}" for what, comment in found]


def _next_name(folder: Path, as_of: datetime) -> str:
    """Return a name that no version in the folder has had since the oldest kept."""
    last = max((_number(p.name) for p in folder.iterdir()), default=0)
    return f"{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}-{last + 1}"


def _number(name: str) -> int:
    """Return the running number at the end of a version's name."""
    number = name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def describe(folder: Path, described: Mapping[str, Any]) -> None:
    """Write a version's ``version.json``."""
    text = json.dumps(described, indent=2, default=str) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")


def _remove(folder: Path) -> None:
    """Remove a folder so that nobody ever lists half of it."""
    removing = folder.with_name(f"{REMOVING}{folder.name}")
    folder.rename(removing)
    shutil.rmtree(removing)


def _write_durably(path: Path, text: str) -> None:
    """Write a file and wait until it is on disk."""
    path.write_text(text, encoding="utf-8")
    _sync(path)


def _sync_all(folder: Path) -> None:
    """Wait until a folder and everything in it is on disk."""
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    """Wait until a file or a folder's entries are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _literal(value: object) -> str:
    """Quote a value as a SQL string."""
    return "'" + str(value).replace("'", "''") + "'"
