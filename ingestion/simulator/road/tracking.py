"""What carriers report of a parcel, scan by scan."""

from __future__ import annotations

import numpy as np

from ingestion.simulator.draws import Draws
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, joined, labels, text
from ingestion.simulator.road.carrying import ATTEMPTS, Parcel
from ingestion.simulator.shoppers.baskets import LINES, SKUS
from ingestion.simulator.shoppers.placing import PREPAID, Orders
from ingestion.simulator.warehouse.allocating import PLACES
from ingestion.simulator.warehouse.fulfilling import COURIERS, WMS, Fulfillment

TRACKER = f"shiprocket:{ACCOUNT}"
FEED: Fields = {"source": TRACKER, "feed": "scan"}
REMEDIES = {
    "customer_rescheduled": "reschedule",
    "premises_closed": "reschedule",
    "phone_unreachable": "fix_phone",
    "address_incomplete": "fix_address",
    "address_incorrect": "fix_address",
}
"""What mends the cause of a failed attempt; the others are simply tried again."""

ACTIONS = (*dict.fromkeys(REMEDIES.values()), "reattempt", "return_to_origin")


PUT_BACK_SECONDS = 1500
"""From a parcel's return to origin to its goods on the shelf."""


def record_parcel(
    orders: Orders,
    fulfillment: Fulfillment,
    number: int,
    parcel: Parcel,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the carrier's view of the parcels with one number."""
    carrier = labels(fulfillment.carrier[number], COURIERS)
    shipment: Fields = {
        "shipment_id": fulfillment.shipment_id[number],
        "carrier": carrier,
    }
    _record_scans(orders, number, parcel, shipment, draws, journal)
    for attempt in range(ATTEMPTS):
        _record_attempt(orders, number, attempt, parcel, shipment, draws, journal)
    journal.record(
        "orders",
        "shipment_delivered",
        at=parcel.delivered,
        **FEED,
        slot=str(number),
        **shipment,
        delivered_to=labels(
            (draws.uniform(f"road/{number}/to") * 4).astype(np.int64),
            ("customer", "customer", "household", "reception"),
        ),
        attempt_no=parcel.last_attempt,
        is_otp_verified=Partly(True, (orders.mode != PREPAID) & ~parcel.is_false),
    )
    _record_wrong_scans(orders, number, parcel, shipment, draws, journal)
    value = (fulfillment.goods[number] * orders.unit_paid).sum(axis=0)
    for name, at in (
        ("shipment_lost", parcel.lost),
        ("shipment_damaged", parcel.damaged),
        ("shipment_destroyed", parcel.destroyed),
    ):
        journal.record(
            "orders",
            name,
            at=at,
            **FEED,
            slot=str(number),
            **shipment,
            declared_by="carrier",
            amount_minor=value,
            currency=orders.currency,
        )
    _record_way_back(orders, fulfillment, number, parcel, shipment, draws, journal)


def _record_scans(
    orders: Orders,
    number: int,
    parcel: Parcel,
    shipment: Fields,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record scans at pickup and hub, and of parcels found again."""
    tells = draws.chance(f"road/{number}/scanned", orders.world.delivery.scanned_share)
    first_seen = np.minimum(parcel.out[0], parcel.lost)
    gap = np.where(first_seen < NEVER, first_seen - parcel.shipped, 0)
    on_the_way = when(first_seen < NEVER, parcel.shipped)
    space = joined(shipment["carrier"], "_v2")
    for name, status, code, at, where in (
        ("up", "picked_up", "42", after(on_the_way, gap * 8 // 100), tells),
        ("hub", "at_hub", "38", after(on_the_way, gap * 55 // 100), tells),
        ("found", "at_hub", "38", parcel.found, parcel.found < NEVER),
    ):
        journal.record(
            "orders",
            "shipment_scanned",
            at=at,
            where=where & ~parcel.is_silent,
            **FEED,
            slot=f"{number}{name}",
            **shipment,
            scan_status=status,
            source_code=code,
            source_code_space=space,
        )


def _record_attempt(
    orders: Orders,
    number: int,
    attempt: int,
    parcel: Parcel,
    shipment: Fields,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record one attempt at the door, why it failed, and what was decided then."""
    settings = orders.world.delivery
    key = f"road/{number}/{attempt}"
    spot: Fields = {"slot": f"{number}{attempt}"}
    case = joined("ndr-", shipment["shipment_id"])
    journal.record(
        "orders",
        "shipment_out_for_delivery",
        at=parcel.out[attempt],
        where=~parcel.is_silent,
        **FEED,
        **spot,
        **shipment,
        attempt_no=attempt + 1,
    )
    taste = draws.uniform(f"{key}/reason")
    reasons = (*settings.reasons_cod.labels, *settings.reasons_prepaid.labels)
    reason = np.where(
        orders.mode != PREPAID,
        settings.reasons_cod.codes(taste),
        settings.reasons_prepaid.codes(taste) + len(settings.reasons_cod.labels),
    )
    failed = parcel.failed[attempt]
    journal.record(
        "orders",
        "delivery_attempt_failed",
        at=failed,
        **FEED,
        **spot,
        **shipment,
        attempt_no=attempt + 1,
        reason_code=labels(reason, reasons),
        error_code=joined("NDR-", text(reason + 11)),
        ndr_id=case,
    )
    again = parcel.out[attempt + 1] if attempt + 1 < ATTEMPTS else orders.nothing
    goes_back = again >= NEVER
    acted = after(failed, settings.action.whole(draws.uniform(f"{key}/action")))
    acted = np.minimum(acted, np.minimum(again, parcel.back) - 60)
    remedy = np.array(
        [ACTIONS.index(REMEDIES.get(name, "reattempt")) for name in reasons]
    )[reason]
    is_plain = draws.chance(f"{key}/plain", settings.reattempt_share)
    action = np.select(
        [goes_back, is_plain],
        [ACTIONS.index("return_to_origin"), ACTIONS.index("reattempt")],
        remedy,
    )
    journal.record(
        "orders",
        "ndr_action_taken",
        at=when(failed < NEVER, acted),
        where=draws.chance(f"{key}/acts", settings.action_share) | goes_back,
        source=TRACKER,
        **spot,
        shipment_id=shipment["shipment_id"],
        ndr_id=case,
        action_no=attempt + 1,
        attempt_no=attempt + 1,
        ndr_action=labels(action, ACTIONS),
    )


def _record_wrong_scans(
    orders: Orders,
    number: int,
    parcel: Parcel,
    shipment: Fields,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record scans of the wrong parcel, and their retraction."""
    settings = orders.world.delivery
    wrong: tuple[tuple[str, float, Fields], ...] = (
        ("shipment_delivered", settings.wrong_delivery_share, {}),
        ("shipment_out_for_delivery", settings.wrong_out_share, {"attempt_no": 1}),
    )
    for event_name, share, fields in wrong:
        key = f"road/{number}/wrong/{event_name}"
        at = after(
            when(draws.chance(key, share), parcel.shipped),
            settings.wrong_scan.whole(draws.uniform(f"{key}/at")),
        )
        retracted = after(
            at, settings.retraction.whole(draws.uniform(f"{key}/retracted"))
        )
        # the parcel is still far away, so that nothing true is contradicted meanwhile
        is_far = np.minimum(parcel.out[0], parcel.lost) > retracted
        is_far &= parcel.damaged >= NEVER
        event_id = joined("scan-", shipment["shipment_id"], f"-{event_name[9:]}")
        feed: Fields = {"source": TRACKER, "feed": "prompt", "slot": f"wrong{number}"}
        journal.record(
            "orders",
            event_name,
            at=at,
            where=is_far,
            **feed,
            event_id=event_id,
            **shipment,
            **fields,
        )
        journal.record(
            "orders",
            "event_retracted",
            at=retracted,
            where=is_far,
            **{**feed, "slot": f"{event_name}{number}"},
            target_event_id=event_id,
            target_event_name=event_name,
            retraction_cause="wrong_entity",
        )


def _record_way_back(
    orders: Orders,
    fulfillment: Fulfillment,
    number: int,
    parcel: Parcel,
    shipment: Fields,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record parcels turned back, tried at the warehouse's gate, and taken in."""
    settings = orders.world.delivery
    slot: Fields = {"slot": str(number)}
    is_cod = orders.mode != PREPAID
    exhausted = parcel.last_attempt == ATTEMPTS
    journal.record(
        "orders",
        "rto_initiated",
        at=parcel.back,
        **FEED,
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
        cost_minor=np.array(settings.way_back_minor)[orders.distance],
        currency="INR",
    )
    trip = np.where(parcel.back < NEVER, parcel.home_out[0] - parcel.back, 0)
    journal.record(
        "orders",
        "rto_in_transit",
        at=after(parcel.back, trip // 3),
        **FEED,
        **slot,
        **shipment,
    )
    for attempt, out in enumerate(parcel.home_out):
        journal.record(
            "orders",
            "rto_out_for_delivery",
            at=out,
            **FEED,
            slot=f"{number}{attempt}",
            **shipment,
            attempt_no=attempt + 1,
        )
    reasons = settings.home_reasons
    reason = reasons.codes(draws.uniform(f"road/{number}/shut reason"))
    journal.record(
        "orders",
        "rto_attempt_failed",
        at=parcel.home_failed,
        **FEED,
        **slot,
        **shipment,
        attempt_no=1,
        reason_code=labels(reason, reasons.labels),
        error_code=joined("RTO-", text(reason + 51)),
    )
    place = labels(fulfillment.location[number], PLACES)
    journal.record(
        "orders",
        "rto_delivered",
        at=parcel.returned,
        **FEED,
        **slot,
        **shipment,
        location_id=place,
    )
    is_whole = parcel.damaged >= NEVER
    dock: Fields = {"source": WMS, "feed": "batch"}
    journal.record(
        "orders",
        "rto_acknowledged",
        at=parcel.acknowledged,
        **dock,
        **slot,
        shipment_id=shipment["shipment_id"],
        location_id=place,
        item_condition=labels(is_whole.astype(int), ("damaged", "new")),
        disposition=labels(is_whole.astype(int), ("not_restocked", "restocked")),
    )
    for line in range(LINES):
        goods = fulfillment.goods[number, line]
        journal.record(
            "returns",
            "inventory_restocked",
            at=after(parcel.acknowledged, PUT_BACK_SECONDS),
            where=(goods > 0) & is_whole,
            **dock,
            slot=f"rto{number}{line}",
            movement_id=joined("mv-", orders.line_id[line], "-o"),
            sku=labels(orders.sku[line], SKUS),
            location_id=place,
            quantity=goods,
            restock_cause="rto",
            order_line_id=orders.line_id[line],
            shipment_id=shipment["shipment_id"],
        )
