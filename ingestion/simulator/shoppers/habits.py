"""What a customer is like, the same in all of their orders, whatever the block."""

from __future__ import annotations

import hashlib

import numpy as np

from ingestion.simulator.draws import Flags, Floats
from ingestion.simulator.shoppers.planning import Plan

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def habit(plan: Plan, name: str) -> Floats:
    """Return one number in [0, 1) per order, equal for the orders of one customer.

    Args:
        plan: Who orders.
        name: Tells habits apart; those of different names are unrelated.
    """
    salt = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    number = plan.customer.astype(np.uint64) * GOLDEN
    # a household has one word, so the customer's number tells its members apart;
    # what follows is the finalizer of SplitMix64
    word = plan.pin ^ number ^ np.uint64(salt)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word = word ^ (word >> np.uint64(31))
    habits: Floats = (word >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return habits


def is_inclined(plan: Plan, name: str, share: float) -> Flags:
    """Tell which orders are of a share of customers who have a habit."""
    return habit(plan, name) < share
