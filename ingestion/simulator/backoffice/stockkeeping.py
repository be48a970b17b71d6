"""Stock at the locations, day by day: what lies there, and what the books say.

Orders have moved goods already; here suppliers, staff and thieves do. Both ledgers are
sums over days, so the shelves can be filled in advance with what the whole period
takes, and nothing is ever sold that was not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ingestion.simulator.backoffice.stockflow import Flow, axes
from ingestion.simulator.backoffice.supplying import (
    Supplies,
    order_supplies,
    record_purchase_orders,
)
from ingestion.simulator.catalog import (
    DIGITAL,
    LOCATIONS,
    PRODUCTS,
    SKU_CATEGORY,
    STORE,
)
from ingestion.simulator.draws import Draws, Flags, Floats, Integers, Quantiles
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.stockroom import Counting, Stockroom
from ingestion.simulator.record.calendar import Calendar
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY
from ingestion.simulator.record.text import Fields, Partly, Text, joined, labels, text
from ingestion.simulator.shoppers.baskets import SKUS
from ingestion.simulator.warehouse.allocating import FALLBACKS, PLACES
from ingestion.simulator.warehouse.fulfilling import WMS

CORRECTED_HOUR = 10
STOCKED = SKU_CATEGORY != DIGITAL


def keep_stock(
    world: World, flow: Flow, seed: int, journal_of: Callable[[Draws], Journal]
) -> Journal:
    """Record receipts, losses, counts and corrections of the whole period.

    Args:
        world: The shop and its period.
        flow: What the orders moved.
        seed: Seed of every stream.
        journal_of: Opens the journal of the rows that draws are for.
    """
    draws = Draws(seed, 0, flow.taken.size)
    journal = journal_of(draws)
    calendar = Calendar(journal.clock.start)
    room = world.stockroom
    changes = _change(world, flow, draws)
    is_counted = _counting_days(room.counting, world.days, calendar)
    demand = (flow.taken - flow.returned - changes.booked).sum(axis=0) / world.days
    supplies = order_supplies(
        room.supply, np.maximum(demand, 0) * STOCKED, world.days, calendar, draws
    )
    changes = _receive(changes, supplies, is_counted)
    stock = _replay(room, flow, changes, is_counted, demand, draws)
    record_purchase_orders(supplies, journal)
    _record_changes(changes, journal)
    _record_counts(stock, flow, is_counted, journal)
    _keep_truth(stock, flow, changes, is_counted, journal)
    return journal


def _change(world: World, flow: Flow, draws: Draws) -> Changes:
    """Draw everything but supplies: losses, finds, walk-in sales, transfers."""
    room, shape = world.stockroom, flow.taken.shape
    busy = flow.taken[:-1].mean(axis=0)

    def some(name: str, share: Floats, spread: Quantiles = room.burst) -> Integers:
        """Return units of each day: ``share`` of the mean flow, unevenly."""
        luck = draws.uniform(f"stock/{name}").reshape(shape)
        chance = draws.uniform(f"stock/{name}/unit").reshape(shape)
        expected = busy * share * spread.at(luck)
        units: Integers = (expected + chance).astype(np.int64)
        units[-1] = 0
        return units

    category = SKU_CATEGORY
    shrinkage = np.outer(room.shrinkage, np.array(room.shrinkage_factor)[category])
    walk_in = np.zeros(len(LOCATIONS))
    walk_in[STORE] = room.walk_in_share
    out, arriving, shown = _transfers(room, flow, busy, draws)
    leaking = np.zeros(shape)
    day = np.arange(len(leaking)) * DAY
    for leak in room.leaks:
        is_open = world.during(leak.window, day)
        leaking[:, leak.place] += leak.share * np.outer(
            is_open, category == leak.category
        )
    return Changes(
        booked_by_cause={
            "breakage": -some("breakage", np.array(room.breakage)[category]),
            "write_off": -some("expired", np.array(room.expired)[category]),
            "theft_or_loss": -some("theft", np.array(room.theft_share)),
            "found": some("found again", np.array(room.found_again_share)),
            "in_person_sale": -some("walk in", walk_in[:, None], room.walk_in_spread),
            "transfer_out": -out,
            "transfer_in": shown,
        },
        unbooked_by_cause={
            "shrinkage": -some("shrinkage", shrinkage),
            "leak": -some("leak", leaking),
            "turned_up": some("turned up", np.array(room.found_share)),
            "short_transfer": arriving - shown,
        },
        noticed=np.zeros(shape, dtype=np.int64),
    )


def _transfers(
    room: Stockroom, flow: Flow, busy: Floats, draws: Draws
) -> tuple[Integers, Integers, Integers]:
    """Draw transfers: units sent, units that came, units booked in."""
    days = len(flow.taken) - 1
    shape = (-(-days // 7), len(PRODUCTS))

    def luck(name: str) -> Floats:
        words = draws.uniform(f"transfer/{name}")
        return words[: np.prod(shape)].reshape(shape)

    week, _, sku = (axis[:, 0] for axis in axes((shape[0], 1, shape[1])))
    sender = (luck("from") * len(LOCATIONS)).astype(np.int64)
    other = (luck("to") * (len(LOCATIONS) - 1)).astype(np.int64)
    taker = (sender + 1 + other) % len(LOCATIONS)
    left = week * 7 + (luck("day") * 5).astype(np.int64)
    came = left + room.transfer_road.whole(luck("road"))
    weekly = 7 * busy[taker, sku]
    units = (weekly * room.transfer_weeks.at(luck("size"))).astype(np.int64)
    happens = (luck("happens") < room.transfer_share) & STOCKED & (came < days)
    units = np.where(happens, units, 0)
    is_short = (luck("short") < room.transfer_short_share) & (units > 1)
    sent, arrived, shown = (np.zeros_like(flow.taken) for _ in range(3))
    rows = np.nonzero(units)
    np.add.at(sent, (left[rows], sender[rows], sku[rows]), units[rows])
    cell = (came[rows], taker[rows], sku[rows])
    np.add.at(arrived, cell, (units - is_short)[rows])
    np.add.at(shown, cell, units[rows])
    return sent, arrived, shown


def _receive(changes: Changes, supplies: Supplies, is_counted: Flags) -> Changes:
    """Add what suppliers brought, some of it to another location than booked."""
    days = len(is_counted) - 1
    _, place, sku = axes(supplies.received.shape)
    # a count at either end shows the mistake before anybody else notices
    shows = is_counted | is_counted[:, FALLBACKS]
    day = np.arange(days + 1)[:, None, None]
    coming = np.where(shows, day, days)[::-1]
    next_count = np.minimum.accumulate(coming, axis=0)[::-1]
    arrives = np.minimum(supplies.arrives, days)
    counted = next_count[arrives, place, sku]
    noticed = np.minimum(supplies.noticed_on, counted + 1)

    def on(when: Integers, where: Integers, units: Integers) -> Integers:
        grid = np.zeros(is_counted.shape, dtype=np.int64)
        rows = np.nonzero((units > 0) & (when < days))
        cell = (when[rows], where[rows], sku[rows])
        np.add.at(grid, cell, units[rows])
        return grid

    lost = supplies.misplaced * (arrives < days)
    rebooked = lost * (noticed <= counted)
    there = FALLBACKS[place]
    out, into = on(noticed, place, rebooked), on(noticed, there, rebooked)
    strayed = on(arrives, there, lost) - on(arrives, place, lost)
    return replace(
        changes,
        booked_by_cause={
            **changes.booked_by_cause,
            "supplier_receipt": on(supplies.arrives, place, supplies.received),
            "rebooked_out": -out,
            "rebooked_in": into,
        },
        unbooked_by_cause={
            **changes.unbooked_by_cause,
            "misplaced": strayed + out - into,
        },
        noticed=on(noticed, place, lost),
    )


def _counting_days(counting: Counting, days: int, calendar: Calendar) -> Flags:
    """Return which shelves are counted at the end of which day."""
    day = np.arange(days + 1)[:, None, None]
    place = np.arange(len(LOCATIONS))[:, None]
    popular = np.array([product.popularity for product in PRODUCTS])
    rank = np.argsort(np.argsort(-popular, kind="stable"), kind="stable")
    third = rank * len(counting.every_weeks) // len(rank)
    every = np.array(counting.every_weeks)[third]
    first = np.array(counting.first_day)[:, None]
    is_turn = (day // 7 + rank + place) % every == 0
    is_turn &= calendar.weekday(day) == np.array(counting.weekday)[:, None]
    is_counted: Flags = ((day == first) | (is_turn & (day > first))) & STOCKED
    return is_counted & (day < days)


def _replay(
    room: Stockroom,
    flow: Flow,
    changes: Changes,
    is_counted: Flags,
    demand: Floats,
    draws: Draws,
) -> Stock:
    """Run both ledgers through the period; counts correct the books."""
    shape = flow.taken.shape

    def luck(name: str) -> Floats:
        return draws.uniform(f"count/{name}").reshape(shape)

    sold = flow.returned - flow.taken
    booked = sold + changes.booked
    moved = booked + changes.unbooked
    lowest = np.minimum(np.cumsum(moved, axis=0), np.cumsum(booked, axis=0)).min(axis=0)
    spare = np.array([int(label) for label in room.opening_spare.labels])
    opening = spare[room.opening_spare.codes(luck("spare")[0])]
    cover = room.opening_days.at(luck("cover")[0]) * np.maximum(demand, 0)
    opening = opening - np.minimum(lowest, 0) + cover.astype(np.int64)
    there = opening + np.cumsum(moved, axis=0)

    counting = room.counting
    slips = np.array([int(label) for label in counting.error_units.labels])
    slip = slips[counting.error_units.codes(luck("slip").ravel())].reshape(shape)
    is_wrong = luck("wrong") < np.array(counting.error_share)[:, None]
    counted = np.maximum(there + np.where(is_wrong, slip, 0), 0)
    is_corrected = is_counted & (luck("corrected") < counting.corrected_share)

    is_off = luck("opening error")[0] < room.opening_error_share
    books = opening + np.where(is_off, luck("opening slip")[0] * 5 - 2, 0).astype(int)
    said = np.zeros_like(there)
    corrected = np.zeros_like(there)
    for day in range(len(there)):
        books = books + booked[day] + corrected[day]
        said[day] = books
        if day + 1 < len(there) - 1:  # the period ends before the last is booked
            gap = counted[day] - books
            corrected[day + 1] = np.where(is_corrected[day], gap, 0)
    return Stock(
        there=there,
        books=said,
        counted=counted,
        corrected=corrected,
        unexplained=np.cumsum(changes.unbooked, axis=0),
    )


def _record_changes(changes: Changes, journal: Journal) -> None:
    """Record adjustments by cause, and goods noticed at the wrong location."""
    for number, (cause, units) in enumerate(changes.booked_by_cause.items()):
        _adjust(journal, cause, units, hour=9 + number)
    moved = changes.noticed
    cell = _cells(moved)
    place = axes(moved.shape)[1].ravel()
    journal.record(
        "orders",
        "inventory_location_mismatch_detected",
        at=_moments(moved, hour=8),
        where=moved.ravel() > 0,
        source=WMS,
        feed="batch",
        sku=cell["sku"],
        location_id=labels(FALLBACKS[place], PLACES),
        expected_location_id=cell["location_id"],
        quantity=moved.ravel(),
    )


def _record_counts(
    stock: Stock, flow: Flow, is_counted: Flags, journal: Journal
) -> None:
    """Record counts at the end of stock days, and the corrections next morning."""
    books = stock.books.ravel()
    journal.record(
        "orders",
        "inventory_counted",
        at=_count_moments(flow),
        where=is_counted.ravel(),
        source=WMS,
        feed="batch",
        count_id=_count_ids(flow),
        **_cells(books.reshape(is_counted.shape)),
        counted_quantity=stock.counted.ravel(),
        expected_quantity=Partly(books, books >= 0),
    )
    _adjust(journal, "count_correction", stock.corrected, hour=CORRECTED_HOUR)


def _keep_truth(
    stock: Stock, flow: Flow, changes: Changes, is_counted: Flags, journal: Journal
) -> None:
    """Keep both ledgers at each count and at the end, and every unbooked change."""
    cells = _cells(stock.there)
    day = np.arange(len(stock.there))[:, None, None]
    last = np.maximum.accumulate(np.where(is_counted, day, -1), axis=0)
    before = np.concatenate([np.full((1, *last.shape[1:]), -1), last[:-1]])
    base = np.take_along_axis(stock.unexplained, np.maximum(before, 0), axis=0)
    since = (stock.unexplained - base).ravel()
    has_base = (before >= 0).ravel()
    journal.truth.record(
        "stock",
        where=is_counted.ravel(),
        count_id=_count_ids(flow),
        **cells,
        counted_at=_count_moments(flow),
        true_on_hand=stock.there.ravel(),
        book_on_hand=stock.books.ravel(),
        count_error=(stock.counted - stock.there).ravel(),
        unexplained=Partly(since, has_base),
    )
    is_end = np.broadcast_to((day == len(day) - 1) & STOCKED, last.shape)
    journal.truth.record(
        "stock_at_end",
        where=is_end.ravel(),
        **cells,
        true_on_hand=stock.there.ravel(),
        book_on_hand=stock.books.ravel(),
        unexplained=Partly(since, has_base),
    )
    for cause, units in changes.unbooked_by_cause.items():
        journal.truth.record(
            "stock_unbooked",
            where=units.ravel() != 0,
            **cells,
            cause=cause,
            happened_at=_moments(units, hour=9),
            quantity=units.ravel(),
        )


def _adjust(journal: Journal, cause: str, units: Integers, *, hour: int) -> None:
    journal.record(
        "orders",
        "inventory_adjusted",
        at=_moments(units, hour=hour),
        where=units.ravel() != 0,
        source=WMS,
        feed="batch",
        slot=cause,
        movement_id=joined("mv-", text(np.arange(units.size)), f"-{cause}"),
        **_cells(units),
        delta_quantity=units.ravel(),
        adjustment_cause=CAUSES.get(cause, cause),
    )


CAUSES = {
    "transfer_out": "transfer",
    "transfer_in": "transfer",
    "rebooked_out": "transfer",
    "rebooked_in": "transfer",
}
"""The catalogue's name for causes that the shop tells apart."""


def _cells(grid: Integers) -> Fields:
    """Return SKU and location of every row of a grid (day, location, SKU)."""
    _, place, sku = axes(grid.shape)
    return {
        "sku": labels(sku.ravel(), SKUS),
        "location_id": labels(place.ravel(), PLACES),
    }


def _moments(grid: Integers, *, hour: int) -> Integers:
    """Return a moment of each day, before the evening's count."""
    day, place, sku = axes(grid.shape)
    moments: Integers = day * DAY + hour * 3600 + place * 433 + sku * 31
    return moments.ravel()


def _count_moments(flow: Flow) -> Integers:
    day = np.arange(len(flow.taken))[:, None, None]
    moments: Integers = day * DAY + flow.ends
    return moments.ravel()


def _count_ids(flow: Flow) -> Text:
    day, place, _ = axes(flow.taken.shape)
    return joined("ct-", text(day.ravel() + 1), "-", text(place.ravel() + 1))


@dataclass(frozen=True)
class Changes:
    """Units beside the orders by cause, each (stock day, location, SKU), signed.

    Attributes:
        booked_by_cause: What the books know, in the order of the day.
        unbooked_by_cause: What really changed without the books, or the reverse.
        noticed: Units found to lie at the stand-in of the location they are booked at.
    """

    booked_by_cause: dict[str, Integers]
    unbooked_by_cause: dict[str, Integers]
    noticed: Integers

    @property
    def booked(self) -> Integers:
        """All that the books know."""
        total: Integers = np.sum(list(self.booked_by_cause.values()), axis=0)
        return total

    @property
    def unbooked(self) -> Integers:
        """How far the shelf moves beside the books."""
        total: Integers = np.sum(list(self.unbooked_by_cause.values()), axis=0)
        return total


@dataclass(frozen=True)
class Stock:
    """Units at the end of each stock day, (stock day, location, SKU).

    Attributes:
        there: What really lies on the shelf.
        books: What the books say before anybody counts.
        counted: What a count would find.
        corrected: Units the books were corrected by during the day.
        unexplained: Units gained beside the books since the period began.
    """

    there: Integers
    books: Integers
    counted: Integers
    corrected: Integers
    unexplained: Integers
