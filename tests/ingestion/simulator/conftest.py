"""One simulated shop for all tests of the simulator, and its lines as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ingestion.simulator import Simulation, simulate, world_of


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shop's event files lie."""
    return tmp_path_factory.mktemp("simulated")


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is told what really happened in the shop."""
    return tmp_path_factory.mktemp("truth")


@pytest.fixture(scope="session")
def simulation(folder: Path, truth: Path) -> Simulation:
    """A shop of 4,000 orders over 80 days; all reported, by clocks that are right."""
    world = world_of("everyday", missing=0)
    transport = replace(world.transport, outages=(), skews=())
    return simulate(
        orders=4000,
        days=80,
        seed=7,
        start=date(2026, 1, 12),
        out=folder,
        period="month",
        world=replace(world, transport=transport),
        truth=truth,
    )


@pytest.fixture(scope="session")
def feed(folder: Path, simulation: Simulation) -> duckdb.DuckDBPyConnection:
    """Tables ``lines`` (each line) and ``facts`` (copies taken together)."""
    connection = duckdb.connect()
    connection.execute(
        f"""
        create table lines as
        select
            json ->> 'event_name' as event_name,
            json ->> 'source' as source,
            json ->> 'order_id' as order_id,
            json ->> 'customer_id' as customer_id,
            json ->> 'shipment_id' as shipment_id,
            json ->> 'payment_id' as payment_id,
            json ->> 'refund_id' as refund_id,
            json ->> 'return_line_id' as return_line_id,
            json ->> 'reservation_id' as reservation_id,
            json ->> 'event_id' as event_id,
            json ->> 'delivery_id' as delivery_id,
            json ->> 'payment_mode' as payment_mode,
            json ->> 'settlement_basis' as settlement_basis,
            (json ->> 'amount_minor')::bigint as amount_minor,
            (json ->> 'gross_minor')::bigint as gross_minor,
            (json ->> 'occurred_at')::timestamptz as occurred_at,
            (json ->> 'observed_at')::timestamptz as observed_at,
            json_merge_patch(
                json,
                -- a poll seldom knows the id under which a webhook told the fact
                case
                    when json ->> 'event_id' like 'evt-%'
                        then '{{"event_id": null}}'::json
                    else '{{}}'::json
                end,
                '{{"observed_at": null, "delivery_id": null}}'
            )::varchar as fact,
            json
        from read_json_objects(
            '{folder}/*/*.jsonl.gz', format = 'newline_delimited'
        )
        """
    ).fetchall()
    connection.execute(
        """
        create table facts as
        select distinct on (fact) * exclude (observed_at, delivery_id) from lines
        """
    ).fetchall()
    return connection
