# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""What comes back, how the shop decides on it, and what it finds in the parcel."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours, minutes
from ingestion.simulator.parameters.claims import Ring
from ingestion.simulator.parameters.shop import Window


@dataclass(frozen=True)
class Abuse:
    """Households that live on returns and claims, while the window is open.

    Attributes:
        ring: Who they are; takes the place of the everyday ring.
        window: When they order; None is always.
        return_factor: Their share of lines sent back, as a multiple of anybody's.
        worn_share: Share of their clothes returns that were worn first.
        empty_box_share: Share of their other returns in which the goods are missing.
        flagged_share: Share of their returns that the risk desk notices.
    """

    ring: Ring = Ring(
        share=0.047, size=9, claim_share=0.44, claim_delay=hours((0, 4), (1, 70))
    )
    window: Window | None = None
    return_factor: float = 3.4
    worn_share: float = 0.58
    empty_box_share: float = 0.29
    flagged_share: float = 0.41


@dataclass(frozen=True)
class Returns:
    """What comes back. Categories in catalog order."""

    share: tuple[float, ...] = (0.168, 0.017, 0.041, 0.094, 0.066, 0.032, 0)
    size_factor: tuple[float, ...] = (1.45, 0.85, 0.9, 1.6)  # by size
    late_factor: float = 1.35
    some_units_share: float = 0.38  # of lines with several units, one comes back
    reasons: tuple[Mix, ...] = (
        Mix(
            (
                ("size_too_small", 31),
                ("size_too_large", 19),
                ("color", 12),
                ("style", 10),
                ("poor_quality", 9),
                ("changed_mind", 13),
                ("arrived_late", 6),
            )
        ),
        Mix(
            (
                ("damaged_in_transit", 31),
                ("not_as_described", 22),
                ("changed_mind", 21),
                ("poor_quality", 15),
                ("wrong_item", 7),
                ("arrived_late", 4),
            )
        ),
        Mix(
            (
                ("not_as_described", 35),
                ("damaged_in_transit", 25),
                ("changed_mind", 18),
                ("poor_quality", 11),
                ("wrong_item", 8),
                ("better_price", 3),
            )
        ),
        Mix(
            (
                ("defective", 47),
                ("missing_part", 13),
                ("better_price", 11),
                ("changed_mind", 17),
                ("not_as_described", 12),
            )
        ),
        Mix(
            (
                ("damaged_in_transit", 36),
                ("color", 21),
                ("changed_mind", 24),
                ("not_as_described", 14),
                ("wrong_item", 5),
            )
        ),
        Mix(
            (
                ("damaged_in_transit", 39),
                ("changed_mind", 25),
                ("not_as_described", 13),
                ("arrived_late", 9),
                ("wrong_item", 8),
                ("gift", 6),
            )
        ),
        Mix((("other", 1),)),
    )  # by category
    small_size_shift: float = 0.2  # S and M run small, L and XL run large
    # what was visible when the parcel was opened is told at once, faults much later
    asked_after: tuple[tuple[tuple[str, ...], Quantiles], ...] = (
        (
            ("size_too_small", "size_too_large"),
            days((0, 0.1), (0.5, 1.7), (0.85, 4.4), (1, 16)),
        ),
        (
            ("color", "style", "arrived_late"),
            days((0, 0.2), (0.5, 3.1), (0.85, 8), (1, 22)),
        ),
        (
            ("damaged_in_transit", "wrong_item", "missing_part", "not_as_described"),
            days((0, 0.05), (0.6, 0.9), (0.9, 3.3), (1, 14)),
        ),
        (
            ("defective", "poor_quality"),
            days((0, 0.4), (0.25, 6), (0.6, 15), (0.9, 26), (1, 41)),
        ),
        (
            ("changed_mind", "better_price", "gift", "other"),
            days((0, 0.3), (0.4, 5.5), (0.75, 13), (0.95, 23), (1, 33)),
        ),
    )
    methods: Mix = Mix((("drop_off", 26), ("home_collection", 57), ("mail", 17)))
    store_share: float = 0.22  # where there is a store

    # deciding
    check_failed_share: float = 0.012
    review_share: float = 0.17
    flagged_share: float = 0.008  # of honest returns
    decision_by_rule: Quantiles = minutes((0, 0.2), (0.7, 6), (0.95, 41), (1, 190))
    decision_by_agent: Quantiles = hours((0, 0.6), (0.5, 13), (0.9, 46), (1, 117))
    window_days: int = 26
    denied_by_rule_share: float = 0.027
    denied_by_agent_share: float = 0.082
    denied_late_share: float = 0.81  # of requests after the window
    denied_flagged_share: float = 0.36
    overruled_share: float = 0.14  # of denials
    overruling: Quantiles = days((0, 0.4), (0.6, 2.3), (1, 9))
    cancelled_share: float = 0.023  # before any decision

    # on the way back
    # by category, of goods that came damaged or wrong
    keep_share: tuple[float, ...] = (0.02, 0.44, 0.37, 0.03, 0.11, 0.19, 0)
    never_sent_share: tuple[float, ...] = (0.093, 0.041, 0.118, 0.052)  # by method
    sent: tuple[Quantiles, ...] = (
        days((0, 0.4), (0.5, 2.9), (0.9, 8), (1, 17)),
        days((0, 0.7), (0.6, 1.8), (0.9, 4.2), (1, 11)),
        days((0, 0.6), (0.4, 3.7), (0.9, 11), (1, 18)),
        days((0, 0.1), (0.5, 3.4), (0.9, 9), (1, 17)),
    )  # by method
    called_off_share: float = 0.33  # of those never sent; the others run out
    called_off: Quantiles = days((0, 0.5), (0.7, 5), (1, 14))
    approval_days: int = 19
    old_label_share: float = 0.17  # of approvals that ran out
    old_label: Quantiles = days((0, 0.2), (0.7, 4), (1, 12))
    transit: tuple[Quantiles, ...] = (
        days((0, 1.4), (0.6, 4.4), (0.95, 9), (1, 17)),
        days((0, 1.1), (0.6, 3.2), (0.95, 7), (1, 13)),
        days((0, 2.2), (0.5, 5.7), (0.9, 12), (1, 26)),
    )  # by method
    lost_share: float = 0.009
    instant_share: tuple[float, ...] = (0.022, 0.083, 0.27)  # by segment
    instant: Quantiles = minutes((0, 4), (0.8, 13), (1, 47))

    # at the dock
    unchecked_share: float = 0.046
    inspection: Quantiles = hours((0, 1), (0.6, 19), (0.95, 71), (1, 190))
    mismatch_share: float = 0.13
    found: Mix = Mix(
        (
            ("changed_mind", 47),
            ("not_as_described", 17),
            ("poor_quality", 14),
            ("fit_other", 12),
            ("defective", 10),
        )
    )  # where it is not what the customer said
    conditions: Mix = Mix(
        (
            ("new", 46),
            ("opened", 41),
            ("damaged", 7),
            ("used", 5),
            ("wrong_item", 0.7),
            ("empty_box", 0.3),
        )
    )  # of honest returns that did not come damaged
    worn_seen_share: float = 0.71
    withheld_share: float = 0.63  # of worn, wrong or missing goods, no money
    repaired_share: float = 0.36  # of damaged electronics
    never_restocked_share: float = 0.085
    restock: Quantiles = hours((0, 1), (0.7, 15), (1, 96))
    resolution: Quantiles = hours((0, 0.3), (0.6, 11), (0.95, 60), (1, 150))

    # swapping
    exchange_share: float = 0.52  # of returns over fit
    unavailable_share: tuple[float, ...] = (0.14, 0.05, 0.06, 0.17)  # by size wanted
    unavailable: Quantiles = hours((0, 0.3), (0.5, 17), (1, 75))
    exchange: Quantiles = days((0, 0.5), (0.7, 4), (1, 12))

    abuse: Abuse | None = None
