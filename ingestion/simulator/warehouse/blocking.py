"""Stops on an order: opened where work must wait, lifted late, or never."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Fields, Text, joined, labels
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.addressing import Addressing
from ingestion.simulator.warehouse.allocating import OMS, Allocation
from ingestion.simulator.warehouse.fulfilling import Fulfillment

CANCELLED = "cancelled"


def record_blocks(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    fulfillment: Fulfillment,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the stops on a block of orders, each under an id of its own."""
    settings = orders.world.floor.holds
    stop = fulfillment.cancellation.at
    for block in _blocks(orders, payments, allocation, addressing, fulfillment, draws):
        key = f"block/{block.name}"
        closing = settings.closing.whole(draws.uniform(f"{key}/closing"))
        # work that waits for the stop goes on when it is lifted; other stops linger
        lifted = block.over if block.is_awaited else after(block.over, closing)
        is_cancelled = stop <= block.over
        lifted = np.where(is_cancelled, after(stop, closing), lifted)
        is_kept = block.is_awaited & ~is_cancelled
        is_kept |= draws.chance(f"{key}/lifted", 1 - settings.forgotten_share)
        case: Fields = {
            "source": OMS,
            "slot": block.name,
            "order_id": orders.order_id,
            "block_id": joined("bl-", orders.order_id, f"-{block.name[0]}"),
        }
        opened = when(block.opened < np.minimum(stop, block.over), block.opened)
        journal.record(
            "orders",
            "order_blocked",
            at=opened,
            **case,
            block_reason=block.reason,
            assigned_team=block.team,
            is_customer_notified=block.is_told,
        )
        journal.record(
            "orders",
            "order_unblocked",
            at=when(is_kept & (opened < NEVER), lifted),
            **case,
            block_outcome=labels(
                is_cancelled.astype(np.int64), (block.outcome, CANCELLED)
            ),
        )


def _blocks(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    fulfillment: Fulfillment,
    draws: Draws,
) -> Iterator[Block]:
    """List what stops the orders of a block: at most one stop of each kind."""
    settings = orders.world.floor.holds

    def some(name: str, share: float, moments: Integers) -> Integers:
        return when(draws.chance(f"block/{name}", share), moments)

    yield Block(
        "fraud",
        some("fraud", settings.fraud_share, after(payments.reviewed, 5)),
        payments.cleared,
        "fraud_review",
        "risk",
        "cleared",
        False,
    )
    yield Block(
        "address",
        some("address", settings.address_share, after(addressing.failed, 20)),
        addressing.mended,
        "address_correction",
        "logistics",
        "corrected",
        True,
    )
    patience = settings.payment_after.whole(draws.uniform("block/patience"))
    yield Block(
        "payment",
        after(when(payments.due > 0, orders.placed), patience),
        payments.passed,
        "payment_incomplete",
        "payments",
        "cleared",
        True,
    )
    waiting = allocation.backordered.min(axis=0)
    yield Block(
        "shortage",
        some("shortage", settings.shortage_share, after(waiting, 60)),
        np.where(allocation.is_backordered, allocation.passed, NEVER),
        "inventory_shortage",
        "inventory",
        "cleared",
        allocation.told.min(axis=0) < NEVER,
    )
    reasons = settings.by_hand_reasons
    yield Block(
        "hand",
        fulfillment.held,
        fulfillment.freed,
        labels(reasons.codes(draws.uniform("block/reason")), reasons.labels),
        "operations",
        "cleared",
        False,
        is_awaited=True,
    )


@dataclass(frozen=True)
class Block:
    """At most one stop per order; moments in seconds.

    Attributes:
        name: Kind of stop; its first letter ends the stop's id.
        opened: When it begins.
        over: When its cause is gone.
        outcome: How it ends where nobody cancels.
        is_awaited: Whether the work goes on only when the stop is lifted.
    """

    name: str
    opened: Integers
    over: Integers
    reason: str | Text
    team: str
    outcome: str
    is_told: bool | Flags
    is_awaited: bool = False
