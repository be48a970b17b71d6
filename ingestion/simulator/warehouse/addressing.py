"""Whether a parcel can reach the address: four checks, each with its own way out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, Text, labels
from ingestion.simulator.shoppers.placing import SHOP, Orders
from ingestion.simulator.shoppers.pricing import SHIP

CHECKER = f"addresscheck:{ACCOUNT}"
CHECKS = ("normalization", "serviceability", "carrier_compatibility", "manual_review")
ERRORS = ("ADDR_PARSE", "PIN_UNSERVED", "CARRIER_REFUSES", "REVIEW_REJECTED")
CARRIER_CHECK, REVIEW = 2, 3


def check_addresses(orders: Orders, draws: Draws) -> Addressing:
    """Check the addresses of a block of shipped orders."""
    settings = orders.world.addresses
    ships = orders.fulfillment == SHIP
    checked = after(
        when(ships, orders.placed),
        settings.check.whole(draws.uniform("address/check")) + 6,
    )
    share = np.array(settings.failure_share)[orders.plan.area]
    is_bad = draws.chance("address/bad", share) & ~orders.plan.is_export
    is_doubtful = ~is_bad & draws.chance("address/review", settings.review_share)
    looked_at = after(
        when(is_doubtful, checked),
        settings.review.whole(draws.uniform("address/look")) + 60,
    )
    is_refused = is_doubtful & draws.chance("address/refused", settings.refused_share)
    check = np.where(
        is_bad, settings.checks.codes(draws.uniform("address/which")), REVIEW
    )
    failed = np.select([is_bad, is_refused], [checked, looked_at], NEVER)
    share = np.array(settings.corrected_share)[check]
    is_mended = draws.chance("address/mended", share)
    mended = after(
        when(is_mended, failed),
        by_segment(settings.correction, check, draws.uniform("address/correction"))
        + 60,
    )
    passed = np.select([failed < NEVER, is_doubtful], [mended, looked_at], checked)
    return Addressing(
        checked=checked,
        is_bad=is_bad,
        is_doubtful=is_doubtful,
        check=check,
        failed=failed,
        # another carrier goes where the first would not; the address stays as it is
        corrected=when(check != CARRIER_CHECK, mended),
        rerouted=when(check == CARRIER_CHECK, mended),
        looked_at=when(~is_refused, looked_at),
        passed=np.where(ships, passed, 0),
        given_up=after(
            when(~is_mended, failed),
            by_segment(settings.patience, check, draws.uniform("address/given up")),
        ),
    )


def record_addresses(
    orders: Orders, addressing: Addressing, stop: Integers, journal: Journal
) -> None:
    """Record address checks until ``stop``; a corrected address has another hash."""
    good: Fields = {
        "order_id": orders.order_id,
        "is_serviceable": True,
        "is_normalized": True,
        "is_carrier_compatible": True,
    }
    door = address_hash(orders, 0)
    is_new = addressing.corrected < NEVER
    journal.record(
        "orders",
        "address_validated",
        at=addressing.checked,
        source=CHECKER,
        where=~addressing.is_bad,
        until=stop,
        **good,
        address_hash=door,
        is_manual_review_required=addressing.is_doubtful,
    )
    journal.record(
        "orders",
        "address_validation_failed",
        at=addressing.failed,
        source=CHECKER,
        until=stop,
        order_id=orders.order_id,
        address_hash=door,
        failed_check=labels(addressing.check, CHECKS),
        error_code=labels(addressing.check, ERRORS),
        postal_code=Partly(orders.postal_code, ~orders.plan.is_export),
    )
    journal.record(
        "orders",
        "order_updated",
        at=after(addressing.corrected, -20),
        source=SHOP,
        until=stop,
        order_id=orders.order_id,
        revision_no=1,
        changed_field="shipping_address",
    )
    journal.record(
        "orders",
        "address_validated",
        at=addressing.mended,
        source=CHECKER,
        until=stop,
        slot="corrected",
        **good,
        address_hash=pc.if_else(pa.array(is_new), address_hash(orders, 1), door),
        is_manual_review_required=False,
        is_corrected=is_new,
    )
    journal.record(
        "orders",
        "address_validated",
        at=addressing.looked_at,
        source=CHECKER,
        until=stop,
        slot="looked at",
        **good,
        address_hash=door,
        rule_version="2",
        is_manual_review_required=False,
    )


def address_hash(orders: Orders, version: int) -> Text:
    """Return a stand-in for the keyed hash of the customer's address.

    Args:
        orders: The orders.
        version: 0 for the address as typed, 1 for the corrected one.
    """
    salt = 0x9E3779B97F4A7C15 * (version + 1)
    words = []
    for part in range(4):
        word = orders.plan.pin + np.uint64(salt * (part + 1) % 2**64)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words.append(word ^ (word >> np.uint64(31)))
    octets = np.stack(words, axis=1).astype(">u8").view(np.uint8)
    pairs = np.array([f"{octet:02x}" for octet in range(256)], dtype="U2")
    digits = np.ascontiguousarray(pairs[octets]).view("U64").ravel()
    return labels(np.arange(len(digits)), digits.tolist())


@dataclass(frozen=True)
class Addressing:
    """Address checks of a block; moments in seconds.

    Attributes:
        check: Code in ``CHECKS`` of the check that fails, where one does.
        corrected: When a better address was given.
        rerouted: When another carrier was found for the same address.
        looked_at: When a person let a doubtful address pass.
        given_up: When the shop stops waiting for a better address.
    """

    checked: Integers
    is_bad: Flags
    is_doubtful: Flags
    check: Integers
    failed: Integers
    corrected: Integers
    rerouted: Integers
    looked_at: Integers
    passed: Integers
    given_up: Integers

    @property
    def mended(self) -> Integers:
        """When a failed check was made good, either way."""
        return np.minimum(self.corrected, self.rerouted)
