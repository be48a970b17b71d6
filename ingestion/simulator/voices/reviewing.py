"""Reviews: who is asked for one, when, and who answers."""

from __future__ import annotations

import numpy as np

from ingestion.simulator.catalog import SKU_CATEGORY
from ingestion.simulator.draws import Draws, Flags, Floats, Integers
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import Fields, joined, labels
from ingestion.simulator.returns.returning import LineReturn
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.baskets import SKUS
from ingestion.simulator.shoppers.habits import is_inclined
from ingestion.simulator.shoppers.placing import SHOP, Orders
from ingestion.simulator.voices.notifying import channel_code
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import Fulfillment

REVIEWS = f"reviews:{ACCOUNT}"
REVIEWED_LINES = 2
"""Lines of an order that may be asked about, each once."""


def record_reviews(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the reviews of a block, and keep what asking would have brought."""
    for line in range(REVIEWED_LINES):
        got = line_received(orders, fulfillment, delivery, line)
        _record_line(
            orders, line, got, got > promise.due, returns[line].asked, draws, journal
        )


def line_received(
    orders: Orders, fulfillment: Fulfillment, delivery: Delivery, line: int
) -> Integers:
    """Return when a line reached its customer: parcel, counter or download."""
    return np.minimum(
        delivery.line_delivered(fulfillment, line),
        when(orders.has_line[line], delivery.downloaded),
    )


def _record_line(
    orders: Orders,
    line: int,
    got: Integers,
    is_late: Flags,
    returned: Integers,
    draws: Draws,
    journal: Journal,
) -> None:
    settings = orders.world.reviews
    key = f"review/{line}"
    may_ask = orders.plan.has_consented & ~orders.plan.is_guest
    asked = after(
        when(may_ask & draws.chance(f"{key}/asked", settings.asked_share), got),
        settings.ask_delay.whole(draws.uniform(f"{key}/delay")),
    )
    # nobody is asked about what is on its way back
    asked = when(asked < returned, asked)
    unasked = after(
        when(draws.chance(f"{key}/unasked", settings.unasked_share), got),
        settings.ask_delay.whole(draws.uniform(f"{key}/own")),
    )
    unasked = when(unasked < asked, unasked)
    # who has spoken already does not speak twice about one line
    share = np.where(
        unasked < NEVER, 0, _answered_share(orders, orders.sku[line], got, asked)
    )
    answered = after(
        when(draws.chance(f"{key}/answered", share), asked),
        settings.answer_delay.whole(draws.uniform(f"{key}/answer")) + 120,
    )
    thing: Fields = {
        "order_line_id": orders.line_id[line],
        "sku": labels(orders.sku[line], SKUS),
    }
    channels = orders.world.messages.channels.labels
    journal.record(
        "orders",
        "review_requested",
        at=asked,
        source=SHOP,
        slot=str(line),
        order_id=orders.order_id,
        **thing,
        ask_no=1,
        message_channel=labels(channel_code(orders.plan, orders.world), channels),
        delivered_at=got,
    )
    stars = 5 - settings.stars.codes(draws.uniform(f"{key}/stars"))
    stars = np.maximum(stars - is_late, 1)
    journal.record(
        "orders",
        "review_submitted",
        at=np.minimum(answered, unasked),
        source=REVIEWS,
        slot=str(line),
        order_id=orders.order_id,
        **thing,
        rating=stars,
        is_solicited=answered < NEVER,
        review_id=joined("rv-", orders.line_id[line]),
    )
    journal.truth.record(
        "reviews",
        where=asked < NEVER,
        **thing,
        delivered_at=got,
        asked_at=asked,
        responded_at=answered,
        response_probability=share,
    )


def _answered_share(
    orders: Orders, sku: Integers, got: Integers, asked: Integers
) -> Floats:
    """Return how likely each ask is answered, from when and what and whom it asks."""
    settings = orders.world.reviews
    waited = np.where(asked < NEVER, asked // DAY - got // DAY, 0)
    stretch = np.searchsorted(np.array(settings.days), waited, side="right") - 1
    share = np.array(settings.answered_share)[SKU_CATEGORY[sku], stretch]
    is_eager = is_inclined(orders.plan, "review/eager", settings.eager_share)
    found: Floats = share * np.where(
        is_eager, settings.eager_factor, settings.reluctant_factor
    )
    return found
