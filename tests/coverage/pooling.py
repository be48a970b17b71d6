"""Intervals of many shops against the truth: how often do they cover it?"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from tests.coverage.estimates import Estimate

KEYS = ["segment_type", "segment", "age"]


def intervals(
    published: duckdb.DuckDBPyConnection, estimates: Sequence[Estimate]
) -> pd.DataFrame:
    """Read the estimates of one shop and the naive ones beside them.

    Returns:
        Columns name, unit, segment_type, segment, age, estimate, lower, upper, naive,
        naive_lower, naive_upper.
    """
    parts: list[pd.DataFrame] = [
        published.sql(
            f"""
            select
                '{estimate.name}' as name,
                '{estimate.unit}' as unit,
                honest.*,
                naive.estimate as naive,
                naive.lower as naive_lower,
                naive.upper as naive_upper
            from ({estimate.published}) as honest
            left join ({estimate.naive}) as naive using (segment_type, segment)
            """
        ).df()
        for estimate in estimates
    ]
    return pd.concat(parts, ignore_index=True)


def truths(
    truth: duckdb.DuckDBPyConnection, estimates: Sequence[Estimate]
) -> pd.DataFrame:
    """Read the true value of every claim: columns name, the keys, truth."""
    parts: list[pd.DataFrame] = [
        truth.sql(f"select '{estimate.name}' as name, * from ({estimate.truth})").df()
        for estimate in estimates
    ]
    return pd.concat(parts, ignore_index=True)


def judged(found: pd.DataFrame, true: pd.DataFrame) -> pd.DataFrame:
    """Set each interval beside its truth; what has none claims nothing and drops out.

    Returns:
        The rows of ``found`` with columns truth, is_covered and is_covered_naively.
    """
    rows = found.merge(true.dropna(subset=["truth"]), on=["name", *KEYS])
    return rows.assign(
        is_covered=_covers(rows["lower"], rows["upper"], rows["truth"]),
        is_covered_naively=_covers(
            rows["naive_lower"], rows["naive_upper"], rows["truth"]
        ),
    )


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per estimate: means over its intervals, and both coverages.

    Means are over the intervals that have a figure at all, truth and naive alike.
    """
    figures = rows.dropna(subset=["estimate", "naive"]).groupby("name", sort=False)
    means = figures[["truth", "estimate", "naive"]].mean()
    pooled = rows.groupby("name", sort=False)
    return pd.DataFrame(
        {
            "unit": pooled["unit"].first(),
            "true": means["truth"],
            "honest": means["estimate"],
            "honest bias": means["estimate"] / means["truth"] - 1,
            "naive": means["naive"],
            "naive bias": means["naive"] / means["truth"] - 1,
            "coverage": pooled["is_covered"].mean(),
            "naive coverage": pooled["is_covered_naively"].mean(),
            "intervals": pooled.size(),
        }
    )


def printed(table: pd.DataFrame) -> str:
    """Return a summary as text for people."""
    shown = table.copy()
    for column in ("true", "honest", "naive"):
        shown[column] = shown[column].map("{:.4g}".format)
    for column in ("honest bias", "naive bias", "coverage", "naive coverage"):
        shown[column] = shown[column].map("{:.1%}".format)
    return str(shown.to_string())


def _covers(lower: pd.Series, upper: pd.Series, truth: pd.Series) -> pd.Series:
    """Tell which intervals hold the truth; a missing bound excludes nothing."""
    return ~(lower > truth) & ~(upper < truth)
