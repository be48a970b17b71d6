"""Rings: a few customers who share one address and live on claims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ingestion.simulator.catalog import AREAS
from ingestion.simulator.draws import Flags, Integers
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.claims import Ring
from ingestion.simulator.record.moments import NEVER
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.shoppers.planning import Plan

SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""Odd, so that different households get different words."""


def share_addresses(plan: Plan, world: World) -> Plan:
    """Let the customers of each ring live at one address."""
    ring = ring_of(world)
    household = plan.customer // _span(ring)
    is_member = _is_member(plan, ring)
    return replace(
        plan,
        pin=np.where(is_member, (household + 1).astype(np.uint64) * SPREAD, plan.pin),
        area=np.where(is_member, household % len(AREAS), plan.area),
    )


def ring_of(world: World) -> Ring:
    """Return who shares addresses in this world."""
    abuse = world.returns.abuse
    return abuse.ring if abuse else world.claims.ring


def is_in_ring(orders: Orders, moments: Integers) -> Flags:
    """Tell which customers are in a ring, and at it, at a moment."""
    world = orders.world
    abuse = world.returns.abuse
    is_member = _is_member(orders.plan, ring_of(world)) & (moments < NEVER)
    if abuse and abuse.window:
        is_member &= world.during(abuse.window, moments)
    return is_member


def _span(ring: Ring) -> int:
    """Return how many customers there are for each address of a ring."""
    return int(ring.size / ring.share)


def _is_member(plan: Plan, ring: Ring) -> Flags:
    """Tell who is in a ring: the same few of so many consecutive customers.

    Customers are alike whatever their number, so any fixed choice is a fair one.
    """
    place = plan.customer % _span(ring) // ring.size
    return np.equal(place, 1) & ~plan.is_export
