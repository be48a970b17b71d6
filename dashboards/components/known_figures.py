"""Figures that more than one view shows, worded once."""

from __future__ import annotations

from dashboards.components.figures import Figure, Naive
from dashboards.components.words import count, days, percent
from dashboards.queries.rules import RANKABLE_FROM
from dashboards.queries.today import ReturnsToOrigin, SettlementTimes


def rto_figure(rates: ReturnsToOrigin) -> Figure:
    """Return the matured RTO rate, the naive one a click away."""
    few = " Too few to judge." if rates.delivered + rates.rto < RANKABLE_FROM else ""
    interval = (
        ""
        if rates.matured_lower is None or rates.matured_upper is None
        else f"95 % interval {percent(rates.matured_lower)} to "
        f"{percent(rates.matured_upper)}. "
    )
    at_age = (
        "No age has been observed yet."
        if rates.matured_age_days is None
        else f"{rates.rto:,} of {count(rates.shipped, 'parcel')} so far; read "
        f"{rates.matured_age_days:.0f} days after shipping."
    )
    return Figure(
        "Parcels that come back (RTO)",
        percent(rates.matured_rate),
        f"{interval}{at_age}{few}",
        naive=Naive(
            f"{percent(rates.naive_rate)} of everything shipped", bias_of(rates)
        ),
        rows={"of": "returned_parcels"},
        counts=rates.rto,
        opens="Open the returned parcels",
    )


def bias_of(rates: ReturnsToOrigin) -> str:
    """Return in words how far the naive rate is from the matured one."""
    if rates.matured_rate is None or rates.naive_rate is None:
        return "How many come back in the end cannot be said yet."
    if not rates.rto:
        return "No parcel has come back."
    gap = (rates.matured_rate - rates.naive_rate) * 100
    if abs(gap) < 0.05:
        return "Both agree: hardly a parcel is still on its way."
    return (
        f"The naive rate reads {abs(gap):.1f} points too "
        f"{'low' if gap > 0 else 'high'}: parcels still on their way can come back."
    )


def p90_figure(times: SettlementTimes) -> Figure:
    """Return within how many days nine tenths of captured money settles."""
    return Figure(
        "90 % settled within (p90)",
        percentile(times.p90_hours),
        interval(times.p90_lower_hours, times.p90_upper_hours)
        + (
            "Fewer than 90 % of the payments are known to settle so far. "
            if times.p90_hours is None
            else ""
        )
        + f"{count(times.payments, 'captured payment')} to date, {times.open:,} still "
        "open and counted as waiting.",
        naive=Naive(
            f"{days(times.naive_p90_hours)} (mean {days(times.naive_mean_hours)})",
            "Over settled payments only. It flatters: the slowest payments are those "
            "still open, and it leaves exactly them out.",
        ),
        rows={"of": "waiting"},
        counts=times.open,
        opens="Open what waits",
    )


def percentile(hours: float | None) -> str:
    """Return a percentile in days, ``not reached`` where the curve ends before it."""
    return "not reached" if hours is None else days(hours)


def interval(lower: float | None, upper: float | None) -> str:
    """Return a 95 % interval in days; empty where there is none."""
    if lower is None:
        return ""
    end = "open" if upper is None else days(upper)
    return f"95 % interval {days(lower)} to {end}. "
