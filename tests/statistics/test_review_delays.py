"""A delay that changes nothing is found no more often than said, one that does is.

``review_timing`` runs as it is, on asks drawn here, in which the truth is known.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

Render = Callable[[str], str]
Timed = Callable[[pd.DataFrame], pd.DataFrame]

SHOPS = 60
ASKS = 2000
CLOCK = pd.Timestamp("2026-12-31", tz="UTC")
DELIVERED = pd.Timestamp("2026-06-01", tz="UTC")
ERROR_OF_INTERVAL = 0.05
ERROR_OF_SHOP = 0.05
"""What review_delay_errors shares among the stretches of a shop; half of it is on the
side on which something is learned."""

STRETCHES = np.array([0, 1, 2, 5, 8, 15, 22, 31])
FLAT = np.full(len(STRETCHES), 0.1)
PEAKED = np.array([0.08, 0.05, 0.1, 0.25, 0.12, 0.08, 0.06, 0.05])


def limit(error: float, trials: int) -> int:
    """Return how many errors of so many trials pass: more come once in a thousand."""
    return int(binom.ppf(0.999, trials, error))


@pytest.fixture
def timed(render: Render, root: Path, connection: duckdb.DuckDBPyConnection) -> Timed:
    project = root / "dbt_project"
    connection.execute(f"create table stg_clock as select timestamptz '{CLOCK}' as_of")
    connection.execute(
        f"create table review_delays as from '{project}/seeds/review_delays.csv'"
    )
    model = render((project / "models/metrics/review_timing.sql").read_text())

    def measured(lines: pd.DataFrame) -> pd.DataFrame:
        connection.register("line_reviews", lines)
        rows: pd.DataFrame = connection.sql(model).df()
        return rows.dropna(subset=["first_day"]).sort_values("first_day")

    return measured


def asked_lines(generator: np.random.Generator, answered: np.ndarray) -> pd.DataFrame:
    """Draw asks after any delay, answered with the share of its stretch."""
    delay = generator.integers(0, 45, ASKS)
    stretch = np.searchsorted(STRETCHES, delay, side="right") - 1
    asked = DELIVERED + pd.to_timedelta(delay, unit="D")
    has_answered = generator.random(ASKS) < answered[stretch]
    return pd.DataFrame(
        {
            "order_line_id": np.arange(ASKS),
            "delivered_at": DELIVERED,
            "asked_at": asked,
            "ask_delay_days": delay,
            "organic_delay_days": pd.array([None] * ASKS, dtype="Int64"),
            "responded_at": pd.Series(asked + pd.Timedelta(days=2)).where(has_answered),
            "response_rating": 5.0,
        }
    )


def test_a_delay_without_effect_is_not_found(timed: Timed) -> None:
    generator = np.random.default_rng(81)
    found, looks, learned, found_singly = 0, 0, 0, 0
    for _ in range(SHOPS):
        rows = timed(asked_lines(generator, FLAT))
        looks += len(rows)
        better, worse = rows["effect_lower"] > 0, rows["effect_upper"] < 0
        found += int((better | worse).sum())
        learned += bool(rows["is_learned"].any())
        found_singly += bool((better | worse).any())

    assert looks == SHOPS * len(STRETCHES)
    assert found <= limit(ERROR_OF_INTERVAL, looks)
    assert learned <= limit(ERROR_OF_SHOP / 2, SHOPS)
    # one interval in twenty is some interval of most shops: why a window takes more
    assert found_singly > limit(ERROR_OF_SHOP, SHOPS)


def test_effects_that_are_there_are_covered_and_found(timed: Timed) -> None:
    generator = np.random.default_rng(82)
    days = np.diff([*STRETCHES, 45])
    total = (days * PEAKED).sum()
    others = (total - days * PEAKED) / (days.sum() - days)
    covered, looks, learned = 0, 0, 0
    for _ in range(SHOPS):
        rows = timed(asked_lines(generator, PEAKED))
        true = PEAKED - others
        looks += len(rows)
        covered += int(
            ((rows["effect_lower"] < true) & (true < rows["effect_upper"])).sum()
        )
        learned += "5-7" in set(rows[rows["is_learned"]]["delay_bucket"])

    assert looks - covered <= limit(ERROR_OF_INTERVAL, looks)
    assert learned > 0.9 * SHOPS
