# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Suppliers, shelves and counts: what changes stock beside the orders."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles
from ingestion.simulator.parameters.shop import Window


@dataclass(frozen=True)
class Leak:
    """A time in which goods keep vanishing from one location.

    Attributes:
        place: Position in ``LOCATIONS``.
        category: Position in ``CATEGORIES``.
        window: When.
        share: Units that vanish, as a share of the units orders take there.
    """

    place: int
    category: int
    window: Window
    share: float


@dataclass(frozen=True)
class Counting:
    """How the shelves are counted, location by location, after closing."""

    from_hour: float = 21.3
    seconds_per_location: int = 437  # between the beginnings of two locations
    seconds_per_sku: int = 41
    first_day: tuple[int, ...] = (2, 3, 5, 4, 1)  # of the stocktake of everything
    weekday: tuple[int, ...] = (1, 3, 2, 5, 0)  # of later counts, 0 is Monday
    every_weeks: tuple[int, ...] = (3, 5, 8)  # best sellers, middle, slow movers
    error_share: tuple[float, ...] = (0.045, 0.06, 0.05, 0.11, 0.085)  # by location
    error_units: Mix = Mix((("-3", 6), ("-1", 47), ("1", 35), ("2", 8), ("4", 4)))
    corrected_share: float = 0.93  # of the differences that a count shows


@dataclass(frozen=True)
class Supply:
    """Purchase orders; tables by category."""

    every_weeks: tuple[int, ...] = (6, 3, 4, 5, 6, 8, 1)
    pack_units: tuple[int, ...] = (4, 12, 6, 4, 4, 10, 1)
    lead: Quantiles = Quantiles(((0, 9), (0.7, 18), (1, 33)))  # days
    forecast: Quantiles = Quantiles(((0, 0.74), (0.5, 1.01), (1, 1.31)))
    late_share: tuple[float, ...] = (0.34, 0.14, 0.21, 0.43, 0.27, 0.12, 0)
    delay: Quantiles = Quantiles(((0, 1), (0.5, 3.4), (0.85, 8), (1, 19)))  # days
    long_delay_days: int = 6  # beyond which the first new date does not hold either
    short_share: float = 0.083
    received_share: Quantiles = Quantiles(((0, 0.35), (0.6, 0.8), (1, 0.97)))
    short_told_share: float = 0.42  # of the short receipts, told the day before
    misplaced_share: float = 0.031  # of receipts, one pack of which strays elsewhere
    noticed: Quantiles = Quantiles(((0, 2), (0.6, 7), (1, 17)))  # days


@dataclass(frozen=True)
class Stockroom:
    """Stock at the locations.

    Losses are shares of the units that orders take, so a shop of any size has them in
    proportion; ``burst``, whose mean is about 1, makes many days lose nothing and few
    days a lot.
    """

    counting: Counting = Counting()
    supply: Supply = Supply()
    opening_days: Quantiles = Quantiles(((0, 4), (0.6, 13), (1, 41)))  # of demand
    opening_spare: Mix = Mix((("3", 30), ("5", 40), ("9", 20), ("16", 10)))  # units
    opening_error_share: float = 0.17  # cells whose books are wrong from the start
    shrinkage: tuple[float, ...] = (0.004, 0.0055, 0.0047, 0.017, 0.013)  # by location
    shrinkage_factor: tuple[float, ...] = (0.8, 0.6, 2.2, 1.7, 0.7, 0.4, 0)
    burst: Quantiles = Quantiles(((0, 0), (0.7, 0.15), (0.9, 2.2), (1, 12.4)))
    found_share: float = 0.0012  # turns up on a shelf without a booking
    breakage: tuple[float, ...] = (0.0004, 0.0021, 0.0038, 0.0016, 0.0052, 0.0007, 0)
    expired: tuple[float, ...] = (0, 0.0064, 0.0027, 0, 0, 0, 0)  # written off
    theft_share: float = 0.0009  # noticed at once, and booked
    found_again_share: float = 0.0006  # found and booked
    walk_in_share: float = 0.38  # sold over the store's own counter
    walk_in_spread: Quantiles = Quantiles(((0, 0.2), (0.8, 1.1), (1, 2.6)))
    transfer_share: float = 0.07  # of SKUs, each week
    transfer_weeks: Quantiles = Quantiles(((0, 0.3), (0.7, 1.2), (1, 2.6)))
    transfer_road: Quantiles = Quantiles(((0, 1), (0.6, 2.9), (1, 5)))  # days
    transfer_short_share: float = 0.11  # a unit less comes out than went in
    leaks: tuple[Leak, ...] = (Leak(3, 3, Window(0.41, 0, 24 * 38), 0.46),)
