"""From goods set aside to parcels handed over, and the orders stopped on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.allocating import (
    FALLBACKS,
    KINDS,
    OMS,
    PLACES,
    Addressing,
    Allocation,
    Promise,
    reservation_id,
)
from ingestion.simulator.calendar import Calendar
from ingestion.simulator.catalog import CARRIERS, EXPORT_CARRIER
from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.journal import (
    DAY,
    NEVER,
    Fields,
    Journal,
    Partly,
    Raw,
    Text,
    after,
    joined,
    labels,
    text,
    when,
)
from ingestion.simulator.parameters import ACCOUNT, CANCELLING, DELIVERY, FLOOR, STOCK
from ingestion.simulator.paying import Payments
from ingestion.simulator.placing import (
    DIGITAL_ONLY,
    FIRST_ORDER_NUMBER,
    LINES,
    PREPAID,
    SHIP,
    SHOP,
    SKUS,
    Orders,
    line_list,
)

PARCELS = 2
"""Most parcels of an order."""

WMS = f"wms:{ACCOUNT}"
COURIERS = tuple(carrier.carrier for carrier in CARRIERS)


def fulfill_orders(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    promise: Promise,
    calendar: Calendar,
    draws: Draws,
) -> Fulfillment:
    """Pick, pack and hand over a block of orders, unless something stops them."""
    settings = FLOOR
    count = len(orders.placed)
    gates = np.stack(
        [
            payments.passed,
            payments.fraud_passed,
            allocation.passed,
            addressing.passed,
            promise.passed,
        ]
    )
    ready = after(
        gates.max(axis=0), 30 + (draws.uniform("floor/ready") * 90).astype(int)
    )

    # lines set aside elsewhere travel in a parcel of their own
    parcel = (allocation.location != allocation.location[0]).astype(np.int64)
    is_split = draws.chance("floor/split", settings.split_share)
    last = orders.has_line.sum(axis=0) - 1
    for line in range(1, LINES):
        own = is_split & (last == line) & (orders.fulfillment == SHIP)
        parcel[line] = np.where(own & (parcel.max(axis=0) == 0), 1, parcel[line])

    shape = (PARCELS, count)
    listed, empty, mended = (np.full(shape, NEVER, dtype=np.int64) for _ in range(3))
    picked, packed, labeled, shipped = (
        np.full(shape, NEVER, dtype=np.int64) for _ in range(4)
    )
    location = np.stack([allocation.location[0], FALLBACKS[orders.home]])
    location[1] = np.where(
        (parcel * (allocation.location != allocation.location[0])).max(axis=0) > 0,
        np.where(
            allocation.location[0] == orders.home, FALLBACKS[orders.home], orders.home
        ),
        allocation.location[0],
    )
    for number in range(PARCELS):
        key = f"floor/{number}"
        has_goods = (orders.has_line & (parcel == number)).any(axis=0)
        start = when(has_goods & orders.needs_stock, ready)
        if number:
            start = after(
                start, settings.split_delay.whole(draws.uniform("floor/split delay"))
            )
        wait = by_segment(settings.queue, location[number], draws.uniform(f"{key}/q"))
        listed[number] = calendar.into_hours(
            after(start, wait), settings.opens_hour, settings.closes_hour
        )
        is_empty = draws.chance(f"{key}/empty", STOCK.shelf_empty_share)
        is_empty &= (orders.fulfillment == SHIP) & ~orders.has_line[1]
        empty[number] = after(when(is_empty, listed[number]), 700)
        mended[number] = calendar.into_hours(
            after(
                empty[number],
                STOCK.shelf_recovery.whole(draws.uniform(f"{key}/mended")),
            ),
            settings.opens_hour,
            settings.closes_hour,
        )
        began = np.where(is_empty, after(mended[number], 600), listed[number])
        picked[number] = after(began, settings.pick.whole(draws.uniform(f"{key}/pick")))
        packed[number] = after(
            picked[number], settings.pack.whole(draws.uniform(f"{key}/pack"))
        )
        labeled[number] = after(
            when(orders.fulfillment == SHIP, packed[number]),
            settings.label.whole(draws.uniform(f"{key}/label")),
        )
        missed = draws.chance(f"{key}/missed", settings.missed_collection_share)
        shipped[number] = after(
            calendar.next_collection(
                after(labeled[number], missed * DAY), settings.collection_hour
            ),
            settings.collection.whole(draws.uniform(f"{key}/collection")) + 60,
        )
        location[number] = np.where(
            is_empty, FALLBACKS[location[number]], location[number]
        )

    cancellation = _cancel(
        orders, payments, allocation, addressing, listed, labeled, packed, draws
    )
    quantity, line_stopped = _cancel_lines(
        orders, allocation, parcel, listed, cancellation.at, draws
    )
    carrier = np.zeros(shape, dtype=np.int64)
    for number in range(PARCELS):
        taste = draws.uniform(f"carrier/{number}")
        for distance, mix in enumerate(DELIVERY.carrier_weights):
            rows = orders.distance == distance
            carrier[number, rows] = mix.codes(taste[rows])
        carrier[number, orders.plan.is_export] = EXPORT_CARRIER
    goods = np.stack(
        [np.where(parcel == number, quantity, 0) for number in range(PARCELS)]
    )
    has_goods = goods.sum(axis=1) > 0
    in_time = cancellation.at > shipped
    return Fulfillment(
        ready=ready,
        parcel=parcel,
        goods=goods,
        location=location,
        carrier=carrier,
        listed=np.where(has_goods, listed, NEVER),
        empty=np.where(has_goods, empty, NEVER),
        mended=np.where(has_goods, mended, NEVER),
        picked=np.where(has_goods, picked, NEVER),
        packed=np.where(has_goods, packed, NEVER),
        labeled=np.where(has_goods, labeled, NEVER),
        shipped=np.where(has_goods & in_time, shipped, NEVER),
        cancelled_units=orders.quantity - quantity,
        line_cancelled=line_stopped,
        cancellation=cancellation,
        shipment_id=tuple(
            joined("sh-", orders.order_id, f"-{number + 1}")
            for number in range(PARCELS)
        ),
        tracking_number=tuple(
            text(
                70_000_000_000
                + 7 * (FIRST_ORDER_NUMBER + draws.first + np.arange(count))
                + number
            )
            for number in range(PARCELS)
        ),
    )


def record_fulfillment(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    fulfillment: Fulfillment,
    journal: Journal,
) -> None:
    """Record handoffs, picks, packs, labels, dispatches, and cancellations."""
    stop = fulfillment.cancellation.at
    parcels = (fulfillment.goods.sum(axis=1) > 0).sum(axis=0)
    order: Fields = {"order_id": orders.order_id}
    for number in range(PARCELS):
        handoff = joined(orders.order_id, f"-F{number + 1}")
        where = labels(fulfillment.location[number], PLACES)
        goods = fulfillment.goods[number]
        has_goods = goods.sum(axis=0) > 0
        here = {**order, "fulfillment_order_id": handoff}
        slot: Fields = {"slot": str(number)}
        floor: Fields = {"source": WMS, "feed": "batch", "until": stop}
        shipment = {**order, "shipment_id": fulfillment.shipment_id[number]}
        journal.record(
            "orders",
            "fulfillment_ready",
            at=fulfillment.ready,
            where=has_goods & orders.needs_stock,
            source=OMS,
            until=stop,
            **slot,
            **here,
            location_id=where,
            is_payment_gate_passed=True,
            is_fraud_gate_passed=True,
            is_inventory_gate_passed=True,
            is_address_gate_passed=True,
            is_promise_gate_passed=True,
        )
        journal.record(
            "orders",
            "pick_list_created",
            at=fulfillment.listed[number],
            **floor,
            **slot,
            **here,
            pick_list_id=joined("pl-", handoff),
            location_id=where,
        )
        for line in range(LINES):
            has_line = goods[line] > 0
            item = {**here, "order_line_id": orders.line_id[line], "location_id": where}
            spot: Fields = {"slot": f"{number}{line}", **floor}
            journal.record(
                "orders",
                "item_picked",
                at=after(fulfillment.picked[number], line * 40),
                where=has_line,
                **spot,
                **item,
                sku=labels(orders.sku[line], SKUS),
                quantity=goods[line],
            )
            journal.record(
                "orders",
                "item_packed",
                at=after(fulfillment.packed[number], line * 25),
                where=has_line,
                **spot,
                **item,
                quantity=goods[line],
                shipment_id=Partly(
                    fulfillment.shipment_id[number], orders.fulfillment == SHIP
                ),
            )
        label: Fields = {
            "carrier": labels(fulfillment.carrier[number], COURIERS),
            "tracking_number": fulfillment.tracking_number[number],
            "parcel_no": number + 1 if number == 0 else parcels,
            "parcel_count": parcels,
            "location_id": where,
        }
        journal.record(
            "orders",
            "label_created",
            at=after(fulfillment.labeled[number], 110),
            **floor,
            **slot,
            **shipment,
            **label,
            service_level="surface" if number else "express",
        )
        journal.record(
            "orders",
            "shipment_shipped",
            at=fulfillment.shipped[number],
            source=WMS,
            feed="batch",
            **slot,
            **shipment,
            **label,
            lines=Raw(line_list(orders, goods)),
            is_partial=parcels > 1,
            node_type=labels(fulfillment.location[number], KINDS),
        )
    _record_empty_shelf(orders, allocation, fulfillment, journal)
    _record_cancellations(orders, payments, allocation, fulfillment, journal)


def _cancel(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    addressing: Addressing,
    listed: Integers,
    labeled: Integers,
    packed: Integers,
    draws: Draws,
) -> Cancellation:
    """Find what stops each order first, if anything does before it leaves."""
    settings = CANCELLING
    wish = after(
        when(draws.chance("cancel/wish", settings.share), orders.placed),
        settings.moment.whole(draws.uniform("cancel/moment")),
    )
    # after the label is printed it is too late to change one's mind
    leaves = np.where(
        orders.fulfillment == DIGITAL_ONLY,
        payments.passed,
        np.where(orders.fulfillment == SHIP, labeled, packed).min(axis=0),
    )
    wish = when(wish < leaves, wish)
    causes = np.stack(
        [
            wish,
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
            at >= packed.min(axis=0),
            at >= listed.min(axis=0),
            at >= np.where(orders.needs_stock, allocation.passed, NEVER),
            at >= np.where(payments.captured < NEVER, payments.captured, NEVER),
        ],
        [5, 4, 2, 1],
        0,
    )
    return Cancellation(at=at, reason=reason, stage=stage)


def _cancel_lines(
    orders: Orders,
    allocation: Allocation,
    parcel: Integers,
    listed: Integers,
    stop: Integers,
    draws: Draws,
) -> tuple[Integers, Integers]:
    """Take back the second line, or a unit of the first; return what is left, when."""
    settings = CANCELLING
    quantity = orders.quantity.copy()
    stopped = np.full(quantity.shape, NEVER, dtype=np.int64)
    at = after(orders.placed, settings.moment.whole(draws.uniform("cancel/line at")))
    at = when(orders.needs_stock, at)
    fate = draws.uniform("cancel/line")
    for line, share, is_whole in (
        (1, settings.line_share, True),
        (0, settings.unit_share, False),
    ):
        starts = np.take_along_axis(listed, parcel[line][None, :], axis=0)[0]
        goes = (quantity[line] > (0 if is_whole else 1)) & (fate < share)
        goes &= (at > allocation.passed) & (at < starts) & (at < stop)
        quantity[line] = np.where(
            goes, 0 if is_whole else quantity[line] - 1, quantity[line]
        )
        stopped[line] = when(goes, at)
        fate = np.where(goes, 1.0, fate)
    return quantity, stopped


def _record_empty_shelf(
    orders: Orders, allocation: Allocation, fulfillment: Fulfillment, journal: Journal
) -> None:
    """Record goods that were in the books but not on the shelf (one-line orders)."""
    old = labels(allocation.location[0], PLACES)
    new = labels(fulfillment.location[0], PLACES)
    old_id = reservation_id(orders, 0, allocation.attempt[0])
    empty = fulfillment.empty[0]
    common: Fields = {
        "until": fulfillment.cancellation.at,
        "source": OMS,
        "slot": "shelf",
    }
    item: Fields = {
        "order_id": orders.order_id,
        "order_line_id": orders.line_id[0],
        "sku": labels(orders.sku[0], SKUS),
    }
    units: Fields = {"quantity": orders.quantity[0]}
    journal.record(
        "orders",
        "sku_unavailable",
        at=empty,
        source=WMS,
        until=fulfillment.cancellation.at,
        **item,
        location_id=old,
        discovery_stage="pick",
        reservation_id=old_id,
        requested_quantity=orders.quantity[0],
        available_quantity=0,
    )
    journal.record(
        "orders",
        "inventory_reservation_released",
        at=after(empty, 20),
        **common,
        **item,
        **units,
        reservation_id=old_id,
        location_id=old,
        release_cause="reallocated",
    )
    journal.record(
        "orders",
        "allocation_fallback_triggered",
        at=after(empty, 30),
        **common,
        **item,
        **units,
        from_location_id=old,
        to_location_id=new,
        reason_code="sku_unavailable",
        fallback_no=2,
    )
    journal.record(
        "orders",
        "inventory_reserved",
        at=fulfillment.mended[0],
        **common,
        **item,
        **units,
        location_id=new,
        reservation_id=reservation_id(orders, 0, allocation.attempt[0] + 1),
        attempt_no=allocation.attempt[0] + 1,
    )


def _record_cancellations(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    fulfillment: Fulfillment,
    journal: Journal,
) -> None:
    """Record whole and partial cancellations and what they set free."""
    stop = fulfillment.cancellation
    order: Fields = {"order_id": orders.order_id}
    owed = refund_due(payments, stop.at)
    journal.record(
        "orders",
        "order_cancelled",
        at=stop.at,
        source=SHOP,
        **order,
        reason_code=labels(
            stop.reason, (*CANCELLING.reasons.labels, *CANCELLING.system_reasons)
        ),
        cancellation_stage=labels(stop.stage, CANCELLING.stages),
        is_partial=False,
        refund_due_minor=Partly(owed, owed > 0),
        currency=Partly(orders.currency, owed > 0),
    )
    for line in range(LINES):
        here = {**order, "order_line_id": orders.line_id[line]}
        units: Fields = {"quantity": fulfillment.cancelled_units[line]}
        at = fulfillment.line_cancelled[line]
        due = fulfillment.cancelled_units[line] * orders.unit_paid[line]
        is_owed = (payments.captured < at) & (orders.mode == PREPAID)
        journal.record(
            "orders",
            "order_cancelled",
            at=at,
            source=SHOP,
            slot=f"line{line}",
            **here,
            **units,
            reason_code="customer_request",
            cancellation_stage="reserved",
            is_partial=True,
            refund_due_minor=Partly(due, is_owed),
            currency=Partly(orders.currency, is_owed),
        )
        is_moved = (line == 0) & (fulfillment.mended[0] < stop.at)
        is_between = (line == 0) & (fulfillment.empty[0] < stop.at) & ~is_moved
        item: Fields = {
            **here,
            "reservation_id": reservation_id(
                orders, line, allocation.attempt[line] + is_moved
            ),
            "sku": labels(orders.sku[line], SKUS),
        }
        number = fulfillment.parcel[line]
        left = np.take_along_axis(fulfillment.shipped, number[None, :], axis=0)[0]
        held = allocation.reserved[line] < np.minimum(stop.at, left)
        held &= ~is_between
        place = labels(
            np.take_along_axis(fulfillment.location, number[None, :], axis=0)[0], PLACES
        )
        rest = orders.quantity[line] - fulfillment.cancelled_units[line]
        # one unit less keeps the hold; it ends as a whole when the rest leaves
        journal.record(
            "orders",
            "inventory_reservation_released",
            at=after(at, 15),
            source=OMS,
            where=rest == 0,
            slot=f"line{line}",
            **item,
            **units,
            location_id=place,
            release_cause="cancelled",
        )
        journal.record(
            "orders",
            "inventory_reservation_released",
            at=after(stop.at, 40),
            source=OMS,
            where=held & (rest > 0),
            slot=f"all{line}",
            **item,
            quantity=rest,
            location_id=place,
            release_cause="cancelled",
        )
        journal.record(
            "orders",
            "inventory_reservation_released",
            at=after(left, 30),
            source=OMS,
            where=rest > 0,
            slot=f"sent{line}",
            **item,
            quantity=rest,
            location_id=place,
            release_cause="shipped",
        )


def refund_due(payments: Payments, at: Integers) -> Integers:
    """Return what a whole cancellation at a moment leaves owed, minor units."""
    return np.where(payments.captured < at, payments.first_part, 0)


@dataclass(frozen=True)
class Cancellation:
    """When a whole order is stopped, why (a code) and how far it had come."""

    at: Integers
    reason: Integers
    stage: Integers


@dataclass(frozen=True)
class Fulfillment:
    """Parcels of a block; arrays are (parcel, order), moments in seconds.

    Attributes:
        parcel: Parcel of each line, (line, order).
        goods: Units in each parcel, (parcel, line, order).
        cancelled_units: Units taken back before picking, (line, order).
        line_cancelled: When they were, (line, order).
    """

    ready: Integers
    parcel: Integers
    goods: Integers
    location: Integers
    carrier: Integers
    listed: Integers
    empty: Integers
    mended: Integers
    picked: Integers
    packed: Integers
    labeled: Integers
    shipped: Integers
    cancelled_units: Integers
    line_cancelled: Integers
    cancellation: Cancellation
    shipment_id: tuple[Text, ...]
    tracking_number: tuple[Text, ...]

    @property
    def has_goods(self) -> Flags:
        """Whether the parcel holds anything."""
        held: Flags = self.goods.sum(axis=1) > 0
        return held
