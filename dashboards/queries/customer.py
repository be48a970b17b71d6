"""Everything known about one customer's orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dagster_project.published import Version
from dashboards.queries.order import TimelineEvent
from dashboards.queries.reader import Query, cached, row, rows


@dataclass(frozen=True)
class Customer:
    """One customer; a guest has one order."""

    customer_id: str
    segment: str | None
    order_count: int
    delivered_order_count: int
    is_guest: bool | None
    marketing_consent: bool | None
    first_order_at: datetime | None


@dataclass(frozen=True)
class CustomerEvent(TimelineEvent):
    """One event of a customer, and the order it is about."""

    order_id: str | None


@cached
def customer(version: Version, customer_id: str) -> Customer | None:
    """Return one customer, ``None`` where nobody has that id."""
    return row(
        version,
        Customer,
        "select * from marts.dim_customers where customer_id = $customer_id",
        {"customer_id": customer_id},
    )


def orders_of(customer_id: str) -> Query:
    """Return a customer's orders, the last placed first."""
    return Query(
        """
        select
            order_id,
            stage,
            placed_at,
            currency,
            ordered_amount,
            captured_amount,
            refunded_amount,
            payment_mode,
            has_open_exception,
            has_return
        from marts.fct_orders
        where customer_id = $customer_id
        order by placed_at desc, order_id
        """,
        {"customer_id": customer_id},
    )


@cached
def timeline(version: Version, customer_id: str, *, limit: int) -> list[CustomerEvent]:
    """List what the customer could see or did, the latest first."""
    return rows(
        version,
        CustomerEvent,
        """
        select *, occurred_at > $as_of as is_ahead
        from marts.events
        where customer_id = $customer_id and is_customer_visible
        order by occurred_at desc, event_rank desc, event_id
        limit $limit
        """,
        {"customer_id": customer_id, "as_of": version.as_of, "limit": limit},
    )
