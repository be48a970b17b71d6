"""Headline figures: a daily metric over its mature weeks, with change and bias."""

from __future__ import annotations

from dagster_project.published import Version
from dashboards.components.figures import Figure, GoodWay, Naive
from dashboards.components.words import day, percent
from dashboards.queries.headlines import DAYS, Headline, headline
from dashboards.queries.row_sets import behind_metric
from dashboards.queries.rules import RANKABLE_FROM

# a gap below this is no bias worth a sentence
HARDLY = 0.0005


def share_figure(
    version: Version,
    metric: str,
    label: str,
    noun: str,
    *,
    good: GoodWay,
    bias: str = "",
    opens: str = "Open the days",
) -> Figure:
    """Return a share over the last mature weeks.

    Args:
        version: The version to read.
        metric: A daily metric with numerator and denominator.
        label: What the share is, in a few words.
        noun: What the denominator counts, in the plural.
        good: Which way is better.
        bias: Why counting young days misleads; empty where days do not mature.
        opens: What the link to the rows of its numerator says.
    """
    found = headline(version, metric)
    value = share(found.part, found.whole)
    before = share(found.part_before, found.whole_before)
    naive = share(found.naive_part, found.naive_whole)
    change = (
        f"{(value - before) * 100:+.1f} points vs {DAYS} days before"
        if value is not None and before is not None
        else ""
    )
    biased = bias and naive is not None and value is not None
    return Figure(
        label,
        percent(value),
        basis_of(found, noun),
        young=young_of(found),
        change=change,
        good=good,
        naive=Naive(f"{percent(naive)}, the last {DAYS} days to the clock", bias)
        if biased
        else None,
        rows=rows_of(found, metric),
        counts=found.part or 0,
        opens=opens,
    )


def count_figure(
    version: Version,
    metric: str,
    label: str,
    *,
    good: GoodWay,
    opens: str,
) -> Figure:
    """Return a count over the last mature weeks."""
    found = headline(version, metric)
    value, before = found.part, found.part_before
    return Figure(
        label,
        "unknown" if value is None else f"{value:,.0f}",
        period_of(found),
        change=f"{(value / before - 1) * 100:+.0f} % vs {DAYS} days before"
        if value is not None and before
        else "",
        good=good,
        rows=rows_of(found, metric),
        counts=value or 0,
        opens=opens,
    )


def share(part: float | None, whole: float | None) -> float | None:
    """Return part of whole, ``None`` where there is no whole."""
    return part / whole if part is not None and whole else None


def period_of(found: Headline) -> str:
    """Return the days that a headline is of."""
    if found.first_date is None or found.last_date is None:
        return "No day is old enough to judge."
    return f"{day(found.first_date)} to {day(found.last_date)}"


def basis_of(found: Headline, noun: str) -> str:
    """Return the counts behind a share and their days."""
    if not found.whole:
        return f"No {noun} in days old enough to judge."
    few = " Too few to judge." if found.whole < RANKABLE_FROM else ""
    return (
        f"{found.part or 0:,.0f} of {found.whole:,.0f} {noun}, {period_of(found)}.{few}"
    )


def young_of(found: Headline) -> str:
    """Return which days are left out because they can still change."""
    if found.last_date is None or found.newest_date is None:
        return "nothing mature yet"
    left_out = (found.newest_date - found.last_date).days
    return f"{left_out} younger days left out" if left_out > 1 else ""


def rows_of(found: Headline, metric: str) -> dict[str, str]:
    """Return the address of the rows that a headline counts; empty where it has none.

    A headline has none while no day is old enough to judge.
    """
    days = days_of(found)
    return behind_metric(metric) | days if days else {}


def days_of(found: Headline) -> dict[str, str]:
    """Return the days that a headline is of, as an address limits rows to them."""
    if found.first_date is None or found.last_date is None:
        return {}
    return {
        "from": found.first_date.isoformat(),
        "to": found.last_date.isoformat(),
    }
