# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Money going back: until the shop sends it, and until the bank has it."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours, minutes


@dataclass(frozen=True)
class Refunds:
    """Money going back.

    Causes in this order: return, cancellation, rto, item_not_received, warranty,
    goodwill, price_adjustment. The last two are owed once somebody grants them, so
    nothing lies between the debt and its start.
    """

    start: tuple[Quantiles, ...] = (
        hours((0, 0.2), (0.55, 9), (0.9, 52), (1, 210)),
        minutes((0, 4), (0.7, 160), (0.95, 1900), (1, 7000)),
        hours((0, 5), (0.6, 31), (1, 160)),
        hours((0, 1), (0.6, 22), (0.95, 115), (1, 300)),
        hours((0, 8), (0.5, 57), (0.9, 170), (1, 410)),
        Quantiles(((0, 0), (1, 1))),
        Quantiles(((0, 0), (1, 1))),
    )
    # causes that people work on by day, Monday to Saturday; the others run by rule
    by_hand_share: tuple[float, ...] = (0.42, 0.03, 0.8, 1, 1, 0, 0)
    opens_hour: int = 9
    closes_hour: int = 20
    after_opening: Quantiles = hours((0, 0.1), (0.5, 2.2), (0.9, 5.5), (1, 9.5))
    forgotten_share: tuple[float, ...] = (0.021, 0.007, 0.038, 0.026, 0.031, 0, 0)
    instant_share: tuple[float, ...] = (0.31, 0.11, 0)  # by gateway
    instant: Quantiles = minutes((0, 1), (0.8, 9), (1, 130))
    bank: tuple[Quantiles, ...] = (
        hours((0, 2), (0.4, 27), (0.8, 74), (1, 170)),
        hours((0, 20), (0.5, 62), (0.9, 130), (1, 260)),
        hours((0, 30), (0.5, 92), (0.9, 190), (1, 420)),
        hours((0, 6), (0.6, 44), (0.9, 83), (1, 410)),
    )  # by gateway; bank transfers last
    # what the customer is told to wait, by the same routes
    told: tuple[Quantiles, ...] = (
        days((0, 2.6), (0.7, 4.4), (1, 7.2)),
        days((0, 3.6), (0.6, 5.8), (1, 8.1)),
        days((0, 5.7), (0.5, 8.3), (1, 10.4)),
        days((0, 1.8), (0.5, 3.7), (1, 6.3)),
    )
    failed_share: tuple[float, ...] = (0.012, 0.019, 0.023, 0.057)  # same order
    again: Quantiles = days((0, 0.6), (0.7, 3.2), (1, 8))
    stuck_share: float = 0.11  # of failures nobody tries again

    late_by_days: float = 1.3
    goodwill_share: float = 0.074  # of orders that came so late
    goodwill_percent: Mix = Mix((("5", 46), ("10", 38), ("20", 16)))
    goodwill_after: Quantiles = hours((0, 2), (0.6, 26), (1, 120))
    store_credit_share: float = 0.37  # of goodwill
    price_share: float = 0.011  # of orders whose price fell soon after
    price_percent: Mix = Mix((("4", 30), ("8", 45), ("15", 25)))
    price_after: Quantiles = days((0, 0.7), (0.6, 4), (1, 12))
