"""From an order to goods set aside: routing, reservation, address, promise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import LOCATIONS, PRODUCTS, SKU_CATEGORY
from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.journal import (
    DAY,
    NEVER,
    Fields,
    Journal,
    Partly,
    Text,
    after,
    joined,
    labels,
    text,
    when,
)
from ingestion.simulator.parameters import ACCOUNT, ADDRESSES, PROMISES, STOCK
from ingestion.simulator.paying import Payments
from ingestion.simulator.placing import (
    COD,
    LINES,
    PICKUP,
    SHIP,
    SHOP,
    SKUS,
    Orders,
)

OMS = f"oms:{ACCOUNT}"
CHECKER = f"addresscheck:{ACCOUNT}"
PLACES = tuple(place.location_id for place in LOCATIONS)
KINDS = tuple(place.kind for place in LOCATIONS)
FALLBACKS = np.array([place.fallback for place in LOCATIONS])
PROMISE_HOUR = 21
REVISIONS = ("payment_delay", "fraud_review", "backorder", "address_correction")


def allocate_stock(orders: Orders, payments: Payments, draws: Draws) -> Allocation:
    """Reserve every line of a block of orders, as far as nobody cancels."""
    settings = STOCK
    shape = orders.quantity.shape
    paid = np.minimum(payments.authorized, payments.captured)
    begin = np.where(orders.mode == COD, after(orders.placed, 15), paid)
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
        released=released,
        reserved=reserved,
        location=location,
        attempt=attempt,
        passed=np.where(orders.needs_stock, complete, 0),
        dropped=dropped,
    )


def check_addresses(orders: Orders, draws: Draws) -> Addressing:
    """Check the addresses of a block of shipped orders."""
    settings = ADDRESSES
    ships = orders.fulfillment == SHIP
    checked = after(
        when(ships, orders.placed),
        settings.check.whole(draws.uniform("address/check")) + 6,
    )
    share = np.array(settings.failure_share)[orders.plan.area]
    is_bad = draws.chance("address/bad", share) & ~orders.plan.is_export
    is_doubtful = ~is_bad & draws.chance("address/review", settings.review_share)
    is_mended = draws.chance("address/mended", settings.corrected_share)
    corrected = after(
        when(is_bad & is_mended, checked),
        settings.correction.whole(draws.uniform("address/correction")) + 60,
    )
    looked_at = after(
        when(is_doubtful, checked),
        settings.review.whole(draws.uniform("address/look")) + 60,
    )
    passed = np.select([is_bad, is_doubtful], [corrected, looked_at], checked)
    return Addressing(
        checked=checked,
        is_bad=is_bad,
        is_doubtful=is_doubtful,
        corrected=corrected,
        looked_at=looked_at,
        passed=np.where(ships, passed, 0),
        given_up=after(
            when(ships & is_bad & ~is_mended, checked),
            settings.given_up.whole(draws.uniform("address/given up")),
        ),
    )


def promise_delivery(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    draws: Draws,
) -> Promise:
    """Promise a delivery date, and revise it where a gate stays shut."""
    settings = PROMISES
    promised = after(
        when(orders.needs_stock, orders.placed),
        40 + (draws.uniform("promise/told") * 160).astype(np.int64),
    )
    lead = np.where(
        orders.plan.is_export,
        settings.export_days,
        np.array(settings.transit_days)[orders.distance],
    )
    lead = np.where(orders.fulfillment == PICKUP, 2, lead)
    due = (orders.placed // DAY + lead) * DAY + PROMISE_HOUR * 3600
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
        reason=slowest,
        is_told=draws.chance("promise/notified", settings.told_share),
        passed=np.where(orders.needs_stock, promised, 0),
    )


def record_allocation(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    promise: Promise,
    stop: Integers,
    draws: Draws,
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
            "reason_code": labels(allocation.reason[line], STOCK.reasons.labels),
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
            expected_at=after(
                allocation.backordered[line],
                5 * DAY
                + (draws.uniform(f"backorder/guess/{line}") * 4).astype(int) * DAY,
            ),
            is_customer_notified=promise.is_told,
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
    _record_addresses(orders, addressing, stop, draws, journal)
    shown: Fields = {"is_shown_to_customer": True, "display_channel": "order_page"}
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
        **shown,
    )
    journal.record(
        "orders",
        "delivery_promise_revised",
        at=promise.revised,
        source=OMS,
        **until,
        **order,
        promise_no=2,
        promise_max_at=promise.new_due,
        previous_promise_max_at=promise.due,
        promise_source="oms",
        reason_code=labels(promise.reason, REVISIONS),
        **shown,
        notified_at=Partly(promise.revised + 300, promise.is_told),
    )


def reservation_id(orders: Orders, line: int, attempt: Integers) -> Text:
    """Return the id of a line's reservation at its last try."""
    return joined("rs-", orders.line_id[line], "-", text(attempt))


def _record_addresses(
    orders: Orders,
    addressing: Addressing,
    stop: Integers,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record address checks; a corrected address has another hash."""
    settings = ADDRESSES
    good: Fields = {
        "order_id": orders.order_id,
        "is_serviceable": True,
        "is_normalized": True,
        "is_carrier_compatible": True,
    }
    door = _address_hash(orders, 0)
    check = settings.checks.codes(draws.uniform("address/which"))
    journal.record(
        "orders",
        "address_validation_failed",
        at=addressing.checked,
        source=CHECKER,
        where=addressing.is_bad,
        until=stop,
        order_id=orders.order_id,
        address_hash=door,
        failed_check=labels(check, settings.checks.labels),
        error_code=labels(check, ("ADDR_PARSE", "PIN_UNSERVED", "CARRIER_REFUSES")),
        postal_code=Partly(orders.postal_code, ~orders.plan.is_export),
    )
    journal.record(
        "orders",
        "order_updated",
        at=after(addressing.corrected, -20),
        source=SHOP,
        until=stop,
        order_id=orders.order_id,
        revision_no=1,
        changed_field="shipping_address",
    )
    journal.record(
        "orders",
        "address_validated",
        at=addressing.corrected,
        source=CHECKER,
        until=stop,
        slot="corrected",
        **good,
        address_hash=_address_hash(orders, 1),
        is_manual_review_required=False,
        is_corrected=True,
    )
    journal.record(
        "orders",
        "address_validated",
        at=addressing.checked,
        source=CHECKER,
        where=~addressing.is_bad,
        until=stop,
        **good,
        address_hash=door,
        is_manual_review_required=addressing.is_doubtful,
    )
    journal.record(
        "orders",
        "address_validated",
        at=addressing.looked_at,
        source=CHECKER,
        until=stop,
        slot="looked at",
        **good,
        address_hash=door,
        rule_version="2",
        is_manual_review_required=False,
    )


def _address_hash(orders: Orders, version: int) -> Text:
    """Return a stand-in for the keyed hash of the customer's address."""
    salt = 0x9E3779B97F4A7C15 * (version + 1)
    words = []
    for part in range(4):
        word = orders.plan.pin + np.uint64(salt * (part + 1) % 2**64)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words.append(word ^ (word >> np.uint64(31)))
    octets = np.stack(words, axis=1).astype(">u8").view(np.uint8)
    pairs = np.array([f"{octet:02x}" for octet in range(256)], dtype="U2")
    digits = np.ascontiguousarray(pairs[octets]).view("U64").ravel()
    return labels(np.arange(len(digits)), digits.tolist())


@dataclass(frozen=True)
class Allocation:
    """Stock for each line; arrays are (line, order), moments in seconds.

    Attributes:
        passed: Per order, when the last line was reserved.
        dropped: Per order, when the shop gives a line up as unobtainable.
    """

    routed: Integers
    failed: Integers
    reason: Integers
    moved: Integers
    failed_again: Integers
    backordered: Integers
    released: Integers
    reserved: Integers
    location: Integers
    attempt: Integers
    passed: Integers
    dropped: Integers


@dataclass(frozen=True)
class Addressing:
    """Address checks of a block; moments in seconds."""

    checked: Integers
    is_bad: Flags
    is_doubtful: Flags
    corrected: Integers
    looked_at: Integers
    passed: Integers
    given_up: Integers


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
