"""The rows behind the numbers: each set has a name that an address can carry.

A number on any page names its set and what it is filtered by; ``rows`` shows it. What
comes with an address is only ever a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dagster_project.published import Version
from dashboards.queries.reader import Query, frame, store_zone
from dashboards.queries.row_sets import customers, delivery, health, money, orders
from dashboards.queries.row_sets.row_set import RowSet

ROW_SETS: dict[str, RowSet] = {
    **orders.ROW_SETS,
    **money.ROW_SETS,
    **delivery.ROW_SETS,
    **customers.ROW_SETS,
    **health.ROW_SETS,
}

# a daily metric without one opens to its days
OF_METRIC = {
    "orders": "orders",
    "reservation_failure_rate": "failed_lines",
    "oversold_lines": "oversold",
    "attempt_success_rate": "authorized_attempts",
    "retry_recovery_rate": "won_back",
    "refund_within_48h_share": "refunds_in_time",
    "unit_return_rate": "came_back",
    "address_failure_rate": "failed_checks",
    "promise_kept_original_rate": "kept_at_first",
    "promise_kept_current_rate": "kept_at_last",
    "promise_revision_rate": "moved",
    "review_response_rate": "answers",
}

Number = int | float | Decimal


@dataclass(frozen=True)
class Counted:
    """What the rows of a set add up to.

    Attributes:
        number: The number by currency; under ``""`` where it is no money.
        whole: What it is a part of, where the set knows.
    """

    number: dict[str, Number]
    whole: Number | None


def behind_metric(metric: str) -> dict[str, str]:
    """Return the address of the rows that the numerator of a daily metric counts."""
    if metric in OF_METRIC:
        return {"of": OF_METRIC[metric]}
    return {"of": "days", "metric": metric}


def rows_behind(version: Version, name: str, address: Mapping[str, str]) -> Query:
    """Return the query of one set, filtered as an address asks.

    Args:
        version: Its store zone decides what a day is.
        name: One of ``ROW_SETS``.
        address: What stands in the address; what the set does not know is ignored.
    """
    chosen = ROW_SETS[name]
    return _query(
        version,
        chosen,
        address,
        f"select {chosen.columns}\nfrom {_source(chosen)}\nwhere ({chosen.where})",
        f"order by {chosen.order}",
        is_limited=True,
    )


def counted(version: Version, name: str, address: Mapping[str, str]) -> Counted:
    """Add the rows of one set up, filtered as an address asks."""
    chosen = ROW_SETS[name]
    is_money = chosen.unit == "currency"
    unit = "currency" if is_money else "''"
    sums = frame(
        version,
        _query(
            version,
            chosen,
            address,
            f"select {unit} as unit, {chosen.number} as number\n"
            f"from {_source(chosen)}\nwhere ({chosen.where})",
            "group by currency\norder by currency" if is_money else "",
            is_limited=True,
        ),
    )
    number = {
        str(unit): value
        for unit, value in zip(sums["unit"], sums["number"].fillna(0), strict=True)
    }
    if not chosen.whole:
        return Counted(number, None)
    whole = frame(
        version,
        _query(
            version,
            chosen,
            address,
            f"select {chosen.whole} as whole\nfrom {_source(chosen)}\nwhere true",
            is_limited=False,
        ),
    )
    return Counted(number, whole["whole"].fillna(0).iloc[0])


def _source(chosen: RowSet) -> str:
    """Return what a set selects from."""
    return f"({chosen.rows}) as rows_made" if chosen.rows else chosen.table


def _query(
    version: Version,
    chosen: RowSet,
    address: Mapping[str, str],
    select: str,
    ending: str = "",
    *,
    is_limited: bool,
) -> Query:
    """Return a query of one set with the conditions that an address asks for."""
    conditions = []
    parameters: dict[str, object] = {}
    for column in chosen.by:
        if column in address:
            # where nothing is known of it a table says so
            conditions.append(
                f"coalesce(cast({column} as varchar), 'unknown') = $by_{column}"
            )
            parameters[f"by_{column}"] = address[column]
    for limit, sign in (("from", ">="), ("to", "<=")):
        if chosen.day and limit in address:
            conditions.append(f"{chosen.day} {sign} try_cast($day_{limit} as date)")
            parameters[f"day_{limit}"] = address[limit]
    if is_limited:
        for limit, column in chosen.most.items():
            if limit in address:
                conditions.append(f"{column} <= try_cast($most_{limit} as double)")
                parameters[f"most_{limit}"] = address[limit]
    sql = "\n".join([" and ".join([select, *conditions]), ending])
    known = {"as_of": version.as_of, "zone": store_zone(version).key}
    return Query(
        sql,
        parameters
        | {name: value for name, value in known.items() if f"${name}" in sql},
    )
