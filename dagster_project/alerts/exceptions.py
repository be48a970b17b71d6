"""Judges open exceptions of ``marts.fct_exceptions``: how many, and how old."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

import duckdb

from dagster_project.alerts import subjects, units
from dagster_project.alerts.findings import Finding, outcome_of
from dagster_project.alerts.rules import Rule
from dagster_project.alerts.subjects import Exceptions

UNIT: Final = "exceptions"
SHOWN_ORDERS: Final = 3


def judge(
    rule: Rule,
    watched: Exceptions,
    connection: duckdb.DuckDBPyConnection,
    standing: Collection[str],
) -> Iterator[Finding]:
    """Judge the open exceptions a rule asks for, one group or each by itself.

    Args:
        rule: The rule.
        watched: Which exceptions.
        connection: To a published version.
        standing: Segments with an open alert of this rule: they are judged too.
    """
    found = {
        segment: (count, oldest, orders)
        for segment, count, oldest, orders in _groups(watched, connection)
    }
    segments = sorted({*found, *standing}) if watched.per else [subjects.ALL]
    for segment in segments:
        count, oldest, orders = found.get(segment, (0, None, []))
        yield Finding(
            rule,
            segment,
            outcome_of(rule.condition.holds(count)),
            value=count,
            names={
                "segment": units.plain(segment.replace("_", " ")),
                "value": units.written(count, UNIT),
                "threshold": rule.condition.in_words(UNIT),
                "oldest": units.written(oldest, "hours"),
                "orders": _named(orders, count),
            },
        )


def _groups(
    watched: Exceptions, connection: duckdb.DuckDBPyConnection
) -> list[tuple[str, int, float, list[str]]]:
    """Return each group's size, greatest age and oldest orders."""
    group = watched.per or f"'{subjects.ALL}'"
    only = "".join(f" and {column} = ${column}" for column in watched.only)
    return connection.execute(
        f"""
        select
            {group} as segment,
            count(*) as open,
            max(age_hours) as oldest,
            coalesce(
                max_by(order_id, age_hours, {SHOWN_ORDERS}) filter (
                    where order_id is not null
                ),
                []
            ) as orders
        from marts.fct_exceptions
        where is_open and age_hours >= $least_age_hours{only}
        group by segment
        """,
        {**watched.only, "least_age_hours": watched.least_age_hours},
    ).fetchall()


def _named(orders: list[str], count: int) -> str:
    """Name the oldest orders, and say how many exceptions are left unsaid."""
    named = [units.plain(order) for order in dict.fromkeys(orders)]
    if not named:
        return "no order known"
    more = f" and {count - len(orders):,} more" if count > len(orders) else ""
    return ", ".join(named) + more
