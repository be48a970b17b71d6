# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Parcels said not to have come, and goods that fail within their warranty."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours


@dataclass(frozen=True)
class Ring:
    """Customers who share an address and say that parcels did not come.

    Attributes:
        share: Share of all customers.
        size: Customers at one address; more names than people, as a rule.
        claim_share: Share of their delivered parcels that they claim.
        claim_delay: Seconds from the delivery to the claim.
    """

    share: float
    size: int
    claim_share: float
    claim_delay: Quantiles


@dataclass(frozen=True)
class Claims:
    """Item-not-received claims, about parcels that were paid for."""

    ring: Ring = Ring(
        share=0.006,
        size=11,
        claim_share=0.53,
        claim_delay=days((0, 0.4), (0.6, 2.6), (1, 9)),
    )
    # delivered by the carrier's word, and gone
    missing_share: float = 0.0042
    missing_claimed_share: float = 0.86
    false_claimed_share: float = 0.68  # the courier claimed the last attempt
    mistaken_share: float = 0.0054  # a neighbor has it
    mistaken_cod_share: float = 0.0009
    claim_delay: Quantiles = hours((0, 2), (0.5, 21), (0.85, 90), (1, 290))
    # still on the road
    waiting_share: float = 0.087  # of parcels past their promise
    patience: Quantiles = days((0, 1.3), (0.5, 4.6), (1, 14))

    # evidence, by whether the customer has the parcel
    proof_share: tuple[float, float] = (0.49, 0.86)
    gps_share: tuple[float, float] = (0.21, 0.91)

    decision: Quantiles = hours((0, 3), (0.4, 31), (0.8, 109), (1, 340))
    unanswered_share: float = 0.034
    found_after: Quantiles = hours((0, 1), (1, 20))
    resolutions_waiting: Mix = Mix((("refund", 69), ("replacement", 31)))
    resolutions_doubtful: Mix = Mix(
        (("refund", 61), ("replacement", 21), ("split_loss", 9), ("denied", 9))
    )  # no proof, or delivered elsewhere
    resolutions_proven: Mix = Mix(
        (("refund", 33), ("replacement", 9), ("split_loss", 11), ("denied", 47))
    )
    found_share: float = 0.61  # of mistaken claims
    split_percent: int = 50


@dataclass(frozen=True)
class Warranties:
    """Warranty claims. Categories in catalog order; one claim per order at most."""

    share: tuple[float, ...] = (0.002, 0, 0.024, 0.079, 0.006, 0, 0)
    denied_return_factor: float = 5.5  # whoever may not return claims a fault
    fails_after: tuple[Quantiles, ...] = (
        days((0, 9), (0.5, 48), (1, 130)),
        days((0, 9), (1, 130)),
        days((0, 1), (0.6, 12), (0.9, 37), (1, 90)),
        days((0, 1.6), (0.2, 17), (0.45, 57), (0.75, 163), (0.95, 352), (1, 430)),
        days((0, 4), (0.5, 61), (1, 240)),
        days((0, 9), (1, 130)),
        days((0, 9), (1, 130)),
    )
    faults: tuple[Mix, ...] = (
        Mix((("cosmetic", 71), ("defective", 29))),
        Mix((("defective", 1),)),
        Mix((("defective", 57), ("cosmetic", 31), ("missing_part", 12))),
        Mix(
            (
                ("stopped_working", 41),
                ("battery_or_power", 27),
                ("defective", 18),
                ("missing_part", 8),
                ("cosmetic", 6),
            )
        ),
        Mix((("cosmetic", 62), ("defective", 38))),
        Mix((("cosmetic", 1),)),
        Mix((("other", 1),)),
    )
    cover_days: tuple[int, ...] = (92, 92, 61, 366, 184, 92, 92)
    forwarded_share: tuple[float, ...] = (0.1, 0, 0.19, 0.63, 0.22, 0, 0)
    forwarding: Quantiles = hours((0, 2), (0.6, 27), (1, 160))
    recovered_share: float = 0.16  # of approvals by the shop, sent to the maker after
    decision_by_shop: Quantiles = hours((0, 1), (0.5, 29), (0.9, 98), (1, 260))
    decision_by_maker: Quantiles = days((0, 1.4), (0.5, 8.3), (0.9, 21), (1, 47))
    invented_share: float = 0.58  # of claims after a denied return: nothing failed
    untrue_share: float = 0.15  # of the others: misused, or nothing is wrong
    untrue_denied_share: float = 0.81
    denied_share: float = 0.092  # of true ones, by the terms
    denials_untrue: Mix = Mix((("misuse", 54), ("no_fault_found", 46)))
    denials_true: Mix = Mix((("not_covered", 62), ("no_proof_of_purchase", 38)))
    goodwill_share: float = 0.18  # of claims after the cover, approved anyway
    appeal_share: float = 0.26  # of denials, approved later
    appeal: Quantiles = days((0, 1.2), (0.6, 6.5), (1, 23))
    remedies: tuple[Mix, ...] = (
        Mix((("refund", 44), ("replacement", 56))),
        Mix((("refund", 1),)),
        Mix((("refund", 63), ("replacement", 37))),
        Mix((("replacement", 37), ("repair", 35), ("refund", 16), ("part_sent", 12))),
        Mix((("replacement", 58), ("refund", 27), ("part_sent", 15))),
        Mix((("refund", 1),)),
        Mix((("refund", 1),)),
    )
    remedy_wait: tuple[Quantiles, ...] = (
        hours((0, 4), (0.6, 50), (1, 190)),
        days((0, 1.6), (0.6, 6.4), (1, 19)),
        days((0, 4.5), (0.5, 12.5), (0.9, 27), (1, 58)),
        days((0, 0.8), (0.7, 4.2), (1, 13)),
    )  # refund, replacement, repair, part sent
    closed_share: float = 0.57  # of denials that nobody appeals against
