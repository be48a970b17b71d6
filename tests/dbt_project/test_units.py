"""Runs dbt's unit tests: is each rule right? And: is each landed value listed?"""

from __future__ import annotations

import shutil
from contextlib import contextmanager

import duckdb
import pytest

from dagster_project.build import (
    BuildError,
    dbt_places,
    dbt_variables,
    run_dbt,
)
from ingestion.shop import Shop


@pytest.fixture(scope="module")
def built_shop(sample_run):
    """Unit tests read the types of their inputs from tables that exist."""
    return Shop(sample_run.kept, timezone="UTC", hash_key="a test's key")


def unit_tests(shop, selection, project=None):
    places = dbt_places(shop)
    if project is not None:
        places[places.index("--project-dir") + 1] = str(project)
        # what is parsed of another project is kept apart
        places[places.index("--target-path") + 1] = str(project / "target")
    # the build's variables: with others dbt would parse everything again
    variables = dbt_variables(shop.timezone)
    run_dbt(shop.working, ["test", "--select", selection, *variables, *places])


def test_every_rule_that_can_be_got_wrong(built_shop, monkeypatch):
    monkeypatch.setenv("POSTORDER_WORKING", str(built_shop.working))
    unit_tests(built_shop, "test_type:unit")


def test_a_planted_mistake_is_named(built_shop, monkeypatch, tmp_path, root):
    """The run above can fail: an unpaid order that counts is caught by its rule."""
    monkeypatch.setenv("POSTORDER_WORKING", str(built_shop.working))
    project = tmp_path / "dbt_project"
    shutil.copytree(root / "dbt_project", project)
    model = project / "models" / "marts" / "fct_orders.sql"
    text = model.read_text(encoding="utf-8")
    assert "captured_amount > 0" in text
    model.write_text(text.replace("captured_amount > 0", "captured_amount >= 0"))
    with pytest.raises(BuildError, match="unpaid_cancelled_and_returned_orders"):
        unit_tests(built_shop, "fct_orders,test_type:unit", project)


@contextmanager
def contract_changed(shop, change):
    """The lists as they stand in the working file, changed for a while."""
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute("create table control.kept as from control.contract_values")
        connection.execute(change)
    try:
        yield
    finally:
        with duckdb.connect(str(shop.working)) as connection:
            connection.execute("delete from control.contract_values")
            connection.execute("insert into control.contract_values from control.kept")
            connection.execute("drop table control.kept")


def test_a_value_the_contract_does_not_list_is_named(built_shop, monkeypatch):
    """What is landed is held against the lists of the catalogue, and follows them."""
    monkeypatch.setenv("POSTORDER_WORKING", str(built_shop.working))
    unit_tests(built_shop, "test_name:accepted_by_contract")
    renamed = """
        update control.contract_values set value = 'site'
        where event_name = 'order_placed' and field = 'channel' and value = 'web'
    """
    with (
        contract_changed(built_shop, renamed),
        pytest.raises(
            BuildError, match="event_name=order_placed, field=channel, said_value=web"
        ),
    ):
        unit_tests(built_shop, "test_name:accepted_by_contract")


def test_a_field_sent_beyond_the_contract_stops_no_build(built_shop, monkeypatch):
    """Unless what it says is listed for that field on no event at all."""
    monkeypatch.setenv("POSTORDER_WORKING", str(built_shop.working))
    elsewhere = """
        delete from control.contract_values
        where event_name = 'order_placed' and field = 'channel'
    """
    with contract_changed(built_shop, elsewhere):
        unit_tests(built_shop, "test_name:accepted_by_contract")
    nowhere = f"""
        {elsewhere};
        update control.contract_values set value = 'site'
        where field = 'channel' and value = 'web'
    """
    with (
        contract_changed(built_shop, nowhere),
        pytest.raises(BuildError, match="field=channel, said_value=web"),
    ):
        unit_tests(built_shop, "test_name:accepted_by_contract")
