"""To the customer: parcels, counters, downloads, and the cash from the door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import AREAS
from ingestion.simulator.draws import Draws, Integers, by_segment
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.calendar import Calendar
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, joined, labels, text
from ingestion.simulator.road.carrying import Parcel, carry
from ingestion.simulator.road.tracking import TRACKER, record_parcel
from ingestion.simulator.shoppers.baskets import LINES, SKUS
from ingestion.simulator.shoppers.placing import (
    FULFILLMENTS,
    MODES,
    PREPAID,
    SHOP,
    Orders,
)
from ingestion.simulator.shoppers.pricing import DIGITAL_ONLY, PICKUP
from ingestion.simulator.warehouse.allocating import PLACES, Promise
from ingestion.simulator.warehouse.fulfilling import (
    COURIERS,
    PARCELS,
    WMS,
    Fulfillment,
)

CLEARED_SECONDS = 7200
"""From a pickup's expiry to its goods on the shelf."""


def deliver_orders(
    orders: Orders,
    payments: Payments,
    promise: Promise,
    fulfillment: Fulfillment,
    calendar: Calendar,
    draws: Draws,
) -> Delivery:
    """Bring a block's parcels to the door, the counter, or back."""
    settings = orders.world.delivery
    parcels = tuple(
        carry(orders, promise, fulfillment, number, calendar, draws)
        for number in range(PARCELS)
    )
    cash = _cash_due(orders, fulfillment)
    collected, remitted = [], []
    for number, parcel in enumerate(parcels):
        money = after(
            when((cash[number] > 0) & ~parcel.is_false, parcel.delivered),
            settings.cod_collection.whole(draws.uniform(f"cod/collection/{number}")),
        )
        collected.append(money)
        carrier = fulfillment.carrier[number]
        remitted.append(
            calendar.on_weekday(
                after(
                    money,
                    by_segment(
                        settings.remittance,
                        carrier,
                        draws.uniform(f"cod/sent/{number}"),
                    ),
                ),
                np.array(settings.remittance_weekdays)[carrier],
            )
        )
    is_pickup = orders.fulfillment == PICKUP
    stop = fulfillment.cancellation.at
    ready = after(when(is_pickup, fulfillment.packed[0]), 1200)
    ready = when(ready < stop, ready)
    wait = settings.pickup_wait.whole(draws.uniform("pickup/wait"))
    came = calendar.into_hours(
        after(ready, wait),
        settings.pickup_opens_hour,
        settings.pickup_closes_hour,
        settings.pickup_after_opening.whole(draws.uniform("pickup/opening")),
    )
    expiry = after(ready, settings.pickup_expiry_days * DAY)
    overdue = after(ready, settings.pickup_flagged_days * DAY + 3600)
    downloaded = after(
        when(
            orders.fulfillment == DIGITAL_ONLY,
            np.maximum(payments.passed, payments.fraud_passed),
        ),
        25,
    )
    return Delivery(
        parcels=parcels,
        cash=cash,
        collected=np.stack(collected),
        remitted=np.stack(remitted),
        pickup_ready=ready,
        picked_up=when(came < expiry, came),
        no_show=when(np.minimum(came, expiry) > overdue, overdue),
        pickup_expired=when(came >= expiry, expiry),
        downloaded=when(downloaded < stop, downloaded),
    )


def record_delivery(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record what carriers, counters and download pages report."""
    settings = orders.world.delivery
    for number, parcel in enumerate(delivery.parcels):
        record_parcel(orders, fulfillment, number, parcel, draws, journal)
        _record_cash(orders, fulfillment, delivery, number, draws, journal)
        _keep_parcel(orders, fulfillment, delivery, number, parcel, journal)
    _keep_stages(orders, fulfillment, delivery, journal)
    order: Fields = {"order_id": orders.order_id}
    handoff = {**order, "fulfillment_order_id": joined(orders.order_id, "-F1")}
    counter: Fields = {
        "source": f"pos:{ACCOUNT}",
        "location_id": labels(orders.home, PLACES),
    }
    journal.record(
        "orders",
        "pickup_ready",
        at=delivery.pickup_ready,
        **counter,
        **handoff,
        pickup_by_at=after(delivery.pickup_ready, settings.pickup_expiry_days * DAY),
        is_customer_notified=True,
    )
    journal.record(
        "orders",
        "pickup_no_show_flagged",
        at=delivery.no_show,
        **counter,
        **handoff,
        waiting_days=settings.pickup_flagged_days,
    )
    journal.record(
        "orders",
        "pickup_collected",
        at=delivery.picked_up,
        **counter,
        **handoff,
        is_otp_verified=True,
    )
    journal.record(
        "orders",
        "pickup_expired",
        at=delivery.pickup_expired,
        **counter,
        **handoff,
        waiting_days=settings.pickup_expiry_days,
    )
    for line in range(LINES):
        journal.record(
            "orders",
            "order_cancelled",
            at=after(delivery.pickup_expired, 60),
            where=fulfillment.goods[0, line] > 0,
            source=SHOP,
            slot=f"pickup{line}",
            **order,
            order_line_id=orders.line_id[line],
            quantity=fulfillment.goods[0, line],
            cancellation_no=2,
            reason_code="pickup_expired",
            cancellation_stage="packed",
        )
        journal.record(
            "returns",
            "inventory_restocked",
            at=after(delivery.pickup_expired, CLEARED_SECONDS),
            where=fulfillment.goods[0, line] > 0,
            source=WMS,
            feed="batch",
            slot=f"pickup{line}",
            movement_id=joined("mv-", orders.line_id[line], "-x"),
            sku=labels(orders.sku[line], SKUS),
            location_id=labels(orders.home, PLACES),
            quantity=fulfillment.goods[0, line],
            restock_cause="pickup_expired",
            order_line_id=orders.line_id[line],
        )
    journal.record(
        "orders",
        "digital_order_fulfilled",
        at=delivery.downloaded,
        source=SHOP,
        **order,
    )
    # marketplaces mirror a status of their own
    first = delivery.parcels[0]
    for status, before, at in (
        ("preparing", "received", fulfillment.ready),
        ("shipped", "preparing", after(first.shipped, 300)),
        ("done", "shipped", after(when(~first.is_false, first.delivered), 600)),
    ):
        journal.record(
            "orders",
            "order_status_changed",
            at=at,
            where=orders.channel == 2,
            until=fulfillment.cancellation.at,
            source=f"marketplace:{ACCOUNT}",
            slot=status,
            **order,
            order_status=status,
            previous_order_status=before,
            is_customer_notified=status != "preparing",
        )


def _cash_due(orders: Orders, fulfillment: Fulfillment) -> Integers:
    """Return what each parcel has to collect at the door, minor units."""
    value = (fulfillment.goods * orders.unit_paid[None]).sum(axis=1)
    whole = value.sum(axis=0) + orders.shipping
    due = np.where(
        orders.mode == PREPAID, 0, np.maximum(whole - orders.prepaid_part, 0)
    )
    second = due * value[1] // np.maximum(whole, 1)
    return np.stack([due - second, second])


def _record_cash(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    number: int,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the cash taken at the door and handed on by the carrier."""
    settings = orders.world.delivery
    carrier = labels(fulfillment.carrier[number], COURIERS)
    shipment: Fields = {
        "shipment_id": fulfillment.shipment_id[number],
        "carrier": carrier,
    }
    slot: Fields = {"slot": str(number)}
    cash = delivery.cash[number]
    journal.record(
        "payments",
        "cod_collected",
        at=delivery.collected[number],
        source=TRACKER,
        feed="scan",
        **slot,
        order_id=orders.order_id,
        **shipment,
        amount_minor=cash,
        currency=orders.currency,
        collection_mode=labels(
            draws.chance(f"cod/upi/{number}", settings.door_upi_share).astype(int),
            ("cash", "upi"),
        ),
    )
    bare = cash * settings.remittance_fee_basis_points // 10000
    tax = bare * orders.world.payments.fee_tax_percent // 100
    paid = delivery.remitted[number]
    journal.record(
        "payments",
        "cod_remitted",
        at=paid,
        source=TRACKER,
        feed="batch",
        **slot,
        **shipment,
        settlement_id=joined("rem-", carrier, "-", text(paid // DAY)),
        gross_minor=cash,
        fee_minor=bare + tax,
        fee_tax_minor=tax,
        net_minor=cash - bare - tax,
        currency=orders.currency,
    )


def _keep_parcel(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    number: int,
    parcel: Parcel,
    journal: Journal,
) -> None:
    """Keep what became of each parcel sent, whoever hears of it.

    ``lost_at`` is when the carrier wrote it off: lost or destroyed. A parcel lost and
    found again has ``delivered_at`` after it. ``received_at`` is missing where the
    delivery was only claimed.
    """
    regions = (*(area.region for area in AREAS), "unknown")
    journal.truth.record(
        "parcels",
        where=parcel.shipped < NEVER,
        shipment_id=fulfillment.shipment_id[number],
        order_id=orders.order_id,
        carrier=labels(fulfillment.carrier[number], COURIERS),
        region=labels(
            np.where(orders.plan.is_export, len(AREAS), orders.plan.area), regions
        ),
        postal_code=Partly(orders.postal_code, ~orders.plan.is_export),
        payment_mode=labels(orders.mode, MODES),
        shipped_at=parcel.shipped,
        first_attempt_at=parcel.first_attempt,
        is_late_first_attempt=parcel.is_late,
        delivered_at=parcel.delivered,
        received_at=parcel.received,
        rto_initiated_at=parcel.back,
        rto_delivered_at=parcel.returned,
        lost_at=parcel.written_off,
        damaged_at=parcel.damaged,
        is_false_delivery=parcel.is_false,
        attempts=parcel.last_attempt,
        cash_minor=delivery.cash[number],
        collected_at=delivery.collected[number],
        remitted_at=delivery.remitted[number],
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


def _keep_stages(
    orders: Orders, fulfillment: Fulfillment, delivery: Delivery, journal: Journal
) -> None:
    """Keep when each order really came how far, over all its parcels."""
    stop = fulfillment.cancellation.at
    has_goods = fulfillment.has_goods
    roads = delivery.parcels

    def last(moments: Integers) -> Integers:
        """Return when the last parcel with goods did."""
        latest = np.where(has_goods, moments, -1).max(axis=0)
        return when(latest >= 0, latest)

    received = np.stack([road.received for road in roads])
    at_hand = np.minimum(delivery.picked_up, delivery.downloaded)
    ready, packed = fulfillment.ready, last(fulfillment.packed)
    journal.truth.record(
        "stages",
        order_id=orders.order_id,
        placed_at=orders.placed,
        ready_at=when(ready < stop, ready),
        packed_at=when(packed < stop, packed),
        shipped_at=fulfillment.shipped.min(axis=0),
        last_shipped_at=last(fulfillment.shipped),
        first_attempt_at=np.stack([road.first_attempt for road in roads]).min(axis=0),
        last_first_attempt_at=last(np.stack([road.first_attempt for road in roads])),
        first_delivered_at=delivery.first_received,
        last_delivered_at=np.minimum(last(received), at_hand),
        cancelled_at=stop,
        fulfillment_type=labels(orders.fulfillment, FULFILLMENTS),
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


@dataclass(frozen=True)
class Delivery:
    """How each order reached its customer; cash is (parcel, order), minor units."""

    parcels: tuple[Parcel, ...]
    cash: Integers
    collected: Integers
    remitted: Integers
    pickup_ready: Integers
    picked_up: Integers
    no_show: Integers
    pickup_expired: Integers
    downloaded: Integers

    @property
    def first_received(self) -> Integers:
        """When each order's customer got the first of it."""
        parcels = np.minimum(self.parcels[0].received, self.parcels[1].received)
        return np.minimum(parcels, np.minimum(self.picked_up, self.downloaded))

    def line_delivered(self, fulfillment: Fulfillment, line: int) -> Integers:
        """When a line reached the customer, by parcel or counter."""
        parcel = fulfillment.parcel[line]
        kept = np.where(parcel == 0, self.parcels[0].kept, self.parcels[1].kept)
        is_sent = np.where(
            parcel == 0, fulfillment.goods[0, line], fulfillment.goods[1, line]
        )
        return when(is_sent > 0, np.minimum(kept, self.picked_up))
