"""Parcels that customers say never came: who says so, with what evidence, what then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Flags, Floats, Integers, Mix
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, in_writing_hours, when
from ingestion.simulator.record.text import Fields, Partly, Text, joined, labels, text
from ingestion.simulator.road.carrying import Parcel
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.households import is_in_ring, ring_of
from ingestion.simulator.shoppers.placing import PREPAID, Orders
from ingestion.simulator.warehouse.addressing import Addressing, address_hash
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import PARCELS, Fulfillment

DESK = f"helpdesk:{ACCOUNT}"
RESOLUTIONS = ("refund", "replacement", "split_loss", "denied", "found")
REFUND, REPLACEMENT, SPLIT, DENIED, FOUND = range(5)


def claim_missing(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
) -> MissingClaim:
    """Let some customers of a block say that a parcel never came, one per order."""
    told, gone = (
        np.stack(columns)
        for columns in zip(
            *(
                _claim_parcel(orders, promise, delivery.parcels[number], number, draws)
                for number in range(PARCELS)
            ),
            strict=True,
        )
    )
    parcel = told.argmin(axis=0)

    def own(values: Integers) -> Integers:
        """Return what belongs to the parcel claimed."""
        return np.asarray(np.take_along_axis(values, parcel[None, :], axis=0)[0])

    claimed = own(told)
    delivered = own(np.stack([one.delivered for one in delivery.parcels]))
    kept = own(np.stack([one.kept for one in delivery.parcels]))
    # it never reached who ordered it, whatever the carrier says
    is_true = (own(gone) > 0) | (kept >= NEVER)
    is_waiting = claimed < delivered
    is_abuse = is_in_ring(orders, delivered) & ~is_true & ~is_waiting
    settings = orders.world.claims
    has_it = (~is_true).astype(np.int64)
    has_proof = draws.chance("claim/proof", np.array(settings.proof_share)[has_it])
    has_gps = draws.chance("claim/gps", np.array(settings.gps_share)[has_it])

    decided = after(claimed, settings.decision.whole(draws.uniform("claim/decision")))
    came = when(is_waiting, kept)
    is_found = came < decided
    found = after(came, settings.found_after.whole(draws.uniform("claim/found")))
    decided = np.where(is_found, np.maximum(found, claimed + 600), decided)
    is_mistake = ~is_waiting & ~is_true & ~is_abuse
    is_found |= is_mistake & draws.chance("claim/neighbor", settings.found_share)
    taste = draws.uniform("claim/resolution")
    resolution = np.select(
        [is_found, is_waiting, ~has_proof | ~has_gps],
        [
            np.full(len(claimed), FOUND),
            _chosen(settings.resolutions_waiting, taste),
            _chosen(settings.resolutions_doubtful, taste),
        ],
        _chosen(settings.resolutions_proven, taste),
    )
    is_answered = draws.chance("claim/answered", 1 - settings.unanswered_share)
    worth = (fulfillment.goods * orders.unit_paid[None]).sum(axis=1)
    return MissingClaim(
        parcel=parcel,
        claimed=claimed,
        delivered=delivered,
        amount=own(worth),
        has_proof=has_proof,
        has_gps=has_gps,
        resolved=when(is_answered, decided),
        resolution=resolution,
        is_true=is_true,
        is_abuse=is_abuse,
        split_percent=settings.split_percent,
    )


def record_missing_claims(
    orders: Orders,
    addressing: Addressing,
    fulfillment: Fulfillment,
    claim: MissingClaim,
    journal: Journal,
) -> None:
    """Record the claims as the help desk tells them, and which of them were true."""
    desk: Fields = {
        "source": DESK,
        "claim_id": missing_claim_id(orders),
        "shipment_id": _either(claim.parcel > 0, *reversed(fulfillment.shipment_id)),
    }
    was_delivered = claim.delivered <= claim.claimed
    journal.record(
        "returns",
        "item_not_received_claimed",
        at=claim.claimed,
        order_id=orders.order_id,
        **desk,
        address_hash=_either(
            addressing.corrected < NEVER,
            address_hash(orders, 1),
            address_hash(orders, 0),
        ),
        amount_minor=claim.amount,
        currency=orders.currency,
        has_delivery_proof=Partly(claim.has_proof, was_delivered),
        has_gps_match=Partly(claim.has_gps, was_delivered),
        is_otp_verified=Partly(True, was_delivered & (orders.mode != PREPAID)),
    )
    journal.record(
        "returns",
        "item_not_received_resolved",
        at=claim.resolved,
        **desk,
        resolution=labels(claim.resolution, RESOLUTIONS),
        loss_minor=Partly(claim.loss, claim.loss > 0),
        currency=Partly(orders.currency, claim.loss > 0),
    )
    journal.truth.record(
        "claims",
        where=claim.claimed < NEVER,
        claim_id=desk["claim_id"],
        kind="item_not_received",
        order_id=orders.order_id,
        shipment_id=desk["shipment_id"],
        resolution=labels(claim.resolution, RESOLUTIONS),
        household=text(orders.plan.pin),
        opened_at=claim.claimed,
        delivered_at=claim.delivered,
        resolved_at=claim.resolved,
        is_true=claim.is_true,
        is_abuse=claim.is_abuse,
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


def missing_claim_id(orders: Orders) -> Text:
    """Return the id of an order's item-not-received claim."""
    return joined("nr-", orders.order_id)


def _claim_parcel(
    orders: Orders, promise: Promise, parcel: Parcel, number: int, draws: Draws
) -> tuple[Integers, Integers]:
    """Return when each parcel is claimed, and whether it went astray (1) or not."""
    settings = orders.world.claims
    key = f"claim/{number}"
    is_prepaid = orders.mode == PREPAID
    delivered = parcel.delivered
    is_gone = is_prepaid & (parcel.kept < NEVER)
    is_gone &= draws.chance(f"{key}/gone", settings.missing_share)
    ring = ring_of(orders.world)
    is_ring = is_in_ring(orders, delivered)
    share = np.select(
        [~is_prepaid & parcel.is_false, ~is_prepaid, parcel.is_false, is_gone, is_ring],
        [
            0,  # nothing was paid at the door
            settings.mistaken_cod_share,
            settings.false_claimed_share,
            settings.missing_claimed_share,
            ring.claim_share,
        ],
        settings.mistaken_share,
    )
    pace = draws.uniform(f"{key}/delay")
    delay = np.where(
        is_ring, ring.claim_delay.whole(pace), settings.claim_delay.whole(pace)
    )
    clock = orders.world.shoppers.writing_hours
    told = after(when(draws.chance(f"{key}/claims", share), delivered), delay)
    tires = is_prepaid & draws.chance(f"{key}/waits", settings.waiting_share)
    waited = after(
        when(tires & (parcel.shipped < NEVER), np.maximum(promise.due, parcel.shipped)),
        settings.patience.whole(draws.uniform(f"{key}/patience")),
    )
    told, waited = in_writing_hours(told, clock), in_writing_hours(waited, clock)
    ends = np.minimum(np.minimum(delivered, parcel.back), parcel.written_off)
    return np.minimum(told, when(waited < ends, waited)), is_gone.astype(np.int64)


def _chosen(mix: Mix, taste: Floats) -> Integers:
    """Return the code in ``RESOLUTIONS`` that each uniform chooses from a mix."""
    return np.array([RESOLUTIONS.index(label) for label in mix.labels])[
        mix.codes(taste)
    ]


def _either(condition: Flags, one: Text, other: Text) -> Text:
    """Return one text where a condition holds, and the other elsewhere."""
    return pc.if_else(pa.array(condition), one, other)


@dataclass(frozen=True)
class MissingClaim:
    """At most one item-not-received claim per order; moments in seconds.

    Attributes:
        parcel: Number of the parcel it is about.
        delivered: When the carrier said that it came.
        amount: Worth of the parcel, minor units.
        is_true: The customer never got it.
        is_abuse: One of a ring has it, and says otherwise.
        split_percent: What the customer gets where the loss is split.
    """

    parcel: Integers
    claimed: Integers
    delivered: Integers
    amount: Integers
    has_proof: Flags
    has_gps: Flags
    resolved: Integers
    resolution: Integers
    is_true: Flags
    is_abuse: Flags
    split_percent: int

    @property
    def loss(self) -> Integers:
        """What the shop bears, in money or goods, minor units."""
        return np.select(
            [self.resolution <= REPLACEMENT, self.resolution == SPLIT],
            [self.amount, self.amount * self.split_percent // 100],
            0,
        )

    @property
    def refund_due(self) -> Integers:
        """When money is owed for it."""
        is_money = (self.resolution == REFUND) | (self.resolution == SPLIT)
        return when(is_money, self.resolved)

    def is_about(self, parcel: Integers | int) -> Flags:
        """Tell whether there is a claim about each order's parcel of a number."""
        about: Flags = (self.claimed < NEVER) & (self.parcel == parcel)
        return about

    def is_made_good(self, parcel: int) -> Flags:
        """Tell whether the shop paid for the parcel or sent it again."""
        answered = self.is_about(parcel) & (self.resolved < NEVER)
        return answered & (self.resolution <= SPLIT)
