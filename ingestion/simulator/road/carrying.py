"""The road of a parcel: transit, attempts at the door, loss, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Floats, Integers, by_segment
from ingestion.simulator.record.calendar import SUNDAY, Calendar
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import COURIERS, Fulfillment

ATTEMPTS = 3
DAMAGED_PERCENT = 70
"""Share of the road after which damage shows."""

HOME_HOURS = 3
"""Hours before it comes home that a parcel is on the vehicle."""


def carry(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    number: int,
    calendar: Calendar,
    draws: Draws,
) -> Parcel:
    """Carry the parcels with one number from dispatch to their end."""
    settings = orders.world.delivery
    key = f"road/{number}"
    shipped = fulfillment.shipped[number]
    carrier = fulfillment.carrier[number]
    melts = _melts(orders, shipped, carrier)
    transit = _transit(orders, carrier, melts, draws.uniform(f"{key}/transit"))
    arrived = after(shipped, transit)

    fate = draws.uniform(f"{key}/fate")
    lost_share = _melted(orders, melts, "lost_factor", settings.lost_share, carrier)
    is_lost = fate < lost_share
    is_damaged = ~is_lost & (fate < lost_share + settings.damaged_share)
    lost = after(
        when(is_lost, shipped), settings.lost_after.whole(draws.uniform(f"{key}/lost"))
    )
    found = after(
        when(draws.chance(f"{key}/found", settings.found_share), lost),
        settings.found.whole(draws.uniform(f"{key}/found at")),
    )
    is_found = found < NEVER
    damaged = after(when(is_damaged, shipped), transit * DAMAGED_PERCENT // 100)
    destroyed = after(
        when(draws.chance(f"{key}/destroyed", settings.destroyed_share), damaged),
        settings.destroyed.whole(draws.uniform(f"{key}/destroyed at")),
    )
    factor = _melted(
        orders, melts, "failure_factor", settings.carrier_failure_factor, carrier
    )
    door = _try_the_door(
        orders,
        np.minimum(when(~is_lost & ~is_damaged, arrived), found),
        # who finds a parcel again hands it over himself
        np.where(is_found, 0.0, factor),
        carrier,
        promise.due,
        calendar,
        draws,
        key,
    )
    back = after(
        np.minimum(door.recalled, when(destroyed >= NEVER, damaged)),
        settings.recall.whole(draws.uniform(f"{key}/recall")) + 600,
    )
    home_out, home_failed, returned = _bring_home(
        orders, fulfillment.location[number], back, draws, key
    )
    is_false = (door.recalled < NEVER) & draws.chance(
        f"{key}/false", settings.false_delivery_share
    )
    # the courier claimed the last attempt as a delivery, then sent the parcel back
    claimed = when(is_false, door.recalled)
    is_unseen = is_found & draws.chance(f"{key}/unseen", settings.found_silently_share)
    acknowledged = after(
        when(
            draws.chance(f"{key}/acknowledged", settings.acknowledged_share), returned
        ),
        settings.acknowledgement.whole(draws.uniform(f"{key}/acknowledgement")) + 300,
    )
    silent_share = settings.meltdown.silent_share if settings.meltdown else 0.0
    return Parcel(
        shipped=shipped,
        out=when(~is_unseen, door.out),
        failed=when(door.failed != claimed, door.failed),
        delivered=np.minimum(door.delivered, claimed),
        last_attempt=door.last_attempt,
        lost=lost,
        found=when(~is_unseen, found),
        damaged=damaged,
        destroyed=destroyed,
        back=back,
        home_out=home_out,
        home_failed=home_failed,
        returned=returned,
        acknowledged=acknowledged,
        is_false=is_false,
        is_late=door.is_late,
        is_silent=melts & draws.chance(f"{key}/silent", silent_share),
    )


def _melts(orders: Orders, shipped: Integers, carrier: Integers) -> Flags:
    """Tell which parcels a carrier takes while it falls apart."""
    melting = orders.world.delivery.meltdown
    if melting is None:
        return np.zeros(len(shipped), dtype=np.bool_)
    is_theirs: Flags = carrier == COURIERS.index(melting.carrier)
    return is_theirs & orders.world.during(melting.window, shipped)


def _stands_still(orders: Orders, at_door: Integers, carrier: Integers) -> Flags:
    """Tell which attempts come while a carrier hands nothing over."""
    melting = orders.world.delivery.meltdown
    if melting is None:
        return np.zeros(len(at_door), dtype=np.bool_)
    window = replace(melting.window, hours=melting.standstill_hours)
    is_theirs: Flags = carrier == COURIERS.index(melting.carrier)
    return is_theirs & orders.world.during(window, at_door)


def _stays(
    orders: Orders, at_door: Integers, carrier: Integers, draws: Draws, key: str
) -> Flags:
    """Tell which parcels are not even put on a vehicle while a carrier stands still."""
    melting = orders.world.delivery.meltdown
    if melting is None:
        return np.zeros(len(at_door), dtype=np.bool_)
    stays: Flags = draws.chance(key, melting.stranded_share)
    return stays & _stands_still(orders, at_door, carrier)


def _melted(
    orders: Orders,
    melts: Flags,
    factor: str,
    by_carrier: tuple[float, ...],
    carrier: Integers,
) -> Floats:
    """Return a number of each parcel's carrier, worse where the carrier melts."""
    usual: Floats = np.array(by_carrier)[carrier]
    melting = orders.world.delivery.meltdown
    if melting is None:
        return usual
    return np.where(melts, usual * getattr(melting, factor), usual)


def _transit(
    orders: Orders, carrier: Integers, melts: Flags, speed: Floats
) -> Integers:
    """Return the seconds on the road before the first attempt."""
    settings = orders.world.delivery
    transit = np.zeros(len(carrier), dtype=np.int64)
    for distance, tables in enumerate(settings.transit):
        rows = orders.distance == distance
        transit[rows] = by_segment(
            (*tables, settings.export_transit), carrier[rows], speed[rows]
        )
    if settings.meltdown is None:
        return transit
    slow = (transit * settings.meltdown.transit_factor).astype(np.int64)
    return np.where(melts, slow, transit)


def _try_the_door(
    orders: Orders,
    arrived: Integers,
    factor: Floats,
    carrier: Integers,
    due: Integers,
    calendar: Calendar,
    draws: Draws,
    key: str,
) -> Door:
    """Try to hand parcels over, day after day, until they are taken or called back.

    Args:
        orders: The orders.
        arrived: When each parcel is near the door; never where it gets lost before.
        factor: Multiplies the shares of attempts that fail.
        carrier: Who has each parcel.
        due: When the customer was promised it.
        calendar: Knows the Sundays.
        draws: Random numbers.
        key: Name of the parcel's streams.
    """
    settings = orders.world.delivery
    shape = (ATTEMPTS, len(arrived))
    out, failed = np.full(shape, NEVER, np.int64), np.full(shape, NEVER, np.int64)
    delivered = recalled = orders.nothing
    last_attempt = np.zeros(len(arrived), dtype=np.int64)
    is_late = np.zeros(len(arrived), dtype=np.bool_)
    next_try = arrived
    for attempt in range(ATTEMPTS):
        day = next_try // DAY + (next_try % DAY > 10 * 3600)
        day = _spare_sunday(orders, day, calendar, draws, f"{key}/sunday/{attempt}")
        hour = settings.first_hour.whole(draws.uniform(f"{key}/hour/{attempt}"))
        stays = _stays(
            orders, day * DAY + hour, carrier, draws, f"{key}/stays/{attempt}"
        )
        day = np.where(stays, day + 1, day)
        at_door = when(next_try < NEVER, day * DAY + hour)
        out[attempt] = when(at_door < NEVER, day * DAY + 7 * 3600 + at_door % 5400)
        if attempt == 0:
            is_late = at_door > due
            late = np.array(settings.late_failure_factor)[orders.mode]
            factor = np.where(is_late, factor * late, factor)
        share = factor * np.array(settings.failure)[orders.mode, attempt]
        fails = draws.chance(f"{key}/fails/{attempt}", share)
        fails |= _stands_still(orders, at_door, carrier)
        failed[attempt] = when(fails, at_door)
        delivered = np.minimum(delivered, when(~fails, at_door))
        last_attempt = np.where(at_door < NEVER, attempt + 1, last_attempt)
        quits = draws.chance(
            f"{key}/quits/{attempt}", np.array(settings.given_up)[orders.mode, attempt]
        )
        recalled = np.minimum(recalled, when(fails & quits, at_door))
        next_try = after(
            when(fails & ~quits, at_door),
            settings.next_attempt.whole(draws.uniform(f"{key}/next/{attempt}")),
        )
    return Door(out, failed, delivered, recalled, last_attempt, is_late)


def _spare_sunday(
    orders: Orders, day: Integers, calendar: Calendar, draws: Draws, key: str
) -> Integers:
    """Put off most of a Sunday's parcels to Monday, or to Tuesday when that is full."""
    settings = orders.world.delivery
    luck = draws.uniform(key)
    works = settings.sunday_share
    full = works + (1 - works) * settings.backlog_share
    wait = np.select([luck < works, luck < full], [0, 2], 1)
    return np.where(calendar.weekday(day) == SUNDAY, day + wait, day)


def _bring_home(
    orders: Orders, location: Integers, back: Integers, draws: Draws, key: str
) -> tuple[Integers, Integers, Integers]:
    """Bring parcels back to where they were packed, some at the second try.

    Returns:
        When each try sets out, (try, order); when the first failed; when they are home.
    """
    settings = orders.world.delivery
    trip = by_segment(settings.homeward, orders.distance, draws.uniform(f"{key}/home"))
    first = after(back, trip)
    share = np.array(settings.home_failure_share)[location]
    failed = when(draws.chance(f"{key}/shut", share), first)
    second = after(failed, settings.home_again.whole(draws.uniform(f"{key}/again")))
    out = np.stack([after(one, -HOME_HOURS * 3600) for one in (first, second)])
    return out, failed, np.where(failed < NEVER, second, first)


@dataclass(frozen=True)
class Door:
    """Attempts to hand parcels over, (attempt, order), and how they ended."""

    out: Integers
    failed: Integers
    delivered: Integers
    recalled: Integers
    last_attempt: Integers
    is_late: Flags


@dataclass(frozen=True)
class Parcel:
    """The road of one parcel per order; attempts are (attempt, order).

    Attributes:
        delivered: When the carrier says it was handed over.
        found: When a lost parcel is scanned again.
        home_out: When the vehicle sets out to bring it back, (try, order).
        is_false: Whether the carrier says it was handed over and it was not.
        is_late: Whether the first attempt comes after the day promised.
        is_silent: Whether nobody scans it on the way.
    """

    shipped: Integers
    out: Integers
    failed: Integers
    delivered: Integers
    last_attempt: Integers
    lost: Integers
    found: Integers
    damaged: Integers
    destroyed: Integers
    back: Integers
    home_out: Integers
    home_failed: Integers
    returned: Integers
    acknowledged: Integers
    is_false: Flags
    is_late: Flags
    is_silent: Flags

    @property
    def first_attempt(self) -> Integers:
        """When somebody first stood at the door."""
        moments: Integers = np.minimum(self.failed[0], self.delivered)
        return moments

    @property
    def received(self) -> Integers:
        """When the customer really got the parcel."""
        return when(~self.is_false, self.delivered)

    @property
    def kept(self) -> Integers:
        """When the customer got it as agreed: not after it was made good as lost."""
        return when(self.lost >= NEVER, self.received)

    @property
    def written_off(self) -> Integers:
        """When the carrier owned up to having lost or destroyed it."""
        return np.minimum(self.lost, self.destroyed)
