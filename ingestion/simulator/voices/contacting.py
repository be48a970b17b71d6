"""Customers who turn to the shop: after silence, before a return, over money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import (
    DAY,
    NEVER,
    after,
    in_writing_hours,
    when,
)
from ingestion.simulator.record.text import Fields, Partly, Text, joined, labels
from ingestion.simulator.returns.claiming import MissingClaim
from ingestion.simulator.returns.returning import REASONS, LineReturn
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.habits import habit, is_inclined
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.shoppers.pricing import PICKUP, SHIP
from ingestion.simulator.voices.notifying import Message
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import Fulfillment

DESK = f"helpdesk:{ACCOUNT}"
BROKEN = np.array(
    [
        REASONS.index(reason)
        for reason in ("damaged_in_transit", "wrong_item", "defective", "missing_part")
    ]
)
REFUND_SEEN_AFTER = 2 * DAY + 5 * 3600
"""Seconds from a return's outcome after which nobody asks for the money anymore."""


def contact_desk(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    missing: MissingClaim,
    returns: tuple[LineReturn, ...],
    messages: tuple[Message, ...],
    draws: Draws,
) -> tuple[Contact, ...]:
    """Let a block of customers contact the shop, at most once per kind of cause."""
    end = _wait_ends(orders, fulfillment, delivery)
    waiting = _after_silence(orders, promise, delivery, messages, end, draws)
    again = _once_more(orders, waiting, end, draws)
    return (
        _contact(orders, "w", waiting, "wismo", draws, is_solved=again >= NEVER),
        _contact(orders, "w2", again, "wismo", draws),
        _contact(
            orders,
            "n",
            _before_claim(orders, missing, draws),
            "item_not_received",
            draws,
        ),
        _before_return(orders, delivery, fulfillment, returns, draws),
        _contact(
            orders, "r", _over_refund(orders, returns, draws), "refund_status", draws
        ),
        _over_anything(orders, fulfillment, draws),
    )


def record_contacts(
    orders: Orders, contacts: tuple[Contact, ...], journal: Journal
) -> None:
    """Record the contacts of a block, and keep all of them as the truth."""
    settings = orders.world.voices
    channel = labels(
        settings.channels.codes(habit(orders.plan, "contact/channel")),
        settings.channels.labels,
    )
    for contact in contacts:
        ticket: Fields = {
            "ticket_id": ticket_id(orders, contact.name),
            "order_id": orders.order_id,
        }
        desk: Fields = {"source": DESK, "slot": contact.name}
        journal.record(
            "orders",
            "support_contact_opened",
            at=contact.at,
            **desk,
            **ticket,
            customer_id=Partly(orders.customer_id, ~orders.plan.is_guest),
            contact_reason=contact.reason,
            contact_channel=channel,
        )
        length = np.where(contact.closed < NEVER, contact.closed - contact.at, 0)
        journal.record(
            "orders",
            "support_contact_closed",
            at=contact.closed,
            **desk,
            **ticket,
            contact_reason=contact.reason,
            # agents book quarters of an hour; most of a contact's life is waiting
            handle_hours=(1 + length // (9 * 3600)) * 0.25,
            cost_minor=settings.cost_minor
            + length // 3600 * settings.cost_per_hour_minor,
            currency="INR",
            is_resolved_first_contact=contact.is_solved,
        )
        journal.truth.record(
            "contacts",
            where=contact.at < NEVER,
            **ticket,
            contacted_at=contact.at,
            reason=contact.reason,
        )


def ticket_id(orders: Orders, name: str | Text) -> Text:
    """Return the id of a contact."""
    return joined("tk-", orders.order_id, "-", name)


def _wait_ends(
    orders: Orders, fulfillment: Fulfillment, delivery: Delivery
) -> Integers:
    """Return when nothing is awaited anymore: the last parcel, or no order."""
    ends = np.stack(
        [np.minimum(parcel.delivered, parcel.back) for parcel in delivery.parcels]
    )
    last = np.where(fulfillment.has_goods, ends, 0).max(axis=0)
    last = np.where(orders.fulfillment == SHIP, last, 0)
    return np.minimum(last, fulfillment.cancellation.at)


def _after_silence(
    orders: Orders,
    promise: Promise,
    delivery: Delivery,
    messages: tuple[Message, ...],
    end: Integers,
    draws: Draws,
) -> Integers:
    """Return when a customer first asks, having heard nothing for too long.

    Every sign of life starts a new silence. Patience runs in hours of silence, and
    faster once the promise is broken.
    """
    settings = orders.world.voices
    first = delivery.parcels[0]
    heard = np.sort(
        np.stack(
            [orders.placed, *first.failed, *(message.arrived for message in messages)]
        ),
        axis=0,
    )
    asked = orders.nothing
    for number, since in enumerate(heard):
        silence_ends = end
        if number + 1 < len(heard):
            silence_ends = np.minimum(heard[number + 1], end)
        is_silent = since < silence_ends
        if not is_silent.any():
            break
        patience = settings.patience.whole(draws.uniform(f"contact/patience/{number}"))
        calm = np.clip(promise.due - since, 0, patience)
        hasty = ((patience - calm) * settings.late_haste).astype(np.int64)
        at = _written(orders, after(when(is_silent, since), calm + hasty))
        asked = np.minimum(asked, when(at < silence_ends, at))
    is_quiet = is_inclined(orders.plan, "contact/quiet", settings.quiet_share)
    return when(~is_quiet, asked)


def _once_more(
    orders: Orders, asked: Integers, end: Integers, draws: Draws
) -> Integers:
    """Return when a customer still waiting asks again."""
    settings = orders.world.voices
    again = after(
        when(draws.chance("contact/again", settings.again_share), asked),
        settings.again.whole(draws.uniform("contact/again wait")),
    )
    again = _written(orders, again)
    return when(again < end, again)


def _before_claim(orders: Orders, missing: MissingClaim, draws: Draws) -> Integers:
    """Return when a customer first says that a parcel is not there."""
    settings = orders.world.voices
    lead = settings.claiming.whole(draws.uniform("contact/claiming lead"))
    return after(
        when(
            draws.chance("contact/claiming", settings.claiming_share), missing.claimed
        ),
        -lead,
    )


def _before_return(
    orders: Orders,
    delivery: Delivery,
    fulfillment: Fulfillment,
    returns: tuple[LineReturn, ...],
    draws: Draws,
) -> Contact:
    """Ask how to send something back, shortly before the portal is used."""
    settings = orders.world.voices
    asked = np.stack([one.asked for one in returns])
    line = asked.argmin(axis=0)
    reason = np.stack([one.reason for one in returns])[line, np.arange(len(line))]
    got = np.stack(
        [delivery.line_delivered(fulfillment, number) for number in range(len(returns))]
    )[line, np.arange(len(line))]
    first = when(
        draws.chance("contact/returning", settings.returning_share), asked.min(axis=0)
    )
    lead = settings.returning.whole(draws.uniform("contact/returning lead"))
    # a talk at night is had earlier, on the evening or the day before the request
    at = np.minimum(_written(orders, after(first, -lead)), after(first, -120))
    at = when(first < NEVER, np.maximum(at, after(got, 600)))
    words = labels(
        np.isin(reason, BROKEN).astype(np.int64),
        ("return_or_exchange", "damaged_or_wrong_item"),
    )
    return _contact(orders, "b", at, words, draws)


def _over_refund(
    orders: Orders, returns: tuple[LineReturn, ...], draws: Draws
) -> Integers:
    """Return when a customer asks where the money is, while it is not on its way."""
    settings = orders.world.voices
    owed = np.stack([one.refund_due for one in returns])
    line = owed.argmin(axis=0)
    resolved = np.stack([one.resolved for one in returns])[line, np.arange(len(line))]
    at = after(
        owed.min(axis=0),
        settings.refund_patience.whole(draws.uniform("contact/refund patience")),
    )
    at = _written(orders, at)
    return when(at < after(resolved, REFUND_SEEN_AFTER), at)


def _over_anything(orders: Orders, fulfillment: Fulfillment, draws: Draws) -> Contact:
    """Ask about all the rest, soon after ordering."""
    settings = orders.world.voices
    at = after(
        when(draws.chance("contact/other", settings.other_share), orders.placed),
        settings.other_delay.whole(draws.uniform("contact/other delay")),
    )
    at = _written(orders, at)
    at = when(at < fulfillment.cancellation.at, at)
    topics = (*settings.other_reasons.labels, "pickup")
    topic = settings.other_reasons.codes(draws.uniform("contact/topic"))
    topic = np.where(orders.fulfillment == PICKUP, len(topics) - 1, topic)
    return _contact(orders, "q", at, labels(topic, topics), draws)


def _written(orders: Orders, at: Integers) -> Integers:
    """Return when what comes to a customer's mind is written to the shop."""
    return in_writing_hours(at, orders.world.shoppers.writing_hours)


def _contact(
    orders: Orders,
    name: str,
    at: Integers,
    reason: str | Text,
    draws: Draws,
    *,
    is_solved: Flags | None = None,
) -> Contact:
    """Open a contact, and close it unless nobody answers."""
    settings = orders.world.voices
    is_closed = draws.chance(f"contact/closed/{name}", 1 - settings.unanswered_share)
    length = settings.length.whole(draws.uniform(f"contact/length/{name}"))
    closed = after(when(is_closed, at), length)
    if is_solved is None:
        is_solved = is_closed
    return Contact(name, at, reason, closed, is_solved)


@dataclass(frozen=True)
class Contact:
    """At most one contact per order for one kind of cause; moments in seconds.

    Attributes:
        name: Tells it apart within the order.
        closed: When the desk answered; never where it did not.
        is_solved: Whether the customer did not have to come back for it.
    """

    name: str
    at: Integers
    reason: str | Text
    closed: Integers
    is_solved: Flags
