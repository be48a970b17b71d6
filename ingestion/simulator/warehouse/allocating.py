"""From an order to goods set aside: routing, reservation, and the date promised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import LOCATIONS, PRODUCTS, SKU_CATEGORY
from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import Fields, Text, joined, labels, text
from ingestion.simulator.shoppers.baskets import LINES, SKUS
from ingestion.simulator.shoppers.placing import COD, Orders
from ingestion.simulator.shoppers.pricing import PICKUP, SHIP
from ingestion.simulator.warehouse.addressing import Addressing, record_addresses

OMS = f"oms:{ACCOUNT}"
CRM = f"crm:{ACCOUNT}"
PHONE_APP = 1
AT_ONCE = 600
"""Seconds within which the message counts as part of the backorder itself."""
PLACES = tuple(place.location_id for place in LOCATIONS)
KINDS = tuple(place.kind for place in LOCATIONS)
FALLBACKS = np.array([place.fallback for place in LOCATIONS])
PROMISE_HOUR = 21
REVISIONS = (
    "payment_delay",
    "fraud_review",
    "inventory_reallocation",
    "address_correction",
    "backorder",
)
"""Why a gate stays shut, in the order of the gates; last, stock not there at all."""

BACKORDER = REVISIONS.index("backorder")
STOCK_GATE = 2
AT_A_GATE, ON_THE_FLOOR, ON_THE_ROAD = range(3)
"""Where a promise is revised."""


def allocate_stock(orders: Orders, payments: Payments, draws: Draws) -> Allocation:
    """Reserve every line of a block of orders, as far as nobody cancels."""
    settings = orders.world.stock
    shape = orders.quantity.shape
    paid = np.minimum(payments.authorized, payments.captured)
    begin = np.where(
        orders.placed_mode == COD,
        after(orders.placed, 15),
        np.minimum(paid, payments.to_cod),
    )
    begin = when(orders.needs_stock, begin)
    shortness = np.where(
        np.arange(len(PRODUCTS)) % settings.short_skus_every == 0,
        settings.short_factor,
        1.0,
    )
    risk = np.array(settings.failure_share)[SKU_CATEGORY] * shortness
    crowding = 1 + settings.load_slope * np.maximum(orders.plan.load - 1, 0)
    factor = np.array(settings.location_factor)

    def never() -> Integers:
        return np.full(shape, NEVER, dtype=np.int64)

    routed, failed, moved, failed_again = never(), never(), never(), never()
    backordered, released, reserved = never(), never(), never()
    expected, told, told_date = never(), never(), never()
    location = np.zeros(shape, dtype=np.int64)
    attempt = np.ones(shape, dtype=np.int64)
    reason = np.zeros(shape, dtype=np.int64)
    dropped = orders.nothing
    for line in range(LINES):
        starts = when(orders.has_line[line], begin)
        key = f"stock/{line}"
        routed[line] = after(starts, settings.routing.whole(draws.uniform(f"{key}/r")))
        wait = settings.reserving.whole(draws.uniform(f"{key}/w"))
        answer = after(routed[line], wait)
        share = risk[orders.sku[line]] * crowding
        is_short = draws.chance(f"{key}/short", share * factor[orders.home])
        failed[line] = when(is_short, answer)
        reason[line] = settings.reasons.codes(draws.uniform(f"{key}/reason"))
        falls_back = is_short & (orders.fulfillment == SHIP)
        falls_back &= draws.chance(f"{key}/fallback", settings.fallback_share)
        moved[line] = after(
            when(falls_back, answer),
            settings.fallback.whole(draws.uniform(f"{key}/fallback wait")),
        )
        second = after(moved[line], wait)
        is_short_again = falls_back & draws.chance(
            f"{key}/again", settings.fallback_failure_share
        )
        failed_again[line] = when(is_short_again, second)
        waits = is_short & (~falls_back | is_short_again)
        backordered[line] = after(
            when(waits, np.where(is_short_again, second, answer)), 420
        )
        is_dropped = draws.chance(f"{key}/dropped", settings.backorder_dropped_share)
        released[line] = after(
            when(waits & ~is_dropped, backordered[line]),
            settings.backorder_wait.whole(draws.uniform(f"{key}/backorder")),
        )
        dropped = np.minimum(
            dropped,
            after(
                when(waits & is_dropped, backordered[line]),
                settings.backorder_patience.whole(draws.uniform(f"{key}/patience")),
            ),
        )
        location[line] = np.where(
            falls_back & ~is_short_again, FALLBACKS[orders.home], orders.home
        )
        expected[line], told[line], told_date[line] = _tell_of_backorder(
            orders, backordered[line], released[line], line, draws
        )
        attempt[line] = 1 + is_short + (is_short_again & waits)
        reserved[line] = np.select(
            [~is_short, falls_back & ~is_short_again],
            [answer, second],
            after(released[line], wait),
        )
    complete = np.where(orders.has_line, reserved, 0).max(axis=0)
    return Allocation(
        routed=routed,
        failed=failed,
        reason=reason,
        moved=moved,
        failed_again=failed_again,
        backordered=backordered,
        expected=expected,
        told=told,
        told_date=told_date,
        released=released,
        reserved=reserved,
        location=location,
        attempt=attempt,
        passed=np.where(orders.needs_stock, complete, 0),
        dropped=dropped,
    )


def _tell_of_backorder(
    orders: Orders,
    backordered: Integers,
    released: Integers,
    line: int,
    draws: Draws,
) -> tuple[Integers, Integers, Integers]:
    """Guess when goods come and tell the customer, or not, or another date.

    Returns:
        The date in the books, the moment of the message, the date in the message.
    """
    settings = orders.world.stock
    key = f"backorder/{line}"
    expected = after(
        backordered, settings.backorder_guess.whole(draws.uniform(f"{key}/guess"))
    )
    is_told = draws.chance(f"{key}/told", settings.backorder_told_share)
    told = after(
        when(is_told, backordered),
        settings.backorder_told.whole(draws.uniform(f"{key}/message")),
    )
    # the message is written from a list that is a day or more behind the books
    slip = settings.backorder_other_date.whole(draws.uniform(f"{key}/slip"))
    is_sooner = draws.chance(f"{key}/sooner", settings.backorder_sooner_share)
    is_other = draws.chance(f"{key}/other", settings.backorder_other_date_share)
    off = np.where(is_sooner, -slip, slip)
    told_date = after(expected, np.where(is_other, off, 0))
    return expected, when(told < released, told), np.maximum(told_date, told)


def promise_delivery(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    draws: Draws,
) -> Promise:
    """Promise a delivery date, and revise it where a gate stays shut."""
    settings = orders.world.promises
    promised = after(
        when(orders.needs_stock, orders.placed),
        40 + (draws.uniform("promise/told") * 160).astype(np.int64),
    )
    due = (orders.placed // DAY + _days_needed(orders)) * DAY + PROMISE_HOUR * 3600
    gates = np.stack(
        [payments.passed, payments.fraud_passed, allocation.passed, addressing.passed]
    )
    slowest = gates.argmax(axis=0)
    open_at = gates.max(axis=0)
    revised = after(
        promised, settings.revised_after.whole(draws.uniform("promise/revised"))
    )
    revised = when(open_at > revised, revised)
    days = np.array([int(label) for label in settings.extra_days.labels])
    extra = days[settings.extra_days.codes(draws.uniform("promise/extra"))]
    return Promise(
        promised=promised,
        due=due,
        revised=revised,
        new_due=due + extra * DAY,
        reason=np.where(
            (slowest == STOCK_GATE) & allocation.is_backordered, BACKORDER, slowest
        ),
        is_told=draws.chance("promise/notified", settings.told_share[AT_A_GATE]),
        passed=np.where(orders.needs_stock, promised, 0),
    )


def _days_needed(orders: Orders) -> Integers:
    """Return in how many days the page says an order comes, by where and when."""
    settings = orders.world.promises
    more = np.array([int(label) for label in settings.address_days.labels])
    door = (orders.plan.pin >> np.uint64(11)).astype(np.float64) * 2.0**-53
    road = np.where(
        orders.plan.is_export,
        settings.export_days,
        np.array(settings.transit_days)[orders.distance],
    )
    road = road + np.array(settings.location_days)[orders.home]
    road = road + more[settings.address_days.codes(door)]
    is_next_day = orders.placed % DAY >= settings.cutoff_hour * 3600
    days: Integers = np.where(orders.fulfillment == PICKUP, settings.pickup_days, road)
    return days + is_next_day


def record_allocation(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    promise: Promise,
    stop: Integers,
    journal: Journal,
) -> None:
    """Record routing, reservations, address checks and promises, until ``stop``."""
    order: Fields = {"order_id": orders.order_id}
    until: Fields = {"until": stop}
    for line in range(LINES):
        here = {**order, "order_line_id": orders.line_id[line]}
        goods: Fields = {"sku": labels(orders.sku[line], SKUS)}
        units: Fields = {"quantity": orders.quantity[line]}
        slot: Fields = {"slot": str(line)}
        home = labels(orders.home, PLACES)
        elsewhere = labels(FALLBACKS[orders.home], PLACES)
        failure: Fields = {
            "requested_quantity": orders.quantity[line],
            "reason_code": labels(
                allocation.reason[line], orders.world.stock.reasons.labels
            ),
            "error_code": "RESERVE_REFUSED",
            "is_after_capture": payments.captured < allocation.failed[line],
        }
        oms: Fields = {"source": OMS, "feed": "webhook", **until}
        journal.record(
            "orders",
            "order_routed",
            at=allocation.routed[line],
            **oms,
            **slot,
            **here,
            **goods,
            **units,
            location_id=home,
            node_type=labels(orders.home, KINDS),
        )
        journal.record(
            "orders",
            "inventory_reservation_failed",
            at=allocation.failed[line],
            **oms,
            **slot,
            **here,
            **goods,
            location_id=home,
            attempt_no=1,
            available_quantity=0,
            **failure,
        )
        journal.record(
            "orders",
            "allocation_fallback_triggered",
            at=allocation.moved[line],
            **oms,
            **slot,
            **here,
            **goods,
            **units,
            from_location_id=home,
            to_location_id=elsewhere,
            reason_code="reservation_failed",
        )
        failure["is_after_capture"] = payments.captured < allocation.failed_again[line]
        journal.record(
            "orders",
            "inventory_reservation_failed",
            at=allocation.failed_again[line],
            **oms,
            slot=f"{line}b",
            **here,
            **goods,
            location_id=elsewhere,
            attempt_no=2,
            **failure,
        )
        journal.record(
            "orders",
            "backorder_created",
            at=allocation.backordered[line],
            **oms,
            **slot,
            **here,
            **goods,
            **units,
            expected_at=allocation.expected[line],
            is_customer_notified=allocation.told[line]
            < allocation.backordered[line] + AT_ONCE,
        )
        journal.record(
            "orders",
            "backorder_notified",
            at=allocation.told[line],
            source=CRM,
            **until,
            **slot,
            **here,
            message_id=joined(orders.line_id[line], "-MB"),
            expected_at=allocation.told_date[line],
            message_channel=labels(
                (orders.channel == PHONE_APP).astype(int), ("email", "whatsapp")
            ),
        )
        journal.record(
            "orders",
            "backorder_released",
            at=allocation.released[line],
            **oms,
            **slot,
            **here,
            **goods,
            **units,
            location_id=home,
        )
        journal.record(
            "orders",
            "inventory_reserved",
            at=allocation.reserved[line],
            **oms,
            **slot,
            **here,
            **goods,
            **units,
            reservation_id=reservation_id(orders, line, allocation.attempt[line]),
            location_id=labels(allocation.location[line], PLACES),
            attempt_no=allocation.attempt[line],
        )
        _keep_tries(orders, payments, allocation, line, stop, journal)
    record_addresses(orders, addressing, stop, journal)
    journal.record(
        "orders",
        "delivery_promise_confirmed",
        at=promise.promised,
        source=OMS,
        **until,
        **order,
        promise_no=1,
        promise_min_at=np.maximum(promise.due - 2 * DAY, orders.placed),
        promise_max_at=promise.due,
        promise_source="checkout",
        is_shown_to_customer=True,
        display_channel="order_page",
    )


def reservation_id(orders: Orders, line: int, attempt: Integers) -> Text:
    """Return the id of a line's reservation at its last try."""
    return joined("rs-", orders.line_id[line], "-", text(attempt))


def _keep_tries(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    line: int,
    stop: Integers,
    journal: Journal,
) -> None:
    """Keep the tries to reserve a line: at home, elsewhere, once stock has come."""
    home, elsewhere = orders.home, FALLBACKS[orders.home]
    reserved = allocation.reserved[line]
    last = allocation.released[line]
    fell_back = allocation.moved[line] < NEVER
    is_late = last < NEVER
    first = when(allocation.failed[line] >= NEVER, reserved)
    second = when(fell_back & (allocation.failed_again[line] >= NEVER), reserved)
    for place, asked, got, failed in (
        (home, allocation.routed[line], first, allocation.failed[line]),
        (elsewhere, allocation.moved[line], second, allocation.failed_again[line]),
        (home, last, when(is_late, reserved), orders.nothing),
    ):
        keep_try(orders, payments, line, place, asked, got, failed, stop, journal)


def keep_try(
    orders: Orders,
    payments: Payments,
    line: int,
    place: Integers,
    asked: Integers,
    got: Integers,
    failed: Integers,
    stop: Integers,
    journal: Journal,
) -> None:
    """Keep one try per order to reserve a line, as far as nobody cancels first.

    Args:
        orders: The orders.
        payments: Their payments, which tell whether money was taken before.
        line: Number of the line.
        place: Location asked.
        asked: When.
        got: When the units were locked.
        failed: When they were refused.
        stop: When the order is stopped.
        journal: Keeps the truth.
    """
    got, failed = when(got < stop, got), when(failed < stop, failed)
    journal.truth.record(
        "reservations",
        where=asked < stop,
        order_id=orders.order_id,
        order_line_id=orders.line_id[line],
        sku=labels(orders.sku[line], SKUS),
        location_id=labels(place, PLACES),
        placed_at=orders.placed,
        requested_at=asked,
        reserved_at=got,
        failed_at=failed,
        is_after_capture=payments.captured < np.minimum(got, failed),
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


@dataclass(frozen=True)
class Allocation:
    """Stock for each line; arrays are (line, order), moments in seconds.

    Attributes:
        expected: When the books expect the goods of a backorder.
        told: When a message tells the customer of the backorder.
        told_date: When that message says the goods will come.
        passed: Per order, when the last line was reserved.
        dropped: Per order, when the shop gives a line up as unobtainable.
    """

    routed: Integers
    failed: Integers
    reason: Integers
    moved: Integers
    failed_again: Integers
    backordered: Integers
    expected: Integers
    told: Integers
    told_date: Integers
    released: Integers
    reserved: Integers
    location: Integers
    attempt: Integers
    passed: Integers
    dropped: Integers

    @property
    def is_backordered(self) -> Flags:
        """Whether some line of the order has to wait for stock."""
        waits: Flags = self.backordered.min(axis=0) < NEVER
        return waits


@dataclass(frozen=True)
class Promise:
    """What customers of a block were promised; moments in seconds."""

    promised: Integers
    due: Integers
    revised: Integers
    new_due: Integers
    reason: Integers
    is_told: Flags
    passed: Integers
