"""Judges a metric of ``metrics.metric_daily`` on the store day its rule names."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import duckdb

from dagster_project.alerts import subjects, units
from dagster_project.alerts.chance import surprise
from dagster_project.alerts.findings import (
    Finding,
    not_judged,
    outcome_of,
)
from dagster_project.alerts.messages import nearest
from dagster_project.alerts.rules import Definition, Rule
from dagster_project.alerts.subjects import Metric
from dagster_project.published import Version

DEFINITIONS: Final = """
    select
        definitions.metric,
        definitions.unit,
        definitions.grain,
        definitions.matures_after_days,
        coalesce(list(distinct daily.segment_type) filter (
            where daily.segment_type is not null
        ), [])

    from metrics.metric_definitions as definitions
    left join metrics.metric_daily as daily
        on definitions.metric = daily.metric
    group by all
"""

# A ratio of many days is that of their sums: the mean weighted by denominators. A
# percentile's cohorts are weighted alike. A count is compared with the same weekday,
# and a day without a row is a day on which nothing was counted.
FIGURES: Final = """
    with figures as (
        select
            segment,
            date,
            value,
            denominator,
            date > $day::date - $over_days as is_judged,
            extract(isodow from date) = extract(isodow from $day::date)
                as is_same_weekday,
            min(date) over (partition by segment) as first_date

        from metrics.metric_daily
        where metric = $metric
            and segment_type = $segment_type
            and date <= $day
    )

    select
        segment,
        min(first_date) as first_date,
        sum(denominator) filter (where is_judged) as denominator,
        sum(value) filter (where is_judged) as counted,
        sum(value * denominator) filter (where is_judged)
        / nullif(sum(denominator) filter (where is_judged and value is not null), 0)
            as ratio,
        sum(value) filter (where not is_judged and is_same_weekday) / $weeks
            as counted_before,
        sum(value * denominator) filter (where not is_judged)
        / nullif(
            sum(denominator) filter (where not is_judged and value is not null), 0
        ) as ratio_before,
        sum(denominator) filter (where not is_judged) as denominator_before

    from figures
    where date > $day::date - $over_days - 7 * $weeks
    group by segment
    order by segment
"""

FIRST_DATE: Final = """
    select min(date)
    from metrics.metric_daily
    where metric = $metric
"""

SEGMENTS: Final = """
    select distinct segment
    from metrics.metric_daily
    where metric = $metric and segment_type = $segment_type
"""


@dataclass(frozen=True)
class _Figures:
    """What a segment's days came to.

    Attributes:
        value: Of the judged day or days.
        denominator: Of how many.
        trailing: Of the weeks before.
        denominator_before: Of how many.
        first_date: Its first day.
    """

    value: float | None
    denominator: float | None
    trailing: float | None
    denominator_before: float | None
    first_date: date


def definitions(connection: duckdb.DuckDBPyConnection) -> dict[str, Definition]:
    """Return the metrics of a published version by name."""
    return {
        name: Definition(unit, grain, matures_after_days, frozenset(segment_types))
        for name, unit, grain, matures_after_days, segment_types in connection.execute(
            DEFINITIONS
        ).fetchall()
    }


def judge(
    rule: Rule,
    metric: Metric,
    version: Version,
    connection: duckdb.DuckDBPyConnection,
    standing: Collection[str],
) -> Iterator[Finding]:
    """Judge a metric on each segment that its rule asks for.

    Args:
        rule: The rule.
        metric: What it watches.
        version: What is read.
        connection: To it.
        standing: Segments with an open alert of this rule: they are judged too.
    """
    day = judged_day(metric, version)
    found = _figures(rule, metric, day, connection)
    if metric.segment == subjects.ANY:
        segments = sorted({*found, *standing})
    else:
        segments = [metric.segment]
        if metric.segment not in found:
            known = _known_segments(metric, connection)
            if metric.segment not in known:
                yield not_judged(
                    rule,
                    metric.segment,
                    f"no {metric.segment_type} {metric.segment!r} is published; "
                    f"{nearest(metric.segment, known)}",
                )
                return
    (first,) = connection.execute(FIRST_DATE, {"metric": metric.name}).fetchall()[0]
    for segment in segments:
        yield _judge_segment(rule, metric, segment, day, found.get(segment), first)


def judged_day(metric: Metric, version: Version) -> date:
    """Return the store day a rule judges.

    It is counted from the clock and not from the rows: a feed that stopped has no
    rows, and its last good day would be judged forever.
    """
    today = version.as_of.astimezone(ZoneInfo(version.store_timezone)).date()
    if metric.day == "latest":
        return today
    return today - timedelta(days=metric.matures_after_days + 1)


def _figures(
    rule: Rule, metric: Metric, day: date, connection: duckdb.DuckDBPyConnection
) -> dict[str, _Figures]:
    """Return what the days came to, by segment."""
    is_counted = metric.unit not in (*units.RATIOS, "hours")
    cursor = connection.execute(
        FIGURES,
        {
            "metric": metric.name,
            "segment_type": metric.segment_type,
            "day": day,
            "over_days": metric.over_days,
            "weeks": rule.condition.weeks,
        },
    )
    return {
        segment: _Figures(
            value=(counted or 0.0) if is_counted else ratio,
            denominator=denominator,
            trailing=(counted_before or 0.0) if is_counted else ratio_before,
            denominator_before=denominator_before,
            first_date=first_date,
        )
        for (
            segment,
            first_date,
            denominator,
            counted,
            ratio,
            counted_before,
            ratio_before,
            denominator_before,
        ) in cursor.fetchall()
    }


def _judge_segment(
    rule: Rule,
    metric: Metric,
    segment: str,
    day: date,
    figures: _Figures | None,
    first_date: date | None,
) -> Finding:
    """Judge one segment's figures."""
    is_counted = metric.unit not in (*units.RATIOS, "hours")
    if first_date is None or first_date > day:
        return not_judged(rule, segment, f"{metric.name} has no figures up to {day}")
    if figures is None:
        # none of it in all those weeks: a count was nothing, a ratio is of nothing
        if not is_counted:
            return not_judged(rule, segment, f"nothing to judge on {day}")
        figures = _Figures(0.0, None, 0.0, None, first_date)
    if figures.value is None:
        why = (
            "its curve does not get there"
            if metric.unit == "hours" and figures.denominator
            else "nothing to judge"
        )
        return not_judged(rule, segment, f"{why} on {day}")
    if (figures.denominator or 0.0) < metric.least_denominator:
        return not_judged(
            rule,
            segment,
            f"{figures.denominator or 0:,.0f} on {day} is fewer than "
            f"{metric.least_denominator:,.0f}",
        )
    trailing = None
    if rule.condition.compares:
        begin = day - timedelta(days=metric.over_days + 7 * rule.condition.weeks - 1)
        if figures.first_date > begin:
            return not_judged(
                rule,
                segment,
                f"its figures begin on {figures.first_date}, "
                f"the {rule.condition.weeks} weeks before on {begin}",
            )
        trailing = figures.trailing
        if trailing is None:
            return not_judged(rule, segment, "nothing in the weeks before")
        if (figures.denominator_before or 0.0) < metric.least_denominator:
            return not_judged(
                rule,
                segment,
                f"{figures.denominator_before or 0:,.0f} in the weeks before is fewer "
                f"than {metric.least_denominator:,.0f}",
            )
    return Finding(
        rule,
        segment,
        outcome_of(
            rule.condition.holds(
                figures.value, trailing, _surprise(rule, metric, figures)
            )
        ),
        value=figures.value,
        names={
            "metric": metric.name.replace("_", " "),
            "segment_type": metric.segment_type.replace("_", " "),
            "segment": units.plain(segment),
            "value": units.written(figures.value, metric.unit),
            "threshold": rule.condition.in_words(metric.unit),
            "day": f"{day:%a} {day.day} {day:%B %Y}",
            "trailing": units.written(trailing, metric.unit),
            "change": units.changed(figures.value, trailing),
            "denominator": f"{figures.denominator or 0:,.0f}",
        },
    )


def _surprise(rule: Rule, metric: Metric, figures: _Figures) -> float:
    """Return how surprising a change is; a count stands for one of the weeks' days."""
    if figures.value is None or figures.trailing is None:
        return 0.0
    return surprise(
        metric.unit,
        figures.value,
        1.0 if figures.denominator is None else figures.denominator,
        figures.trailing,
        rule.condition.weeks
        if figures.denominator_before is None
        else figures.denominator_before,
    )


def _known_segments(metric: Metric, connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        segment
        for (segment,) in connection.execute(
            SEGMENTS, {"metric": metric.name, "segment_type": metric.segment_type}
        ).fetchall()
    ]
