"""Who orders when: the one pass over customers, before any order's story is told.

Customers are lived through in batches, and only a few small columns per order are kept,
so that later stages can work on blocks of orders with bounded memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ingestion.simulator.catalog import SKU_LIFE
from ingestion.simulator.draws import ROWS_PER_COUNTER, Draws, Flags, Integers
from ingestion.simulator.parameters import World
from ingestion.simulator.record.moments import DAY, NEVER
from ingestion.simulator.shoppers.customers import (
    CLOSE_SECONDS,
    Words,
    draw_customers,
    live_through,
)

BATCH = 1 << 16
"""Customers lived through at once; a multiple of four. No plan depends on it."""

PILOT = 1 << 14
"""Customers from whom it is learned how often one orders in the period."""

NONE = -1
"""What a small column holds where there is no such order."""


def plan_orders(world: World, *, orders: int, seed: int, start: date) -> Plan:
    """Draw customers and the moments of their orders, exactly as many as asked.

    Args:
        world: The shop and its period.
        orders: Orders in the period.
        seed: Seed of every stream.
        start: First day, for weekdays.
    """
    rushing = _rushing_share(world, seed, start)
    batch = min(BATCH, -(-orders // ROWS_PER_COUNTER) * ROWS_PER_COUNTER)
    parts: list[dict[str, np.ndarray]] = []
    first = found = 0
    while found < orders:
        part = _batch(world, Draws(seed, first, batch), start, rushing)
        parts.append(part)
        first += batch
        found += len(part["placed"])
    # customers are alike whatever their number, so the first who fill the quota do
    columns = {
        name: np.concatenate([part.pop(name) for part in parts])[:orders]
        for name in tuple(parts[0])
    }
    # the last of them has no order that the quota cut off
    if 0 <= columns["following"][-1] < world.days * DAY:
        columns["following"][-1] = NONE
    return _by_moment(columns, world.days)


def _batch(
    world: World, draws: Draws, start: date, rushing: float
) -> dict[str, np.ndarray]:
    """Return the orders of a batch of customers as small columns."""
    customers = draw_customers(world, draws, rushing)
    stories = live_through(world, customers, start, draws)
    row = stories.row
    return {
        "customer": customers.customer[row].astype(np.int32),
        "number": stories.number.astype(np.uint8),
        "placed": stories.placed.astype(np.int32),
        "following": _small(stories.following),
        "previous_placed": _small(stories.previous),
        "units": stories.units.astype(np.uint8),
        "favorite": customers.favorite[row].astype(np.uint8),
        "is_guest": customers.is_guest[row],
        "area": customers.area[row].astype(np.uint8),
        "is_deal_seeker": customers.is_deal_seeker[row],
        "pin": customers.pin[row],
        "segment": customers.segment[row].astype(np.uint8),
        "is_export": customers.is_export[row],
        "has_consented": customers.has_consented[row],
    }


def _small(moments: Integers) -> npt.NDArray[np.int32]:
    """Return moments in four bytes each."""
    return np.where(moments < NEVER, moments, NONE).astype(np.int32)


def _by_moment(columns: dict[str, np.ndarray], days: int) -> Plan:
    """Sort orders by the moment they are placed, and find each one's predecessor."""
    count = len(columns["placed"])
    order = np.lexsort((columns["customer"], columns["placed"]))
    rank = np.empty(count, dtype=np.int32)
    rank[order] = np.arange(count, dtype=np.int32)
    # orders lie by customer and number, so the one before is the row before
    before = np.concatenate([np.array([NONE], dtype=np.int32), rank[:-1]])
    previous = np.where(columns["number"] > 1, before, NONE).astype(np.int32)
    hour = columns["placed"] // 3600
    load = np.bincount(hour, minlength=days * 24) / (count / (days * 24))
    columns |= {"previous": previous, "load": load.astype(np.float32)[hour]}
    return Plan(**{name: columns.pop(name)[order] for name in tuple(columns)})


def _rushing_share(world: World, seed: int, start: date) -> float:
    """Return which share of customers must come for the sale to make up its orders.

    Of ``q`` rushing customers and ``1 - q`` others, with ``s`` and ``t`` orders each,
    ``a`` and ``b`` of them in the window, the sale holds ``q a + (1 - q) b`` of
    ``q s + (1 - q) t`` orders; ``q`` solves that for the share wanted.
    """
    rush = world.shoppers.rush
    if rush is None:
        return 0.0
    counts = []
    for share in (1.0, 0.0):
        placed = _batch(world, Draws(seed, 0, PILOT), start, share)["placed"]
        inside = world.during(rush.window, placed)
        counts.append((int(inside.sum()), len(placed)))
    (a, s), (b, t) = counts
    wanted = rush.share
    share = (wanted * t - b) / (a - b - wanted * (s - t))
    return min(max(share, 0.0), 1.0)


@dataclass(frozen=True)
class Plan:
    """One row per order, by the moment it is placed.

    A whole plan keeps its columns as small as they come, ``NONE`` for what is not
    there; a block of it has them as every stage reckons.

    Attributes:
        customer: Number of the customer.
        number: Which of the customer's orders this is, from 1.
        placed: Seconds from the start.
        load: Orders of the same clock hour, as a multiple of the mean.
        favorite: SKU of the first order, and of later ones where it runs out.
        units: Units of the favorite.
        previous: Row of the customer's order before; ``NONE`` for a first one.
        previous_placed: When that was placed.
        following: When the customer orders next, beyond the period too.
        is_guest: Ordered without an account.
        is_deal_seeker: Came for the first rebate.
        area: Position in ``AREAS``.
        pin: Random word of the household, that fixes its PIN code and address.
        segment: Code in ``Shoppers.segments``.
        is_export: Lives abroad.
        has_consented: Gave consent to marketing with the first order.
    """

    customer: Integers
    number: Integers
    placed: Integers
    load: np.ndarray
    favorite: Integers
    units: Integers
    previous: Integers
    previous_placed: Integers
    following: Integers
    is_guest: Flags
    is_deal_seeker: Flags
    area: Integers
    pin: Words
    segment: Integers
    is_export: Flags
    has_consented: Flags

    @property
    def brings_favorite(self) -> Flags:
        """Whether the order's first line is what the customer came for.

        A later order is for a new supply, where the favorite runs out, unless it
        follows so close that something had been forgotten.
        """
        gap = self.placed - self.previous_placed
        is_supply = (SKU_LIFE[self.favorite] > 0) & (gap >= CLOSE_SECONDS)
        brings: Flags = (self.number == 1) | is_supply
        return brings

    def block(self, first: int, count: int) -> Plan:
        """Return some consecutive orders, ready to reckon with."""
        rows = slice(first, first + count)
        columns = {name: _wide(column[rows]) for name, column in vars(self).items()}
        for name in ("previous_placed", "following"):
            moments = columns[name]
            columns[name] = np.where(moments == NONE, NEVER, moments)
        return Plan(**columns)

    def __len__(self) -> int:
        return len(self.placed)


def _wide(column: np.ndarray) -> np.ndarray:
    """Return a column in eight bytes a row, but for flags."""
    if column.dtype == np.float32:
        return column.astype(np.float64)
    if column.dtype in (np.uint64, np.bool_):
        return column
    return column.astype(np.int64)
