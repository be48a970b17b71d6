"""Stock follows from what happened: its books can be kept from the events alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ingestion.simulator import Simulation
from ingestion.simulator.catalog import DIGITAL, LOCATIONS, SKU_CATEGORY

LATEST_REPORT = "interval 4 days"
"""The slowest feed reports a fact within 88 hours, so older facts are all there."""

MOVEMENTS = """
    create table movements as
    with
    orders as (
        select
            order_id,
            coalesce(is_test, false) or coalesce(is_synthetic, false) as is_unreal,
            unnest(lines).order_line_id as order_line_id
        from facts
        where event_name = 'order_placed'
    ),
    unreal as (select distinct order_id from orders where is_unreal),
    shipped as (
        select order_id, location_id, occurred_at, unnest(lines) as line
        from facts
        where event_name = 'shipment_shipped'
    ),
    waiting as (
        select order_id, fulfillment_order_id, occurred_at
        from facts
        where event_name = 'pickup_ready'
    )
    select sku, location_id, occurred_at, adjustment_cause as cause, delta_quantity
    from facts
    where event_name = 'inventory_adjusted'
    union all
    select line.sku, location_id, occurred_at, 'shipped', -line.quantity
    from shipped
    anti join unreal using (order_id)
    union all
    select picked.sku, picked.location_id, waiting.occurred_at, 'pickup', -quantity
    from waiting
    join facts as picked using (fulfillment_order_id)
    anti join unreal on waiting.order_id = unreal.order_id
    where picked.event_name = 'item_picked'
    union all
    select sku, location_id, occurred_at, restock_cause, quantity
    from facts
    join orders using (order_line_id)
    where event_name = 'inventory_restocked' and not is_unreal
"""

COUNTS = """
    create table counts as
    select
        count_id,
        sku,
        location_id,
        occurred_at,
        counted_quantity,
        expected_quantity,
        lag(occurred_at) over shelf as earlier_at,
        lag(counted_quantity) over shelf as earlier_counted,
        lag(expected_quantity) over shelf as earlier_expected
    from facts
    where event_name = 'inventory_counted'
    window shelf as (partition by sku, location_id order by occurred_at)
"""


@pytest.fixture(scope="module")
def shop(
    folder: Path, truth: Path, simulation: Simulation
) -> duckdb.DuckDBPyConnection:
    """Counts, movements and truth of a shop whose systems report all, by one clock."""
    assert simulation.facts["inventory_counted"]
    connection = duckdb.connect()
    connection.execute(
        f"""
        create table facts as
        select distinct * exclude (observed_at, delivery_id)
        from (
            select * replace (occurred_at::timestamptz as occurred_at)
            from read_json(
                '{folder}/*/*.jsonl.gz',
                format = 'newline_delimited',
                sample_size = -1,
                map_inference_threshold = -1,
                field_appearance_threshold = 0
            )
        )
        """
    )
    connection.execute(MOVEMENTS)
    connection.execute(COUNTS)
    for path in truth.glob("stock*.parquet"):
        connection.execute(f"create view {path.stem} as from '{path}'")
    return connection


def drifts(shop: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """Return what each count shows against the count before it, and the truth."""
    return shop.sql(
        f"""
        with
        drifts as (
            select
                count_id,
                sku,
                location_id,
                any_value(counted_quantity - earlier_counted)
                - coalesce(
                    sum(delta_quantity) filter (cause <> 'count_correction'), 0
                ) as drift,
                any_value(expected_quantity - earlier_expected)
                - coalesce(sum(delta_quantity), 0) as book_error
            from counts
            left join movements using (sku, location_id)
            where counts.earlier_at is not null
                and counts.occurred_at < (
                    select max(occurred_at) - {LATEST_REPORT} from facts
                )
                and movements.occurred_at >= counts.earlier_at
                and movements.occurred_at < counts.occurred_at
            group by all
        )
        select drifts.*, stock.unexplained, truth_error as error_gained
        from drifts
        join (
            select
                *,
                count_error - lag(count_error) over (
                    partition by sku, location_id order by counted_at
                ) as truth_error
            from stock
        ) as stock using (count_id, sku, location_id)
        """
    )


def test_drift_between_two_counts_is_what_went_missing(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    pairs, drifting, wrong = (
        drifts(shop)
        .aggregate(
            "count(*), count(*) filter (drift <> 0),"
            "count(*) filter (drift <> unexplained + error_gained)"
        )
        .fetchall()[0]
    )
    assert pairs > 200
    assert 0.1 * pairs < drifting < 0.7 * pairs
    assert wrong == 0


def test_books_follow_from_the_events(shop: duckdb.DuckDBPyConnection) -> None:
    pairs, wrong = (
        drifts(shop)
        .aggregate("count(book_error), count(*) filter (book_error <> 0)")
        .fetchall()[0]
    )
    assert pairs > 200
    assert wrong == 0


def test_what_a_count_reports_is_the_truth_and_its_error(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    counts, missing, wrong, errors = shop.sql(
        """
        select
            count(*),
            count(*) filter (counts.count_id is null),
            count(*) filter (
                counted_quantity <> true_on_hand + count_error
                or expected_quantity <> book_on_hand
            ),
            count(*) filter (count_error <> 0)
        from stock
        left join counts using (count_id, sku, location_id)
        """
    ).fetchall()[0]
    assert counts > 400
    # the last counts may be reported after the end
    assert missing < 60
    assert wrong == 0
    assert 0.02 * counts < errors < 0.15 * counts


def test_no_shelf_holds_less_than_nothing(shop: duckdb.DuckDBPyConnection) -> None:
    shelves, least, least_at_end = shop.sql(
        """
        select
            (select count(*) from stock_at_end),
            (select min(true_on_hand) from stock),
            (select min(true_on_hand) from stock_at_end)
        """
    ).fetchall()[0]
    assert shelves == len(LOCATIONS) * (SKU_CATEGORY != DIGITAL).sum()
    assert min(least, least_at_end) >= 0


@pytest.mark.parametrize(
    "cause",
    [
        "supplier_receipt",
        "breakage",
        "write_off",
        "theft_or_loss",
        "found",
        "transfer",
        "in_person_sale",
        "count_correction",
        "shipped",
        "pickup",
        "return",
        "rto",
        "pickup_expired",
    ],
)
def test_stock_moves_for_every_reason(
    shop: duckdb.DuckDBPyConnection, cause: str
) -> None:
    assert shop.sql(f"select 1 from movements where cause = '{cause}'").fetchall()


def test_where_goods_leak_most_of_what_is_sold_goes_missing(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    rates = shop.sql(
        """
        with
        lost as (
            select location_id, sum(unexplained) as units
            from stock
            where sku like 'ELEC-%'
            group by location_id
        ),
        sold as (
            select location_id, sum(delta_quantity) as units
            from movements
            where cause = 'shipped' and sku like 'ELEC-%'
            group by location_id
        )
        select location_id, lost.units / sold.units as loss_rate
        from lost
        join sold using (location_id)
        order by loss_rate desc
        """
    ).fetchall()
    (worst, most), (_, next_most) = rates[:2]
    assert worst == "WH-CCU"
    assert most > 2 * next_most


def test_goods_at_the_wrong_place_are_noticed(shop: duckdb.DuckDBPyConnection) -> None:
    noticed, elsewhere = shop.sql(
        """
        select count(*), count(*) filter (location_id <> expected_location_id)
        from facts
        where event_name = 'inventory_location_mismatch_detected'
        """
    ).fetchall()[0]
    assert noticed == elsewhere > 3


def test_purchase_orders_are_put_off_from_the_date_announced(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    announced, moved, unannounced = shop.sql(
        """
        with
        dates as (
            select
                expected_at,
                previous_expected_at,
                lag(expected_at) over (
                    partition by sku, location_id, purchase_order_id
                    order by occurred_at
                ) as announced_at
            from facts
            where event_name = 'expected_inventory_updated'
        )
        select
            count(*),
            count(*) filter (expected_at > previous_expected_at),
            count(*) filter (previous_expected_at <> announced_at)
        from dates
        """
    ).fetchall()[0]
    assert announced > 200
    assert moved > 30
    assert unannounced == 0
