"""Returns and exchanges as the portal, the risk desk and the dock tell them."""

from __future__ import annotations

import numpy as np

from ingestion.simulator.catalog import CATEGORIES, SKU_CATEGORY, STORE
from ingestion.simulator.draws import Draws
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.payments.paying import RISK
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, Text, joined, labels
from ingestion.simulator.returns.returning import (
    BY_EXCHANGE,
    BY_NOTHING,
    CONDITIONS,
    EMPTY,
    GOLD,
    HONEST,
    IN_STORE,
    METHODS,
    PORTAL,
    REASONS,
    USED,
    WORN,
    WRONG,
    LineReturn,
    return_line_id,
)
from ingestion.simulator.shoppers.baskets import SKUS
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.allocating import PLACES
from ingestion.simulator.warehouse.fulfilling import WMS, Fulfillment

OUTCOMES = ("refund", "exchange", "keep_item", "none")
DISPOSITIONS = ("restocked", "not_restocked", "missing", "processing_required")
DENIALS = (
    "outside_window",
    "suspected_abuse",
    "condition",
    "final_sale",
    "not_eligible_item",
    "missing_evidence",
)
FLAGS = ("return_ratio", "wardrobing", "weight_mismatch", "wrong_item_returned")
RULE = "return_policy_2026"


def record_returns(
    orders: Orders,
    fulfillment: Fulfillment,
    returns: tuple[LineReturn, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the returns of a block, line by line, and keep their truth."""
    for line, one in enumerate(returns):
        if not (one.asked < NEVER).any():
            continue
        thing: Fields = {
            "return_line_id": return_line_id(orders, line),
            "return_id": joined(orders.order_id, "-R"),
        }
        _record_request(orders, line, one, thing, journal)
        _record_decision(orders, line, one, thing, draws, journal)
        _record_way(orders, fulfillment, line, one, thing, journal)
        _record_end(orders, line, one, thing, journal)
        _record_exchange(orders, fulfillment, line, one, journal)
        _keep_return(orders, line, one, journal)
    _keep_deliveries(orders, fulfillment, returns, journal)


def _record_request(
    orders: Orders, line: int, one: LineReturn, thing: Fields, journal: Journal
) -> None:
    """Record what is asked, and what the rules and the risk desk say first."""
    portal: Fields = {"source": PORTAL, "slot": str(line), **thing}
    journal.record(
        "returns",
        "return_initiated",
        at=one.asked,
        **portal,
        order_id=orders.order_id,
        order_line_id=orders.line_id[line],
        sku=labels(orders.sku[line], SKUS),
        quantity=one.quantity,
        reason_code=labels(one.reason, REASONS),
        return_method=labels(one.method, METHODS),
        requested_outcome=labels(
            one.wants_exchange.astype(np.int64), ("refund", "exchange")
        ),
        amount_minor=one.quantity * orders.unit_paid[line],
        currency=orders.currency,
    )
    journal.record(
        "returns",
        "return_eligibility_check_failed",
        at=one.check_failed,
        **portal,
        rule_id=RULE,
        error_code="RULE_TIMEOUT",
        error_step="eligibility",
    )
    journal.record(
        "returns",
        "return_review_triggered",
        at=one.reviewed,
        **portal,
        rule_id=RULE,
    )
    is_seen = one.condition >= WRONG
    is_seen |= (one.trick == WORN) & (one.condition == USED)
    sign = np.select(
        [one.is_suspect, one.trick == WORN, one.condition == EMPTY], [0, 1, 2], 3
    )
    journal.record(
        "returns",
        "return_fraud_flagged",
        at=np.where(
            one.is_suspect,
            after(one.asked, 40),
            after(when(is_seen, one.inspected), 120),
        ),
        source=RISK,
        slot=str(line),
        **thing,
        reason_code=labels(sign, FLAGS),
    )


def _record_decision(
    orders: Orders,
    line: int,
    one: LineReturn,
    thing: Fields,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record denials, approvals, also of what was denied before, and labels."""
    portal: Fields = {"source": PORTAL, "slot": str(line), **thing}
    was_denied = one.denied < NEVER
    is_by_agent = one.reviewed < NEVER
    names = ("rule", "agent")
    which = (draws.uniform(f"return/{line}/denial") * 4).astype(np.int64) + 2
    journal.record(
        "returns",
        "return_denied",
        at=one.denied,
        **portal,
        decided_by=labels(is_by_agent.astype(np.int64), names),
        reason_code=labels(
            np.select([one.is_late, one.is_suspect], [0, 1], which), DENIALS
        ),
    )
    is_known = (orders.plan.segment == GOLD) & ~is_by_agent
    journal.record(
        "returns",
        "return_approved",
        at=one.approved,
        **portal,
        decision_no=1 + was_denied.astype(np.int64),
        decided_by=labels((is_by_agent | was_denied).astype(np.int64), names),
        reason_code=labels(
            np.select([was_denied, is_known], [2, 1], 0),
            ("within_policy", "repeat_buyer", "goodwill"),
        ),
    )
    journal.record(
        "returns",
        "return_label_created",
        at=after(one.approved, 45),
        where=~one.is_kept & (one.method != IN_STORE),
        **portal,
        carrier="delhivery",
        cost_minor=8900,
        currency="INR",
    )


def _record_way(
    orders: Orders,
    fulfillment: Fulfillment,
    line: int,
    one: LineReturn,
    thing: Fields,
    journal: Journal,
) -> None:
    """Record goods handed over, received, inspected, reshelved; or never sent."""
    slot: Fields = {"slot": str(line)}
    dock: Fields = {"source": WMS, "feed": "batch", **slot}
    units: Fields = {"quantity": one.quantity}
    home = np.choose(fulfillment.parcel[line], fulfillment.location)
    journal.record(
        "returns",
        "return_cancelled",
        at=one.cancelled,
        source=PORTAL,
        **slot,
        **thing,
        reason_code="customer_cancelled",
    )
    journal.record(
        "returns",
        "return_expired",
        at=one.expired,
        source=PORTAL,
        **slot,
        **thing,
        reason_code="label_unused",
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
        return_method=labels(one.method, METHODS),
    )
    journal.record(
        "returns",
        "return_received",
        at=one.received,
        **dock,
        **thing,
        **units,
        location_id=labels(np.where(one.method == IN_STORE, STORE, home), PLACES),
    )
    journal.record(
        "returns",
        "return_inspected",
        at=one.inspected,
        **dock,
        **thing,
        **units,
        item_condition=labels(one.condition, CONDITIONS),
        disposition=labels(one.disposition, DISPOSITIONS),
        found_reason_code=labels(one.found, REASONS),
    )
    journal.record(
        "returns",
        "inventory_restocked",
        at=one.reshelved,
        **dock,
        movement_id=joined("mv-", orders.line_id[line], "-r"),
        sku=labels(orders.sku[line], SKUS),
        location_id=labels(home, PLACES),
        **units,
        restock_cause="return",
        order_line_id=orders.line_id[line],
        return_line_id=thing["return_line_id"],
    )


def _record_end(
    orders: Orders, line: int, one: LineReturn, thing: Fields, journal: Journal
) -> None:
    """Record how each return ended."""
    is_instant = one.instant < NEVER
    journal.record(
        "returns",
        "return_resolved",
        at=one.resolved,
        source=PORTAL,
        slot=str(line),
        **thing,
        outcome=labels(one.outcome, OUTCOMES),
        is_instant=Partly(is_instant, is_instant),
        exchange_group_id=Partly(_group(orders, line), one.outcome == BY_EXCHANGE),
        amount_minor=one.quantity * orders.unit_paid[line],
        currency=orders.currency,
        outcome_status=labels(
            (one.outcome == BY_NOTHING).astype(np.int64), ("completed", "denied")
        ),
    )


def _record_exchange(
    orders: Orders,
    fulfillment: Fulfillment,
    line: int,
    one: LineReturn,
    journal: Journal,
) -> None:
    """Record swaps agreed on, done, and called off."""
    home = np.choose(fulfillment.parcel[line], fulfillment.location)
    portal: Fields = {"source": PORTAL, "slot": str(line)}
    pair: Fields = {
        "order_id": orders.order_id,
        "exchange_group_id": _group(orders, line),
        "return_line_id": return_line_id(orders, line),
    }
    swap: Fields = {
        **pair,
        "sku": labels(orders.sku[line], SKUS),
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
        where=one.wants_exchange,
        exchange_type="variant",
    )
    journal.record(
        "returns",
        "exchange_completed",
        at=one.exchanged,
        **portal,
        **swap,
    )
    # no order sends the replacement, so the floor books it out by hand
    journal.record(
        "orders",
        "inventory_adjusted",
        at=one.exchanged,
        where=~orders.is_test & ~orders.is_synthetic,
        source=WMS,
        feed="batch",
        slot=f"exchange{line}",
        movement_id=joined("mv-", orders.line_id[line], "-e"),
        sku=labels(one.new_sku, SKUS),
        location_id=labels(home, PLACES),
        delta_quantity=-one.quantity,
        adjustment_cause="other",
        reason_raw="exchange",
    )
    journal.record(
        "returns",
        "exchange_cancelled",
        at=one.not_swapped,
        **portal,
        **pair,
        reason_code=labels(
            np.select(
                [one.not_swapped == one.unavailable, one.not_swapped == one.expired],
                [0, 1],
                2,
            ),
            ("replacement_unavailable", "label_unused", "customer_cancelled"),
        ),
    )


def _group(orders: Orders, line: int) -> Text:
    """Return the id that ties a line to what is sent for it."""
    return joined("ex-", orders.order_id, f"-{line + 1}")


def _keep_return(orders: Orders, line: int, one: LineReturn, journal: Journal) -> None:
    """Keep what really happened; the reason is the one that was found or would be."""
    sku = orders.sku[line]
    journal.truth.record(
        "returns",
        where=one.asked < NEVER,
        return_line_id=return_line_id(orders, line),
        order_line_id=orders.line_id[line],
        order_id=orders.order_id,
        sku=labels(sku, SKUS),
        category=labels(SKU_CATEGORY[sku], CATEGORIES),
        quantity=one.quantity,
        delivered_at=one.delivered,
        asked_at=one.asked,
        received_at=one.received,
        reason=labels(one.found, REASONS),
        stated_reason=labels(one.reason, REASONS),
        is_exchange=one.is_exchange,
        restocked_at=one.reshelved,
        is_abuse=one.trick != HONEST,
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


def _keep_deliveries(
    orders: Orders,
    fulfillment: Fulfillment,
    returns: tuple[LineReturn, ...],
    journal: Journal,
) -> None:
    """Keep what each customer got of each line, the denominator of return rates."""
    units = fulfillment.goods.sum(axis=0)
    for line, one in enumerate(returns):
        got, sku = one.delivered, orders.sku[line]
        journal.truth.record(
            "deliveries_by_line",
            where=got < NEVER,
            order_line_id=orders.line_id[line],
            order_id=orders.order_id,
            sku=labels(sku, SKUS),
            category=labels(SKU_CATEGORY[sku], CATEGORIES),
            quantity=units[line],
            delivered_at=got,
            is_test=orders.is_test,
            is_synthetic=orders.is_synthetic,
        )
