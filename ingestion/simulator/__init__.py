"""A shop that never was: deterministic event files across the three domains.

The simulator knows the event contract and nothing of the warehouse: it reads no model,
and no model reads it. Stories are lived first (``placing`` to ``returning``), as whole
columns of a block of orders, and recorded second, through ``journal``.
"""

from ingestion.simulator.catalog import catalog_seeds
from ingestion.simulator.scenarios import SCENARIOS, Scenario, world_of
from ingestion.simulator.simulation import Simulation, simulate

__all__ = [
    "SCENARIOS",
    "Scenario",
    "Simulation",
    "catalog_seeds",
    "simulate",
    "world_of",
]
