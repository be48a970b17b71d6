"""Products that lead to nothing and go with nothing are found no more often than said.

The models run as they are, on shops drawn here, in which the truth is known.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chi2

Render = Callable[[str], str]

SHOPS = 25
ERROR_OF_SHOP = 0.025
"""What product_affinity says of lift_lower: for all pairs of a shop at once."""
ERROR_OF_INTERVAL = 0.05
SKUS = 40
CATEGORIES = 5


def limit(error: float, trials: int) -> int:
    """Return how many errors of so many trials pass: more come once in a thousand."""
    return int(binom.ppf(0.999, trials, error))


def rows_of(
    model: str, render: Render, root: Path, connection: duckdb.DuckDBPyConnection
) -> pd.DataFrame:
    """Run a model on the tables of a connection."""
    path = root / "dbt_project" / "models" / "metrics" / f"{model}.sql"
    rows: pd.DataFrame = connection.sql(render(path.read_text())).df()
    return rows


def independent_baskets(
    generator: np.random.Generator, together: float = 0
) -> pd.DataFrame:
    """Draw baskets that take each product or not, regardless of the others.

    A bag goes with every order, so that none is empty; of those that take the first
    product a share takes the second along.
    """
    taken = generator.random((2000, SKUS)) < np.geomspace(0.2, 0.02, SKUS)
    taken[:, 1] |= taken[:, 0] & (generator.random(len(taken)) < together)
    order, sku = np.nonzero(taken)
    bags = pd.DataFrame({"order_id": np.arange(len(taken)), "sku": "bag"})
    lines = pd.DataFrame({"order_id": order, "sku": np.char.add("s", sku.astype(str))})
    return pd.concat([lines, bags]).assign(quantity=1, quantity_cancelled=0)


@pytest.fixture
def affinity(
    render: Render, root: Path, connection: duckdb.DuckDBPyConnection
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def measured(lines: pd.DataFrame) -> pd.DataFrame:
        connection.register("fct_order_lines", lines)
        orders = lines[["order_id"]].drop_duplicates().assign(is_counted=True)
        connection.register("fct_orders", orders)
        return rows_of("product_affinity", render, root, connection)

    return measured


def test_products_taken_independently_make_no_pair(
    affinity: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    generator = np.random.default_rng(71)
    found, found_singly, listed = 0, 0, 0
    for _ in range(SHOPS):
        pairs = affinity(independent_baskets(generator))
        listed += len(pairs) // 2
        found += bool((pairs["lift_lower"] > 1).any())
        # the usual bound, that of each pair alone
        singly = chi2.ppf(0.025, 2 * pairs["baskets"]) / 2
        found_singly += bool((singly > pairs["expected_baskets"]).any())

    assert listed > 50 * SHOPS
    assert found <= limit(ERROR_OF_SHOP, SHOPS)
    assert found_singly > SHOPS / 2


def test_a_pair_that_is_one_is_found(
    affinity: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    generator = np.random.default_rng(72)
    for _ in range(5):
        pairs = affinity(independent_baskets(generator, together=0.3))
        found = pairs[pairs["lift_lower"] > 1]
        assert {("s0", "s1"), ("s1", "s0")} == set(
            zip(found["sku_a"], found["sku_b"], strict=True)
        )


def first_orders(generator: np.random.Generator, rates: np.ndarray) -> pd.DataFrame:
    """Draw customers who bought one product each, and whether they came back."""
    customers = 3000
    popularity = np.geomspace(1, 0.2, len(rates))
    sku = generator.choice(len(rates), customers, p=popularity / popularity.sum())
    return pd.DataFrame(
        {
            "customer_id": np.arange(customers),
            "order_number": 1,
            "from_order_id": np.arange(customers),
            "from_placed_at": pd.Timestamp("2026-01-01", tz="UTC"),
            "gap_days": 30.0,
            "is_open": generator.random(customers) >= rates[sku],
            "sku": sku,
        }
    )


@pytest.fixture
def gateways(
    render: Render, root: Path, connection: duckdb.DuckDBPyConnection
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    connection.execute(
        "create table stg_clock as select timestamptz '2026-12-31' as_of"
    )

    def measured(first: pd.DataFrame) -> pd.DataFrame:
        lines = pd.DataFrame(
            {
                "order_id": first["from_order_id"],
                "sku": first["sku"],
                "currency": "INR",
                "unit_price": 1.0,
                "quantity": 1,
                "quantity_cancelled": 0,
            }
        )
        connection.register("fct_reorder_gaps", first.drop(columns="sku"))
        connection.register("fct_order_lines", lines)
        products = pd.DataFrame({"sku": range(SKUS)}).assign(
            category=lambda product: product["sku"] % CATEGORIES
        )
        connection.register("dim_products", products)
        rows = rows_of("gateway_products", render, root, connection)
        return rows[rows["is_rankable"]].set_index("sku")

    return measured


def test_products_alike_are_no_gateways(
    gateways: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    generator = np.random.default_rng(73)
    found, found_singly, judged = 0, 0, 0
    for _ in range(SHOPS):
        rows = gateways(first_orders(generator, np.full(SKUS, 0.2)))
        judged += len(rows)
        found += int(((rows["lift_lower"] > 1) | (rows["lift_upper"] < 1)).sum())
        highest = rows["second_order_rate"].idxmax()
        best = rows.loc[highest]
        error = np.sqrt(0.2 * 0.8 / best["first_buyers"])
        found_singly += bool(best["second_order_rate"] - 1.96 * error > 0.2)

    assert judged > 0.9 * SHOPS * SKUS
    assert found <= limit(ERROR_OF_INTERVAL, judged)
    # the raw rate of the best product would be a find in most shops
    assert found_singly > SHOPS / 2


def test_gateways_that_differ_are_covered(
    gateways: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    """Rates that differ as those of a shop do: 95 % of the lifts are inside."""
    generator = np.random.default_rng(74)
    covered, judged, found = 0, 0, 0
    for _ in range(SHOPS):
        rates = generator.beta(8, 32, SKUS)
        popularity = np.geomspace(1, 0.2, SKUS)
        lifts = rates / np.average(rates, weights=popularity)
        rows = gateways(first_orders(generator, rates))
        true = lifts[rows.index.to_numpy(dtype=int)]
        judged += len(rows)
        covered += int(
            ((rows["lift_lower"] < true) & (true < rows["lift_upper"])).sum()
        )
        found += int(((rows["lift_lower"] > 1) & (true > 1)).sum())

    assert judged - covered <= limit(ERROR_OF_INTERVAL, judged)
    assert found > 0
