"""A flash sale shows where it should: in its products, its hours and their load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import duckdb
import pytest

from dagster_project.build import build
from dagster_project.publish import publish
from dagster_project.quality.validate import validate
from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import SCENARIOS, simulate

DAYS = 45
STARTS = date(2026, 2, 2)
RUSH = SCENARIOS["flash_sale"].world.shoppers.rush
assert RUSH is not None

# the hours of the sale in store time, and its day
SALE = f"""
    select
        timestamp '{STARTS}' + interval {RUSH.window.first(DAYS)} second as begins,
        timestamp '{STARTS}' + interval {RUSH.window.end(DAYS)} second as ends
"""


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("flash_sale")
    simulate(
        orders=1500,
        days=DAYS,
        seed=17,
        start=STARTS,
        out=folder / "events",
        world=SCENARIOS["flash_sale"].world,
        period="month",
    )
    shop = Shop(folder / "shop", timezone="Asia/Kolkata", hash_key="a test's key")
    landed = land_files(
        [folder / "events"],
        shop=shop,
        landed_at=datetime(2027, 1, 1, tzinfo=UTC),
        backfill=True,
    )
    build(shop, as_of=landed.last_ingested_at, is_tested=False)
    validate(shop, suites=())
    with duckdb.connect(str(publish(shop).path), read_only=True) as connection:
        connection.execute("set timezone = 'Asia/Kolkata'")
        yield connection


def test_the_products_of_the_sale_fail_most_that_day(
    published: duckdb.DuckDBPyConnection,
) -> None:
    failed_most = published.sql(
        f"""
        select sku
        from metrics.reservation_failures, ({SALE})
        where date between begins::date and ends::date
        group by sku
        order by sum(lines_failed) desc, sku
        limit {len(RUSH.skus)}
        """
    ).fetchall()
    assert {sku for (sku,) in failed_most} == set(RUSH.skus)


def test_the_products_of_the_sale_fail_more_often_than_on_other_days(
    published: duckdb.DuckDBPyConnection,
) -> None:
    ((failed, asked, failed_else, asked_else, oversold),) = published.execute(
        f"""
        select
            sum(lines_failed) filter (is_sale),
            sum(lines_requested) filter (is_sale),
            sum(lines_failed) filter (not is_sale),
            sum(lines_requested) filter (not is_sale),
            sum(oversold_lines) filter (is_sale)
        from (
            select *, date between begins::date and ends::date as is_sale
            from metrics.reservation_failures, ({SALE})
            where sku in (select unnest($skus))
        )
        """,
        {"skus": list(RUSH.skus)},
    ).fetchall()
    rate, rate_else = failed / asked, failed_else / asked_else
    pooled = (failed + failed_else) / (asked + asked_else)
    error = (pooled * (1 - pooled) * (1 / asked + 1 / asked_else)) ** 0.5
    assert rate - rate_else > 3 * error
    assert oversold > 0


def test_the_hours_of_the_sale_are_the_busiest_and_fail_most(
    published: duckdb.DuckDBPyConnection,
) -> None:
    ((deciles, tries),) = published.sql(
        f"""
        select list(distinct load_decile), count(*)
        from marts.fct_reservations, ({SALE})
        where requested_at::timestamp >= begins and requested_at::timestamp < ends
            and try_number = 1
        """
    ).fetchall()
    assert tries > 300
    assert deciles == [10]

    ((worst, lower, rate_else),) = published.sql(
        """
        select
            max_by(load_decile, line_failure_rate),
            max(lower) filter (load_decile = 10),
            sum(lines_failed) filter (load_decile < 10)
            / sum(lines_requested) filter (load_decile < 10)
        from metrics.reservation_failures_by_load
        """
    ).fetchall()
    assert worst == 10
    assert lower > rate_else


def test_the_busiest_hours_fail_in_the_products_of_the_sale(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """Elsewhere these four are a tenth of what fails."""
    ((busy, quiet),) = published.execute(
        """
        select
            avg((sku in (select unnest($skus)))::int) filter (load_decile = 10),
            avg((sku in (select unnest($skus)))::int) filter (load_decile < 10)
        from marts.fct_reservations
        where failed_at is not null
        """,
        {"skus": list(RUSH.skus)},
    ).fetchall()
    assert busy > 0.4 > 0.2 > quiet
