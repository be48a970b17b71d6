"""Fixtures for orchestration: a small shop whose models are handmade tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project import gate
from dagster_project.builds import SCHEMA, attempts_in
from dagster_project.gate import Verdict
from ingestion.shop import Shop

AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)

# Two hundred good orders and what belongs to them, in the columns readers rely on.
GOOD_TABLES = Path(__file__).with_name("good_tables.sql").read_text(encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(folder=tmp_path / "shop", timezone="UTC", hash_key="a key")


@pytest.fixture(scope="session")
def good_build(tmp_path_factory) -> Path:
    """A complete build of handmade tables, without dbt."""
    working = tmp_path_factory.mktemp("good") / "working.duckdb"
    with duckdb.connect(str(working)) as connection:
        connection.execute(SCHEMA)
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create table control.clock (as_of timestamptz)")
        connection.execute(GOOD_TABLES)
    return working


@pytest.fixture(scope="session")
def build_by_hand(good_build: Path) -> Callable[..., Path]:
    """Put a copy of the good build into a shop, with changes of its own."""

    def write(
        shop: Shop,
        *,
        as_of: datetime = AS_OF,
        changes: str = "",
        is_past: bool = False,
        passed: bool = True,
        working: Path | None = None,
    ) -> Path:
        shop.folder.mkdir(parents=True, exist_ok=True)
        working = Path(shutil.copyfile(good_build, working or shop.working))
        with duckdb.connect(str(working)) as connection:
            connection.execute(
                "insert into control.clock values ($as_of)", {"as_of": as_of}
            )
            connection.execute(
                """
                insert into control.builds
                values (
                    1, uuid()::varchar, 'complete', $as_of, 1, 'UTC', 'code', null,
                    $is_past, $as_of, $as_of
                )
                """,
                {"as_of": as_of, "is_past": is_past},
            )
            if changes:
                connection.execute(changes)
            (build,) = attempts_in(connection)
        if passed:
            gate.record(working, Verdict(build.build_id, as_of, as_of))
        return working

    return write
