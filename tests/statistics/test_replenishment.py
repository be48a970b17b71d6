"""Clocks of drawn customers: how often do their intervals hold the true days?

Of the simulated shop's products too few are bought again for a third of purchases to be
followed by another, so that its clocks are rightly NULL; here most are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import lognorm

from tests.coverage.estimates import Estimate, Z
from tests.coverage.pooling import intervals, judged, summary, truths

Render = Callable[[str], str]

SKUS = 400
CUSTOMERS = 40
WATCHED_DAYS = 180
RETURNING = 0.8
LIFE = lognorm(s=0.5, scale=28)
"""Days until who buys a product again does."""

SHARES = {"p35": 0.35, "p50": 0.5}


def drawn_gaps(generator: np.random.Generator) -> pd.DataFrame:
    """Draw each customer's gaps, the last one open at the clock."""
    bought = generator.uniform(0, WATCHED_DAYS - 30, SKUS * CUSTOMERS)
    sku = np.repeat(np.arange(SKUS), CUSTOMERS)
    parts = []
    while len(bought):
        gap = LIFE.rvs(len(bought), random_state=generator)
        comes = generator.random(len(bought)) < RETURNING
        is_open = ~comes | (bought + gap > WATCHED_DAYS)
        days = np.where(is_open, WATCHED_DAYS - bought, gap)
        parts.append(pd.DataFrame({"sku": sku, "gap_days": days, "is_open": is_open}))
        bought, sku = (bought + gap)[~is_open], sku[~is_open]
    gaps = pd.concat(parts, ignore_index=True)
    return gaps.assign(sku="sku " + gaps["sku"].astype(str))


def days(name: str) -> Estimate:
    """Describe one percentile of the clock."""
    share = SHARES[name]
    reach = f"{Z} * sqrt({share} * (1 - {share}) / count(*))"
    return Estimate(
        name=name,
        unit="days",
        published=f"""
            select 'sku' as segment_type, sku as segment, null::bigint as age,
                {name}_days as estimate, {name}_lower_days as lower,
                {name}_upper_days as upper
            from replenishment_clock
            where is_reliable and basis = 'sku'
        """,
        truth=f"""
            select 'sku' as segment_type, sku as segment, null::bigint as age,
                {LIFE.ppf(share / RETURNING)} as truth
            from replenishment_clock
        """,
        naive=f"""
            select 'sku' as segment_type, sku as segment,
                gaps[ceil({share} * len(gaps))::int] as estimate,
                gaps[floor(({share} - half) * len(gaps))::int] as lower,
                gaps[ceil(({share} + half) * len(gaps))::int] as upper
            from (
                select sku, list(gap_days order by gap_days) as gaps, {reach} as half
                from int_sku_gaps
                where not is_open
                group by sku
            )
        """,
    )


@pytest.fixture
def table(
    render: Render, root: Path, connection: duckdb.DuckDBPyConnection
) -> pd.DataFrame:
    gaps = drawn_gaps(np.random.default_rng(75))
    products = gaps[["sku"]].drop_duplicates().assign(category="unknown")
    products = products.assign(is_consumable=True, expected_life_days=28)
    connection.register("int_sku_gaps", gaps)
    connection.register("dim_products", products)
    path = root / "dbt_project" / "models" / "metrics" / "replenishment_clock.sql"
    connection.execute(
        f"create table replenishment_clock as {render(path.read_text())}"
    )
    honest = [days(name) for name in SHARES]
    broken = [
        other
        for each in honest
        for other in (each.replaced_by_naive(), each.narrowed(1 / 3))
    ]
    every = [*honest, *broken]
    return summary(judged(intervals(connection, every), truths(connection, every)))


def test_clocks_cover_the_true_days_and_closed_gaps_alone_do_not(
    table: pd.DataFrame,
) -> None:
    honest = table.loc[list(SHARES)]
    assert (honest["two-sided"] > 0.9 * SKUS).all()
    # 400 independent clocks: 1.1 points of standard error
    assert honest["coverage"].between(0.92, 0.98).all(), table
    assert (table.drop(index=list(SHARES))["coverage"] < 0.8).all(), table
