"""The tail of a Poisson variable, and how often chance alone is taken for a signal."""

from __future__ import annotations

import math
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest

Render = Callable[[str], str]

SHOPS = 400
SUBJECTS = 300
CHANCE = 0.01
ERROR_RATE = 0.05


def tails(
    pairs: pd.DataFrame, connection: duckdb.DuckDBPyConnection, render: Render
) -> pd.DataFrame:
    """Set beside each mean and count the probability of at least that count."""
    connection.register("pairs", pairs)
    sql = render("{{ poisson_tail('pairs', 'mean', 'seen') }}")
    found: pd.DataFrame = connection.sql(sql).df()
    return found


@pytest.mark.parametrize(
    ("mean", "seen"),
    [(0.04, 4), (0.14, 5), (1e-6, 2), (3.0, 0), (3.0, 3), (3.0, 11), (250.0, 300)],
)
def test_the_tail_is_what_the_definition_says(
    mean: float, seen: int, connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    def mass(count: int) -> float:
        return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))

    pairs = pd.DataFrame({"mean": [mean], "seen": [seen]})
    found = tails(pairs, connection, render)["poisson_tail"].item()
    by_definition = math.fsum(mass(count) for count in range(seen, seen + 1000))
    assert found == pytest.approx(min(by_definition, 1), rel=1e-9)


def test_nothing_is_expected_of_nobody(
    connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    pairs = pd.DataFrame({"mean": [0.0], "seen": [0]})
    assert tails(pairs, connection, render).empty


def test_alikes_are_not_taken_for_signals_more_often_than_said(
    connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """Shops in which nobody does more than others: whatever is found is by luck.

    The probability of a count is that of at least as many, so no share of subjects may
    be listed above ``CHANCE``, and no share of shops name anyone above ``ERROR_RATE``;
    counts are whole, so both stay below. Allowed on top are three standard errors.
    """
    generator = np.random.default_rng(11)
    exposure = generator.geometric(0.2, (SHOPS, SUBJECTS))
    seen = generator.binomial(exposure, 0.1)
    rates = seen.sum(axis=1, keepdims=True) / exposure.sum(axis=1, keepdims=True)
    shown = pd.DataFrame(
        {
            "shop": np.repeat(np.arange(SHOPS), SUBJECTS),
            "mean": (exposure * rates).ravel(),
            "seen": seen.ravel(),
        }
    )
    repeated = shown[shown["seen"] >= 2]
    chances = repeated.merge(tails(repeated, connection, render), on=["mean", "seen"])
    assert len(chances) == len(repeated)
    listed = (chances["poisson_tail"] <= CHANCE).sum() / len(shown)
    beyond = chances[chances["poisson_tail"] * SUBJECTS <= ERROR_RATE]
    named = beyond["shop"].nunique() / SHOPS
    assert 0 < listed <= CHANCE + 3 * math.sqrt(CHANCE / len(shown))
    assert named <= ERROR_RATE + 3 * math.sqrt(ERROR_RATE / SHOPS)


def test_one_who_does_more_than_others_is_named(
    connection: duckdb.DuckDBPyConnection, render: Render
) -> None:
    """The same thresholds find who claims half of nine parcels where 1.6 % is usual."""
    pairs = pd.DataFrame({"mean": [9 * 0.016], "seen": [5]})
    found = tails(pairs, connection, render)["poisson_tail"].item()
    assert found * 2000 <= ERROR_RATE
