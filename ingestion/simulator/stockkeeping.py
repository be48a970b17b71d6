"""Counts and supplier receipts at the locations, beside any order."""

from __future__ import annotations

from datetime import date

import numpy as np

from ingestion.simulator.catalog import DIGITAL, LOCATIONS, SKU_CATEGORY
from ingestion.simulator.draws import Draws
from ingestion.simulator.fulfilling import WMS
from ingestion.simulator.journal import DAY, Fields, Journal, joined, labels, text
from ingestion.simulator.placing import SKUS

COUNTED_EVERY_WEEKS = 8
RECEIVED_EVERY_WEEKS = 5


def keep_stock(*, days: int, seed: int, start: date, horizon: int) -> Journal:
    """Record the stock counts and receipts of the whole period.

    Args:
        days: Length of the period.
        seed: Seed of every stream.
        start: First day.
        horizon: Seconds from the start to the end of the period.
    """
    weeks = -(-days // 7)
    stocked = np.flatnonzero(SKU_CATEGORY != DIGITAL)
    week, place, sku = (
        axis.ravel()
        for axis in np.meshgrid(
            np.arange(weeks), np.arange(len(LOCATIONS)), stocked, indexing="ij"
        )
    )
    draws = Draws(seed, 0, len(week))
    journal = Journal(draws, start, horizon)
    where: Fields = {
        "sku": labels(sku, SKUS),
        "location_id": labels(place, tuple(spot.location_id for spot in LOCATIONS)),
    }
    moment = week * 7 * DAY + 21 * 3600 + place * 420 + sku * 11
    held = 40 + (draws.uniform("stock/held") * 160).astype(np.int64)
    slip = (draws.uniform("stock/slip") * 26).astype(np.int64) - 20
    found = held + np.where(slip > 0, -slip, 0)
    journal.record(
        "orders",
        "inventory_counted",
        at=moment,
        source=WMS,
        feed="batch",
        where=(sku + week + place) % COUNTED_EVERY_WEEKS == 0,
        count_id=joined("ct-", text(week), "-", text(place)),
        **where,
        counted_quantity=found,
        expected_quantity=held,
    )
    journal.record(
        "orders",
        "inventory_adjusted",
        at=moment - 9 * 3600,
        source=WMS,
        feed="batch",
        where=(sku + 2 * week + place) % (RECEIVED_EVERY_WEEKS * 3) == 0,
        movement_id=joined("mv-", text(week), "-", text(place), "-", text(sku)),
        **where,
        delta_quantity=24 + held // 4,
        adjustment_cause="supplier_receipt",
    )
    return journal
