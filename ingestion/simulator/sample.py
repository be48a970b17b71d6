"""The embedded sample: the simulator's product, its seed and its size.

A few of its lines are broken, so that a newcomer sees ``rejected_events`` at work.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

from ingestion.simulator.catalog import catalog_seeds
from ingestion.simulator.parameters import World
from ingestion.simulator.scenarios import MELTDOWN, world_of
from ingestion.simulator.simulation import Simulation, simulate

ORDERS = 3000
DAYS = 120
START = date(2026, 3, 1)
SEED = 20260301
SCENARIO = "courier_meltdown"
CORRUPTED_SHARE = 0.00037


def write_sample(folder: Path, truth: Path | None = None) -> Simulation:
    """Write the embedded sample: event files by month and domain, and its seeds.

    Args:
        folder: Receives ``orders/``, ``payments/``, ``returns/`` and ``reference/``;
            what they held before is replaced.
        truth: Folder for what really happened, if anybody asks.
    """
    for name in ("orders", "payments", "returns"):
        shutil.rmtree(folder / name, ignore_errors=True)
    simulation = simulate(
        orders=ORDERS,
        days=DAYS,
        seed=SEED,
        start=START,
        out=folder,
        truth=truth,
        world=_sample_world(),
        period="month",
    )
    catalog_seeds(folder / "reference")
    return simulation


def _sample_world() -> World:
    """Return the world of the scenario, its meltdown begun without a standstill."""
    world = world_of(SCENARIO, corrupted=CORRUPTED_SHARE)
    creeping = replace(MELTDOWN, standstill_hours=0)
    return replace(world, delivery=replace(world.delivery, meltdown=creeping))
