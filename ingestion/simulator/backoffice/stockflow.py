"""What orders take off the shelves and what comes back, counted by day.

A stock day of a location and SKU ends where that shelf would be counted, late in the
evening; so a count at the end of day ``d`` has seen all of the days up to ``d``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import LOCATIONS, PRODUCTS
from ingestion.simulator.draws import Integers
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.stockroom import Counting
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.returns.returning import LineReturn
from ingestion.simulator.road.delivering import CLEARED_SECONDS, Delivery
from ingestion.simulator.road.tracking import PUT_BACK_SECONDS
from ingestion.simulator.shoppers.baskets import LINES
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.fulfilling import PARCELS, Fulfillment


def movements(
    orders: Orders,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
) -> Flow:
    """Count what a block of orders moved before the period ended.

    Goods leave with their parcel, when they are set aside at the counter, or in
    exchange for others. What is lost, damaged or scrapped never comes back. Test and
    synthetic orders move no goods.
    """
    flow = no_flow(orders.world)
    is_real = ~orders.is_test & ~orders.is_synthetic
    for line in range(LINES):
        sku, back = orders.sku[line], returns[line]
        for number, parcel in enumerate(delivery.parcels):
            place = fulfillment.location[number]
            units = fulfillment.goods[number, line] * is_real
            flow.take(fulfillment.shipped[number], place, sku, units)
            whole = when(parcel.damaged >= NEVER, parcel.acknowledged)
            flow.put_back(after(whole, PUT_BACK_SECONDS), place, sku, units)
        units = fulfillment.goods[0, line] * is_real
        cleared = after(delivery.pickup_expired, CLEARED_SECONDS)
        flow.take(delivery.pickup_ready, orders.home, sku, units)
        flow.put_back(cleared, orders.home, sku, units)
        parcel_of_line = fulfillment.parcel[line]
        place = np.choose(parcel_of_line, fulfillment.location[:PARCELS])
        units = back.quantity * is_real
        flow.put_back(back.reshelved, place, sku, units)
        flow.take(back.exchanged, place, back.new_sku, units)
    return flow


def count_seconds(counting: Counting) -> Integers:
    """Return the second of the day in which each shelf is counted, (location, SKU)."""
    begins = int(counting.from_hour * 3600)
    place = np.arange(len(LOCATIONS))[:, None] * counting.seconds_per_location
    return begins + place + np.arange(len(PRODUCTS)) * counting.seconds_per_sku


def axes(shape: tuple[int, ...]) -> tuple[Integers, Integers, Integers]:
    """Return the day (or cycle), location and SKU of each cell of a grid."""
    grid = np.indices(shape, dtype=np.int64)
    return grid[0], grid[1], grid[2]


def no_flow(world: World) -> Flow:
    """Return the flow of a period in which nothing moves."""
    shape = (world.days + 1, len(LOCATIONS), len(PRODUCTS))
    return Flow(
        taken=np.zeros(shape, dtype=np.int64),
        returned=np.zeros(shape, dtype=np.int64),
        ends=count_seconds(world.stockroom.counting),
        horizon=world.days * DAY,
    )


@dataclass(frozen=True)
class Flow:
    """Units moved by orders, (stock day, location, SKU).

    The last stock day is what the period leaves of the evening after its last count.

    Attributes:
        taken: Units that left the shelf for a customer.
        returned: Units back on the shelf.
        ends: Second of the day that ends a stock day, (location, SKU).
        horizon: Seconds of the period; what happens later is not counted.
    """

    taken: Integers
    returned: Integers
    ends: Integers
    horizon: int

    def take(
        self, at: Integers, place: Integers, sku: Integers, units: Integers
    ) -> None:
        """Count units leaving; one row per order."""
        self._count(self.taken, at, place, sku, units)

    def put_back(
        self, at: Integers, place: Integers, sku: Integers, units: Integers
    ) -> None:
        """Count units coming back; one row per order."""
        self._count(self.returned, at, place, sku, units)

    def add(self, other: Flow) -> None:
        """Add what another block of orders moved."""
        self.taken.__iadd__(other.taken)
        self.returned.__iadd__(other.returned)

    def _count(
        self,
        counts: Integers,
        at: Integers,
        place: Integers,
        sku: Integers,
        units: Integers,
    ) -> None:
        rows = np.flatnonzero((units > 0) & (at < self.horizon))
        at, place, sku = at[rows], place[rows], sku[rows]
        day = (at + DAY - self.ends[place, sku]) // DAY
        cell = np.ravel_multi_index((day, place, sku), counts.shape)
        # sums of whole numbers are exact in doubles
        sums = np.bincount(cell, weights=units[rows], minlength=counts.size)
        counts.ravel()[:] += sums.astype(np.int64)
