"""No expectation repeats a dbt test: dbt's tests let its fault pass.

dbt's tests are run on the handmade shop, whose tables get the columns they lack, empty.
What they find there before the fault is no find.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.build import WORKING_VARIABLE, dbt_places, run_dbt
from ingestion.shop import Shop
from tests.dagster_project.conftest import AS_OF
from tests.dagster_project.test_quality import CHANGED, FAULTS

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def working(tmp_path_factory, good_build) -> Path:
    """The handmade shop, in a file of the name dbt's relations have."""
    folder = tmp_path_factory.mktemp("repeats")
    return Path(shutil.copyfile(good_build, folder / "working.duckdb"))


@pytest.fixture(scope="module")
def compiled(working, tmp_path_factory) -> dict[str, Any]:
    """The project's nodes by id, those of data tests with the SQL they run."""
    shop = Shop(tmp_path_factory.mktemp("dbt"), timezone="UTC", hash_key="a key")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(WORKING_VARIABLE, str(working))
        manifest = run_dbt(None, ["parse", *dbt_places(shop)])
        run_dbt(
            working,
            [
                "compile",
                *("--select", "test_type:data"),
                # it reads the contract as it is compiled, and is of staging alone
                *("--exclude", "test_name:accepted_by_contract"),
                *dbt_places(shop),
            ],
            manifest=manifest,
        )
    return dict(manifest.nodes)


@pytest.fixture(scope="module")
def rows(working, compiled) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(working)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("insert into control.clock values ($1)", [AS_OF])
        for node in compiled.values():
            if node.resource_type == "model" and node.schema in ("marts", "metrics"):
                complete(connection, node)
        yield connection


def complete(connection: duckdb.DuckDBPyConnection, model: Any) -> None:
    """Give a table the columns it lacks, or make it, without rows."""
    table = f"{model.schema}.{model.name}"
    typed = {
        name: column.data_type
        for name, column in model.columns.items()
        if column.data_type
    }
    connection.execute(f"create schema if not exists {model.schema}")
    if typed:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in typed.items())
        connection.execute(f"create table if not exists {table} ({columns})")
    for name, kind in typed.items():
        connection.execute(
            f'alter table {table} add column if not exists "{name}" {kind}'
        )


@pytest.fixture(scope="module")
def tests_of_dbt(rows, compiled) -> dict[str, tuple[str, int]]:
    """Return name -> the SQL of a data test that runs here, and what it finds."""
    found = {}
    for node in compiled.values():
        if node.resource_type == "test" and node.compiled_code:
            try:
                found[node.name] = (node.compiled_code, count(rows, node.compiled_code))
            except duckdb.Error:
                continue
    return found


def count(rows: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((counted,),) = rows.execute(f"select count(*) from ({sql}\n)").fetchall()
    return counted


def test_what_dbt_tests_of_judged_tables_runs_on_the_handmade_shop(
    compiled, tests_of_dbt
):
    judged = {
        name
        for name, node in compiled.items()
        if node.schema in ("marts", "metrics") and node.resource_type == "model"
    }
    asked = {
        node.name
        for node in compiled.values()
        if node.resource_type == "test" and judged.issuperset(node.depends_on.nodes)
    }
    assert asked
    assert not asked - set(tests_of_dbt)


def test_the_tests_of_dbt_find_what_they_should(rows, tests_of_dbt):
    """An entry that does not balance breaks a law of theirs."""
    assert named(
        rows,
        tests_of_dbt,
        "update marts.fct_ledger_entries set amount = 90 where account = 'bank'",
    ) == {"assert_every_entry_balances"}


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[name for name, _ in FAULTS])
def test_no_test_of_dbt_finds_the_fault_of_an_expectation(
    rows, tests_of_dbt, name, fault
):
    assert not named(rows, tests_of_dbt, fault)


def named(
    rows: duckdb.DuckDBPyConnection,
    tests_of_dbt: dict[str, tuple[str, int]],
    fault: str,
) -> set[str]:
    """Return the data tests that find more with a fault than without."""
    changed = CHANGED.findall(fault)
    rows.execute("begin")
    try:
        rows.execute(fault)
        return {
            name
            for name, (sql, before) in tests_of_dbt.items()
            if any(
                re.search(rf"\b{table}\b", sql.replace('"', "")) for table in changed
            )
            and count(rows, sql) > before
        }
    finally:
        rows.execute("rollback")
