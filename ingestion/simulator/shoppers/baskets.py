"""What customers put into one order: their supply, what goes with it, whims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import (
    CATEGORIES,
    DIGITAL,
    PRODUCTS,
    SKU_CATEGORY,
    SKU_LIFE,
)
from ingestion.simulator.draws import Draws, Flags, Floats, Integers, Mix
from ingestion.simulator.parameters import World
from ingestion.simulator.shoppers.planning import Plan
from ingestion.simulator.shoppers.tastes import (
    PREMIUM,
    SKU_PARTNER,
    SKU_PARTNER_SHARE,
    SKU_PREMIUM_SHARE,
)

LINES = 4
"""Most lines of an order."""

SKUS = tuple(product.sku for product in PRODUCTS)


@dataclass(frozen=True)
class Basket:
    """The goods of a block of orders; arrays are (line, order), units 0 for no line."""

    sku: Integers
    quantity: Integers


@dataclass(frozen=True)
class Shelf:
    """Some SKUs to choose from, by how popular they are."""

    skus: Integers

    def choose(self, taste: Floats) -> Integers:
        """Return the SKU that each taste picks."""
        weights = [(SKUS[sku], PRODUCTS[sku].popularity) for sku in self.skus]
        return np.asarray(self.skus[Mix(tuple(weights)).codes(taste)], dtype=np.int64)


PHYSICAL = Shelf(np.flatnonzero(SKU_CATEGORY != DIGITAL))
DOWNLOADS = Shelf(np.flatnonzero(SKU_CATEGORY == DIGITAL))
SHELVES = tuple(
    Shelf(np.flatnonzero(category == SKU_CATEGORY))
    for category in range(len(CATEGORIES))
)


def fill_baskets(plan: Plan, world: World, is_digital: Flags, draws: Draws) -> Basket:
    """Choose the SKU and the units of each line.

    The first line is what the customer came for; the second what goes with it, or
    something better, or a whim like the others.
    """
    count = len(plan)
    wanted = world.baskets.line_count.codes(draws.uniform("order/lines")) + 1
    sku = np.zeros((LINES, count), dtype=np.int64)
    quantity = np.zeros((LINES, count), dtype=np.int64)
    for line in range(LINES):
        taste = draws.uniform(f"order/sku/{line}")
        chosen = np.where(is_digital, DOWNLOADS.choose(taste), PHYSICAL.choose(taste))
        units = world.baskets.quantity.codes(draws.uniform(f"order/quantity/{line}"))
        units += 1
        if line == 0:
            chosen = _first_sku(plan, world, is_digital, chosen, draws)
            units = np.where(chosen == plan.favorite, plan.units, units)
        if line == 1:
            chosen, is_added = _second_sku(plan, is_digital, sku[0], chosen, draws)
            wanted = np.where(is_added, np.maximum(wanted, 2), wanted)
        units = np.where(SKU_LIFE[chosen] > 0, units, np.minimum(units, 2))
        units = np.where(is_digital, 1, units)
        taken = (sku[:line] == chosen).any(axis=0)
        sku[line] = chosen
        quantity[line] = np.where((line < wanted) & ~taken, units, 0)
    return Basket(sku, quantity)


def _first_sku(
    plan: Plan, world: World, is_digital: Flags, chosen: Integers, draws: Draws
) -> Integers:
    """Return the favorite where it is due, else often something of its kind."""
    favorite = plan.favorite
    kind = SKU_CATEGORY[favorite]
    taste = draws.uniform("order/kind")
    stays = draws.chance("order/same kind", world.baskets.same_category_share)
    stays &= (kind != DIGITAL) & ~is_digital
    for category, shelf in enumerate(SHELVES):
        chosen = np.where(stays & (kind == category), shelf.choose(taste), chosen)
    fits = plan.brings_favorite & ((kind == DIGITAL) == is_digital)
    return np.where(fits, favorite, chosen)


def _second_sku(
    plan: Plan, is_digital: Flags, first: Integers, chosen: Integers, draws: Draws
) -> tuple[Integers, Flags]:
    """Return the second line's SKU, and whether it is one more line for its sake."""
    moves_up = (plan.number > 1) & draws.chance(
        "order/premium", SKU_PREMIUM_SHARE[plan.favorite]
    )
    better = PREMIUM[(draws.uniform("order/better") * len(PREMIUM)).astype(np.int64)]
    pairs_up = draws.chance("order/pair", SKU_PARTNER_SHARE[first])
    chosen = np.where(moves_up, better, chosen)
    chosen = np.where(pairs_up, SKU_PARTNER[first], chosen)
    is_added = (moves_up | pairs_up) & ~is_digital
    return chosen, is_added
