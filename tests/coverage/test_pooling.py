"""The bookkeeping of coverage, on estimators whose coverage is known."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.coverage.estimates import Estimate
from tests.coverage.pooling import (
    intervals,
    judged,
    least_coverage,
    summary,
    truths,
)

SEGMENTS = 4000
DEVIATION = 0.5


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Means with normal errors about a truth of 10, and naive ones that are too low."""
    generator = np.random.default_rng(7)
    means = pd.DataFrame(
        {
            "segment": [str(number) for number in range(SEGMENTS)],
            "mean": 10 + DEVIATION * generator.standard_normal(SEGMENTS),
        }
    )
    with duckdb.connect() as con:
        con.register("means", means)
        yield con


HALF = 1.96 * DEVIATION
MEAN = Estimate(
    name="mean",
    unit="things",
    published=f"""
        select 'all' as segment_type, segment, null::bigint as age, mean as estimate,
            mean - {HALF} as lower, mean + {HALF} as upper
        from means
    """,
    truth="""
        select 'all' as segment_type, segment, null::bigint as age, 10.0 as truth
        from means
    """,
    naive=f"""
        select 'all' as segment_type, segment, mean - 1 as estimate,
            mean - 1 - {HALF} as lower, mean - 1 + {HALF} as upper
        from means
    """,
)


def coverage_of(connection: duckdb.DuckDBPyConnection, estimate: Estimate) -> float:
    found = intervals(connection, [estimate])
    table = summary(judged(found, truths(connection, [estimate])))
    assert table.loc[estimate.name, "intervals"] == SEGMENTS
    return float(table["coverage"][estimate.name])


def test_an_honest_interval_covers_what_it_says(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    # 4000 independent intervals: 0.34 points of standard error
    assert coverage_of(connection, MEAN) == pytest.approx(0.95, abs=0.012)


def test_a_narrow_interval_is_caught(connection: duckdb.DuckDBPyConnection) -> None:
    # a third of 1.96 deviations holds 48.6 % of a normal
    narrow = coverage_of(connection, MEAN.narrowed(1 / 3))
    assert narrow == pytest.approx(0.486, abs=0.03)


def test_a_biased_estimator_is_caught(connection: duckdb.DuckDBPyConnection) -> None:
    # two deviations off: P(|z - 2| < 1.96)
    biased = coverage_of(connection, MEAN.replaced_by_naive())
    assert biased == pytest.approx(0.484, abs=0.03)


def test_the_table_shows_the_bias(connection: duckdb.DuckDBPyConnection) -> None:
    found = intervals(connection, [MEAN])
    table = summary(judged(found, truths(connection, [MEAN])))
    assert table.loc["mean", "naive bias"] == pytest.approx(-0.1, abs=0.01)
    assert table.loc["mean", "honest bias"] == pytest.approx(0, abs=0.01)
    assert table.loc["mean", "naive coverage"] == pytest.approx(0.484, abs=0.03)


@pytest.mark.parametrize(
    ("lower", "upper", "covers"),
    [
        (9.0, None, True),
        (11.0, None, False),
        (None, 11.0, True),
        (None, 9.0, False),
        (10.0, 10.0, True),
    ],
)
def test_a_missing_bound_excludes_nothing(
    lower: float | None, upper: float | None, covers: bool
) -> None:
    assert judged_one(lower, upper)["is_covered"].tolist() == [covers]


def test_an_interval_without_bounds_claims_nothing() -> None:
    assert judged_one(None, None).empty


def test_the_table_tells_two_sided_from_half_open_intervals() -> None:
    rows = pd.concat(
        [
            judged_one(9.0, 11.0),
            judged_one(10.5, 11.0),
            judged_one(9.0, None),
            judged_one(9.5, None),
        ]
    ).assign(estimate=10.0, naive=1.0)
    table = summary(rows, by=("name", "segment_type"))
    assert table["intervals"].tolist() == [4]
    assert table["coverage"].tolist() == [0.75]
    assert table["half-open"].tolist() == [0.5]
    assert table["two-sided"].tolist() == [2]
    assert table["two-sided coverage"].tolist() == [0.5]


def test_coverage_is_told_apart_by_segment_type(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """One type covered always and one too seldom do not average out."""
    rows = judged(intervals(connection, [MEAN]), truths(connection, [MEAN]))
    is_week = rows["segment"].astype(int) % 2 == 0
    mixed = rows.assign(
        segment_type=is_week.map({True: "week", False: "region"}),
        is_covered=rows["is_covered"] | is_week,
    )
    missed = mixed["segment"].astype(int) % 20 == 1
    mixed.loc[missed, "is_covered"] = False
    parts = summary(mixed, by=("name", "segment_type"))
    # of the regions a tenth is missed beside the twentieth that always is
    assert parts["coverage"].tolist() == [1, pytest.approx(0.855, abs=0.02)]
    least = least_coverage(parts["intervals"])
    assert (parts["coverage"] >= least).tolist() == [True, False]
    assert summary(mixed)["coverage"].between(0.92, 0.98).all()


def judged_one(lower: float | None, upper: float | None) -> pd.DataFrame:
    """Judge one interval about a truth of 10."""
    keys = {"name": "mean", "segment_type": "all", "segment": "all", "age": pd.NA}
    found = pd.DataFrame(
        [
            {
                **keys,
                "unit": "things",
                "lower": lower,
                "upper": upper,
                "naive_lower": 1,
                "naive_upper": 2,
            }
        ]
    ).astype({"lower": float, "upper": float})
    return judged(found, pd.DataFrame([{**keys, "truth": 10.0}]))


def test_a_segment_without_truth_claims_nothing(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    found = intervals(connection, [MEAN])
    true = truths(connection, [MEAN])
    true.loc[true["segment"] == "0", "truth"] = None
    assert len(judged(found, true)) == SEGMENTS - 1
