"""What goes wrong on the floor, and what the floor does about it."""

from __future__ import annotations

import numpy as np

from ingestion.simulator.draws import Draws, Integers
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import after, when
from ingestion.simulator.record.text import Fields, joined, labels, text
from ingestion.simulator.shoppers.baskets import LINES, SKUS
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.allocating import (
    OMS,
    PLACES,
    Allocation,
    keep_try,
    reservation_id,
)
from ingestion.simulator.warehouse.fulfilling import (
    COURIERS,
    PARCELS,
    WMS,
    Fulfillment,
    Trip,
)

REPRINT_AFTER = 1500
"""Seconds from a collection that failed over its papers to the new label."""


def record_mishaps(
    orders: Orders,
    payments: Payments,
    allocation: Allocation,
    fulfillment: Fulfillment,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record who works on each parcel of a block, and every mistake on the way."""
    _record_duplicates(orders, fulfillment, journal)
    _record_empty_shelf(orders, allocation, fulfillment, draws, journal)
    keep_try(
        orders,
        payments,
        0,
        fulfillment.location[0],
        after(fulfillment.empty[0], 30),
        fulfillment.mended[0],
        orders.nothing,
        fulfillment.cancellation.at,
        journal,
    )
    for number in range(PARCELS):
        _record_handling(orders, fulfillment, number, draws, journal)
        _record_collections(orders, fulfillment, number, draws, journal)


def _record_duplicates(
    orders: Orders, fulfillment: Fulfillment, journal: Journal
) -> None:
    """Record the same goods handed over twice, and the second handover found."""
    common: Fields = {
        "source": OMS,
        "until": fulfillment.cancellation.at,
        "order_id": orders.order_id,
    }
    again = joined(orders.order_id, "-F1R")
    journal.record(
        "orders",
        "fulfillment_ready",
        at=fulfillment.duplicated,
        slot="twice",
        **common,
        fulfillment_order_id=again,
        location_id=labels(fulfillment.location[0], PLACES),
        is_payment_gate_passed=True,
        is_fraud_gate_passed=True,
        is_inventory_gate_passed=True,
        is_address_gate_passed=True,
        is_promise_gate_passed=True,
    )
    journal.record(
        "orders",
        "fulfillment_duplicate_detected",
        at=fulfillment.duplicate_found,
        **common,
        fulfillment_order_id=joined(orders.order_id, "-F1"),
        duplicate_fulfillment_order_id=again,
    )


def _record_empty_shelf(
    orders: Orders,
    allocation: Allocation,
    fulfillment: Fulfillment,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record goods that were in the books but not on the shelf (one-line orders)."""
    settings = orders.world.floor
    old = labels(allocation.location[0], PLACES)
    new = labels(fulfillment.location[0], PLACES)
    old_id = reservation_id(orders, 0, allocation.attempt[0])
    empty = fulfillment.empty[0]
    common: Fields = {"until": fulfillment.cancellation.at, "slot": "shelf"}
    item: Fields = {
        "order_id": orders.order_id,
        "order_line_id": orders.line_id[0],
        "sku": labels(orders.sku[0], SKUS),
    }
    units: Fields = {"quantity": orders.quantity[0]}
    # either the picker reports the bin or the stock desk reports the location
    by_picker = draws.chance("shelf/picker", settings.empty_reported_share)
    reasons = settings.empty_reasons
    journal.record(
        "orders",
        "item_pick_failed",
        at=empty,
        where=by_picker,
        source=WMS,
        feed="batch",
        **common,
        **item,
        fulfillment_order_id=joined(orders.order_id, "-F1"),
        location_id=old,
        requested_quantity=orders.quantity[0],
        short_quantity=orders.quantity[0],
        reason_code=labels(
            reasons.codes(draws.uniform("shelf/reason")), reasons.labels
        ),
        error_code="PICK_SHORT",
    )
    journal.record(
        "orders",
        "sku_unavailable",
        at=empty,
        where=~by_picker,
        source=WMS,
        **common,
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
        source=OMS,
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
        source=OMS,
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
        source=OMS,
        **common,
        **item,
        **units,
        location_id=new,
        reservation_id=reservation_id(orders, 0, allocation.attempt[0] + 1),
        attempt_no=allocation.attempt[0] + 1,
    )


def _record_handling(
    orders: Orders,
    fulfillment: Fulfillment,
    number: int,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record who took the work, what was short, and what the last check found."""
    settings = orders.world.floor
    trip = fulfillment.trips[number]
    has_goods = fulfillment.has_goods[number]
    where = labels(fulfillment.location[number], PLACES)
    handoff: Fields = {
        "source": WMS,
        "feed": "batch",
        "until": fulfillment.cancellation.at,
        "order_id": orders.order_id,
        "fulfillment_order_id": joined(orders.order_id, f"-F{number + 1}"),
    }
    person = draws.uniform(f"staff/{number}") * settings.staff
    journal.record(
        "orders",
        "fulfillment_assigned",
        at=trip.assigned,
        where=has_goods,
        slot=str(number),
        **handoff,
        assignee_key=joined("staff-", where, "-", text(person.astype(np.int64) + 1)),
        location_id=where,
    )
    shorts, errors = settings.short_line_reasons, settings.check_errors
    for line in range(LINES):
        item = {**handoff, "order_line_id": orders.line_id[line]}
        goods = fulfillment.goods[number, line]
        is_gone = fulfillment.is_short[line] & (goods == 0)
        is_gone &= fulfillment.parcel[line] == number
        journal.record(
            "orders",
            "item_pick_failed",
            at=after(fulfillment.picked[number], line * 40),
            where=is_gone,
            slot=f"{number}{line}",
            **item,
            sku=labels(orders.sku[line], SKUS),
            location_id=where,
            requested_quantity=orders.quantity[line],
            short_quantity=orders.quantity[line],
            reason_code=labels(
                shorts.codes(draws.uniform(f"short/{number}/{line}")), shorts.labels
            ),
            error_code="PICK_SHORT",
        )
        error = errors.codes(draws.uniform(f"check/{number}/{line}"))
        journal.record(
            "orders",
            "pick_check_failed",
            at=after(fulfillment.picked[number], line * 40 + 30),
            where=trip.is_wrong[line] & (goods > 0),
            slot=f"{number}{line}",
            **item,
            error_type=labels(error, errors.labels),
            error_code=joined("QC-", text(error + 1)),
            quantity=goods,
        )


def _record_collections(
    orders: Orders,
    fulfillment: Fulfillment,
    number: int,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record dispatches missed, labels printed or dropped, and couriers who fail."""
    settings = orders.world.floor
    trip = fulfillment.trips[number]
    stop = fulfillment.cancellation
    has_goods = fulfillment.has_goods[number]
    where = labels(fulfillment.location[number], PLACES)
    carrier = labels(fulfillment.carrier[number], COURIERS)
    slot: Fields = {"slot": str(number)}
    floor: Fields = {"source": WMS, "feed": "batch", "until": stop.at}
    parcel: Fields = {
        "order_id": orders.order_id,
        "shipment_id": fulfillment.shipment_id[number],
    }
    journal.record(
        "orders",
        "fulfillment_cutoff_missed",
        at=after(trip.cutoff, 300),
        where=has_goods,
        **floor,
        **slot,
        order_id=orders.order_id,
        fulfillment_order_id=joined(orders.order_id, f"-F{number + 1}"),
        cutoff_at=trip.cutoff,
        location_id=where,
        carrier=carrier,
    )
    journal.record(
        "orders",
        "label_printed",
        at=trip.printed,
        where=has_goods,
        **floor,
        **slot,
        **parcel,
    )
    reasons = settings.missed_reasons
    paper = reasons.labels.index("paperwork")
    for again, missed in enumerate(trip.missed):
        reason = reasons.codes(draws.uniform(f"missed/{number}/{again}"))
        journal.record(
            "orders",
            "carrier_pickup_failed",
            at=missed,
            where=has_goods,
            **floor,
            slot=f"{number}{again}",
            **parcel,
            carrier=carrier,
            attempt_no=again + 1,
            location_id=where,
            reason_code=labels(reason, reasons.labels),
            error_code=joined("PU-", text(reason + 30)),
        )
        journal.record(
            "orders",
            "label_printed",
            at=after(when(reason == paper, missed), REPRINT_AFTER),
            where=has_goods,
            **floor,
            slot=f"{number}{again}again",
            **parcel,
        )
    _record_dropped_label(orders, fulfillment, trip, number, parcel, draws, journal)


def _record_dropped_label(
    orders: Orders,
    fulfillment: Fulfillment,
    trip: Trip,
    number: int,
    parcel: Fields,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record labels made in vain, because the order was cancelled after them."""
    settings = orders.world.cancelling
    stop = fulfillment.cancellation
    wait: Integers = settings.label_cancelled.whole(draws.uniform(f"dropped/{number}"))
    # no order is stopped once a parcel of it has left
    is_made = fulfillment.has_goods[number] & (trip.labeled < stop.at)
    journal.record(
        "orders",
        "shipment_cancelled",
        at=after(when(is_made, stop.at), wait),
        source=WMS,
        slot=str(number),
        **parcel,
        reason_code=labels(
            stop.reason, (*settings.reasons.labels, *settings.system_reasons)
        ),
        cost_minor=700 + 150 * orders.distance,
        currency="INR",
    )
