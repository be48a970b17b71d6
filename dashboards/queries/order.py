"""Everything known about one order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from dagster_project.published import Version
from dashboards.queries.reader import Row, cached, row, rows, store_zone


@dataclass(frozen=True)
class Order:
    """One order: where it stands, what was promised, and its money."""

    order_id: str
    source: str | None
    customer_id: str | None
    channel: str | None
    payment_mode: str | None
    stage: str
    currency: str | None
    ordered_amount: Decimal | None
    captured_amount: Decimal | None
    settled_amount: Decimal | None
    refunded_amount: Decimal | None
    line_count: int | None
    unit_count: int | None
    customer_order_number: int | None
    has_open_exception: bool
    placed_at: datetime
    last_customer_visible_at: datetime | None


@dataclass(frozen=True)
class TimelineEvent:
    """One event of an order as a sentence."""

    event_name: str
    domain: str
    source: str | None
    detail: str
    is_exception: bool
    is_retracted: bool
    is_customer_visible: bool
    severity: str | None
    owner: str | None
    occurred_at: datetime
    is_ahead: bool


@dataclass(frozen=True)
class Line:
    """One order line; quantities in units."""

    order_line_id: str
    sku: str | None
    currency: str | None
    unit_price: Decimal | None
    ordered_amount: Decimal | None
    quantity: int | None
    quantity_shipped: int | None
    quantity_delivered: int | None
    quantity_returned: int | None
    quantity_cancelled: int | None


@dataclass(frozen=True)
class Payment:
    """One payment of an order; durations in hours."""

    payment_id: str
    method: str | None
    gateway: str | None
    exit: str
    currency: str | None
    captured_amount: Decimal | None
    settled_gross_amount: Decimal | None
    open_age_hours: float | None
    is_settlement_late: bool | None
    captured_at: datetime | None
    settlement_due_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True)
class Parcel:
    """One parcel of an order."""

    shipment_id: str
    carrier: str | None
    outcome: str
    attempt_count: int | None
    is_past_promise: bool
    is_on_time_current: bool | None
    shipped_at: datetime | None
    original_promise_at: datetime | None
    effective_promise_at: datetime | None
    outcome_at: datetime | None


@dataclass(frozen=True)
class ReturnLine:
    """One line that came back, or is asked to."""

    return_line_id: str
    return_id: str | None
    sku: str | None
    kind: str | None
    reason_code: str | None
    outcome: str | None
    currency: str | None
    refund_amount: Decimal | None
    quantity: int | None
    initiated_at: datetime | None
    received_at: datetime | None
    resolved_at: datetime | None


@dataclass(frozen=True)
class Gates:
    """The gates an order passes before it may be packed; one may not apply."""

    gate_blocking: str | None
    shipped_before_ready: bool | None
    payment_passed_at: datetime | None
    fraud_passed_at: datetime | None
    reservation_passed_at: datetime | None
    address_passed_at: datetime | None
    promise_passed_at: datetime | None
    payment_blocked_reason: str | None
    fraud_blocked_reason: str | None
    reservation_blocked_reason: str | None
    address_blocked_reason: str | None
    promise_blocked_reason: str | None

    def each(self) -> tuple[tuple[str, datetime | None, str | None], ...]:
        """Return each gate's name, when it was passed, and why it is closed."""
        return (
            ("Payment", self.payment_passed_at, self.payment_blocked_reason),
            ("Fraud", self.fraud_passed_at, self.fraud_blocked_reason),
            ("Stock", self.reservation_passed_at, self.reservation_blocked_reason),
            ("Address", self.address_passed_at, self.address_blocked_reason),
            ("Promise", self.promise_passed_at, self.promise_blocked_reason),
        )


@dataclass(frozen=True)
class Promise:
    """One delivery promise, in the order they were made."""

    promise_number: int
    reason_code: str | None
    is_original: bool
    is_current: bool
    was_broken_before_revision: bool | None
    promised_at: datetime | None
    promise_max_at: datetime | None
    told_at: datetime | None


@dataclass(frozen=True)
class Refund:
    """One refund, due or under way."""

    refund_id: str | None
    cause: str | None
    currency: str | None
    amount: Decimal | None
    due_at: datetime | None
    initiated_at: datetime | None
    completed_at: datetime | None
    failed_at: datetime | None


@cached
def gates(version: Version, order_id: str) -> Gates | None:
    """Return the gates of one order, ``None`` where its placing never came."""
    return row(
        version,
        Gates,
        "select * from marts.order_readiness where order_id = $order_id",
        {"order_id": order_id},
    )


@cached
def promises(version: Version, order_id: str) -> list[Promise]:
    """List the delivery promises of one order, the first made first."""
    return _of_order(
        version,
        Promise,
        order_id,
        "marts.fct_delivery_promises",
        "promised_at nulls last, promise_number, promise_key",
    )


@cached
def refunds(version: Version, order_id: str) -> list[Refund]:
    """List the refunds of one order, the first due first."""
    return _of_order(
        version, Refund, order_id, "marts.fct_refunds", "due_at nulls last, refund_id"
    )


@cached
def order(version: Version, order_id: str) -> Order | None:
    """Return one order, ``None`` where its placing never came."""
    return row(
        version,
        Order,
        """
        select * replace (coalesce(has_open_exception, false) as has_open_exception)
        from marts.fct_orders
        where order_id = $order_id
        """,
        {"order_id": order_id},
    )


@cached
def timeline(version: Version, order_id: str) -> list[TimelineEvent]:
    """List everything that happened to one order, oldest first."""
    return rows(
        version,
        TimelineEvent,
        """
        select *, occurred_at > $as_of as is_ahead
        from marts.events
        where order_id = $order_id
        order by occurred_at, event_rank, event_id
        """,
        {"order_id": order_id, "as_of": version.as_of},
    )


@cached
def lines(version: Version, order_id: str) -> list[Line]:
    """List the lines of one order."""
    return _of_order(version, Line, order_id, "marts.fct_order_lines", "order_line_id")


@cached
def payments(version: Version, order_id: str) -> list[Payment]:
    """List the payments of one order, the first authorized first."""
    return _of_order(
        version,
        Payment,
        order_id,
        "marts.fct_payments",
        "coalesce(authorized_at, captured_at) nulls last, payment_id",
    )


@cached
def parcels(version: Version, order_id: str) -> list[Parcel]:
    """List the parcels of one order, the first shipped first."""
    return rows(
        version,
        Parcel,
        """
        select
            *,
            outcome = 'open'
            and coalesce(
                cast(timezone($zone, effective_promise_at) as date)
                < cast(timezone($zone, $as_of) as date),
                false
            ) as is_past_promise
        from marts.fct_shipments
        where order_id = $order_id
        order by shipped_at nulls last, shipment_id
        """,
        {"order_id": order_id, "zone": store_zone(version).key, "as_of": version.as_of},
    )


@cached
def returns(version: Version, order_id: str) -> list[ReturnLine]:
    """List what came back of one order, or is asked to, the first asked first."""
    return _of_order(
        version,
        ReturnLine,
        order_id,
        "marts.fct_returns",
        "initiated_at nulls last, return_line_id",
    )


def _of_order(
    version: Version, kind: type[Row], order_id: str, table: str, order: str
) -> list[Row]:
    """List the rows of a table about one order, sorted by columns of it."""
    return rows(
        version,
        kind,
        f"select * from {table} where order_id = $order_id order by {order}",
        {"order_id": order_id},
    )
