"""Reminders that a product runs low, timed by the staff's guess of its life."""

from __future__ import annotations

import numpy as np

from ingestion.simulator.catalog import PRODUCTS, SKU_LIFE
from ingestion.simulator.draws import Draws
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import joined, labels
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.baskets import SKUS
from ingestion.simulator.shoppers.habits import is_inclined
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.voices.notifying import CRM, channel_code
from ingestion.simulator.warehouse.fulfilling import Fulfillment

GUESSED_LIFE = np.array(
    [product.guessed_life_days for product in PRODUCTS], dtype=np.int64
)


def record_nudges(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record reminders to buy again what a customer comes back for.

    Customers held out get none. The truth keeps when theirs would have gone out.
    """
    settings = orders.world.nudges
    plan, sku = orders.plan, orders.sku[0]
    may_remind = plan.has_consented & ~plan.is_guest
    may_remind &= (SKU_LIFE[sku] > 0) & (sku == plan.favorite)
    got = delivery.line_delivered(fulfillment, 0)
    runs_out = after(
        when(may_remind & draws.chance("nudge", settings.share), got),
        GUESSED_LIFE[sku] * orders.quantity[0] * DAY,
    )
    day = (runs_out - settings.lead.whole(draws.uniform("nudge/lead"))) // DAY
    hour = settings.sent_hour.whole(draws.uniform("nudge/hour"))
    sent = when(runs_out < NEVER, day * DAY + hour)
    # who has come back already needs no reminder
    sent = when((sent > got) & (sent < plan.following), sent)
    is_held_out = is_inclined(plan, "nudge/holdout", settings.holdout_share)
    goods = labels(sku, SKUS)
    journal.record(
        "orders",
        "reorder_nudge_sent",
        at=sent,
        source=CRM,
        where=~is_held_out,
        customer_id=orders.customer_id,
        sku=goods,
        # a customer's orders count the cycles; one that brings no supply skips a number
        cycle_no=plan.number,
        message_channel=labels(
            channel_code(plan, orders.world), orders.world.messages.channels.labels
        ),
        nudge_id=joined("nu-", orders.order_id),
        predicted_at=runs_out,
        model_version=settings.model_version,
        holdout_group="treatment",
    )
    journal.truth.record(
        "nudges",
        where=sent < NEVER,
        customer_id=orders.customer_id,
        sku=goods,
        due_at=sent,
        sent_at=when(~is_held_out, sent),
        holdout_group=labels(is_held_out.astype(np.int64), ("treatment", "holdout")),
    )
