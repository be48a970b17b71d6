"""From goods set aside to parcels handed over, and the orders stopped on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import CARRIERS, EXPORT_CARRIER, SKU_SIZE
from ingestion.simulator.draws import (
    Draws,
    Flags,
    Integers,
    Quantiles,
    by_segment,
)
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.calendar import Calendar
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import (
    Fields,
    Partly,
    Raw,
    Text,
    joined,
    labels,
    text,
)
from ingestion.simulator.shoppers.baskets import LINES, SKUS
from ingestion.simulator.shoppers.placing import (
    FIRST_ORDER_NUMBER,
    PREPAID,
    SHOP,
    Orders,
    line_list,
)
from ingestion.simulator.shoppers.pricing import SHIP
from ingestion.simulator.warehouse.addressing import Addressing
from ingestion.simulator.warehouse.allocating import (
    FALLBACKS,
    KINDS,
    OMS,
    PLACES,
    Allocation,
    Promise,
    reservation_id,
)
from ingestion.simulator.warehouse.cancelling import (
    Cancellation,
    Work,
    stop_orders,
    take_lines_back,
)

PARCELS = 2
"""Most parcels of an order."""

MISSES = 2
"""Most collections a parcel misses."""

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
    settings = orders.world.floor
    gates = np.stack(
        [
            payments.passed,
            payments.fraud_passed,
            allocation.passed,
            addressing.passed,
            promise.passed,
        ]
    )
    handed = 30 + (draws.uniform("floor/ready") * 90).astype(np.int64)
    ready = after(gates.max(axis=0), handed)
    held, freed = _hold(orders, ready, draws)
    # a stop nobody lifts is worked around
    ready = np.where(freed < NEVER, np.maximum(ready, after(freed, handed)), ready)
    parcel = _pack_into(orders, allocation, draws)
    carrier = _choose_carriers(orders, draws)
    location = _choose_locations(orders, allocation, parcel)
    trips = [
        _work_parcel(
            orders,
            when((orders.has_line & (parcel == number)).any(axis=0), ready),
            parcel == number,
            location[number],
            carrier[number],
            number,
            calendar,
            draws,
        )
        for number in range(PARCELS)
    ]
    floor = Work(
        **{
            name: np.stack([getattr(trip, name) for trip in trips])
            for name in ("listed", "empty", "picked", "packed", "labeled", "shipped")
        }
    )
    cancellation = stop_orders(orders, payments, allocation, addressing, floor, draws)
    stop = cancellation.at
    back = take_lines_back(orders, allocation, parcel, floor, stop, draws)
    goods = np.stack(
        [np.where(parcel == number, back.quantity, 0) for number in range(PARCELS)]
    )
    has_goods = goods.sum(axis=1) > 0
    duplicated = after(
        when(
            orders.needs_stock & draws.chance("floor/twice", settings.duplicate_share),
            ready,
        ),
        settings.duplicate_after.whole(draws.uniform("floor/twice at")),
    )
    return Fulfillment(
        ready=ready,
        held=held,
        freed=freed,
        duplicated=duplicated,
        duplicate_found=after(
            duplicated, settings.duplicate_found.whole(draws.uniform("floor/found"))
        ),
        trips=tuple(trips),
        parcel=parcel,
        goods=goods,
        location=np.stack([trip.location for trip in trips]),
        carrier=carrier,
        listed=when(has_goods, floor.listed),
        empty=when(has_goods, floor.empty),
        mended=when(has_goods, np.stack([trip.mended for trip in trips])),
        picked=when(has_goods, floor.picked),
        packed=when(has_goods, floor.packed),
        labeled=when(has_goods, floor.labeled),
        shipped=when(has_goods & (stop > floor.shipped), floor.shipped),
        cancelled_units=orders.quantity - back.quantity,
        line_cancelled=back.at,
        is_short=back.is_short,
        cancellation=cancellation,
        shipment_id=tuple(
            joined("sh-", orders.order_id, f"-{number + 1}")
            for number in range(PARCELS)
        ),
        tracking_number=tuple(
            text(
                70_000_000_000
                + 7 * (FIRST_ORDER_NUMBER + draws.first + np.arange(len(ready)))
                + number
            )
            for number in range(PARCELS)
        ),
    )


def _hold(orders: Orders, ready: Integers, draws: Draws) -> tuple[Integers, Integers]:
    """Let people stop a few orders by hand; return when, and until when."""
    settings = orders.world.floor.holds
    is_held = orders.needs_stock & draws.chance("hold", settings.by_hand_share)
    held = after(
        when(is_held, orders.placed),
        settings.by_hand_after.whole(draws.uniform("hold/at")),
    )
    held = when(held < ready, held)
    is_lifted = draws.chance("hold/lifted", 1 - settings.forgotten_share)
    wait = settings.by_hand.whole(draws.uniform("hold/wait"))
    return held, after(when(is_lifted, held), wait)


def _pack_into(orders: Orders, allocation: Allocation, draws: Draws) -> Integers:
    """Return the parcel of each line, (line, order)."""
    # lines set aside elsewhere travel in a parcel of their own
    parcel: Integers = (allocation.location != allocation.location[0]).astype(np.int64)
    is_split = draws.chance("floor/split", orders.world.floor.split_share)
    last = orders.has_line.sum(axis=0) - 1
    for line in range(1, LINES):
        own = is_split & (last == line) & (orders.fulfillment == SHIP)
        parcel[line] = np.where(own & (parcel.max(axis=0) == 0), 1, parcel[line])
    return parcel


def _choose_locations(
    orders: Orders, allocation: Allocation, parcel: Integers
) -> Integers:
    """Return where each parcel is packed, (parcel, order)."""
    first = allocation.location[0]
    is_elsewhere = (parcel * (allocation.location != first)).max(axis=0) > 0
    other = np.where(first == orders.home, FALLBACKS[orders.home], orders.home)
    return np.stack([first, np.where(is_elsewhere, other, first)])


def _choose_carriers(orders: Orders, draws: Draws) -> Integers:
    """Return who is to carry each parcel, (parcel, order)."""
    carrier = np.zeros((PARCELS, len(orders.placed)), dtype=np.int64)
    for number in range(PARCELS):
        taste = draws.uniform(f"carrier/{number}")
        for distance, mix in enumerate(orders.world.delivery.carrier_weights):
            rows = orders.distance == distance
            carrier[number, rows] = mix.codes(taste[rows])
        carrier[number, orders.plan.is_export] = EXPORT_CARRIER
    return carrier


def _work_parcel(
    orders: Orders,
    ready: Integers,
    is_inside: Flags,
    location: Integers,
    carrier: Integers,
    number: int,
    calendar: Calendar,
    draws: Draws,
) -> Trip:
    """Take the parcels with one number over the floor and out of the gate."""
    settings, stock = orders.world.floor, orders.world.stock
    key = f"floor/{number}"

    def draw(stream: str, table: Quantiles) -> Integers:
        return table.whole(draws.uniform(f"{key}/{stream}"))

    def open_at(moments: Integers, stream: str) -> Integers:
        return calendar.into_hours(
            moments,
            settings.opens_hour,
            settings.closes_hour,
            draw(stream, settings.after_opening),
        )

    ships = orders.fulfillment == SHIP
    start = when(orders.needs_stock, ready)
    if number:
        start = after(start, draw("split delay", settings.split_delay))
    crowding = 1 + settings.queue_load_slope * np.maximum(orders.plan.load - 1, 0)
    wait = by_segment(settings.queue, location, draws.uniform(f"{key}/q"))
    listed = open_at(after(start, (wait * crowding).astype(np.int64)), "turn")
    idle = np.where(listed < NEVER, listed - start, 0)
    assigned = after(
        when(draws.chance(f"{key}/assigned", settings.assigned_share), start),
        (idle * draws.uniform(f"{key}/assigned at")).astype(np.int64),
    )
    is_empty = draws.chance(f"{key}/empty", stock.shelf_empty_share)
    is_empty &= ships & ~orders.has_line[1]
    empty = after(when(is_empty, listed), 700)
    mended = open_at(after(empty, draw("mended", stock.shelf_recovery)), "mended turn")
    location = np.where(is_empty, FALLBACKS[location], location)
    began = np.where(is_empty, after(mended, 600), listed)
    picked = after(began, draw("pick", settings.pick))

    share = np.array(settings.check_share)[location] * np.where(
        SKU_SIZE[orders.sku] >= 0, settings.check_sized_factor, 1.0
    )
    lots = np.stack([draws.uniform(f"{key}/check/{line}") for line in range(LINES)])
    is_wrong = is_inside & orders.has_line & (lots < share)
    repick = np.where(is_wrong.any(axis=0), draw("repick", settings.repick), 0)
    packed = after(picked, draw("pack", settings.pack) + repick)
    labeled = after(when(ships, packed), draw("label", settings.label) + 110)
    printed = after(labeled, draw("print", settings.print))

    collected = calendar.next_collection(printed, settings.collection_hour)
    share = np.array(settings.missed_collection)[carrier]
    missed = []
    for again in range(MISSES):
        fails = draws.chance(f"{key}/missed/{again}", share)
        missed.append(
            after(
                when(fails, collected),
                draw(f"missed known/{again}", settings.missed_known),
            )
        )
        later = calendar.next_collection(collected, settings.collection_hour)
        collected = np.where(fails, later, collected)
        share = np.where(fails, settings.missed_again, 0.0)
    cutoff = calendar.next_collection(
        after(when(ships, start), int(settings.cutoff_hours * 3600)),
        settings.collection_hour,
    )
    return Trip(
        location=location,
        assigned=assigned,
        listed=listed,
        empty=empty,
        mended=mended,
        picked=picked,
        is_wrong=is_wrong,
        packed=packed,
        cutoff=when(labeled > cutoff, cutoff),
        labeled=labeled,
        printed=printed,
        missed=tuple(missed),
        shipped=after(collected, draw("collection", settings.collection) + 60),
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
                short_quantity=Partly(
                    fulfillment.cancelled_units[line], fulfillment.is_short[line]
                ),
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
            at=fulfillment.labeled[number],
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
    _record_cancellations(orders, payments, allocation, fulfillment, journal)


def _record_cancellations(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    fulfillment: Fulfillment,
    journal: Journal,
) -> None:
    """Record whole and partial cancellations and what they set free."""
    stop = fulfillment.cancellation
    cancelling = orders.world.cancelling
    order: Fields = {"order_id": orders.order_id}
    owed = refund_due(payments, stop.at)
    journal.record(
        "orders",
        "order_cancelled",
        at=stop.at,
        source=SHOP,
        **order,
        reason_code=labels(
            stop.reason, (*cancelling.reasons.labels, *cancelling.system_reasons)
        ),
        cancellation_stage=labels(stop.stage, cancelling.stages),
        is_partial=False,
        refund_due_minor=Partly(owed, owed > 0),
        currency=Partly(orders.currency, owed > 0),
    )
    for line in range(LINES):
        here = {**order, "order_line_id": orders.line_id[line]}
        units: Fields = {"quantity": fulfillment.cancelled_units[line]}
        at = fulfillment.line_cancelled[line]
        is_short = fulfillment.is_short[line].astype(np.int64)
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
            reason_code=labels(is_short, ("customer_request", "out_of_stock")),
            cancellation_stage=labels(is_short, ("reserved", "picking")),
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
class Trip:
    """One parcel's way over the floor, were nothing to stop it; moments in seconds.

    Attributes:
        location: Where it is packed in the end.
        empty: When the picker stands before an empty shelf.
        mended: When another location has set the goods aside.
        is_wrong: Whether the check found a mistake in a line, (line, order).
        cutoff: The dispatch it should have made and did not.
        missed: When each collection that failed was given up.
    """

    location: Integers
    assigned: Integers
    listed: Integers
    empty: Integers
    mended: Integers
    picked: Integers
    is_wrong: Flags
    packed: Integers
    cutoff: Integers
    labeled: Integers
    printed: Integers
    missed: tuple[Integers, ...]
    shipped: Integers


@dataclass(frozen=True)
class Fulfillment:
    """Parcels of a block; arrays are (parcel, order), moments in seconds.

    Attributes:
        held: Per order, when somebody stops it by hand, and when that is lifted
            (``freed``).
        duplicated: Per order, when it is handed over a second time by mistake.
        trips: Way of each parcel over the floor.
        parcel: Parcel of each line, (line, order).
        goods: Units in each parcel, (parcel, line, order).
        cancelled_units: Units taken back before picking, (line, order).
        line_cancelled: When they were, (line, order).
        is_short: Whether they were missing on the shelf, (line, order).
    """

    ready: Integers
    held: Integers
    freed: Integers
    duplicated: Integers
    duplicate_found: Integers
    trips: tuple[Trip, ...]
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
    is_short: Flags
    cancellation: Cancellation
    shipment_id: tuple[Text, ...]
    tracking_number: tuple[Text, ...]

    @property
    def has_goods(self) -> Flags:
        """Whether the parcel holds anything."""
        held: Flags = self.goods.sum(axis=1) > 0
        return held
