"""On the road: attempts, deliveries, returns to origin, counters, downloads, cash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.allocating import OMS, PLACES, Promise
from ingestion.simulator.calendar import Calendar
from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.fulfilling import (
    COURIERS,
    PARCELS,
    WMS,
    Fulfillment,
)
from ingestion.simulator.journal import (
    DAY,
    NEVER,
    Fields,
    Journal,
    Partly,
    after,
    joined,
    labels,
    text,
    when,
)
from ingestion.simulator.parameters import ACCOUNT, DELIVERY, PROMISES
from ingestion.simulator.paying import Payments
from ingestion.simulator.placing import (
    DIGITAL_ONLY,
    LINES,
    PICKUP,
    PREPAID,
    SHIP,
    SHOP,
    SKUS,
    Orders,
)

ATTEMPTS = 3
TRACKER = f"shiprocket:{ACCOUNT}"


def deliver_orders(
    orders: Orders,
    payments: Payments,
    promise: Promise,
    fulfillment: Fulfillment,
    calendar: Calendar,
    draws: Draws,
) -> Delivery:
    """Bring a block's parcels to the door, the counter, or back."""
    parcels = tuple(
        _carry(orders, promise, fulfillment, number, draws) for number in range(PARCELS)
    )
    cash = _cash_due(orders, fulfillment)
    collected, remitted = [], []
    for number, parcel in enumerate(parcels):
        money = after(
            when((cash[number] > 0) & ~parcel.is_false, parcel.delivered),
            DELIVERY.cod_collection.whole(draws.uniform(f"cod/collection/{number}")),
        )
        collected.append(money)
        carrier = fulfillment.carrier[number]
        remitted.append(
            calendar.on_weekday(
                after(
                    money,
                    by_segment(
                        DELIVERY.remittance,
                        carrier,
                        draws.uniform(f"cod/sent/{number}"),
                    ),
                ),
                np.array(DELIVERY.remittance_weekdays)[carrier],
            )
        )
    is_pickup = orders.fulfillment == PICKUP
    stop = fulfillment.cancellation.at
    ready = after(when(is_pickup, fulfillment.packed[0]), 1200)
    ready = when(ready < stop, ready)
    wait = DELIVERY.pickup_wait.whole(draws.uniform("pickup/wait"))
    came = calendar.into_hours(after(ready, wait), 10, 21)
    expiry = after(ready, DELIVERY.pickup_expiry_days * DAY)
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
        no_show=when(
            np.minimum(came, expiry) > ready + DELIVERY.pickup_flagged_days * DAY,
            after(ready, DELIVERY.pickup_flagged_days * DAY + 3600),
        ),
        pickup_expired=when(came >= expiry, expiry),
        downloaded=when(downloaded < stop, downloaded),
    )


def record_delivery(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record what carriers, counters and download pages report."""
    for number, parcel in enumerate(delivery.parcels):
        _record_parcel(orders, fulfillment, delivery, number, parcel, draws, journal)
    _record_carrier_revisions(orders, promise, fulfillment, draws, journal)
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
        pickup_by_at=after(delivery.pickup_ready, DELIVERY.pickup_expiry_days * DAY),
        is_customer_notified=True,
    )
    journal.record(
        "orders",
        "pickup_no_show_flagged",
        at=delivery.no_show,
        **counter,
        **handoff,
        waiting_days=DELIVERY.pickup_flagged_days,
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
        waiting_days=DELIVERY.pickup_expiry_days,
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
            at=after(delivery.pickup_expired, 7200),
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


def _carry(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    number: int,
    draws: Draws,
) -> Parcel:
    """Carry the parcels with one number from dispatch to their end."""
    settings = DELIVERY
    key = f"road/{number}"
    shipped = fulfillment.shipped[number]
    carrier = fulfillment.carrier[number]
    count = len(shipped)
    speed = draws.uniform(f"{key}/transit")
    transit = np.zeros(count, dtype=np.int64)
    for distance, tables in enumerate(settings.transit):
        rows = orders.distance == distance
        transit[rows] = by_segment(
            (*tables, settings.export_transit), carrier[rows], speed[rows]
        )
    arrived = after(shipped, transit)
    fate = draws.uniform(f"{key}/fate")
    lost_share = np.array(settings.lost_share)[carrier]
    is_lost = fate < lost_share
    is_damaged = ~is_lost & (fate < lost_share + settings.damaged_share)
    lost = after(
        when(is_lost, shipped), settings.lost_after.whole(draws.uniform(f"{key}/lost"))
    )
    damaged = when(is_damaged, arrived)

    is_cod = orders.mode != PREPAID
    failing = np.where(
        is_cod[None, :],
        np.array(settings.failure_cod)[:, None],
        np.array(settings.failure_prepaid)[:, None],
    )
    giving_up = np.where(
        is_cod[None, :],
        np.array(settings.given_up_cod)[:, None],
        np.array(settings.given_up_prepaid)[:, None],
    )
    factor = np.array(settings.carrier_failure_factor)[carrier]
    out = np.full((ATTEMPTS, count), NEVER, dtype=np.int64)
    failed = np.full((ATTEMPTS, count), NEVER, dtype=np.int64)
    delivered = np.full(count, NEVER, dtype=np.int64)
    recalled = np.full(count, NEVER, dtype=np.int64)
    last_attempt = np.zeros(count, dtype=np.int64)
    next_try = when(~is_lost & ~is_damaged, arrived)
    is_late = np.zeros(count, dtype=np.bool_)
    for attempt in range(ATTEMPTS):
        day = next_try // DAY + (next_try % DAY > 10 * 3600)
        at_door = day * DAY + settings.first_hour.whole(
            draws.uniform(f"{key}/hour/{attempt}")
        )
        at_door = np.where(next_try >= NEVER, NEVER, at_door)
        out[attempt] = np.where(
            at_door >= NEVER, NEVER, day * DAY + 7 * 3600 + at_door % 5400
        )
        if attempt == 0:
            is_late = at_door > promise.due
        share = failing[attempt] * factor
        share = np.where(is_late, share * settings.late_failure_factor, share)
        fails = draws.chance(f"{key}/fails/{attempt}", share)
        failed[attempt] = when(fails, at_door)
        delivered = np.minimum(delivered, when(~fails, at_door))
        last_attempt = np.where(at_door < NEVER, attempt + 1, last_attempt)
        quits = draws.chance(f"{key}/quits/{attempt}", giving_up[attempt])
        recalled = np.minimum(recalled, when(fails & quits, at_door))
        next_try = after(
            when(fails & ~quits, at_door),
            settings.next_attempt.whole(draws.uniform(f"{key}/next/{attempt}")),
        )
    back = after(
        np.minimum(recalled, damaged),
        settings.recall.whole(draws.uniform(f"{key}/recall")) + 600,
    )
    home = by_segment(settings.homeward, orders.distance, draws.uniform(f"{key}/home"))
    returned = after(back, home)
    is_false = (recalled < NEVER) & draws.chance(
        f"{key}/false", settings.false_delivery_share
    )
    # the courier claimed the last attempt as a delivery, then sent the parcel back
    claimed = when(is_false, recalled)
    for attempt in range(ATTEMPTS):
        failed[attempt] = np.where(failed[attempt] == claimed, NEVER, failed[attempt])
    acknowledged = after(
        when(
            draws.chance(f"{key}/acknowledged", settings.acknowledged_share), returned
        ),
        settings.acknowledgement.whole(draws.uniform(f"{key}/acknowledgement")) + 300,
    )
    return Parcel(
        shipped=shipped,
        out=out,
        failed=failed,
        delivered=np.minimum(delivered, claimed),
        last_attempt=last_attempt,
        lost=lost,
        damaged=damaged,
        back=back,
        returned=returned,
        acknowledged=acknowledged,
        is_false=is_false,
        is_late=is_late,
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


def _record_parcel(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    number: int,
    parcel: Parcel,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the carrier's view of the parcels with one number."""
    settings = DELIVERY
    carrier = labels(fulfillment.carrier[number], COURIERS)
    space = joined(carrier, "_v2")
    shipment: Fields = {
        "shipment_id": fulfillment.shipment_id[number],
        "carrier": carrier,
    }
    feed: Fields = {"source": TRACKER, "feed": "scan"}
    slot: Fields = {"slot": str(number)}
    tells = draws.chance(f"road/{number}/scanned", settings.scanned_share)
    first_seen = np.minimum(parcel.out[0], parcel.lost)
    for status, code, share in (("picked_up", 42, 0.08), ("at_hub", 38, 0.55)):
        gap = np.where(first_seen < NEVER, first_seen - parcel.shipped, 0)
        journal.record(
            "orders",
            "shipment_scanned",
            at=after(parcel.shipped, (gap * share).astype(np.int64)),
            where=tells & (first_seen < NEVER),
            **feed,
            slot=f"{number}{status}",
            **shipment,
            scan_status=status,
            source_code=str(code),
            source_code_space=space,
        )
    case = joined("ndr-", fulfillment.shipment_id[number])
    is_cod = orders.mode != PREPAID
    for attempt in range(ATTEMPTS):
        key = f"road/{number}/{attempt}"
        spot: Fields = {"slot": f"{number}{attempt}"}
        journal.record(
            "orders",
            "shipment_out_for_delivery",
            at=parcel.out[attempt],
            **feed,
            **spot,
            **shipment,
            attempt_no=attempt + 1,
        )
        taste = draws.uniform(f"{key}/reason")
        reasons = (*settings.reasons_cod.labels, *settings.reasons_prepaid.labels)
        reason = np.where(
            is_cod,
            settings.reasons_cod.codes(taste),
            settings.reasons_prepaid.codes(taste) + len(settings.reasons_cod.labels),
        )
        failed = parcel.failed[attempt]
        journal.record(
            "orders",
            "delivery_attempt_failed",
            at=failed,
            **feed,
            **spot,
            **shipment,
            attempt_no=attempt + 1,
            reason_code=labels(reason, reasons),
            error_code=joined("NDR-", text(reason + 11)),
            ndr_id=case,
        )
        acted = after(failed, settings.action.whole(draws.uniform(f"{key}/action")))
        again = (
            parcel.out[attempt + 1]
            if attempt + 1 < ATTEMPTS
            else np.full(len(failed), NEVER)
        )
        acted = np.minimum(acted, np.minimum(again, parcel.back) - 60)
        journal.record(
            "orders",
            "ndr_action_taken",
            at=when(failed < NEVER, acted),
            where=draws.chance(f"{key}/acts", settings.action_share) | (again >= NEVER),
            source=TRACKER,
            **spot,
            shipment_id=fulfillment.shipment_id[number],
            ndr_id=case,
            action_no=attempt + 1,
            attempt_no=attempt + 1,
            ndr_action=labels(
                (again >= NEVER).astype(int), ("reattempt", "return_to_origin")
            ),
        )
    journal.record(
        "orders",
        "shipment_delivered",
        at=parcel.delivered,
        **feed,
        **slot,
        **shipment,
        delivered_to=labels(
            (draws.uniform(f"road/{number}/to") * 4).astype(np.int64),
            ("customer", "customer", "household", "reception"),
        ),
        attempt_no=parcel.last_attempt,
        is_otp_verified=Partly(True, is_cod & ~parcel.is_false),
    )
    _record_wrong_delivery(fulfillment, parcel, number, draws, journal)
    value = (fulfillment.goods[number] * orders.unit_paid).sum(axis=0)
    for name, at in (
        ("shipment_lost", parcel.lost),
        ("shipment_damaged", parcel.damaged),
    ):
        journal.record(
            "orders",
            name,
            at=at,
            **feed,
            **slot,
            **shipment,
            declared_by="carrier",
            amount_minor=value,
            currency=orders.currency,
        )
    exhausted = parcel.last_attempt == ATTEMPTS
    journal.record(
        "orders",
        "rto_initiated",
        at=parcel.back,
        **feed,
        **slot,
        **shipment,
        reason_code=labels(
            np.select([parcel.damaged < NEVER, exhausted, is_cod], [0, 1, 2], 3),
            (
                "parcel_damaged",
                "attempts_exhausted",
                "customer_refused",
                "customer_unreachable",
            ),
        ),
        initiated_by="carrier",
        cost_minor=7400 + 1100 * orders.distance,
        currency="INR",
    )
    trip = np.where(parcel.back < NEVER, parcel.returned - parcel.back, 0)
    journal.record(
        "orders",
        "rto_in_transit",
        at=after(parcel.back, trip // 3),
        **feed,
        **slot,
        **shipment,
    )
    place = labels(fulfillment.location[number], PLACES)
    journal.record(
        "orders",
        "rto_delivered",
        at=parcel.returned,
        **feed,
        **slot,
        **shipment,
        location_id=place,
    )
    is_whole = parcel.damaged >= NEVER
    journal.record(
        "orders",
        "rto_acknowledged",
        at=parcel.acknowledged,
        source=WMS,
        feed="batch",
        **slot,
        shipment_id=fulfillment.shipment_id[number],
        location_id=place,
        item_condition=labels(is_whole.astype(int), ("damaged", "new")),
        disposition=labels(is_whole.astype(int), ("not_restocked", "restocked")),
    )
    for line in range(LINES):
        goods = fulfillment.goods[number, line]
        journal.record(
            "returns",
            "inventory_restocked",
            at=after(parcel.acknowledged, 1500),
            where=(goods > 0) & is_whole,
            source=WMS,
            feed="batch",
            slot=f"rto{number}{line}",
            movement_id=joined("mv-", orders.line_id[line], "-o"),
            sku=labels(orders.sku[line], SKUS),
            location_id=place,
            quantity=goods,
            restock_cause="rto",
            order_line_id=orders.line_id[line],
            shipment_id=fulfillment.shipment_id[number],
        )
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
            draws.chance(f"cod/upi/{number}", 0.31).astype(int), ("cash", "upi")
        ),
    )
    bare = cash * settings.remittance_fee_basis_points // 10000
    tax = bare * 18 // 100
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


def _record_wrong_delivery(
    fulfillment: Fulfillment,
    parcel: Parcel,
    number: int,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record deliveries scanned on the wrong parcel, and their retraction."""
    claimed = after(parcel.shipped, 5 * 3600 + 1234)
    is_wrong = draws.chance(f"road/{number}/wrong", DELIVERY.wrong_delivery_share)
    # the parcel is still far away, so that nothing true is contradicted meanwhile
    is_wrong &= np.minimum(parcel.out[0], parcel.lost) > claimed + 14 * 3600
    at = when(is_wrong, claimed)
    event_id = joined("scan-", fulfillment.shipment_id[number], "-w")
    feed: Fields = {"source": TRACKER, "feed": "prompt", "slot": f"wrong{number}"}
    journal.record(
        "orders",
        "shipment_delivered",
        at=at,
        **feed,
        event_id=event_id,
        shipment_id=fulfillment.shipment_id[number],
        carrier=labels(fulfillment.carrier[number], COURIERS),
    )
    journal.record(
        "orders",
        "event_retracted",
        at=after(at, 2 * 3600 + 300),
        **feed,
        target_event_id=event_id,
        target_event_name="shipment_delivered",
        retraction_cause="wrong_entity",
    )


def _record_carrier_revisions(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record promises a carrier could not keep, told after dispatch."""
    is_revised = draws.chance("promise/carrier", PROMISES.carrier_revised_share)
    last = np.where(fulfillment.has_goods, fulfillment.shipped, 0).max(axis=0)
    at = after(when(is_revised & (orders.fulfillment == SHIP), last), 7 * 3600)
    before = np.where(promise.revised < at, promise.new_due, promise.due)
    is_second = promise.revised < at
    journal.record(
        "orders",
        "delivery_promise_revised",
        at=at,
        source=OMS,
        slot="carrier",
        order_id=orders.order_id,
        promise_no=2 + is_second.astype(np.int64),
        promise_max_at=before + 2 * DAY,
        previous_promise_max_at=before,
        promise_source="carrier",
        reason_code=labels(
            draws.chance("promise/weather", 0.4).astype(int),
            ("carrier_constraint", "weather_or_disruption"),
        ),
        is_shown_to_customer=promise.is_told,
        notified_at=Partly(at + 600, promise.is_told),
    )


@dataclass(frozen=True)
class Parcel:
    """The road of one parcel per order; attempts are (attempt, order)."""

    shipped: Integers
    out: Integers
    failed: Integers
    delivered: Integers
    last_attempt: Integers
    lost: Integers
    damaged: Integers
    back: Integers
    returned: Integers
    acknowledged: Integers
    is_false: Flags
    is_late: Flags

    @property
    def kept(self) -> Integers:
        """When the customer really got the parcel."""
        return when(~self.is_false, self.delivered)


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

    def line_delivered(self, fulfillment: Fulfillment, line: int) -> Integers:
        """When a line reached the customer, by parcel or counter."""
        parcel = fulfillment.parcel[line]
        kept = np.where(parcel == 0, self.parcels[0].kept, self.parcels[1].kept)
        is_sent = np.where(
            parcel == 0, fulfillment.goods[0, line], fulfillment.goods[1, line]
        )
        return when(is_sent > 0, np.minimum(kept, self.picked_up))
