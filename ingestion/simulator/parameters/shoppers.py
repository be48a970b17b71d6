# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Who buys, when, how often again, and what goes into one order."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours
from ingestion.simulator.parameters.shop import Window


@dataclass(frozen=True)
class Rush:
    """A flash sale: some goods cheaper for some hours, and a crowd that came for them.

    Attributes:
        window: When it is held.
        share: Share of all the period's orders that fall into it.
        skus: What is on sale.
        extra_discount_percent: Off these goods during the sale, beside other rebates.
        pace: Share of the window -> share of its crowd that has ordered by then.
        return_factor: How often the crowd comes back, against other first buyers.
    """

    window: Window
    share: float
    skus: tuple[str, ...]
    extra_discount_percent: int
    pace: Quantiles = Quantiles(((0, 0), (0.45, 0.11), (0.8, 0.46), (1, 1)))
    return_factor: float = 0.46


@dataclass(frozen=True)
class Shoppers:
    """Who buys, when, and how often again."""

    # share of new customers -> share of the period by which they have come; a sale is
    # waited for, climbs over some days and leaves a dip
    arrival: Quantiles = Quantiles(
        (
            (0, 0),
            (0.1275, 0.15),
            (0.2362, 0.27),
            (0.2575, 0.295),
            (0.2702, 0.305),
            (0.2867, 0.315),
            (0.3302, 0.335),
            (0.3471, 0.345),
            (0.3594, 0.355),
            (0.3798, 0.385),
            (0.4096, 0.42),
            (0.5846, 0.6),
            (0.7885, 0.8),
            (1, 1),
        )
    )
    rush: Rush | None = None
    time_of_day: Quantiles = hours(
        (0, 0.1),
        (0.035, 1.2),
        (0.05, 6.5),
        (0.09, 8.5),
        (0.2, 11),
        (0.33, 13.5),
        (0.43, 15.5),
        (0.53, 17.8),
        (0.66, 19.5),
        (0.82, 21.2),
        (0.93, 22.6),
        (1, 24),
    )
    weekend_time_of_day: Quantiles = hours(
        (0, 0.1),
        (0.045, 1.5),
        (0.06, 7.5),
        (0.1, 9.5),
        (0.25, 12),
        (0.41, 14.5),
        (0.53, 16.7),
        (0.66, 18.6),
        (0.8, 20.5),
        (0.91, 22.2),
        (1, 24),
    )
    # what strikes at any hour -> hour at which somebody sits down to write it; never
    # before it struck, so no hour may lie before its share of the day
    writing_hours: Quantiles = hours(
        (0, 0.3),
        (0.02, 7.2),
        (0.08, 9.3),
        (0.22, 11.5),
        (0.36, 13.8),
        (0.47, 15.6),
        (0.6, 18),
        (0.77, 20.2),
        (0.93, 22.4),
        (1, 24),
    )
    # by weekday from Monday: orders that wait for Saturday or Sunday
    postponed_share: tuple[float, ...] = (0.021, 0.048, 0.063, 0.082, 0.104, 0, 0)
    guest_share: float = 0.15  # of customers; guests never come back
    # of every second customer: lives with the one numbered before
    household_share: float = 0.07
    guest_household_share: float = 0.26
    # by category of the product they favor
    return_share: tuple[float, ...] = (0.27, 0.57, 0.46, 0.12, 0.21, 0.26, 0.18)
    loyalty: tuple[float, ...] = (
        1,
        1.11,
        1.19,
        1.24,
    )  # by orders so far, then the last
    deal_seeker_share: float = 0.17  # come for the first rebate
    deal_seeker_return_factor: float = 0.43
    # gap as a multiple of how long the goods last, where they run out: tea is bought
    # when the tin is nearly empty, by some before and by the forgetful well after, skin
    # care early on offers or long after
    tea_multiple: Quantiles = Quantiles(
        (
            (0, 0.47),
            (0.08, 0.69),
            (0.28, 0.88),
            (0.5, 1.03),
            (0.7, 1.27),
            (0.86, 1.71),
            (0.96, 2.6),
            (1, 4.1),
        )
    )
    skin_multiple: Quantiles = Quantiles(
        ((0, 0.38), (0.3, 0.74), (0.5, 1.06), (0.75, 1.47), (0.95, 2.4), (1, 3.8))
    )
    # how long several units last, as a multiple of one: plenty is used more freely
    lasting: tuple[float, ...] = (1, 1.88, 2.7)
    other_gap: Quantiles = days((0, 4), (0.3, 19), (0.6, 41), (0.9, 97), (1, 170))
    close_share: float = 0.042  # of next orders: something forgotten
    close_gap: Quantiles = hours((0, 0.3), (0.5, 4), (0.8, 20), (1, 37))
    most_orders: int = 40
    segments: Mix = Mix((("new", 62), ("regular", 29), ("gold", 9)))
    export_share: float = 0.031
    marketing_consent_share: float = 0.61
    other_consent_share: float = 0.83  # of those, to each other purpose
    consent_withdrawn_share: float = 0.074
    consent_kept: Quantiles = days((0, 0.6), (0.5, 22), (0.9, 51), (1, 96))
    recognized_share: float = 0.77  # of repeats, told by the shop as such


@dataclass(frozen=True)
class Baskets:
    """What goes into one order. Money in paise; exports as ``markets`` says."""

    line_count: Mix = Mix((("1", 61), ("2", 25), ("3", 10), ("4", 4)))
    quantity: Mix = Mix((("1", 84), ("2", 13), ("3", 3)))
    discount_percent: Mix = Mix((("0", 71), ("5", 9), ("10", 14), ("15", 6)))
    first_discount_percent: Mix = Mix((("0", 79), ("10", 21)))
    deal_seeker_percent: Mix = Mix((("15", 44), ("20", 38), ("25", 18)))
    same_category_share: float = 0.38  # of later orders by who favors no supply
    free_shipping_from_minor: int = 79900
    shipping_minor: int = 4900
    digital_share: float = 0.047  # of later orders
    pickup_share: float = 0.34  # of orders from a city with a store
    channels: Mix = Mix(
        (("web", 41), ("mobile", 43), ("marketplace", 14), ("phone", 2))
    )
    habit_share: float = 0.84  # of orders, by the customer's usual channel
    cod_share: tuple[float, ...] = (
        0.29,
        0.33,
        0.31,
        0.38,
        0.36,
        0.52,
        0.47,
        0.56,
        0.49,
    )  # by area
    partial_cod_share: float = 0.043
    partial_cod_deposit_percent: int = 20
    test_share: float = 0.004
    synthetic_share: float = 0.003
