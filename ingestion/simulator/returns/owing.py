"""What may be owed back, and from when: one sum per order and occasion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ingestion.simulator.draws import Draws, Integers, Mix
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.moments import DAY, after, when
from ingestion.simulator.record.text import Fields
from ingestion.simulator.returns.claiming import MissingClaim, missing_claim_id
from ingestion.simulator.returns.returning import LineReturn, return_line_id
from ingestion.simulator.returns.warranty import WarrantyClaim, warranty_claim_id
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.baskets import LINES
from ingestion.simulator.shoppers.placing import PREPAID, Orders
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import PARCELS, Fulfillment, refund_due

CAUSES = (
    "return",
    "cancellation",
    "rto",
    "item_not_received",
    "warranty",
    "goodwill",
    "price_adjustment",
)
RETURN, CANCELLATION, RTO, NOT_RECEIVED, WARRANTY, GOODWILL, PRICE = range(len(CAUSES))


@dataclass(frozen=True)
class Debt:
    """One sum per order that may be owed back.

    Attributes:
        name: Tells the sums of an order apart.
        cause: Position in ``CAUSES``.
        due: From when it is owed.
        amount: Minor units, as far as so much was taken.
        trail: Fields of the refund that say what it is for.
    """

    name: str
    cause: int
    due: Integers
    amount: Integers
    trail: Fields = field(default_factory=dict)


def list_debts(
    orders: Orders,
    payments: Payments,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
    missing: MissingClaim,
    warranty: WarrantyClaim,
    draws: Draws,
) -> Iterator[Debt]:
    """List what may be owed back; where too little was taken, the first go first."""
    yield from _of_cancellations(orders, payments, fulfillment, delivery)
    yield from _of_parcels(orders, fulfillment, delivery, missing)
    for line, one in enumerate(returns):
        yield Debt(
            f"r{line + 1}",
            RETURN,
            one.refund_due,
            one.quantity * orders.unit_paid[line],
            {"return_line_id": return_line_id(orders, line)},
        )
    yield Debt(
        "w",
        WARRANTY,
        warranty.refund_due,
        warranty.unit_paid,
        {"claim_id": warranty_claim_id(orders)},
    )
    yield from _of_courtesy(orders, promise, fulfillment, delivery, draws)


def _of_cancellations(
    orders: Orders, payments: Payments, fulfillment: Fulfillment, delivery: Delivery
) -> Iterator[Debt]:
    """List what was paid for and then called off, or never fetched."""
    stop = fulfillment.cancellation.at
    prepaid = orders.mode == PREPAID
    lines_back = np.zeros(len(stop), dtype=np.int64)
    for line in range(LINES):
        at = fulfillment.line_cancelled[line]
        amount = fulfillment.cancelled_units[line] * orders.unit_paid[line]
        # a part is owed only from what has been taken
        amount = np.minimum(amount, np.maximum(payments.first_part - lines_back, 0))
        due = when(prepaid & (payments.captured < at) & (amount > 0), at)
        lines_back += np.where(due < stop, amount, 0)
        yield Debt(f"c{line + 1}", CANCELLATION, due, amount)
    whole = np.maximum(refund_due(payments, stop) - lines_back, 0)
    yield Debt("c", CANCELLATION, when(whole > 0, stop), whole)
    worth = (fulfillment.goods[0] * orders.unit_paid).sum(axis=0)
    yield Debt("p", CANCELLATION, when(prepaid, delivery.pickup_expired), worth)


def _of_parcels(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    missing: MissingClaim,
) -> Iterator[Debt]:
    """List parcels that came back, were lost, or never came by the customer's word."""
    yield Debt(
        "n",
        NOT_RECEIVED,
        missing.refund_due,
        missing.loss,
        {"claim_id": missing_claim_id(orders)},
    )
    prepaid = orders.mode == PREPAID
    for number in range(PARCELS):
        parcel = delivery.parcels[number]
        # nobody is paid twice for one parcel
        is_open = prepaid & ~missing.is_made_good(number)
        worth = (fulfillment.goods[number] * orders.unit_paid).sum(axis=0)
        trail: Fields = {"shipment_id": fulfillment.shipment_id[number]}
        yield Debt(f"o{number + 1}", RTO, when(is_open, parcel.returned), worth, trail)
        yield Debt(
            f"l{number + 1}",
            NOT_RECEIVED,
            after(when(is_open, parcel.written_off), DAY),
            worth,
            trail,
        )


def _of_courtesy(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
) -> Iterator[Debt]:
    """List what is granted for a late delivery, or for a price that fell."""
    settings = orders.world.refunds
    is_lowered = draws.chance("refund/price", settings.price_share)
    lowered = after(
        when(is_lowered, orders.placed),
        settings.price_after.whole(draws.uniform("refund/price after")),
    )
    yield Debt(
        "a",
        PRICE,
        when(lowered < fulfillment.cancellation.at, lowered),
        _percent(settings.price_percent, "refund/price percent", draws)
        * orders.unit_paid[0]
        // 100,
    )
    got = delivery.line_delivered(fulfillment, 0)
    is_late = got > promise.due + int(settings.late_by_days * DAY)
    is_granted = draws.chance("refund/goodwill", settings.goodwill_share)
    worth = (fulfillment.goods.sum(axis=0) * orders.unit_paid).sum(axis=0)
    yield Debt(
        "g",
        GOODWILL,
        after(
            when(is_late & is_granted, got),
            settings.goodwill_after.whole(draws.uniform("refund/goodwill after")),
        ),
        _percent(settings.goodwill_percent, "refund/goodwill percent", draws)
        * worth
        // 100,
    )


def _percent(mix: Mix, stream: str, draws: Draws) -> Integers:
    """Return the number that each row draws from a mix of numbers."""
    numbers = np.array([int(label) for label in mix.labels])
    return np.asarray(numbers[mix.codes(draws.uniform(stream))], dtype=np.int64)
