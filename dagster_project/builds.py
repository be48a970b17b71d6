"""The log of builds in the working file, and what models are told before they run."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.contract.catalogue import load_catalogue
from ingestion.contract.tables import model_tables

SCHEMA = """
create schema if not exists control;

create table if not exists control.builds (
    build_number bigint,
    build_id varchar,
    status varchar,
    as_of timestamptz,
    landing_seq bigint,
    store_timezone varchar,
    code varchar,
    full_refresh_reason varchar,
    is_past boolean,
    started_at timestamptz,
    finished_at timestamptz
);

create table if not exists control.rows_rewritten (
    model varchar,
    rows bigint,
    rewritten_at timestamptz
);

create table if not exists control.left_stories (
    story_id varchar,
    previous_landing_seq bigint
);

create table if not exists control.publications (
    publication bigint,
    version varchar,
    as_of timestamptz
);

create table if not exists control.published_figures (
    publication bigint,
    metric varchar,
    date date,
    segment_type varchar,
    segment varchar,
    old_value double,
    value double,
    is_restated boolean,
    published_at timestamptz
);

create table if not exists control.published_sweeps (
    publication bigint,
    week date,
    question varchar,
    unit varchar,
    value decimal(18, 4)
);

create table if not exists control.audience_exports (
    export_id varchar,
    audience varchar,
    format varchar,
    version varchar,
    exported_by varchar,
    row_count bigint,
    held_out_count bigint,
    left_out_count bigint,
    as_of timestamptz,
    exported_at timestamptz
);

create table if not exists control.audience_members (
    export_id varchar,
    customer_id varchar,
    sku varchar,
    thing_id varchar,
    holdout_group varchar
);
"""


@dataclass(frozen=True)
class Build:
    """One attempt to build the models.

    Attributes:
        build_id: Unique over all working files.
        is_complete: Whether the models finished without a failure.
        as_of: The clock, UTC.
        landing_seq: The last landing that the build sees.
        store_timezone: IANA zone of store dates.
        code: Fingerprint of the models and the contract.
        full_refresh_reason: Why everything was built anew; ``None`` for an increment.
        is_past: Whether it stands on a clock before the one that is published.
        started_at: When it began, UTC.
    """

    build_id: str
    is_complete: bool
    as_of: datetime
    landing_seq: int
    store_timezone: str
    code: str
    full_refresh_reason: str | None
    is_past: bool
    started_at: datetime


def new_build_id() -> str:
    """Return an id for a build."""
    return uuid.uuid4().hex


def last_build(working: Path) -> Build | None:
    """Return the last attempt, finished or not; ``None`` where nothing was built."""
    if not working.exists():
        return None
    with duckdb.connect(str(working), read_only=True) as connection:
        attempts = attempts_in(connection)
    return attempts[-1] if attempts else None


def attempts_in(connection: duckdb.DuckDBPyConnection) -> tuple[Build, ...]:
    """Return all attempts, in the order of their start."""
    connection.execute("set TimeZone = 'UTC'")
    is_there = connection.execute(
        """
        select count(*)
        from information_schema.tables
        where table_schema = 'control' and table_name = 'builds'
        """
    ).fetchall()
    if is_there == [(0,)]:
        return ()
    found = connection.execute(
        """
        select
            build_id,
            status = 'complete',
            as_of,
            landing_seq,
            store_timezone,
            code,
            full_refresh_reason,
            is_past,
            started_at
        from control.builds
        order by build_number
        """
    ).fetchall()
    return tuple(Build(*values) for values in found)


def has_exported_since(working: Path, build: Build) -> bool:
    """Return whether audiences were exported after a build began: models show them."""
    with duckdb.connect(str(working), read_only=True) as connection:
        found = connection.execute(
            "select count(*) from control.audience_exports where exported_at > $began",
            {"began": build.started_at},
        ).fetchall()
    return found != [(0,)]


def begin(working: Path, build: Build, previous: Build | None) -> None:
    """Note a new attempt and tell the models its clock and the contract.

    Args:
        working: The file to build in.
        build: The attempt.
        previous: The build it continues; ``None`` for a full refresh.
    """
    with duckdb.connect(str(working)) as connection:
        connection.execute(SCHEMA)
        connection.execute("begin")
        connection.execute(
            """
            insert into control.builds by name
            select
                coalesce(max(build_number), 0) + 1 as build_number,
                $build_id as build_id,
                'begun' as status,
                $as_of::timestamptz as as_of,
                $landing_seq as landing_seq,
                $store_timezone as store_timezone,
                $code as code,
                $reason as full_refresh_reason,
                $is_past as is_past,
                $started_at::timestamptz as started_at
            from control.builds
            """,
            {
                "build_id": build.build_id,
                "as_of": build.as_of,
                "landing_seq": build.landing_seq,
                "store_timezone": build.store_timezone,
                "code": build.code,
                "reason": build.full_refresh_reason,
                "is_past": build.is_past,
                "started_at": build.started_at,
            },
        ).fetchall()
        connection.execute(
            """
            create or replace table control.clock as
            select
                $as_of::timestamptz as as_of,
                $previous_as_of::timestamptz as previous_as_of,
                $previous_landing_seq::bigint as previous_landing_seq
            """,
            {
                "as_of": build.as_of,
                "previous_as_of": previous.as_of if previous else None,
                "previous_landing_seq": previous.landing_seq if previous else 0,
            },
        ).fetchall()
        for name, rows in model_tables(load_catalogue()).items():
            connection.register("told", rows)
            connection.execute(
                f"create or replace table control.{name} as from told"
            ).fetchall()
            connection.unregister("told")
        connection.execute("delete from control.rows_rewritten").fetchall()
        # a failed increment is tried again on the same cursor, and needs what it noted
        connection.execute(
            "delete from control.left_stories where previous_landing_seq <> $seq",
            {"seq": previous.landing_seq if previous else -1},
        ).fetchall()
        connection.execute("commit")


def finish(connection: duckdb.DuckDBPyConnection, build: Build, now: datetime) -> None:
    """Note that an attempt has built everything."""
    connection.execute(
        """
        update control.builds
        set status = 'complete', finished_at = $now::timestamptz
        where build_id = $build_id
        """,
        {"now": now, "build_id": build.build_id},
    ).fetchall()
