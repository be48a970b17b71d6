"""What dlt remembers may vanish before any run: nothing is lost and nothing doubled.

Dagster's own integration of dlt drops a pipeline's state before each run, so that one
killed before it has noted its load loads twice. Ours lands by the ledger alone.
"""

from __future__ import annotations

import dagster as dg
import dlt
import duckdb
import pytest

from dagster_project.defs.landing import raw_tables
from dagster_project.defs.resources import ShopResource
from ingestion.landing import pipelines
from ingestion.shop import Shop
from tests.dagster_project.batches import captured, deliver, placed

ORDERS = 20


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "shop"))
    monkeypatch.setenv("POSTORDER_HASH_KEY", "a key")
    return Shop(tmp_path / "shop")


def land():
    return dg.materialize(
        [raw_tables], resources={"shop": ShopResource()}, raise_on_error=False
    )


def drop_state(shop):
    """Do to each pipeline what the integration does before a run."""
    names = [path.name for path in shop.dlt.iterdir() if path.is_dir()]
    for name in names:
        dlt.attach(name, pipelines_dir=str(shop.dlt)).drop()
    return names


def counted(shop):
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        return [
            connection.sql(
                f"select count(*), count(distinct content_hash) from raw.{table}"
            ).fetchall()[0]
            for table in ("order_events", "payment_events")
        ]


def test_state_that_is_dropped_between_load_and_commit_costs_nothing(shop, monkeypatch):
    deliver(shop, "day", *map(placed, range(ORDERS)), *map(captured, range(ORDERS)))
    with monkeypatch.context() as broken:
        # the rows are in, and the run ends before it can say so
        broken.setattr(pipelines, "load_ledger", lambda *_, **__: 1 / 0)
        assert not land().success
    assert drop_state(shop)
    assert land().success
    assert counted(shop) == [(ORDERS, ORDERS)] * 2

    assert drop_state(shop)
    assert land().success
    assert counted(shop) == [(ORDERS, ORDERS)] * 2
