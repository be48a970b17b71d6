"""Intervals of many shops against the truth: how often do they cover it?"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from tests.coverage.estimates import Estimate

KEYS = ["segment_type", "segment", "age"]

NOMINAL = 0.95
SHARED = 1.5
"""Standard error of a coverage over that of as many independent intervals, rounded up:
the segments of a shop share its luck, and all shops share one measured truth."""


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
    """Set each interval beside its truth.

    What has no truth, or no bound on either side, claims nothing and drops out. One
    with a single bound stays: it covers if the truth is on the right side of that.

    Returns:
        The rows of ``found`` with columns truth, is_two_sided, is_covered and
        is_covered_naively.
    """
    claims = found.dropna(subset=["lower", "upper"], how="all")
    rows = claims.merge(true.dropna(subset=["truth"]), on=["name", *KEYS])
    return rows.assign(
        is_two_sided=rows["lower"].notna() & rows["upper"].notna(),
        is_covered=_covers(rows["lower"], rows["upper"], rows["truth"]),
        is_covered_naively=_covers(
            rows["naive_lower"], rows["naive_upper"], rows["truth"]
        ),
    )


def summary(rows: pd.DataFrame, by: Sequence[str] = ("name",)) -> pd.DataFrame:
    """Return means over the intervals of an estimate, and how often they cover.

    Args:
        rows: What :func:`judged` returned.
        by: Columns that tell the rows of the summary apart, ``name`` among them.

    Returns:
        Indexed by ``by``: unit, means of truth and figures with their biases (over the
        intervals that have a figure at all, truth and naive alike), both coverages,
        number of intervals, share of the half-open, and number and coverage of the
        two-sided.
    """
    keys = list(by)
    figures = rows.dropna(subset=["estimate", "naive"]).groupby(keys, sort=False)
    means = figures[["truth", "estimate", "naive"]].mean()
    pooled = rows.groupby(keys, sort=False)
    two_sided = rows[rows["is_two_sided"]].groupby(keys, sort=False)
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
            "half-open": 1 - pooled["is_two_sided"].mean(),
            "two-sided": pooled["is_two_sided"].sum(),
            "two-sided coverage": two_sided["is_covered"].mean(),
        },
        index=pooled.size().index,
    )


def printed(table: pd.DataFrame) -> str:
    """Return a summary as text for people."""
    shown = table.copy()
    for column in ("true", "honest", "naive"):
        shown[column] = shown[column].map("{:.4g}".format)
    for column in (
        "honest bias",
        "naive bias",
        "coverage",
        "naive coverage",
        "half-open",
        "two-sided coverage",
    ):
        shown[column] = shown[column].map("{:.1%}".format)
    return (
        f"{shown.to_string()}\n"
        "A half-open interval has one bound, and covers if the truth is on the right "
        "side of it:\nwithout an upper one, if the truth is above the lower."
    )


def least_coverage(counts: pd.Series) -> pd.Series:
    """Return the coverage below which so many intervals are not at 95 %.

    Three standard errors under the nominal share, binomial and widened for what is
    shared: 90.1 % of 400 intervals, 87.2 % of 160, 79.5 % of 40. A pooled coverage can
    be right because one kind of segment is covered too often and another too seldom;
    too often is only a loss, too seldom is a claim that fails.
    """
    return NOMINAL - 3 * SHARED * (NOMINAL * (1 - NOMINAL) / counts).pow(0.5)


def _covers(lower: pd.Series, upper: pd.Series, truth: pd.Series) -> pd.Series:
    """Tell which intervals hold the truth; a missing bound excludes nothing."""
    return ~(lower > truth) & ~(upper < truth)
