"""Who stops an order or a line of it, and when: customers, the shop, an empty bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.shoppers.pricing import DIGITAL_ONLY, SHIP
from ingestion.simulator.warehouse.addressing import Addressing
from ingestion.simulator.warehouse.allocating import Allocation

FOUND_SHORT = 90
"""Seconds after the pick until the shop takes back what was not on the shelf."""


def stop_orders(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    floor: Work,
    draws: Draws,
) -> Cancellation:
    """Find what stops each order first, if anything does before it leaves."""
    settings = orders.world.cancelling
    wish = after(
        when(draws.chance("cancel/wish", settings.share), orders.placed),
        settings.moment.whole(draws.uniform("cancel/moment")),
    )
    # a printed label can still be cancelled, if the shop bothers to
    is_pulled = draws.chance("cancel/label", settings.after_label_share)
    leaves = np.where(
        orders.fulfillment == SHIP,
        np.where(is_pulled, floor.shipped, floor.labeled),
        floor.packed,
    ).min(axis=0)
    leaves = np.where(orders.fulfillment == DIGITAL_ONLY, payments.passed, leaves)
    causes = np.stack(
        [
            when(wish < leaves, wish),
            payments.unpaid,
            payments.unconfirmed,
            after(payments.rejected, 120),
            allocation.dropped,
            addressing.given_up,
        ]
    )
    cause = causes.argmin(axis=0)
    at = causes.min(axis=0)
    words = settings.reasons.codes(draws.uniform("cancel/reason"))
    reason = np.where(cause == 0, words, len(settings.reasons.labels) + cause - 1)
    stage = np.select(
        [
            at >= floor.labeled.min(axis=0),
            at >= floor.packed.min(axis=0),
            at >= floor.listed.min(axis=0),
            at >= np.where(orders.needs_stock, allocation.passed, NEVER),
            at >= payments.captured,
        ],
        [6, 5, 4, 2, 1],
        0,
    )
    return Cancellation(at=at, reason=reason, stage=stage)


def take_lines_back(
    orders: Orders,
    allocation: Allocation,
    parcel: Integers,
    floor: Work,
    stop: Integers,
    draws: Draws,
) -> LinesBack:
    """Take back the second line or a unit of the first, by wish or for want of it."""
    quantity = orders.quantity.copy()
    stopped = np.full(quantity.shape, NEVER, dtype=np.int64)
    is_short = np.zeros(quantity.shape, dtype=np.bool_)
    settings, picking = orders.world.cancelling, orders.world.floor
    at = after(orders.placed, settings.moment.whole(draws.uniform("cancel/line at")))
    at = when(orders.needs_stock, at)
    fate = draws.uniform("cancel/line")
    can_short = orders.fulfillment == SHIP
    can_short &= (parcel[1] == parcel[0]) & (floor.empty[0] >= NEVER)
    for line, wished, short, is_whole in (
        (1, settings.line_share, picking.short_line_share, True),
        (0, settings.unit_share, picking.short_unit_share, False),
    ):
        starts = _of_line(floor.listed, parcel, line)
        has_units = quantity[line] > (0 if is_whole else 1)
        goes = has_units & (fate < wished)
        goes &= (at > allocation.passed) & (at < starts) & (at < stop)
        fate = np.where(goes, 1.0, fate)
        found = after(_of_line(floor.picked, parcel, line), FOUND_SHORT)
        lacks = has_units & ~goes & can_short & (found < stop)
        lacks &= draws.chance(f"cancel/short/{line}", short)
        left = 0 if is_whole else quantity[line] - 1
        quantity[line] = np.where(goes | lacks, left, quantity[line])
        stopped[line] = np.select([goes, lacks], [at, found], NEVER)
        is_short[line] = lacks
    return LinesBack(quantity=quantity, at=stopped, is_short=is_short)


def _of_line(moments: Integers, parcel: Integers, line: int) -> Integers:
    """Return the moments, (parcel, order), of the parcel that a line is in."""
    found: Integers = np.take_along_axis(moments, parcel[line][None, :], axis=0)[0]
    return found


@dataclass(frozen=True)
class Work:
    """How far the floor gets with each parcel, (parcel, order), if nothing stops it."""

    listed: Integers
    empty: Integers
    picked: Integers
    packed: Integers
    labeled: Integers
    shipped: Integers


@dataclass(frozen=True)
class Cancellation:
    """When a whole order is stopped, why (a code) and how far it had come."""

    at: Integers
    reason: Integers
    stage: Integers


@dataclass(frozen=True)
class LinesBack:
    """What is taken back, (line, order).

    Attributes:
        quantity: Units left.
        at: When units were taken back.
        is_short: Whether that was because the shelf had too few.
    """

    quantity: Integers
    at: Integers
    is_short: Flags
