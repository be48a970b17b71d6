"""Promises that change on the way, and what customers are told of it, if anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.draws import Draws, Integers
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import Partly, joined, labels, text
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.shoppers.pricing import SHIP
from ingestion.simulator.voices.notifying import (
    CRM,
    REVISED_MESSAGE_AFTER,
    channel_code,
)
from ingestion.simulator.warehouse.allocating import (
    AT_A_GATE,
    OMS,
    ON_THE_FLOOR,
    ON_THE_ROAD,
    PROMISE_HOUR,
    REVISIONS,
    Promise,
)
from ingestion.simulator.warehouse.fulfilling import Fulfillment

REASONS = (
    *REVISIONS,
    "cutoff_missed",
    "capacity",
    "carrier_constraint",
    "weather_or_disruption",
)
REALLOCATED, CUTOFF, CAPACITY, CARRIER, WEATHER = (
    REASONS.index(name)
    for name in (
        "inventory_reallocation",
        "cutoff_missed",
        "capacity",
        "carrier_constraint",
        "weather_or_disruption",
    )
)
WITH_THE_REVISION = 900
"""Seconds within which the message goes out with the revision, which then says so."""


def record_promises(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record each order's revisions in turn: at a gate, on the floor, on the road."""
    stop = fulfillment.cancellation.at
    journal.truth.record(
        "promises",
        where=promise.promised < stop,
        order_id=orders.order_id,
        revision_no=np.zeros(len(stop), dtype=np.int64),
        promised_at=promise.promised,
        due_at=promise.due,
        revised_at=orders.nothing,
        new_due_at=orders.nothing,
        told_at=promise.promised,
        told_due_at=promise.due,
        was_told=True,
    )
    due, revision = promise.due, np.zeros(len(stop), dtype=np.int64)
    for change in (
        Change(AT_A_GATE, "oms", promise.revised, promise.reason, promise.new_due),
        _on_the_floor(orders, fulfillment, draws),
        _on_the_road(orders, promise, fulfillment, delivery, draws),
    ):
        at = when(change.at < stop, change.at)
        revision = revision + (at < NEVER)
        extra = _extra_days(orders, change.place, draws) * DAY
        today = at // DAY * DAY + PROMISE_HOUR * 3600
        new = change.due if change.due is not None else np.maximum(due, today) + extra
        _record_change(
            orders,
            promise,
            delivery,
            change,
            at,
            due,
            new,
            revision,
            stop,
            draws,
            journal,
        )
        due = np.where(at < NEVER, new, due)


def _on_the_floor(orders: Orders, fulfillment: Fulfillment, draws: Draws) -> Change:
    """Revise promises of orders that missed the dispatch they were made for."""
    settings = orders.world.promises
    missed = np.where(
        fulfillment.has_goods,
        np.stack([trip.cutoff for trip in fulfillment.trips]),
        NEVER,
    ).min(axis=0)
    at = after(
        when(draws.chance("promise/floor", settings.floor_revised_share), missed),
        settings.floor_revised.whole(draws.uniform("promise/floor at")),
    )
    at = when(at < fulfillment.shipped.min(axis=0), at)
    waited = fulfillment.listed[0] - fulfillment.ready
    reason = np.select(
        [fulfillment.empty[0] < at, waited > settings.long_wait_hours * 3600],
        [REALLOCATED, CAPACITY],
        CUTOFF,
    )
    return Change(ON_THE_FLOOR, "oms", at, reason)


def _on_the_road(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
) -> Change:
    """Revise promises that a carrier will not keep, and a few that it would have."""
    settings = orders.world.promises
    seen = np.stack(
        [
            when(
                parcel.shipped < NEVER,
                np.minimum(
                    np.minimum(parcel.out[0], parcel.first_attempt), parcel.written_off
                ),
            )
            for parcel in delivery.parcels
        ]
    )
    is_seen = seen < NEVER
    # the parcel that takes longest
    slowest = np.where(is_seen, seen, -1).argmax(axis=0)[None, :]
    end = np.take_along_axis(seen, slowest, axis=0)[0]
    left = np.take_along_axis(fulfillment.shipped, slowest, axis=0)[0]
    left = when((orders.fulfillment == SHIP) & (end < NEVER), left)
    is_late = end > promise.due
    share = np.array(settings.road_revised_share)[is_late.astype(np.int64)]
    is_revised = draws.chance("promise/carrier", share)
    behind = settings.road_revised.at(draws.uniform("promise/carrier at"))
    way = np.where(left < NEVER, end - left, 0)
    at = after(when(is_revised, left), (way * behind).astype(np.int64))
    reason = np.where(
        draws.chance("promise/weather", settings.weather_share), WEATHER, CARRIER
    )
    return Change(ON_THE_ROAD, "carrier", at, reason)


def _extra_days(orders: Orders, place: int, draws: Draws) -> Integers:
    """Return by how many days a promise is moved."""
    mix = orders.world.promises.extra_days
    days = np.array([int(label) for label in mix.labels])
    moved: Integers = days[mix.codes(draws.uniform(f"promise/extra/{place}"))]
    return moved


def _record_change(
    orders: Orders,
    promise: Promise,
    delivery: Delivery,
    change: Change,
    at: Integers,
    due: Integers,
    new: Integers,
    revision: Integers,
    stop: Integers,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record one revision per order and the message about it; keep what was true."""
    settings, place = orders.world.promises, change.place
    key = f"promise/{place}"
    delay = settings.told_after[place].whole(draws.uniform(f"{key}/delay"))
    told = after(
        when(draws.chance(f"{key}/told", settings.told_share[place]), at), delay + 1
    )
    is_prompt = np.zeros(len(at), dtype=np.bool_)
    if place == AT_A_GATE:
        # the shop's usual message about a delay, or one that somebody writes later
        is_prompt = promise.is_told
        told = np.where(
            is_prompt,
            after(at, REVISED_MESSAGE_AFTER),
            when(draws.chance(f"{key}/late", settings.told_late_share), told),
        )
    in_time = told < np.minimum(stop, delivery.first_received)
    told = when(in_time, told)
    wrong = np.array([int(label) for label in settings.wrong_days.labels])
    off = wrong[settings.wrong_days.codes(draws.uniform(f"{key}/off"))]
    is_other = ~is_prompt & draws.chance(
        f"{key}/other", settings.other_date_share[place]
    )
    told_due = np.maximum(new + np.where(is_other, off * DAY, 0), told)
    reason = labels(change.reason, REASONS)
    journal.record(
        "orders",
        "delivery_promise_revised",
        at=at,
        source=OMS,
        slot=str(place),
        order_id=orders.order_id,
        promise_no=revision + 1,
        promise_max_at=new,
        previous_promise_max_at=due,
        promise_source=change.source,
        reason_code=reason,
        is_shown_to_customer=draws.chance(f"{key}/shown", 1 - settings.hidden_share),
        display_channel="order_page",
        notified_at=Partly(told, told < at + WITH_THE_REVISION),
    )
    channels = orders.world.messages.channels.labels
    journal.record(
        "orders",
        "customer_notified",
        at=told,
        where=~is_prompt,
        source=CRM,
        slot=f"promise{place}",
        order_id=orders.order_id,
        message_id=joined(orders.order_id, "-M-promise", text(revision + 1)),
        notification_topic="delivery_promise_revised",
        message_channel=labels(channel_code(orders.plan, orders.world), channels),
        promise_max_at=told_due,
    )
    journal.truth.record(
        "promises",
        where=at < NEVER,
        order_id=orders.order_id,
        revision_no=revision,
        promised_at=promise.promised,
        due_at=due,
        revised_at=at,
        new_due_at=new,
        told_at=told,
        told_due_at=when(told < NEVER, told_due),
        was_told=told < NEVER,
    )


@dataclass(frozen=True)
class Change:
    """At most one revision per order; moments in seconds.

    Attributes:
        place: Where it is made.
        source: Who makes it.
        at: When.
        reason: Code in ``REASONS``.
        due: The new date, if it was fixed before.
    """

    place: int
    source: str
    at: Integers
    reason: Integers
    due: Integers | None = None
