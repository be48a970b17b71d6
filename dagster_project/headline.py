"""The few figures a run ends with, read from a published version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

OVER = "('cancelled', 'delivered', 'rto', 'closed')"


@dataclass(frozen=True)
class Figure:
    """One headline figure.

    Attributes:
        name: Its stable name.
        label: Its name in words.
        value: The figure; text where it names a thing, ``None`` where unknown.
        unit: What it counts; ``share`` is a fraction of 1.
        note: Its population, and how mature or complete it is.
    """

    name: str
    label: str
    value: int | float | str | None
    unit: str
    note: str


def figures(connection: duckdb.DuckDBPyConnection) -> list[Figure]:
    """Return the headline figures of the tables that are published.

    Args:
        connection: Of a published version.
    """
    tables = {
        name
        for (name,) in connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall()
    }
    found: list[Figure] = []
    for table, read in (
        ("marts.fct_orders", _orders),
        ("metrics.settlement_times", _settlement),
        ("metrics.reservation_failures", _reservations),
        ("metrics.rto_rates", _rto),
        ("metrics.return_reasons", _returns),
    ):
        if table in tables:
            found += read(connection)
    return found


def _orders(connection: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Yield how many orders there are, are open, and are in trouble."""
    orders, open_orders, troubled, first, last = connection.execute(
        f"""
        select
            count(*),
            count(*) filter (where stage not in {OVER}),
            count(*) filter (where has_open_exception),
            min(placed_at)::date,
            max(placed_at)::date
        from marts.fct_orders
        """
    ).fetchall()[0]
    period = f"placed {first} to {last}" if orders else "none placed"
    yield Figure("orders", "Orders", orders, "orders", period)
    yield Figure(
        "open_orders",
        "Open orders",
        open_orders,
        "orders",
        "neither delivered, returned to origin, cancelled nor closed",
    )
    yield Figure(
        "open_exceptions",
        "Orders with an open exception",
        troubled,
        "orders",
        f"of {orders:,} orders",
    )


def _settlement(connection: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Yield the median and 90th percentile of captured to settled."""
    found = connection.execute(
        """
        select payments, settled, open, p50_hours::double, p90_hours::double
        from metrics.settlement_times
        where segment_type = 'all'
        """
    ).fetchall()
    for payments, settled, still_open, median, ninetieth in found:
        note = (
            f"Kaplan-Meier over {payments:,} payments, {settled:,} settled, "
            f"{still_open:,} still open"
        )
        yield Figure(
            "settlement_p50_hours", "Captured to settled, median", median, "hours", note
        )
        yield Figure(
            "settlement_p90_hours", "Captured to settled, p90", ninetieth, "hours", note
        )


def _reservations(connection: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Yield the share of lines asked for that no stock was found for."""
    requested, failed = connection.execute(
        """
        select
            coalesce(sum(lines_requested), 0)::bigint,
            coalesce(sum(lines_failed), 0)::bigint
        from metrics.reservation_failures
        """
    ).fetchall()[0]
    yield Figure(
        "reservation_failure_rate",
        "Reservation lines failed",
        failed / requested if requested else None,
        "share",
        f"{failed:,} of {requested:,} lines by day, SKU and location",
    )


def _rto(connection: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Yield the honest and the naive share of parcels that go back."""
    found = connection.execute(
        """
        select
            shipped,
            rto,
            matured_rate::double,
            naive_rate::double,
            matured_age_days,
            pct_resolved::double
        from metrics.rto_rates
        where segment_type = 'all'
        """
    ).fetchall()
    for shipped, rto, matured, naive, age_days, resolved in found:
        share = f"{resolved:.1%} resolved" if resolved is not None else "none resolved"
        read_at = f"cumulative incidence at {age_days:g} days" if age_days else "no age"
        yield Figure(
            "rto_matured_rate",
            "Returned to origin, matured",
            matured,
            "share",
            f"{read_at}, {shipped:,} parcels shipped, {share}",
        )
        yield Figure(
            "rto_naive_rate",
            "Returned to origin, naive",
            naive,
            "share",
            f"{rto:,} of {shipped:,} parcels shipped, open ones counted as kept",
        )


def _returns(connection: duckdb.DuckDBPyConnection) -> Iterator[Figure]:
    """Yield the reason that most units came back for."""
    found = connection.execute(
        """
        select
            reason,
            sum(units_returned)::bigint as units,
            sum(sum(units_returned)) over ()::bigint as all_units
        from metrics.return_reasons
        where units_returned > 0
        group by reason
        order by units desc, reason
        limit 1
        """
    ).fetchall()
    for reason, units, all_units in found:
        yield Figure(
            "top_return_reason",
            "Top return reason",
            reason or "unknown",
            "reason",
            f"{units:,} of {all_units:,} units returned, young months included",
        )
