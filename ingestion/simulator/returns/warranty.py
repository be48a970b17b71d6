"""Goods that fail in use: claims under warranty, the maker, decisions, remedies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.simulator.catalog import CATEGORIES, SKU_CATEGORY
from ingestion.simulator.draws import Draws, Flags, Floats, Integers, Mix, by_segment
from ingestion.simulator.parameters.claims import Warranties
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, Text, joined, labels, text
from ingestion.simulator.returns.claiming import MissingClaim
from ingestion.simulator.returns.returning import PORTAL, LineReturn
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.baskets import LINES, SKUS
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.fulfilling import Fulfillment

FAULTS = tuple(
    dict.fromkeys(label for mix in Warranties().faults for label in mix.labels)
)
REMEDIES = ("refund", "replacement", "repair", "part_sent")
REFUND = 0
MAKERS = tuple(f"maker-{category}" for category in CATEGORIES)


def claim_warranty(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
    missing: MissingClaim,
    draws: Draws,
) -> WarrantyClaim:
    """Let goods of a block fail; the first line of an order that does is claimed."""
    settings = orders.world.warranties
    submitted = np.stack(
        [
            _fail(orders, fulfillment, delivery, returns[line], missing, line, draws)
            for line in range(LINES)
        ]
    )
    line = submitted.argmin(axis=0)
    at = submitted.min(axis=0)

    def own(values: Integers | Flags) -> Integers:
        """Return what belongs to the line claimed."""
        return np.asarray(np.take_along_axis(values, line[None, :], axis=0)[0])

    sku = own(orders.sku)
    category = SKU_CATEGORY[sku]
    got = own(
        np.stack([delivery.line_delivered(fulfillment, one) for one in range(LINES)])
    )
    is_over = at > got + np.array(settings.cover_days)[category] * DAY

    is_forwarded = draws.chance(
        "warranty/forwarded", np.array(settings.forwarded_share)[category]
    )
    wait = settings.forwarding.whole(draws.uniform("warranty/forwarding")) + 900
    forwarded = after(when(is_forwarded, at), wait)
    pace = draws.uniform("warranty/decision")
    decided = np.where(
        is_forwarded,
        after(forwarded, settings.decision_by_maker.whole(pace)),
        after(at, settings.decision_by_shop.whole(pace)),
    )
    is_after_denial = own(np.stack([_is_refused(one) for one in returns])) > 0
    is_invented = is_after_denial & draws.chance(
        "warranty/invented", settings.invented_share
    )
    is_true = ~is_invented & ~draws.chance("warranty/untrue", settings.untrue_share)
    is_denied = draws.chance(
        "warranty/denied",
        np.select(
            [is_over, is_true],
            [1 - settings.goodwill_share, settings.denied_share],
            settings.untrue_denied_share,
        ),
    )
    denied = when(is_denied, decided)
    appealed = after(
        when(draws.chance("warranty/appeals", settings.appeal_share), denied),
        settings.appeal.whole(draws.uniform("warranty/appeal")),
    )
    approved = np.where(is_denied, appealed, decided)
    is_recovered = ~is_forwarded & draws.chance(
        "warranty/recovered", settings.recovered_share
    )
    remedy = _by_category(
        settings.remedies, REMEDIES, category, draws.uniform("warranty/remedy")
    )
    wait = by_segment(settings.remedy_wait, remedy, draws.uniform("warranty/wait"))
    passed_on = after(when(is_recovered, approved), wait)
    closes = draws.chance("warranty/closed", settings.closed_share)
    closed = after(when(closes & (appealed >= NEVER), denied), wait // 2 + 3600)
    return WarrantyClaim(
        line=line,
        sku=sku,
        delivered=got,
        submitted=at,
        fault=_by_category(
            settings.faults, FAULTS, category, draws.uniform("warranty/fault")
        ),
        forwarded=np.where(is_forwarded, forwarded, passed_on),
        is_by_maker=is_forwarded,
        is_over=is_over,
        is_true=is_true,
        is_invented=is_invented,
        denied=denied,
        approved=approved,
        remedy=remedy,
        resolved=np.minimum(after(approved, wait), closed),
        unit_paid=own(orders.unit_paid),
    )


def record_warranty(
    orders: Orders, claim: WarrantyClaim, draws: Draws, journal: Journal
) -> None:
    """Record warranty claims as the portal tells them, and keep their truth."""
    settings = orders.world.warranties
    sku = labels(claim.sku, SKUS)
    thing: Fields = {"source": PORTAL, "claim_id": warranty_claim_id(orders)}
    item: Fields = {**thing, "sku": sku}
    journal.record(
        "returns",
        "warranty_claim_submitted",
        at=claim.submitted,
        order_id=orders.order_id,
        **item,
        reason_code=labels(claim.fault, FAULTS),
        quantity=1,
        purchase_date=orders.placed,
    )
    journal.record(
        "returns",
        "warranty_claim_forwarded",
        at=claim.forwarded,
        **item,
        manufacturer_id=labels(SKU_CATEGORY[claim.sku], MAKERS),
    )
    by = labels(claim.is_by_maker.astype(np.int64), ("agent", "manufacturer"))
    taste = draws.uniform("warranty/denial")
    doubts, terms = settings.denials_untrue, settings.denials_true
    denials = ("expired", *doubts.labels, *terms.labels)
    why = np.select(
        [claim.is_over, claim.is_true],
        [0, 1 + len(doubts.labels) + terms.codes(taste)],
        1 + doubts.codes(taste),
    )
    journal.record(
        "returns",
        "warranty_claim_denied",
        at=claim.denied,
        **item,
        decided_by=by,
        reason_code=labels(why, denials),
    )
    is_appeal = claim.denied < NEVER
    is_courtesy = claim.is_over | (
        is_appeal
        & (~claim.is_true | draws.chance("warranty/courtesy", settings.goodwill_share))
    )
    pays = claim.remedy == REFUND
    remedy = labels(claim.remedy, REMEDIES)
    journal.record(
        "returns",
        "warranty_claim_approved",
        at=claim.approved,
        **item,
        decision_no=1 + is_appeal.astype(np.int64),
        decided_by=by,
        reason_code=labels(is_courtesy.astype(np.int64), ("covered", "goodwill")),
        remedy=remedy,
        amount_minor=Partly(claim.unit_paid, pays),
        currency=Partly(orders.currency, pays),
    )
    given = labels(
        np.where(claim.approved < NEVER, claim.remedy, len(REMEDIES)),
        (*REMEDIES, "none"),
    )
    journal.record(
        "returns",
        "warranty_claim_resolved",
        at=claim.resolved,
        **item,
        remedy=given,
    )
    journal.truth.record(
        "claims",
        where=claim.submitted < NEVER,
        claim_id=thing["claim_id"],
        kind="warranty",
        order_id=orders.order_id,
        shipment_id=pa.nulls(len(claim.line), pa.string()),
        resolution=given,
        household=text(orders.plan.pin),
        opened_at=claim.submitted,
        delivered_at=claim.delivered,
        resolved_at=claim.resolved,
        is_true=claim.is_true,
        is_abuse=claim.is_invented,
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


def warranty_claim_id(orders: Orders) -> Text:
    """Return the id of an order's warranty claim."""
    return joined("wc-", orders.order_id)


def _fail(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    back: LineReturn,
    missing: MissingClaim,
    line: int,
    draws: Draws,
) -> Integers:
    """Return when the goods of a line are claimed to have failed, if they ever are.

    Goods on their way back, or said never to have come, are not claimed.
    """
    settings = orders.world.warranties
    key = f"warranty/{line}"
    category = SKU_CATEGORY[orders.sku[line]]
    share = np.array(settings.share)[category]
    is_refused = _is_refused(back)
    share = np.where(is_refused, share * settings.denied_return_factor, share)
    fails = draws.chance(f"{key}/fails", share)
    fails &= ~missing.is_about(fulfillment.parcel[line])
    fails &= (back.asked >= NEVER) | is_refused
    after_use = by_segment(
        settings.fails_after, category, draws.uniform(f"{key}/after")
    )
    at = after(when(fails, delivery.line_delivered(fulfillment, line)), after_use)
    return np.where(is_refused & (at < NEVER), np.maximum(at, back.denied + 7200), at)


def _is_refused(back: LineReturn) -> Flags:
    """Tell whose wish to return the goods was denied for good."""
    return (back.denied < NEVER) & (back.approved >= NEVER)


def _by_category(
    mixes: tuple[Mix, ...], names: tuple[str, ...], category: Integers, taste: Floats
) -> Integers:
    """Return codes in ``names``, drawn from the mix of each row's category."""
    codes = np.zeros(len(taste), dtype=np.int64)
    for number, mix in enumerate(mixes):
        rows = category == number
        own = np.array([names.index(label) for label in mix.labels])
        codes[rows] = own[mix.codes(taste[rows])]
    return codes


@dataclass(frozen=True)
class WarrantyClaim:
    """At most one warranty claim per order; moments in seconds.

    Attributes:
        line: Number of the line it is about.
        is_by_maker: The maker decides, not the shop.
        is_over: Claimed after the cover ended.
        is_true: The goods did fail, by no fault of the customer.
        is_invented: Nothing failed: the goods could not be returned otherwise.
        approved: At once, or on appeal where it was denied before.
        unit_paid: What the unit cost, minor units.
    """

    line: Integers
    sku: Integers
    delivered: Integers
    submitted: Integers
    fault: Integers
    forwarded: Integers
    is_by_maker: Flags
    is_over: Flags
    is_true: Flags
    is_invented: Flags
    denied: Integers
    approved: Integers
    remedy: Integers
    resolved: Integers
    unit_paid: Integers

    @property
    def refund_due(self) -> Integers:
        """When money is owed for it."""
        return when(self.remedy == REFUND, self.approved)
