"""Judges the warehouse itself: is it fresh, did the gate hold, do its sources speak."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

import duckdb

from dagster_project import canary
from dagster_project.alerts import subjects, units
from dagster_project.alerts.findings import Finding, not_judged, outcome_of
from dagster_project.alerts.rules import Rule
from dagster_project.canary import Canary
from dagster_project.gate import Verdict
from dagster_project.published import Version

# Of the last hour only: a source that spoke again is not silent any more. One that was
# silent for so long that nothing is usual of it has no row, and is not judged.
SOURCES: Final = """
    select
        source,
        count(*) filter (where is_silent and event_name <> 'any') as silent,
        coalesce(bool_or(is_silent and event_name = 'any'), false) as is_all_silent,
        list(event_name order by event_name) filter (
            where is_silent and event_name <> 'any'
        ) as events,
        min(window_started_at) filter (where is_silent) as since

    from marts.missing_events
    where hour = (select max(hour) from marts.missing_events)
    group by source
    order by source
"""

SHOWN_EVENTS: Final = 4


def judge_age(
    rule: Rule, version: Version | None, trouble: str, now: datetime
) -> Finding:
    """Judge how long ago the version in force was published.

    Args:
        rule: The rule.
        version: The version; ``None`` is older than any.
        trouble: Why there is none.
        now: The instant from which its age counts, UTC.
    """
    hours = (
        math.inf
        if version is None
        else max((now - version.published_at).total_seconds() / 3600, 0.0)
    )
    return _finding(
        rule,
        subjects.ALL,
        hours,
        "hours",
        trouble if version is None else f"version {version.name}",
    )


def judge_gate(rule: Rule, verdict: Verdict | None) -> Finding:
    """Judge whether the last build passed the gate."""
    if verdict is None:
        return not_judged(rule, subjects.ALL, "no build was validated here yet")
    first = verdict.failures[:1]
    detail = "".join(
        f"{failure.table}, {failure.measure}: {failure.says} (found {failure.observed})"
        for failure in first
    )
    return _finding(
        rule,
        subjects.ALL,
        len(verdict.failures),
        subjects.WAREHOUSE["gate_failed"],
        detail or "every expectation holds",
    )


def judge_canaries(rule: Rule, canaries: Sequence[Canary], now: datetime) -> Finding:
    """Judge whether planted orders still come out, and stay out of marts.

    Args:
        rule: The rule.
        canaries: Those that are remembered, the oldest first.
        now: The instant from which their age counts, UTC.
    """
    if not canaries:
        return not_judged(rule, subjects.ALL, "no order was planted here yet")
    failing = canary.failing(canaries, now)
    detail = "the last came through"
    if failing:
        last = failing[-1]
        detail = f"{last.order_id} is {last.state}: {last.trouble}"
    return _finding(
        rule,
        subjects.ALL,
        len(failing),
        subjects.WAREHOUSE["canary_lost"],
        detail,
    )


def judge_silence(
    rule: Rule, connection: duckdb.DuckDBPyConnection, standing: Collection[str]
) -> Iterator[Finding]:
    """Judge each source: how many of its feeds are silent.

    Args:
        rule: The rule.
        connection: To a published version.
        standing: Sources with an open alert of this rule.
    """
    judged = set()
    for source, silent, is_all_silent, events, since in connection.execute(
        SOURCES
    ).fetchall():
        judged.add(source)
        if is_all_silent:
            named = "event of any kind"
        else:
            shown = [each.replace("_", " ") for each in (events or [])[:SHOWN_EVENTS]]
            more = f" and {silent - len(shown)} more" if silent > len(shown) else ""
            named = ", ".join(shown) + more
        if since is not None:
            named += f" since {since:%Y-%m-%d %H:%M} UTC"
        yield _finding(
            rule,
            source,
            max(silent, int(is_all_silent)),
            subjects.WAREHOUSE["silent_source"],
            named or "every feed speaks",
        )
    for source in sorted(set(standing) - judged):
        yield not_judged(rule, source, "too little is usual of it to judge its silence")


def _finding(rule: Rule, segment: str, value: float, unit: str, detail: str) -> Finding:
    written = "an unknown time" if math.isinf(value) else units.written(value, unit)
    return Finding(
        rule,
        segment,
        outcome_of(rule.condition.holds(value)),
        value=None if math.isinf(value) else value,
        names={
            "segment": units.plain(segment),
            "value": written,
            "threshold": rule.condition.in_words(unit),
            "detail": units.plain(detail),
        },
    )
