"""Each scenario shows in the feed, or in the truth, what it says; the others do not."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ingestion.simulator import SCENARIOS, simulate, world_of

DAYS = 90
Look = Callable[[str, str], tuple[float, ...]]


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Run a query on a scenario; simulate it when it is first asked about."""
    opened: dict[str, duckdb.DuckDBPyConnection] = {}

    def run(scenario: str, query: str) -> tuple[float, ...]:
        if scenario not in opened:
            folder = tmp_path_factory.mktemp(scenario)
            simulate(
                orders=2500,
                days=DAYS,
                seed=17,
                start=date(2026, 2, 2),
                out=folder / "events",
                truth=folder / "truth",
                world=world_of(scenario),
                period="month",
            )
            opened[scenario] = connection = duckdb.connect()
            connection.execute("set timezone = 'Asia/Kolkata'")
            for path in (folder / "truth").glob("*.parquet"):
                connection.read_parquet(str(path)).create_view(f"true_{path.stem}")
            connection.execute(
                f"""
                create table lines as
                select
                    json,
                    json ->> 'event_name' as event_name,
                    split_part(json ->> 'source', ':', 1) as system,
                    json ->> 'order_id' as order_id,
                    (json ->> 'occurred_at')::timestamptz as occurred_at,
                    (json ->> 'observed_at')::timestamptz as observed_at,
                    date_diff(
                        'hour',
                        timestamptz '2026-02-02 00:00:00+05:30',
                        (json ->> 'occurred_at')::timestamptz
                    ) / 24 as day
                from read_json_objects(
                    '{folder}/events/*/*.jsonl.gz', format = 'newline_delimited'
                )
                """
            )
        return opened[scenario].sql(query).fetchall()[0]

    return run


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_names_only_tables_that_exist(root: Path, scenario: str) -> None:
    shows = SCENARIOS[scenario].shows
    for schema, table in re.findall(r"\b(marts|metrics)\.(\w+)", shows):
        assert (root / "dbt_project" / "models" / schema / f"{table}.sql").exists()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_keeps_the_contract(
    scenario: str, shared: Path, tmp_path: Path
) -> None:
    written = simulate(
        orders=120,
        days=60,
        seed=3,
        start=date(2026, 2, 1),
        out=tmp_path / "events",
        world=world_of(scenario),
        period="month",
    )
    plain = tmp_path / "all.jsonl"
    plain.write_bytes(b"".join(gzip.decompress(f.read_bytes()) for f in written.files))
    check = [sys.executable, str(shared / "contract" / "check.py"), "validate"]
    result = subprocess.run(
        [*check, str(plain), "--now", "2026-12-31T00:00:00Z"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert " 0 rejected" in result.stdout, result.stdout[-2000:]


def test_flash_sale_brings_a_crowd_that_stock_cannot_serve(look: Look) -> None:
    query = """
        with days as (
            select
                floor(day) as day,
                count(distinct order_id) filter (
                    event_name = 'order_placed'
                ) as orders,
                count(distinct json ->> 'order_line_id') filter (
                    event_name = 'inventory_reservation_failed'
                )::double as failed,
                count(distinct json ->> 'order_line_id') filter (
                    event_name = 'order_routed'
                ) as routed
            from lines
            group by all
        )
        select
            max(orders) / median(orders),
            max_by(failed / routed, orders) / (sum(failed) / sum(routed))
        from days
        where orders > 0 and routed > 0
    """
    crowd, failures = look("flash_sale", query)
    usual_crowd, _ = look("everyday", query)
    assert crowd > 8 > 3 > usual_crowd
    assert failures > 1.5


def test_courier_meltdown_slows_one_carrier_and_sends_parcels_back(look: Look) -> None:
    query = """
        select
            median(days) filter (is_late) / median(days) filter (not is_late),
            avg((rto_initiated_at is not null)::int) filter (is_late)
            / avg((rto_initiated_at is not null)::int) filter (not is_late)
        from (
            select
                *,
                date_diff('minute', shipped_at, delivered_at) / 1440 as days,
                shipped_at >= timestamptz '2026-04-20 00:00:00+05:30' as is_late
            from true_parcels
            where carrier = 'xpressbees'
        )
        where shipped_at < timestamptz '2026-05-01 00:00:00+05:30'
    """
    slower, returned = look("courier_meltdown", query)
    usual_slower, usual_returned = look("everyday", query)
    assert slower > 1.7 > 1.3 > usual_slower
    assert returned > 1.4 * usual_returned


def test_gateway_outage_breaks_payments_of_one_evening(look: Look) -> None:
    query = """
        select
            avg(is_failed::int) filter (is_inside),
            avg(is_failed::int) filter (not is_inside)
        from (
            select
                is_failed,
                started_at >= timestamptz '2026-04-24 17:00:00+05:30'
                and started_at < timestamptz '2026-04-25 02:00:00+05:30' as is_inside
            from true_attempts
            where gateway = 'razorpay' and attempt_no = 1
        )
    """
    inside, outside = look("gateway_outage", query)
    usual, _ = look("everyday", query)
    assert inside > 0.6
    assert outside < 0.3
    assert usual < 0.45  # of few tries


def test_webhook_silent_hides_what_goes_on(look: Look) -> None:
    query = """
        select
            count(*) filter (system = 'shiprocket'),
            count(*) filter (system = 'wms')
        from lines
        where observed_at >= timestamptz '2026-04-25 03:00:00+05:30'
            and observed_at < timestamptz '2026-04-27 03:00:00+05:30'
    """
    silent, heard = look("webhook_silent", query)
    usual, _ = look("everyday", query)
    assert silent == 0
    assert heard > 50
    assert usual > 50


def test_returns_fraud_gathers_claims_at_few_addresses(tmp_path: Path) -> None:
    told = {}
    for scenario in ("returns_fraud", "everyday"):
        simulate(
            orders=20_000,
            days=DAYS,
            seed=17,
            start=date(2026, 2, 2),
            out=None,
            truth=tmp_path / scenario,
            world=world_of(scenario),
        )
        told[scenario] = duckdb.sql(
            f"""
            select count(*) filter (claims >= 3), sum(claims)
            from (
                select household, count(*) as claims
                from '{tmp_path / scenario}/claims.parquet'
                where kind = 'item_not_received'
                group by household
            )
            """
        ).fetchall()[0]
    repeated, claims = told["returns_fraud"]
    usual_repeated, usual_claims = told["everyday"]
    # three standard deviations of a difference of two counts, which are beyond chance
    # and leave it as much room: some 340 claims and 37 addresses against 160 and 6
    assert claims - usual_claims > 3 * (claims + usual_claims) ** 0.5
    assert repeated - usual_repeated > 3 * (repeated + usual_repeated) ** 0.5


def test_returns_fraud_shows_as_addresses_that_claim_again(look: Look) -> None:
    query = """
        select max(claims)
        from (
            select count(distinct json ->> 'claim_id') as claims
            from lines
            where event_name = 'item_not_received_claimed'
            group by json ->> 'address_hash'
        )
    """
    (most,) = look("returns_fraud", query)
    assert most >= 3


def test_festive_peak_fills_shelves_of_time(look: Look) -> None:
    query = """
        with weeks as (
            select floor(day / 7) as week, count(distinct order_id) as orders
            from lines
            where event_name = 'order_placed'
            group by all
        )
        select max(orders) / median(orders) from weeks
    """
    (peak,) = look("festive_peak", query)
    (usual,) = look("everyday", query)
    assert peak > 1.5 * usual
