"""Who orders when: the one pass over customers, before any order's story is told.

Only a few small columns per order are kept, so that later stages can work on blocks of
orders with bounded memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import (
    AREAS,
    PRODUCTS,
    SKU_CATEGORY,
    SKU_LIFE,
)
from ingestion.simulator.draws import ROWS_PER_COUNTER, Draws, Flags, Integers, Mix
from ingestion.simulator.journal import DAY
from ingestion.simulator.parameters import SHOPPERS

FAVORITES = Mix(tuple((product.sku, product.popularity) for product in PRODUCTS))
PLACES = Mix(tuple((area.region, area.share) for area in AREAS))


def plan_orders(*, orders: int, days: int, seed: int) -> Plan:
    """Draw customers and the moments of their orders, exactly as many as asked.

    Args:
        orders: Orders in the period.
        days: Length of the period.
        seed: Seed of every stream.
    """
    candidates = -(-orders // ROWS_PER_COUNTER) * ROWS_PER_COUNTER
    draws = Draws(seed, 0, candidates)
    favorite = FAVORITES.codes(draws.uniform("customer/favorite"))
    category = SKU_CATEGORY[favorite]
    is_guest = draws.chance("customer/guest", SHOPPERS.guest_share)
    arrived = SHOPPERS.arrival.at(draws.uniform("customer/arrival")) * days
    returning = np.array(SHOPPERS.return_share)[category]

    placed = [_at_some_hour(draws, arrived.astype(np.int64), 0)]
    moment = arrived
    alive = ~is_guest
    for again in range(1, SHOPPERS.most_orders):
        gap = np.where(
            SKU_LIFE[favorite] > 0,
            SKU_LIFE[favorite]
            * SHOPPERS.life_multiple.at(draws.uniform(f"customer/life/{again}")),
            SHOPPERS.other_gap.at(draws.uniform(f"customer/gap/{again}")) / DAY,
        )
        moment = moment + np.maximum(gap, 1.0)
        alive = alive & draws.chance(f"customer/again/{again}", returning)
        alive = alive & (moment < days)
        placed.append(
            np.where(alive, _at_some_hour(draws, moment.astype(np.int64), again), -1)
        )
    moments = np.stack(placed, axis=1)

    # customers are alike whatever their number, so the first who fill the quota do
    customer, number = np.nonzero(moments >= 0)
    customer, number = customer[:orders], number[:orders]
    seconds = moments[customer, number]
    order = np.lexsort((customer, seconds))
    customer, number, seconds = customer[order], number[order], seconds[order]

    hour = seconds // 3600
    per_hour = np.bincount(hour, minlength=days * 24)
    return Plan(
        customer=customer,
        number=number + 1,
        placed=seconds,
        load=per_hour[hour] / max(orders / (days * 24), 1e-9),
        favorite=favorite[customer],
        is_guest=is_guest[customer],
        area=PLACES.codes(draws.uniform("customer/area"))[customer],
        pin=draws.words("customer/pin")[customer].astype(np.uint64),
        segment=SHOPPERS.segments.codes(draws.uniform("customer/segment"))[customer],
        is_export=draws.chance("customer/export", SHOPPERS.export_share)[customer],
        has_consented=draws.chance(
            "customer/consent", SHOPPERS.marketing_consent_share
        )[customer],
    )


def _at_some_hour(draws: Draws, day: Integers, number: int) -> Integers:
    """Return a moment on a day, in seconds from the start."""
    return day * DAY + np.minimum(
        SHOPPERS.time_of_day.whole(draws.uniform(f"customer/hour/{number}")), DAY - 1
    )


@dataclass(frozen=True)
class Plan:
    """One row per order, by the moment it is placed.

    Attributes:
        customer: Number of the customer.
        number: Which of the customer's orders this is, from 1.
        placed: Seconds from the start.
        load: Orders of the same clock hour, as a multiple of the mean.
        favorite: SKU the customer comes back for.
        is_guest: Ordered without an account.
        area: Position in ``AREAS``.
        pin: Random word that fixes the customer's PIN code and address.
        segment: Code in ``SHOPPERS.segments``.
        is_export: Lives abroad.
        has_consented: Gave consent to marketing with the first order.
    """

    customer: Integers
    number: Integers
    placed: Integers
    load: np.ndarray
    favorite: Integers
    is_guest: Flags
    area: Integers
    pin: np.ndarray
    segment: Integers
    is_export: Flags
    has_consented: Flags

    def block(self, first: int, count: int) -> Plan:
        """Return some consecutive orders."""
        rows = slice(first, first + count)
        return Plan(**{name: column[rows] for name, column in vars(self).items()})

    def __len__(self) -> int:
        return len(self.placed)
