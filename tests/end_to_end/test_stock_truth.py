"""Drift and stock on hand are what the simulator knows to have happened."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.build import build
from dagster_project.publish import publish
from dagster_project.quality.validate import validate
from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import simulate, world_of


@pytest.mark.deep
def test_what_shelves_hold_is_found_from_events_alone(tmp_path: Path) -> None:
    """Of a feed without a flaw every unit that vanished shows as drift, and no other.

    What a count misses by counting wrong shows too, and again, reversed, at the next.
    """
    simulate(
        orders=500,
        days=45,
        seed=5,
        start=date(2026, 2, 2),
        out=tmp_path / "events",
        truth=tmp_path / "truth",
        world=world_of("everyday", late=0, duplicated=0, missing=0, corrupted=0),
        period="month",
    )
    shop = Shop(tmp_path / "shop", timezone="Asia/Kolkata", hash_key="a test's key")
    landed = land_files(
        [tmp_path / "events"],
        shop=shop,
        landed_at=datetime(2027, 1, 1, tzinfo=UTC),
        backfill=True,
    )
    build(shop, as_of=landed.last_ingested_at)
    validate(shop, suites=())
    with duckdb.connect(str(publish(shop).path), read_only=True) as connection:
        ((shelves, drifting, wrong_drift, wrong_stock),) = connection.sql(
            f"""
            with counts as (
                select
                    *,
                    row_number() over shelf as from_last,
                    lead(count_error) over shelf as error_before
                from '{tmp_path}/truth/stock.parquet'
                window shelf as (
                    partition by sku, location_id order by counted_at desc
                )
            )
            select
                count(*),
                count(*) filter (stock_truth.drift <> 0),
                count(*) filter (
                    stock_truth.drift is distinct from
                    counts.unexplained + counts.count_error - counts.error_before
                ),
                count(*) filter (
                    stock_truth.on_hand_now is distinct from
                    ends.true_on_hand - ends.unexplained + counts.count_error
                )
            from counts
            left join marts.stock_truth as stock_truth using (sku, location_id)
            inner join '{tmp_path}/truth/stock_at_end.parquet' as ends
                using (sku, location_id)
            where from_last = 1
            """
        ).fetchall()
    assert shelves > 200
    assert drifting > 10
    assert (wrong_drift, wrong_stock) == (0, 0)
