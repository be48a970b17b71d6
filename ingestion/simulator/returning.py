"""What customers send back: asked, decided, received, inspected, swapped, reshelved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.allocating import PLACES, Promise
from ingestion.simulator.catalog import APPAREL, SIZES, SKU_CATEGORY, SKU_SIZE
from ingestion.simulator.delivering import Delivery
from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.fulfilling import WMS, Fulfillment
from ingestion.simulator.journal import (
    NEVER,
    Fields,
    Journal,
    Partly,
    Text,
    after,
    joined,
    labels,
    when,
)
from ingestion.simulator.parameters import ACCOUNT, RETURNS
from ingestion.simulator.placing import LINES, SKUS, Orders

PORTAL = f"returns:{ACCOUNT}"
REASONS = tuple(dict.fromkeys(label for mix in RETURNS.reasons for label in mix.labels))
TOO_SMALL = REASONS.index("size_too_small")
TOO_LARGE = REASONS.index("size_too_large")
CHANGED_MIND = REASONS.index("changed_mind")
CONDITIONS = ("new", "opened", "damaged", "used")


def return_goods(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
) -> tuple[LineReturn, ...]:
    """Send back some of what a block of customers got, line by line."""
    return tuple(
        _return_line(orders, promise, fulfillment, delivery, line, draws)
        for line in range(LINES)
    )


def record_returns(
    orders: Orders,
    fulfillment: Fulfillment,
    returns: tuple[LineReturn, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record returns and exchanges as the portal and the warehouse report them."""
    for line, one in enumerate(returns):
        _record_return(orders, fulfillment, line, one, draws, journal)


def _return_line(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    line: int,
    draws: Draws,
) -> LineReturn:
    settings = RETURNS
    key = f"return/{line}"
    sku = orders.sku[line]
    category, size = SKU_CATEGORY[sku], SKU_SIZE[sku]
    got = delivery.line_delivered(fulfillment, line)
    share = np.array(settings.share)[category]
    share = share * np.where(size >= 0, np.array(settings.size_factor)[size], 1.0)
    share = np.where(got > promise.due, share * settings.late_factor, share)
    asks = draws.chance(f"{key}/asks", share) & ~orders.plan.is_export
    asked = after(
        when(asks, got), settings.asked_after.whole(draws.uniform(f"{key}/asked"))
    )
    taste = draws.uniform(f"{key}/reason")
    reason = np.zeros(len(sku), dtype=np.int64)
    for number, mix in enumerate(settings.reasons):
        rows = category == number
        codes = np.array([REASONS.index(label) for label in mix.labels])
        reason[rows] = codes[mix.codes(taste[rows])]
    # small sizes run small and large ones run large
    leans = draws.chance(f"{key}/leans", settings.small_size_shift)
    reason = np.where(
        is_fit_code(reason) & leans, np.where(size <= 1, TOO_SMALL, TOO_LARGE), reason
    )

    decided = after(asked, settings.decision.whole(draws.uniform(f"{key}/wait")) + 60)
    fate = draws.uniform(f"{key}/fate")
    is_denied = fate < settings.denied_share
    is_cancelled = ~is_denied & (
        fate < settings.denied_share + settings.cancelled_share
    )
    approved = when(~is_denied & ~is_cancelled, decided)
    sent = after(
        when(draws.chance(f"{key}/sent", 1 - settings.never_sent_share), approved),
        settings.sent.whole(draws.uniform(f"{key}/sending")) + 1800,
    )
    received = after(sent, settings.transit.whole(draws.uniform(f"{key}/transit")))
    inspected = after(
        received, settings.inspection.whole(draws.uniform(f"{key}/inspection"))
    )
    resolved = after(
        inspected, settings.resolution.whole(draws.uniform(f"{key}/resolution")) + 60
    )
    step = np.where(reason == TOO_SMALL, 1, -1)
    other = size + step
    is_exchange = draws.chance(f"{key}/exchange", settings.exchange_share)
    is_exchange &= (category == APPAREL) & is_fit_code(reason)
    is_exchange &= (other >= 0) & (other < len(SIZES))
    condition = np.where(
        np.isin(
            reason, [REASONS.index("defective"), REASONS.index("damaged_in_transit")]
        ),
        2,
        (draws.uniform(f"{key}/condition") * 2.2).astype(np.int64),
    )
    condition = np.where(
        draws.chance(f"{key}/worn", 0.04), CONDITIONS.index("used"), condition
    )
    is_sellable = condition <= 1
    reshelved = after(
        when(
            is_sellable
            & draws.chance(f"{key}/shelved", 1 - settings.never_restocked_share),
            inspected,
        ),
        settings.restock.whole(draws.uniform(f"{key}/shelving")) + 300,
    )
    units = np.where(
        fulfillment.parcel[line] == 0,
        fulfillment.goods[0, line],
        fulfillment.goods[1, line],
    )
    return LineReturn(
        asked=asked,
        quantity=np.maximum(units, 1),
        reason=reason,
        denied=when(is_denied, decided),
        cancelled=when(is_cancelled, decided),
        approved=approved,
        sent=sent,
        received=received,
        inspected=inspected,
        resolved=resolved,
        condition=condition,
        is_sellable=is_sellable,
        reshelved=reshelved,
        is_exchange=is_exchange,
        new_sku=np.where(is_exchange, sku + step, sku),
        exchanged=after(
            when(is_exchange, received),
            settings.exchange.whole(draws.uniform(f"{key}/swap")),
        ),
    )


def is_fit_code(reason: Integers) -> Flags:
    """Whether a reason code says another size would do."""
    return np.isin(reason, (TOO_SMALL, TOO_LARGE))


def return_line_id(orders: Orders, line: int) -> Text:
    """Return the id of a line's return."""
    return joined(orders.order_id, f"-R{line + 1}")


def _record_return(
    orders: Orders,
    fulfillment: Fulfillment,
    line: int,
    one: LineReturn,
    draws: Draws,
    journal: Journal,
) -> None:
    slot: Fields = {"slot": str(line)}
    portal: Fields = {"source": PORTAL, **slot}
    dock: Fields = {"source": WMS, "feed": "batch", **slot}
    thing: Fields = {
        "return_line_id": return_line_id(orders, line),
        "return_id": joined(orders.order_id, "-R"),
    }
    sku = labels(orders.sku[line], SKUS)
    units: Fields = {"quantity": one.quantity}
    place = np.where(
        fulfillment.parcel[line] == 0, fulfillment.location[0], fulfillment.location[1]
    )
    worth = one.quantity * orders.unit_paid[line]
    journal.record(
        "returns",
        "return_initiated",
        at=one.asked,
        **portal,
        order_id=orders.order_id,
        **thing,
        order_line_id=orders.line_id[line],
        sku=sku,
        **units,
        reason_code=labels(one.reason, REASONS),
        return_method=labels(
            draws.chance(f"return/{line}/fetched", 0.71).astype(int),
            ("drop_off", "home_collection"),
        ),
        requested_outcome=labels(one.is_exchange.astype(int), ("refund", "exchange")),
        amount_minor=worth,
        currency=orders.currency,
    )
    by = labels(draws.chance(f"return/{line}/by", 0.63).astype(int), ("agent", "rule"))
    journal.record(
        "returns",
        "return_approved",
        at=one.approved,
        **portal,
        **thing,
        decided_by=by,
        reason_code="within_policy",
    )
    journal.record(
        "returns",
        "return_denied",
        at=one.denied,
        **portal,
        **thing,
        decided_by=by,
        reason_code=labels(
            (draws.uniform(f"return/{line}/denial") * 3).astype(np.int64),
            ("outside_window", "condition", "not_eligible_item"),
        ),
    )
    journal.record(
        "returns",
        "return_cancelled",
        at=one.cancelled,
        **portal,
        **thing,
        reason_code="customer_cancelled",
    )
    journal.record(
        "returns",
        "return_label_created",
        at=after(one.approved, 45),
        **portal,
        **thing,
        carrier="delhivery",
        cost_minor=8900,
        currency="INR",
    )
    journal.record(
        "returns",
        "return_shipped",
        at=one.sent,
        source=f"shiprocket:{ACCOUNT}",
        feed="scan",
        **slot,
        **thing,
        **units,
        carrier="delhivery",
    )
    journal.record(
        "returns",
        "return_received",
        at=one.received,
        **dock,
        **thing,
        **units,
        location_id=labels(place, PLACES),
    )
    is_other = draws.chance(f"return/{line}/mismatch", RETURNS.mismatch_share)
    journal.record(
        "returns",
        "return_inspected",
        at=one.inspected,
        **dock,
        **thing,
        **units,
        item_condition=labels(one.condition, CONDITIONS),
        disposition=labels(one.is_sellable.astype(int), ("not_restocked", "restocked")),
        found_reason_code=labels(np.where(is_other, CHANGED_MIND, one.reason), REASONS),
    )
    group = joined("ex-", orders.order_id, f"-{line + 1}")
    journal.record(
        "returns",
        "return_resolved",
        at=one.resolved,
        **portal,
        **thing,
        outcome=labels(one.is_exchange.astype(int), ("refund", "exchange")),
        exchange_group_id=Partly(group, one.is_exchange),
        amount_minor=worth,
        currency=orders.currency,
        outcome_status="completed",
    )
    swap: Fields = {
        "order_id": orders.order_id,
        "exchange_group_id": group,
        "return_line_id": thing["return_line_id"],
        "sku": sku,
        "new_sku": labels(one.new_sku, SKUS),
        "quantity": one.quantity,
        "price_delta_minor": 0,
        "currency": orders.currency,
    }
    journal.record(
        "returns",
        "exchange_initiated",
        at=after(one.approved, 30),
        **portal,
        **swap,
        where=one.is_exchange,
        exchange_type="variant",
    )
    journal.record(
        "returns",
        "exchange_completed",
        at=one.exchanged,
        **portal,
        **swap,
    )
    journal.record(
        "returns",
        "inventory_restocked",
        at=one.reshelved,
        **dock,
        movement_id=joined("mv-", orders.line_id[line], "-r"),
        sku=sku,
        location_id=labels(place, PLACES),
        **units,
        restock_cause="return",
        order_line_id=orders.line_id[line],
        return_line_id=thing["return_line_id"],
    )


@dataclass(frozen=True)
class LineReturn:
    """What happens to one line per order after delivery; moments in seconds."""

    asked: Integers
    quantity: Integers
    reason: Integers
    denied: Integers
    cancelled: Integers
    approved: Integers
    sent: Integers
    received: Integers
    inspected: Integers
    resolved: Integers
    condition: Integers
    is_sellable: Flags
    reshelved: Integers
    is_exchange: Flags
    new_sku: Integers
    exchanged: Integers

    @property
    def refund_due(self) -> Integers:
        """When money is owed: at receipt, unless goods are swapped."""
        return np.where(self.is_exchange, NEVER, self.received)
