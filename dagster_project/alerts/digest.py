"""The weekly letter: what is stuck, whose money is pending, is the stock still true.

Each question is answered in its first line, with the change against the week before;
below it stands the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from dagster_project.alerts import units
from dagster_project.gate import Verdict
from dagster_project.published import Version
from dashboards.components import words

SHOWN: Final = 8

SWEEP: Final = """
    select question, unit, value, previous_value, week
    from marts.weekly_sweep
    where week = (select max(week) from marts.weekly_sweep)
    order by value desc, unit
"""

STUCK_BY_OWNER: Final = """
    select
        owner,
        count(*) filter (where level = 'stuck') as stuck,
        count(*) filter (where level = 'watch') as watched,
        max(age_hours) filter (where level = 'stuck') as oldest_hours

    from marts.stuck_orders
    group by owner
    order by stuck desc, watched desc, owner
"""

STUCK: Final = f"""
    select
        order_id,
        stage,
        owner,
        age_hours,
        promise_at
    from marts.stuck_orders
    where level = 'stuck'
    order by age_hours desc, order_id
    limit {SHOWN}
"""

PENDING_BY_CLASS: Final = """
    select
        class,
        currency,
        count(*) as claims,
        sum(amount) as amount,
        max(age_hours) as oldest_hours

    from marts.pending_money
    group by class, currency
    order by currency, amount desc, class
"""

# the largest of each currency: sums of two currencies have no order
PENDING: Final = f"""
    select claim_id, class, order_id, currency, amount, age_hours
    from marts.pending_money
    qualify row_number() over (
        partition by currency
        order by amount desc, claim_id
    ) <= {SHOWN}
    order by currency, amount desc, claim_id
"""

SHELVES: Final = """
    select
        count(drift) as compared,
        count(*) filter (where drift <> 0) as off,
        coalesce(sum(drift) filter (where drift > 0), 0)::bigint as surplus,
        coalesce(-sum(drift) filter (where drift < 0), 0)::bigint as shortage,
        coalesce(sum(refunded_not_restocked), 0)::bigint as unstocked,
        coalesce(sum(restocked_not_refunded), 0)::bigint as unpaid,
        coalesce(sum(rto_unacknowledged), 0)::bigint as unseen

    from marts.stock_truth
"""

DRIFTED: Final = f"""
    select
        sku,
        location_id,
        expected_on_hand,
        counted_on_hand,
        drift,
        counted_at
    from marts.stock_truth
    where drift <> 0
    order by abs(drift) desc, sku, location_id
    limit {SHOWN}
"""

SILENT: Final = """
    select source
    from marts.missing_events
    where hour = (select max(hour) from marts.missing_events)
        and is_silent
    group by source
    order by source
"""

OVER_A_DAY: Final = 24.0

Row = dict[str, Any]


class DigestError(Exception):
    """The published version cannot answer the three questions."""


@dataclass(frozen=True)
class Table:
    """Some of the evidence, written out.

    Attributes:
        title: What it shows.
        columns: Their names.
        rows: Cells with their units.
        figures: Which columns hold figures, by position.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: frozenset[int]


@dataclass(frozen=True)
class Section:
    """One question.

    Attributes:
        question: The question.
        answer: Its answer, with its unit and the change against the week before.
        tables: The evidence.
    """

    question: str
    answer: str
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Digest:
    """What the letter says; its templates only lay it out.

    Attributes:
        week: Monday of the week.
        as_of: The clock in the store's zone, in words.
        fresh: How old that is, and whether anything holds newer figures back.
        sections: The three questions.
        version: The version it was read from.
    """

    week: date
    as_of: str
    fresh: str
    sections: tuple[Section, ...]
    version: str


def digest_of(
    version: Version,
    connection: duckdb.DuckDBPyConnection,
    verdict: Verdict | None,
    now: datetime,
) -> Digest:
    """Read what the letter says from a published version.

    Args:
        version: What is read.
        connection: To it.
        verdict: The last word of the gate, if there was one.
        now: The instant of writing, UTC.

    Raises:
        DigestError: The version has no sweep of the week.
    """
    sweep = _rows(connection, SWEEP)
    if not sweep:
        raise DigestError(
            f"version {version.name} has no weekly sweep; `postorder run` makes one"
        )
    zone = ZoneInfo(version.store_timezone)
    return Digest(
        week=sweep[0]["week"],
        as_of=f"{words.moment(version.as_of, zone)} ({zone.key})",
        fresh=_fresh(version, connection, verdict, now),
        sections=(
            _stuck(sweep, connection, zone),
            _pending(sweep, connection),
            _stock(sweep, connection, zone),
        ),
        version=version.name,
    )


def _stuck(
    sweep: list[Row], connection: duckdb.DuckDBPyConnection, zone: ZoneInfo
) -> Section:
    by_owner = _rows(connection, STUCK_BY_OWNER)
    found = next((row for row in sweep if row["question"] == "stuck"), None)
    value = int(found["value"]) if found else 0
    watched = sum(row["watched"] for row in by_owner)
    answer = (
        f"{words.count(value, 'order')} {words.verb(value, 'is', 'are')} stuck"
        f"{_change(found, _counted('order'))}."
    )
    if watched:
        answer += f" {watched:,} more {words.verb(watched, 'is', 'are')} slow."
    return Section(
        "What is stuck?",
        answer,
        (
            _table(
                "By who acts",
                ("Owner", "Stuck", "Slow", "Oldest stuck"),
                (
                    (
                        row["owner"],
                        f"{row['stuck']:,}",
                        f"{row['watched']:,}",
                        words.duration(row["oldest_hours"]) if row["stuck"] else "-",
                    )
                    for row in by_owner
                ),
                figures={1, 2, 3},
            ),
            _table(
                "Stuck longest in their stage",
                ("Order", "Stage", "Owner", "In it for", "Promised for"),
                (
                    (
                        row["order_id"],
                        words.plain(row["stage"]),
                        row["owner"],
                        words.duration(row["age_hours"]),
                        _day(row["promise_at"], zone),
                    )
                    for row in _rows(connection, STUCK)
                ),
                figures={3},
            ),
        ),
    )


def _pending(sweep: list[Row], connection: duckdb.DuckDBPyConnection) -> Section:
    found = [row for row in sweep if row["question"] == "pending_money"]
    said = "; ".join(
        f"{words.amount(row['value'], row['unit'])} "
        f"{'is' if row['value'] else 'is left'} pending"
        f"{_change(row, _money(row['unit']))}"
        for row in found
    )
    return Section(
        "Whose money is pending?",
        f"{said}." if found else "No money is pending.",
        (
            _table(
                "By kind of claim",
                ("Claim", "Claims", "Amount", "Oldest"),
                (
                    (
                        words.plain(row["class"]),
                        f"{row['claims']:,}",
                        words.amount(row["amount"], row["currency"]),
                        words.duration(row["oldest_hours"]),
                    )
                    for row in _rows(connection, PENDING_BY_CLASS)
                ),
                figures={1, 2, 3},
            ),
            _table(
                "The largest, of each currency",
                ("Order", "Claim", "Amount", "Pending for"),
                (
                    (
                        row["order_id"] or "unknown",
                        words.plain(row["class"]),
                        words.amount(row["amount"], row["currency"]),
                        words.duration(row["age_hours"]),
                    )
                    for row in _rows(connection, PENDING)
                ),
                figures={2, 3},
            ),
        ),
    )


def _stock(
    sweep: list[Row], connection: duckdb.DuckDBPyConnection, zone: ZoneInfo
) -> Section:
    (shelves,) = _rows(connection, SHELVES)
    found = next((row for row in sweep if row["question"] == "stock_drift"), None)
    value = int(found["value"]) if found else 0
    compared = words.count(shelves["compared"], "shelf", "shelves")
    change = _change(found, _counted("unit"))
    if not shelves["compared"]:
        answer = "Nobody can tell: no shelf was counted twice."
    elif value:
        answer = (
            f"No: counts were off by {words.count(value, 'unit')} on "
            f"{shelves['off']:,} of {compared}{change}."
        )
    else:
        answer = f"Yes: {compared} held what was expected{change}."
    return Section(
        "Does the stock still tell the truth?",
        answer,
        (
            _table(
                "Over all shelves",
                ("What", "Units"),
                (
                    ("counted, not expected", f"{shelves['surplus']:,}"),
                    ("expected, not counted", f"{shelves['shortage']:,}"),
                    ("refunded, not restocked", f"{shelves['unstocked']:,}"),
                    ("restocked, not refunded", f"{shelves['unpaid']:,}"),
                    ("came back, not acknowledged", f"{shelves['unseen']:,}"),
                ),
                figures={1},
            ),
            _table(
                "Counts that were off most, in units",
                ("SKU", "Where", "Expected", "Counted", "Off by", "When"),
                (
                    (
                        row["sku"],
                        row["location_id"],
                        f"{row['expected_on_hand']:,}",
                        f"{row['counted_on_hand']:,}",
                        f"{row['drift']:+,}",
                        _day(row["counted_at"], zone),
                    )
                    for row in _rows(connection, DRIFTED)
                ),
                figures={2, 3, 4},
            ),
        ),
    )


def _fresh(
    version: Version,
    connection: duckdb.DuckDBPyConnection,
    verdict: Verdict | None,
    now: datetime,
) -> str:
    """Say how old the figures are, and what holds newer ones back."""
    age = max((now - version.as_of).total_seconds() / 3600, 0.0)
    head = "These figures are old" if age > OVER_A_DAY else "Fresh"
    said = [f"{head}: their clock stood {words.duration(age)} before this was written."]
    if verdict is not None and not verdict.passed:
        count = words.count(len(verdict.failures), "expectation")
        said.append(f"A newer build was held back: {count} did not hold.")
    silent = [units.plain(row["source"]) for row in _rows(connection, SILENT)]
    if silent:
        said.append(f"Silent, so not all is known: {', '.join(silent)}.")
    return " ".join(said)


def _change(row: Row | None, written: Callable[[Decimal], str]) -> str:
    """Say how far an answer is from the week before, in its unit."""
    if row is None or row["previous_value"] is None:
        return " (the week before is not known)"
    by = row["value"] - row["previous_value"]
    if by == 0:
        return ", as in the week before"
    return f", {written(abs(by))} {'more' if by > 0 else 'less'} than the week before"


def _counted(noun: str) -> Callable[[Decimal], str]:
    return lambda number: words.count(int(number), noun)


def _money(currency: str) -> Callable[[Decimal], str]:
    return lambda amount: words.amount(amount, currency)


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return words.day(at.astimezone(zone)) if at else "-"


def _table(
    title: str,
    columns: tuple[str, ...],
    rows: Iterator[tuple[str, ...]] | tuple[tuple[str, ...], ...],
    *,
    figures: set[int],
) -> Table:
    written = tuple(tuple(units.plain(cell) for cell in row) for row in rows)
    return Table(title, columns, written, frozenset(figures))


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
