"""Reads published versions: the one door for pages, commands and analysts.

A version is an immutable folder. ``current.json`` names the one to read and is replaced
last, so a reader sees the version before or the version after, never half of each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from ingestion.shop import Shop

SCHEMAS = ("marts", "metrics")

POINTER = "current.json"
VERSIONS = "versions"
AS_OF_VERSIONS = "as_of"
DESCRIPTION = "version.json"
DATABASE = "postorder.duckdb"
PARQUET = "parquet"

# A version is retired only when three newer ones stand, so a reader that loses the
# race once has read a stale pointer; losing it this often means something else.
OPENING_TRIES = 5

HARDENING = (
    "set global TimeZone = 'UTC'",
    "set global enable_external_access = false",
    "set global lock_configuration = true",
)

# Connections of one process to one file share their settings, and what is locked
# cannot be set again: one connection at a time looks and sets.
_opening = Lock()


class NothingPublishedError(Exception):
    """The folder holds no published version yet."""


class BrokenVersionError(Exception):
    """A version's files are not what its folder promises."""


@dataclass(frozen=True)
class Acceptance:
    """Why a build that failed its checks was published all the same.

    Attributes:
        reason: In the words of who accepted it.
        accepted_at: When, UTC.
        failures: What had not held, one sentence each.
    """

    reason: str
    accepted_at: datetime
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Version:
    """One published version.

    Attributes:
        name: ``<as_of>-<number>``, also the name of its folder.
        path: The DuckDB file with the schemas ``marts`` and ``metrics``.
        as_of: The clock of the build, UTC.
        published_at: When it was published, UTC.
        store_timezone: IANA zone in which its dates are counted.
        parquet: Folder of the same tables as ``<schema>/<table>.parquet``; ``None``
            for one that a watcher published, which writes the database alone.
        rows: Row count of each table, by ``schema.table``.
        summary: Headline figures by name, as the command line prints them.
        digest: Hash of the content; equal content is published once.
        contents: The same of each table.
        accepted: Set where its build had failed validation.
    """

    name: str
    path: Path
    as_of: datetime
    published_at: datetime
    store_timezone: str
    parquet: Path | None
    rows: Mapping[str, int] = field(default_factory=dict, compare=False)
    summary: Mapping[str, Any] = field(default_factory=dict, compare=False)
    digest: str = field(default="", compare=False)
    contents: Mapping[str, str] = field(default_factory=dict, compare=False)
    accepted: Acceptance | None = field(default=None, compare=False)


def folder_from_environment() -> Path:
    """Return the published folder of the shop that the environment names."""
    return Shop.from_environment().published


def current(folder: Path) -> Version | None:
    """Return the version readers should open, or ``None`` before the first publish.

    Raises:
        BrokenVersionError: The pointer is unreadable or names a version that is gone.
    """
    pointer = folder / POINTER
    try:
        name = json.loads(pointer.read_text(encoding="utf-8"))["version"]
    except FileNotFoundError:
        return None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise BrokenVersionError(
            f"{pointer} is not a pointer to a version; publish again to replace it"
        ) from error
    return read_version(folder / VERSIONS / name)


def versions(folder: Path) -> tuple[Version, ...]:
    """Return the versions that are kept, oldest publication first."""
    return _versions_in(folder / VERSIONS)


def as_of_versions(folder: Path) -> tuple[Version, ...]:
    """Return the versions built on a past clock, oldest publication first.

    They stand beside the others and are never current.
    """
    return _versions_in(folder / AS_OF_VERSIONS)


def connect(version: Version) -> duckdb.DuckDBPyConnection:
    """Open a version: read-only, in UTC, without access to any other file.

    Attaching a database and reading or writing other files fail by design.

    Raises:
        duckdb.IOException: The version was retired in the meantime.
    """
    connection = duckdb.connect(str(version.path), read_only=True)
    with _opening:
        is_locked = connection.sql("select current_setting('lock_configuration')")
        if is_locked.fetchall() != [(True,)]:
            for setting in HARDENING:
                connection.execute(setting)
    return connection


def connect_current(folder: Path) -> tuple[Version, duckdb.DuckDBPyConnection]:
    """Open the current version, trying again where it is retired underneath.

    Raises:
        NothingPublishedError: There is no version yet.
        BrokenVersionError: The pointer leads nowhere.
    """
    for attempt in range(1, OPENING_TRIES + 1):
        try:
            version = current(folder)
            if version is not None:
                return version, connect(version)
        except (BrokenVersionError, duckdb.IOException) as error:
            if attempt == OPENING_TRIES:
                raise BrokenVersionError(
                    f"the current version in {folder} cannot be opened: {error}"
                ) from error
        else:
            break
    raise NothingPublishedError(
        f"nothing is published in {folder} yet; `postorder run` builds and publishes"
    )


def read_version(folder: Path) -> Version:
    """Describe the version in a folder.

    Raises:
        BrokenVersionError: The folder has no readable ``version.json``.
    """
    try:
        described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return Version(
            name=folder.name,
            path=folder / DATABASE,
            as_of=datetime.fromisoformat(described["as_of"]),
            published_at=datetime.fromisoformat(described["published_at"]),
            store_timezone=described["store_timezone"],
            parquet=folder / PARQUET if (folder / PARQUET).is_dir() else None,
            rows=described["rows"],
            summary=described["summary"],
            digest=described["digest"],
            contents=described.get("contents", {}),
            accepted=_acceptance(described.get("accepted")),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenVersionError(
            f"{folder} is not a published version: its {DESCRIPTION} is missing "
            "or broken"
        ) from error


def _acceptance(described: Mapping[str, Any] | None) -> Acceptance | None:
    """Read what was accepted; versions of before know no such thing."""
    if described is None:
        return None
    return Acceptance(
        reason=described["reason"],
        accepted_at=datetime.fromisoformat(described["accepted_at"]),
        failures=tuple(described["failures"]),
    )


def _versions_in(parent: Path) -> tuple[Version, ...]:
    """Describe the versions in a folder, passing over what is being made or removed."""
    if not parent.is_dir():
        return ()
    found = []
    for folder in parent.iterdir():
        try:
            found.append(read_version(folder))
        except BrokenVersionError:
            continue
    return tuple(
        sorted(found, key=lambda version: (version.published_at, version.name))
    )
