"""What customers send back: asked, decided, sent, inspected, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import (
    APPAREL,
    AREAS,
    CATEGORIES,
    SIZES,
    SKU_CATEGORY,
    SKU_SIZE,
)
from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.parameters.returns import Returns
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.moments import (
    DAY,
    NEVER,
    after,
    in_writing_hours,
    when,
)
from ingestion.simulator.record.text import Text, joined
from ingestion.simulator.returns.claiming import MissingClaim
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.baskets import LINES
from ingestion.simulator.shoppers.households import is_in_ring
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import Fulfillment

PORTAL = f"returns:{ACCOUNT}"
REASONS = tuple(
    dict.fromkeys(
        (
            *(label for mix in Returns().reasons for label in mix.labels),
            *Returns().found.labels,
            "suspected_fraud",
        )
    )
)
TOO_SMALL = REASONS.index("size_too_small")
TOO_LARGE = REASONS.index("size_too_large")
CHANGED_MIND = REASONS.index("changed_mind")
FRAUD = REASONS.index("suspected_fraud")
BROKEN = (REASONS.index("defective"), REASONS.index("damaged_in_transit"))
NOT_AS_SOLD = (
    *BROKEN,
    REASONS.index("wrong_item"),
    REASONS.index("not_as_described"),
)
CONDITIONS = Returns().conditions.labels
NEW, OPENED, DAMAGED, USED, WRONG, EMPTY = range(len(CONDITIONS))
HYGIENIC = (CATEGORIES.index("tea"), CATEGORIES.index("skin_care"))
ELECTRONICS = CATEGORIES.index("electronics")

METHODS = (*Returns().methods.labels, "store")
IN_STORE = len(METHODS) - 1
HONEST, WORN, HOLLOW = range(3)
"""What is wrong with a return: nothing, the goods were worn, the box holds nothing."""
RESTOCKED, NOT_RESTOCKED, MISSING, TO_REPAIR = range(4)
BY_REFUND, BY_EXCHANGE, BY_KEEPING, BY_NOTHING = range(4)
GOLD = 2
"""Segment that gets its money when the return is granted, not when it is handed in."""


def return_goods(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    missing: MissingClaim,
    draws: Draws,
) -> tuple[LineReturn, ...]:
    """Send back some of what a block of customers got, line by line."""
    return tuple(
        _return_line(orders, promise, fulfillment, delivery, missing, line, draws)
        for line in range(LINES)
    )


def return_line_id(orders: Orders, line: int) -> Text:
    """Return the id of a line's return."""
    return joined(orders.order_id, f"-R{line + 1}")


def is_fit_code(reason: Integers) -> Flags:
    """Whether a reason code says another size would do."""
    return np.isin(reason, (TOO_SMALL, TOO_LARGE))


def _return_line(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    missing: MissingClaim,
    line: int,
    draws: Draws,
) -> LineReturn:
    request = _ask(orders, promise, fulfillment, delivery, missing, line, draws)
    decision = _decide(orders, request, line, draws)
    way = _send(orders, request, decision, line, draws)
    check = _inspect(orders, request, way, line, draws)
    ending = _end(orders, request, decision, way, check, line, draws)
    return LineReturn(
        **vars(request), **vars(decision), **vars(way), **vars(check), **vars(ending)
    )


def _ask(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    missing: MissingClaim,
    line: int,
    draws: Draws,
) -> Request:
    """Let customers ask; not about parcels that they said never came."""
    settings = orders.world.returns
    key = f"return/{line}"
    sku = orders.sku[line]
    category, size = SKU_CATEGORY[sku], SKU_SIZE[sku]
    got = delivery.line_delivered(fulfillment, line)
    share = np.array(settings.share)[category]
    share = share * np.where(size >= 0, np.array(settings.size_factor)[size], 1.0)
    share = np.where(got > promise.due, share * settings.late_factor, share)
    trick = np.full(len(got), HONEST)
    if settings.abuse:
        is_abuse = is_in_ring(orders, got)
        share = np.where(is_abuse, share * settings.abuse.return_factor, share)
        is_worn = draws.chance(f"{key}/abuse", settings.abuse.worn_share)
        is_hollow = draws.chance(f"{key}/abuse", settings.abuse.empty_box_share)
        is_clothing = category == APPAREL
        trick = np.select(
            [is_abuse & is_clothing & is_worn, is_abuse & ~is_clothing & is_hollow],
            [WORN, HOLLOW],
            HONEST,
        )
    asks = draws.chance(f"{key}/asks", share) & ~orders.plan.is_export
    asks &= ~missing.is_about(fulfillment.parcel[line])

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
    reason = np.where(trick == WORN, CHANGED_MIND, reason)
    pace = by_segment(
        [table for _, table in settings.asked_after],
        _paces(settings)[reason],
        draws.uniform(f"{key}/asked"),
    )
    units = np.choose(fulfillment.parcel[line], fulfillment.goods[:, line])
    is_one = draws.chance(f"{key}/units", settings.some_units_share)
    new_size = size + np.where(reason == TOO_SMALL, 1, -1)
    wants_exchange = draws.chance(f"{key}/exchange", settings.exchange_share)
    wants_exchange &= (category == APPAREL) & is_fit_code(reason)
    wants_exchange &= (new_size >= 0) & (new_size < len(SIZES)) & (trick == HONEST)
    has_store = np.array([area.is_metro for area in AREAS])[orders.plan.area]
    return Request(
        delivered=got,
        asked=in_writing_hours(
            after(when(asks, got), pace), orders.world.shoppers.writing_hours
        ),
        quantity=np.where(is_one, 1, np.maximum(units, 1)),
        reason=reason,
        trick=trick,
        method=np.where(
            has_store & draws.chance(f"{key}/store", settings.store_share),
            IN_STORE,
            settings.methods.codes(draws.uniform(f"{key}/method")),
        ),
        wants_exchange=wants_exchange,
        new_size=np.where(wants_exchange, new_size, size),
        new_sku=np.where(wants_exchange, sku + new_size - size, sku),
    )


def _paces(settings: Returns) -> Integers:
    """Return, for each reason, which table says how soon customers ask."""
    return np.array(
        [
            next(
                (
                    number
                    for number, (names, _) in enumerate(settings.asked_after)
                    if reason in names
                ),
                0,
            )
            for reason in REASONS
        ]
    )


def _decide(orders: Orders, request: Request, line: int, draws: Draws) -> Decision:
    """Let a rule or a person decide; some denials are overruled later."""
    settings = orders.world.returns
    key = f"return/{line}"
    asked = request.asked
    flagged_share = np.where(
        request.trick == HONEST,
        settings.flagged_share,
        settings.abuse.flagged_share if settings.abuse else 0,
    )
    is_suspect = draws.chance(f"{key}/suspect", flagged_share)
    check_fails = draws.chance(f"{key}/check", settings.check_failed_share)
    is_reviewed = draws.chance(f"{key}/review", settings.review_share)
    is_reviewed |= check_fails | is_suspect
    pace = draws.uniform(f"{key}/wait")
    wait = np.where(
        is_reviewed,
        settings.decision_by_agent.whole(pace),
        settings.decision_by_rule.whole(pace),
    )
    decided = after(asked, wait + 90)
    is_late = asked > request.delivered + settings.window_days * DAY
    denied_share = np.select(
        [is_late, is_suspect, is_reviewed],
        [
            settings.denied_late_share,
            settings.denied_flagged_share,
            settings.denied_by_agent_share,
        ],
        settings.denied_by_rule_share,
    )
    fate = draws.uniform(f"{key}/fate")
    is_denied = fate < denied_share
    is_withdrawn = ~is_denied & (fate >= 1 - settings.cancelled_share)
    overruled = after(
        when(
            is_denied & draws.chance(f"{key}/overruled", settings.overruled_share),
            decided,
        ),
        settings.overruling.whole(draws.uniform(f"{key}/overruling")),
    )
    approved = np.where(is_denied, overruled, when(~is_withdrawn, decided))
    unavailable = after(
        when(
            request.wants_exchange
            & draws.chance(
                f"{key}/unavailable",
                np.array(settings.unavailable_share)[request.new_size],
            ),
            approved,
        ),
        settings.unavailable.whole(draws.uniform(f"{key}/looked for")),
    )
    return Decision(
        check_failed=after(when(check_fails, asked), 25),
        reviewed=after(when(is_reviewed, asked), 70),
        is_suspect=is_suspect,
        is_late=is_late,
        denied=when(is_denied, decided),
        withdrawn=when(is_withdrawn, decided),
        approved=approved,
        unavailable=unavailable,
    )


def _send(
    orders: Orders, request: Request, decision: Decision, line: int, draws: Draws
) -> Way:
    """Let goods travel back, stay with the customer, or never be sent."""
    settings = orders.world.returns
    key = f"return/{line}"
    method = request.method
    keep_share = np.array(settings.keep_share)[SKU_CATEGORY[orders.sku[line]]]
    is_kept = np.isin(request.reason, NOT_AS_SOLD) & (request.trick == HONEST)
    is_kept &= draws.chance(f"{key}/kept", keep_share) & (decision.approved < NEVER)
    goes = when(~is_kept, decision.approved)

    segment = orders.plan.segment
    is_instant = draws.chance(
        f"{key}/instant", np.array(settings.instant_share)[segment]
    )
    is_instant &= (method != IN_STORE) & (decision.unavailable >= NEVER)
    is_at_once = is_instant & (segment == GOLD)
    sends = draws.chance(f"{key}/sent", 1 - np.array(settings.never_sent_share)[method])
    sent = after(
        when(sends, goes),
        by_segment(settings.sent, method, draws.uniform(f"{key}/sending")) + 1800,
    )
    # who has the money already is never reminded
    is_dropped = ~sends & ~is_at_once
    is_called_off = draws.chance(f"{key}/called off", settings.called_off_share)
    called_off = after(
        when(is_dropped & is_called_off, goes),
        settings.called_off.whole(draws.uniform(f"{key}/calling off")) + 900,
    )
    expired = after(
        when(is_dropped & ~is_called_off, goes), settings.approval_days * DAY + 3600
    )
    is_old_used = draws.chance(f"{key}/old label", settings.old_label_share)
    late = after(
        when(is_old_used & (method != IN_STORE), expired),
        settings.old_label.whole(draws.uniform(f"{key}/old label after")),
    )
    sent = np.minimum(sent, late)
    instant = after(
        np.where(is_at_once, after(goes, 120), when(is_instant, sent)),
        settings.instant.whole(draws.uniform(f"{key}/instant wait")),
    )
    transit = by_segment(
        settings.transit,
        np.minimum(method, IN_STORE - 1),
        draws.uniform(f"{key}/transit"),
    )
    is_lost = draws.chance(f"{key}/lost", settings.lost_share)
    arrived = when(~is_lost, after(sent, transit))
    return Way(
        is_kept=is_kept,
        sent=when(method != IN_STORE, sent),
        cancelled=np.minimum(decision.withdrawn, called_off),
        expired=expired,
        instant=instant,
        received=np.where(method == IN_STORE, sent, arrived),
    )


def _inspect(
    orders: Orders, request: Request, way: Way, line: int, draws: Draws
) -> Check:
    """Open what came back: its condition, the reason found, where it goes."""
    settings = orders.world.returns
    key = f"return/{line}"
    category = SKU_CATEGORY[orders.sku[line]]
    inspected = after(
        when(
            draws.chance(f"{key}/checked", 1 - settings.unchecked_share), way.received
        ),
        settings.inspection.whole(draws.uniform(f"{key}/inspection")),
    )
    is_worn_seen = draws.chance(f"{key}/worn seen", settings.worn_seen_share)
    condition = np.select(
        [
            request.trick == WORN,
            request.trick == HOLLOW,
            np.isin(request.reason, BROKEN),
        ],
        [np.where(is_worn_seen, USED, OPENED), np.full(len(category), EMPTY), DAMAGED],
        settings.conditions.codes(draws.uniform(f"{key}/condition")),
    )
    is_sellable = condition == NEW
    is_sellable |= (condition == OPENED) & ~np.isin(category, HYGIENIC)
    is_repaired = (condition == DAMAGED) & (category == ELECTRONICS)
    is_repaired &= draws.chance(f"{key}/repaired", settings.repaired_share)
    found = np.array([REASONS.index(label) for label in settings.found.labels])
    is_other = draws.chance(f"{key}/mismatch", settings.mismatch_share)
    is_caught = (request.trick != HONEST) & (condition >= USED)
    never_restocked = draws.chance(f"{key}/shelved", settings.never_restocked_share)
    return Check(
        inspected=inspected,
        condition=condition,
        disposition=np.select(
            [is_sellable, condition == EMPTY, is_repaired],
            [RESTOCKED, MISSING, TO_REPAIR],
            NOT_RESTOCKED,
        ),
        found=np.select(
            [is_caught, is_other],
            [
                np.full(len(category), FRAUD),
                found[settings.found.codes(draws.uniform(f"{key}/found"))],
            ],
            request.reason,
        ),
        reshelved=after(
            when(is_sellable & ~never_restocked, inspected),
            settings.restock.whole(draws.uniform(f"{key}/shelving")) + 300,
        ),
    )


def _end(
    orders: Orders,
    request: Request,
    decision: Decision,
    way: Way,
    check: Check,
    line: int,
    draws: Draws,
) -> Ending:
    """Swap the goods, owe the money, or neither."""
    settings = orders.world.returns
    key = f"return/{line}"
    not_swapped = np.minimum(
        np.minimum(decision.unavailable, way.expired), way.cancelled
    )
    not_swapped = when(
        request.wants_exchange & (decision.approved < NEVER), not_swapped
    )
    is_exchange = request.wants_exchange & (not_swapped >= NEVER) & ~way.is_kept
    is_instant = way.instant < NEVER
    exchanged = after(
        when(is_exchange, np.where(is_instant, way.instant, way.received)),
        settings.exchange.whole(draws.uniform(f"{key}/swap")),
    )
    is_withheld = (check.condition >= USED) & (check.inspected < NEVER) & ~is_instant
    is_withheld &= draws.chance(f"{key}/withheld", settings.withheld_share)
    is_withheld &= ~is_exchange & ~way.is_kept
    ready = np.where(check.inspected < NEVER, check.inspected, way.received)
    # the answer waits for the search for another size
    was_unavailable = decision.unavailable < NEVER
    ready = np.where(was_unavailable, np.maximum(ready, decision.unavailable), ready)
    ready = np.where(way.is_kept, decision.approved, ready)
    resolved = after(
        ready, settings.resolution.whole(draws.uniform(f"{key}/resolution")) + 60
    )
    resolved = np.where(is_instant, way.instant, resolved)
    due = np.where(
        was_unavailable, np.maximum(way.received, decision.unavailable), way.received
    )
    due = np.select([way.is_kept, is_instant], [resolved, way.instant], due)
    return Ending(
        not_swapped=not_swapped,
        is_exchange=is_exchange,
        exchanged=exchanged,
        resolved=resolved,
        outcome=np.select(
            [way.is_kept, is_exchange, is_withheld],
            [BY_KEEPING, BY_EXCHANGE, BY_NOTHING],
            BY_REFUND,
        ),
        refund_due=when(~is_exchange & ~is_withheld, due),
    )


@dataclass(frozen=True)
class Request:
    """What a customer asks; moments in seconds.

    Attributes:
        delivered: When the customer got the line.
        reason: What the customer says, a code in ``REASONS``.
        trick: What is wrong with it, whether or not anybody sees.
        method: Code in ``METHODS``.
        new_size: Size wanted instead, or the same.
    """

    delivered: Integers
    asked: Integers
    quantity: Integers
    reason: Integers
    trick: Integers
    method: Integers
    wants_exchange: Flags
    new_size: Integers
    new_sku: Integers


@dataclass(frozen=True)
class Decision:
    """What the shop decides.

    Attributes:
        is_suspect: Flagged before the decision.
        is_late: Asked after the window.
        withdrawn: Called off before the decision.
        approved: At once, or after a denial was overruled.
        unavailable: When it turns out that the size wanted cannot be had.
    """

    check_failed: Integers
    reviewed: Integers
    is_suspect: Flags
    is_late: Flags
    denied: Integers
    withdrawn: Integers
    approved: Integers
    unavailable: Integers


@dataclass(frozen=True)
class Way:
    """How the goods come back, or do not.

    Attributes:
        is_kept: The customer may keep them.
        sent: When they are handed to a carrier; never for a store.
        expired: When the approval runs out; an old label may still be used.
        instant: When money or another size is given before the goods are back.
    """

    is_kept: Flags
    sent: Integers
    cancelled: Integers
    expired: Integers
    instant: Integers
    received: Integers


@dataclass(frozen=True)
class Check:
    """What the dock finds; ``found`` holds also where nobody looked."""

    inspected: Integers
    condition: Integers
    disposition: Integers
    found: Integers
    reshelved: Integers


@dataclass(frozen=True)
class Ending:
    """How it ends.

    Attributes:
        not_swapped: When an exchange agreed on is called off.
        is_exchange: Another size is the outcome.
        refund_due: When money is owed: at receipt, unless it is given at once or goods
            are swapped or found wanting.
    """

    not_swapped: Integers
    is_exchange: Flags
    exchanged: Integers
    resolved: Integers
    outcome: Integers
    refund_due: Integers


@dataclass(frozen=True)
class LineReturn(Request, Decision, Way, Check, Ending):
    """What happens to one line per order after delivery; moments in seconds."""
