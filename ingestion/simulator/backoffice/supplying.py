"""Purchase orders: announced, put off, delivered short or at the wrong door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.backoffice.stockflow import axes
from ingestion.simulator.catalog import CATEGORIES, SKU_CATEGORY
from ingestion.simulator.draws import Draws, Flags, Floats, Integers
from ingestion.simulator.parameters.stockroom import Supply
from ingestion.simulator.record.calendar import SUNDAY, Calendar
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER
from ingestion.simulator.record.text import Fields, joined, labels, text
from ingestion.simulator.shoppers.baskets import SKUS
from ingestion.simulator.warehouse.allocating import OMS, PLACES

ANNOUNCED_HOUR = 11


def order_supplies(
    settings: Supply, need: Floats, days: int, calendar: Calendar, draws: Draws
) -> Supplies:
    """Order about what each shelf loses from one delivery to the next.

    Args:
        settings: Habits of the suppliers.
        need: Mean units a day that each shelf has to be given, (location, SKU).
        days: Length of the period.
        calendar: Knows the Sundays.
        draws: At least one row per cycle, location and SKU.
    """
    weeks = np.array(settings.every_weeks)[SKU_CATEGORY]
    cycles = days // 7 // min(settings.every_weeks[:-1]) + 2
    shape = (cycles, *need.shape)

    def luck(name: str) -> Floats:
        return draws.uniform(f"supply/{name}")[: np.prod(shape)].reshape(shape)

    def shared(name: str) -> Floats:
        # lines of one purchase order share their fate: one supplier per category
        first = np.array([np.argmax(one == SKU_CATEGORY) for one in SKU_CATEGORY])
        return luck(name)[:, :, first]

    period = 7 * weeks
    phase = (shared("phase")[0] * period).astype(np.int64)
    cycle = np.arange(cycles)[:, None, None]
    planned = phase + cycle * period + (shared("wobble") * 4).astype(np.int64)
    planned = _off_sunday(planned, calendar)
    is_late = shared("late") < np.array(settings.late_share)[SKU_CATEGORY]
    delay = np.where(is_late, settings.delay.whole(shared("delay")), 0)
    arrives = _off_sunday(planned + delay, calendar)

    is_short = luck("short") < settings.short_share
    kept = np.where(is_short, settings.received_share.at(luck("received")), 1.0)
    wanted = need * period * settings.forecast.at(luck("forecast"))
    pack = np.array(settings.pack_units)[SKU_CATEGORY]
    ordered = np.zeros(shape, dtype=np.int64)
    received = np.zeros(shape, dtype=np.int64)
    spare = np.zeros(need.shape)
    for one in range(cycles):
        short_of = np.maximum(wanted[one] - spare, 0)
        ordered[one] = np.ceil(short_of / pack).astype(np.int64) * pack
        received[one] = (ordered[one] * kept[one]).astype(np.int64)
        spare += received[one] - wanted[one]

    strays = luck("misplaced") < settings.misplaced_share
    noticed = arrives + settings.noticed.whole(luck("noticed"))
    return Supplies(
        ordered=ordered,
        received=received,
        ordered_on=planned - settings.lead.whole(shared("lead")),
        planned=planned,
        revised=_off_sunday(
            np.where(delay > settings.long_delay_days, planned + delay // 2, arrives),
            calendar,
        ),
        arrives=arrives,
        is_short_told=is_short & (luck("told") < settings.short_told_share),
        misplaced=np.where(strays, np.minimum(received, pack), 0),
        noticed_on=_off_sunday(noticed, calendar),
    )


def record_purchase_orders(supplies: Supplies, journal: Journal) -> None:
    """Record what suppliers announce: dates, dates that move, quantities."""
    cycle, place, sku = (axis.ravel() for axis in axes(supplies.ordered.shape))
    order: Fields = {
        "source": OMS,
        "sku": labels(sku, SKUS),
        "location_id": labels(place, PLACES),
        "purchase_order_id": joined(
            "po-",
            labels(SKU_CATEGORY[sku], CATEGORIES),
            "-",
            text(place + 1),
            "-",
            text(cycle + 1),
        ),
    }
    ordered, planned, revised, arrives = (
        column.ravel()
        for column in (
            supplies.ordered,
            supplies.planned,
            supplies.revised,
            supplies.arrives,
        )
    )
    # the word comes a few days before the date it takes back
    told = (planned - 1 - cycle % 3, revised - 1 - place % 2, arrives - 1)
    stories = (
        ("ordered", supplies.ordered_on.ravel(), ordered > 0, ordered, planned, None),
        ("put off", told[0], revised > planned, ordered, revised, planned),
        ("again", told[1], arrives > revised, ordered, arrives, revised),
        (
            "short",
            told[2],
            supplies.is_short_told.ravel() & (supplies.received.ravel() > 0),
            supplies.received.ravel(),
            arrives,
            None,
        ),
    )
    for number, (slot, day, happens, units, due, before) in enumerate(stories):
        second = (ANNOUNCED_HOUR + number) * 3600 + place * 301 + sku * 7
        happens = happens & (ordered > 0) & (day >= 0)
        previous: Fields = (
            {} if before is None else {"previous_expected_at": _noon(before)}
        )
        journal.record(
            "orders",
            "expected_inventory_updated",
            at=np.where(happens, day * DAY + second, NEVER),
            slot=slot,
            **order,
            quantity=units,
            expected_at=_noon(due),
            **previous,
        )


def _noon(day: Integers) -> Integers:
    return day * DAY + 12 * 3600


def _off_sunday(day: Integers, calendar: Calendar) -> Integers:
    moved: Integers = day + (calendar.weekday(day) == SUNDAY)
    return moved


@dataclass(frozen=True)
class Supplies:
    """Lines of purchase orders, (cycle, location, SKU); days count from the start.

    Attributes:
        ordered: Units asked for; 0 where the order has no such line.
        received: Units that came.
        ordered_on: Day of the order; negative before the period.
        planned: Day first announced.
        revised: Day announced next; as planned where nothing moved.
        arrives: Day of the delivery.
        is_short_told: Whether the supplier said that less would come.
        misplaced: Units of those, unloaded at the location's stand-in.
        noticed_on: Day on which that would be noticed.
    """

    ordered: Integers
    received: Integers
    ordered_on: Integers
    planned: Integers
    revised: Integers
    arrives: Integers
    is_short_told: Flags
    misplaced: Integers
    noticed_on: Integers
