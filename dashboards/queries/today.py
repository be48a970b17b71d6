"""What needs a person now, and how far each headline figure can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dagster_project.published import Version
from dashboards.queries.orders import (
    EVERYTHING,
    OPEN_ORDERS,
    OPEN_STAGES,
    open_orders_parameters,
)
from dashboards.queries.reader import cached, only_row, row, rows


@dataclass(frozen=True)
class NeedyOrder:
    """An open order past its promise or with an open exception."""

    order_id: str
    stage: str
    has_open_exception: bool
    is_past_promise: bool
    age_hours: float
    days_past_promise: int | None
    last_exception: str | None


@dataclass(frozen=True)
class EndedOrder:
    """An order that has ended and still has an open exception, which is about money."""

    order_id: str
    stage: str
    last_exception: str | None


@dataclass(frozen=True)
class Reported:
    """Whether something was ever reported."""

    is_reported: bool


@dataclass(frozen=True)
class UnsettledTotal:
    """Captured money of one currency that has not reached the shop's bank."""

    currency: str
    payments: int
    late_payments: int
    timed_out_payments: int
    outstanding_amount: Decimal
    oldest_age_hours: float


@dataclass(frozen=True)
class UnsettledPayment:
    """One captured payment that has not settled; its age in hours since capture."""

    payment_id: str
    order_id: str | None
    method: str | None
    gateway: str | None
    currency: str
    outstanding_amount: Decimal
    open_age_hours: float
    is_settlement_late: bool


@dataclass(frozen=True)
class SettlementTimes:
    """Hours from capture to settlement; a percentile not reached yet is ``None``."""

    payments: int
    settled: int
    open: int
    competing: int
    due: int
    late: int
    timed_out: int
    p50_hours: float | None
    p50_lower_hours: float | None
    p50_upper_hours: float | None
    p90_hours: float | None
    p90_lower_hours: float | None
    p90_upper_hours: float | None
    delay_rate: float | None
    timeout_rate: float | None
    naive_mean_hours: float | None
    naive_p90_hours: float | None


@dataclass(frozen=True)
class ReturnsToOrigin:
    """How many parcels came back: matured (honest) beside rto / shipped (naive)."""

    shipped: int
    delivered: int
    rto: int
    resolved: int
    naive_rate: float | None
    matured_rate: float | None
    matured_lower: float | None
    matured_upper: float | None
    matured_age_days: float | None
    pct_resolved: float | None


@dataclass(frozen=True)
class MatureDeliveries:
    """Units of the delivered months that are old enough to judge their returns."""

    units_delivered: int
    units_returned: int
    first_month: date | None
    last_month: date | None


@dataclass(frozen=True)
class Delivered:
    """Lines that landed files delivered, repeats included."""

    lines: int


@cached
def needy_orders(version: Version, *, limit: int) -> list[NeedyOrder]:
    """List the orders that need a person: longest past promise first, then oldest."""
    return rows(
        version,
        NeedyOrder,
        OPEN_ORDERS
        + """
        , needy_orders as (

            select *
            from filtered_orders
            where is_past_promise or has_open_exception
            order by
                case when is_past_promise then promise_at end nulls last,
                placed_at,
                order_id
            limit $limit

        ),

        last_exceptions as (

            select
                order_id,
                arg_max(detail, occurred_at) as last_exception
            from marts.events
            where is_exception
                and not is_retracted
                and occurred_at <= $as_of
                and order_id in (select order_id from needy_orders)
            group by order_id

        )

        select
            needy_orders.*,
            date_diff(
                'day',
                cast(timezone($zone, needy_orders.promise_at) as date),
                cast(timezone($zone, $as_of) as date)
            ) as days_past_promise,
            last_exceptions.last_exception
        from needy_orders
        left join last_exceptions
            on needy_orders.order_id = last_exceptions.order_id
        order by
            case when is_past_promise then promise_at end nulls last,
            placed_at,
            needy_orders.order_id
        """,
        open_orders_parameters(version, EVERYTHING) | {"limit": limit},
    )


@cached
def ended_orders_with_exception(version: Version) -> list[EndedOrder]:
    """List ended orders with an open exception, the latest trouble first.

    The end of an order closes its exceptions, but not those about money.
    """
    return rows(
        version,
        EndedOrder,
        """
        with

        ended_orders as (

            select order_id, stage
            from marts.fct_orders
            where has_open_exception and not list_contains($open_stages, stage)

        ),

        last_exceptions as (

            select
                order_id,
                arg_max(detail, occurred_at) as last_exception,
                max(occurred_at) as last_exception_at
            from marts.events
            where is_exception
                and not is_retracted
                and domain != 'orders'
                and occurred_at <= $as_of
                and order_id in (select order_id from ended_orders)
            group by order_id

        )

        select
            ended_orders.order_id,
            ended_orders.stage,
            last_exceptions.last_exception
        from ended_orders
        left join last_exceptions
            on ended_orders.order_id = last_exceptions.order_id
        order by
            last_exceptions.last_exception_at desc nulls last,
            ended_orders.order_id
        """,
        {"open_stages": list(OPEN_STAGES), "as_of": version.as_of},
    )


@cached
def settlements_are_reported(version: Version) -> bool:
    """Tell whether any source says when money arrives.

    Without one every payment looks late, and that says nothing.
    """
    return only_row(
        version,
        Reported,
        """
        select count(*) filter (where settled_gross_amount > 0) > 0 as is_reported
        from marts.fct_payments
        """,
    ).is_reported


@cached
def unsettled_totals(version: Version) -> list[UnsettledTotal]:
    """Add up captured, unsettled money, one row a currency, the largest count first."""
    return rows(
        version,
        UnsettledTotal,
        """
        select
            currency,
            count(*) as payments,
            count(*) filter (where is_settlement_late) as late_payments,
            count(*) filter (where is_settlement_timed_out) as timed_out_payments,
            sum(
                captured_amount - refunded_amount - settled_gross_amount
            ) as outstanding_amount,
            max(open_age_hours) as oldest_age_hours
        from marts.fct_payments
        where exit = 'open' and captured_at is not null
        group by currency
        order by payments desc, currency
        """,
    )


@cached
def oldest_unsettled_payments(
    version: Version, *, limit: int
) -> list[UnsettledPayment]:
    """List the captured payments that have waited longest for settlement."""
    return rows(
        version,
        UnsettledPayment,
        """
        select
            payment_id,
            order_id,
            method,
            gateway,
            currency,
            captured_amount - refunded_amount - settled_gross_amount
                as outstanding_amount,
            open_age_hours,
            coalesce(is_settlement_late, false) as is_settlement_late
        from marts.fct_payments
        where exit = 'open' and captured_at is not null
        order by open_age_hours desc, payment_id
        limit $limit
        """,
        {"limit": limit},
    )


@cached
def settlement_times(version: Version) -> SettlementTimes | None:
    """Return the time from capture to settlement over all payments."""
    return row(
        version,
        SettlementTimes,
        "select * from metrics.settlement_times where segment_type = 'all'",
    )


@cached
def returns_to_origin(version: Version) -> ReturnsToOrigin | None:
    """Return the share of all shipped parcels that came back to their origin."""
    return row(
        version,
        ReturnsToOrigin,
        "select * from metrics.rto_rates where segment_type = 'all'",
    )


@cached
def mature_deliveries(version: Version) -> MatureDeliveries:
    """Count the units delivered in mature months, and those that came back."""
    return only_row(
        version,
        MatureDeliveries,
        """
        with

        -- each month and SKU repeats its deliveries beside every reason
        deliveries as (

            select
                delivered_month,
                max(units_delivered) as units_delivered,
                sum(units_returned) as units_returned
            from metrics.return_reasons
            where is_mature
            group by delivered_month, category, sku

        )

        select
            coalesce(sum(units_delivered), 0) as units_delivered,
            coalesce(sum(units_returned), 0) as units_returned,
            min(delivered_month) as first_month,
            max(delivered_month) as last_month
        from deliveries
        """,
    )


@cached
def delivered_lines(version: Version) -> Delivered:
    """Count the lines that all landed files delivered."""
    return only_row(
        version,
        Delivered,
        """
        select
            coalesce(sum(delivered), 0) as lines
        from marts.landings
        """,
    )
