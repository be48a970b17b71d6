"""What customers are told of their orders: some never, some too early, some in vain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, Text, joined, labels
from ingestion.simulator.returns.returning import LineReturn, return_line_id
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.road.tracking import TRACKER
from ingestion.simulator.shoppers.habits import habit, is_inclined
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.shoppers.planning import Plan
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import PARCELS, Fulfillment

CRM = f"crm:{ACCOUNT}"
REVISED_MESSAGE_AFTER = 300
"""Seconds from a revision to the message that its ``notified_at`` speaks of."""

BAD_NUMBER = {
    "whatsapp": "WA_131026",
    "email": "SMTP_550",
    "sms": "DND_OR_INVALID_NUMBER",
}
BOUNCED = {"whatsapp": "WA_131053", "email": "SMTP_452", "sms": "OPERATOR_TIMEOUT"}


def notify_customers(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
    draws: Draws,
) -> tuple[Message, ...]:
    """Write to a block of customers, one message per order and kind of news."""
    revised = Message(
        "delayed",
        "delivery_promise_revised",
        _told(
            orders,
            "delivery_promise_revised",
            "delayed",
            when(promise.is_told, after(promise.revised, REVISED_MESSAGE_AFTER)),
            draws,
        ),
        _fails(orders, "delayed", draws),
        fulfillment.cancellation.at,
    )
    cancelled = _news(
        orders,
        "order_cancelled",
        "cancelled",
        fulfillment.cancellation.at,
        orders.nothing,
        draws,
    )
    parcels = [
        message
        for number in range(PARCELS)
        for message in _of_parcel(orders, fulfillment, delivery, number, draws)
    ]
    return (revised, cancelled, *parcels, *_of_returns(orders, returns, draws))


def record_messages(
    orders: Orders, messages: tuple[Message, ...], journal: Journal
) -> None:
    """Record the messages sent to a block of customers, and those that failed."""
    settings = orders.world.messages
    channel = channel_code(orders.plan, orders.world)
    names = settings.channels.labels
    has_bad_number = is_inclined(
        orders.plan, "messages/number", settings.bad_number_share
    )
    error = labels(
        channel + len(names) * ~has_bad_number,
        [*(BAD_NUMBER[name] for name in names), *(BOUNCED[name] for name in names)],
    )
    who: Fields = {
        "source": CRM,
        "order_id": orders.order_id,
        "customer_id": Partly(orders.customer_id, ~orders.plan.is_guest),
        "message_channel": labels(channel, names),
    }
    for message in messages:
        common: Fields = {
            **who,
            "until": message.until,
            "slot": message.name,
            "message_id": joined(orders.order_id, f"-M-{message.name}"),
            "notification_topic": message.topic,
        }
        if message.shipment_id is not None:
            common["shipment_id"] = message.shipment_id
        journal.record(
            "orders",
            "customer_notification_failed",
            at=message.sent,
            where=message.is_failed,
            **common,
            error_code=error,
        )
        if message.return_line_id is not None:
            common["return_line_id"] = message.return_line_id
        journal.record(
            "orders",
            "customer_notified",
            at=message.sent,
            where=~message.is_failed,
            **common,
        )


def channel_code(plan: Plan, world: World) -> Integers:
    """Return the channel each customer is written to by, a code of the mix."""
    return world.messages.channels.codes(habit(plan, "messages/channel"))


def _of_parcel(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    number: int,
    draws: Draws,
) -> tuple[Message, ...]:
    """Tell of a parcel: shipped, on the vehicle, delivered."""
    settings = orders.world.messages
    parcel = delivery.parcels[number]
    # a printed label is taken for a dispatch
    is_early = draws.chance(f"message/early/{number}", settings.early_share)
    shipped = np.where(
        is_early, fulfillment.labeled[number], fulfillment.shipped[number]
    )
    on_vehicle = parcel.out[0]
    is_premature = draws.chance(f"message/premature/{number}", settings.premature_share)
    premature = after(
        when(is_premature, on_vehicle),
        settings.premature.whole(draws.uniform(f"message/premature wait/{number}")),
    )
    stop = fulfillment.cancellation.at
    return tuple(
        _news(
            orders,
            topic,
            f"{name}{number + 1}",
            _heard_by_shop(orders.world, at),
            until,
            draws,
            shipment_id=fulfillment.shipment_id[number],
        )
        for topic, name, at, until in (
            ("shipment_shipped", "shipped", shipped, stop),
            ("shipment_out_for_delivery", "out", on_vehicle, orders.nothing),
            (
                "shipment_delivered",
                "delivered",
                np.minimum(parcel.delivered, premature),
                orders.nothing,
            ),
        )
    )


def _of_returns(
    orders: Orders, returns: tuple[LineReturn, ...], draws: Draws
) -> tuple[Message, ...]:
    """Tell of the first line returned: approved, and its money on the way."""
    line_ids = [return_line_id(orders, line) for line in range(len(returns))]
    messages = []
    for topic, name, moments in (
        ("return_approved", "approved", [one.approved for one in returns]),
        (
            "refund_initiated",
            "refund",
            [when(one.refund_due < NEVER, one.resolved) for one in returns],
        ),
    ):
        at = np.stack(moments)
        first = pa.array(at.argmin(axis=0))
        messages.append(
            _news(
                orders,
                topic,
                name,
                at.min(axis=0),
                orders.nothing,
                draws,
                return_line_id=pc.choose(first, *line_ids),
            )
        )
    return tuple(messages)


def _news(
    orders: Orders,
    topic: str,
    name: str,
    at: Integers,
    until: Integers,
    draws: Draws,
    *,
    shipment_id: Text | None = None,
    return_line_id: Text | None = None,
) -> Message:
    """Write about changes, some time after the shop knew of them."""
    delay = orders.world.messages.delay.whole(draws.uniform(f"message/delay/{name}"))
    return Message(
        name,
        topic,
        after(_told(orders, topic, name, at, draws), delay),
        _fails(orders, name, draws),
        until,
        shipment_id,
        return_line_id,
    )


def _told(
    orders: Orders, topic: str, name: str, at: Integers, draws: Draws
) -> Integers:
    """Keep the changes that customers are told of at all."""
    share = orders.world.messages.told_share[topic]
    return when(draws.chance(f"message/told/{name}", share), at)


def _fails(orders: Orders, name: str, draws: Draws) -> Flags:
    """Tell which messages come back: any by chance, all to a number that is bad."""
    settings = orders.world.messages
    email = settings.channels.labels.index("email")
    fails = draws.chance(f"message/bounced/{name}", settings.bounced_share)
    fails |= is_inclined(orders.plan, "messages/number", settings.bad_number_share) & (
        channel_code(orders.plan, orders.world) != email
    )
    return fails


def _heard_by_shop(world: World, at: Integers) -> Integers:
    """Keep what the shop learns in time: nothing while its tracker is silent."""
    for outage in world.transport.outages:
        if TRACKER.startswith(f"{outage.system}:"):
            at = when(~world.during(outage.window, at), at)
    return at


@dataclass(frozen=True)
class Message:
    """At most one message per order about one kind of news; moments in seconds.

    Attributes:
        name: Tells it apart within the order.
        sent: When it goes out; never where the news is not told.
        is_failed: Whether it would not arrive.
        until: From when on the order is over and nothing is written anymore.
    """

    name: str
    topic: str
    sent: Integers
    is_failed: Flags
    until: Integers
    shipment_id: Text | None = None
    return_line_id: Text | None = None

    @property
    def arrived(self) -> Integers:
        """When the customer reads it."""
        return when(~self.is_failed & (self.sent < self.until), self.sent)
