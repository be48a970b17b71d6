"""Each fault is named by its check because of the fault alone, and clean days by none.

The same checks on a handmade shop, with a fault each, are in
``tests/dagster_project/test_histories.py``.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from datetime import date

import pytest

from dagster_project.quality.suite import HISTORIES, load_suites
from ingestion.shop import Shop
from tests.gate.faults import FAULTS, Fault
from tests.gate.shops import (
    CLEAN_DAYS,
    Simulated,
    flagged,
    later,
    simulated,
    with_fault,
)

ORDERS = 13_800  # 150 a day

# how many days a shop lacks that is told them with a fault
HELD_BACK = (15, 8, 3, 1)

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def events(tmp_path_factory) -> Simulated:
    folder = tmp_path_factory.mktemp("events")
    return simulated(folder, orders=ORDERS, seed=21, start=date(2026, 3, 1))


@pytest.fixture(scope="module")
def shop_without(tmp_path_factory, events) -> Callable[[int], Shop]:
    """Give the clean shop without its last days, each built on the one before."""
    known: dict[int, Shop] = {}

    def shop(days: int) -> Shop:
        if days not in known:
            longer = [each for each in HELD_BACK if each > days]
            known[days] = later(
                shop(longer[-1]) if longer else None,
                events.told(longer[-1] if longer else events.days, days),
                events.end,
                tmp_path_factory.mktemp(f"without{days}"),
            )
        return known[days]

    return shop


@pytest.fixture(scope="module")
def clean(shop_without) -> Shop:
    return shop_without(0)


@pytest.fixture(scope="module")
def alarms(clean) -> dict[int, set[str]]:
    """What is said at the end of each clean day by what was known then."""
    return {day: flagged(clean, day) for day in range(CLEAN_DAYS)}


def test_sixty_clean_days_raise_no_alarm(alarms):
    assert len(alarms) == 60
    assert not {day: found for day, found in alarms.items() if found}


@pytest.fixture(scope="module")
def named(
    shop_without, events, alarms, tmp_path_factory
) -> Callable[[Fault], set[str]]:
    """Give what names a shop with a fault, and not the same shop without it."""

    @functools.cache
    def names(fault: Fault) -> set[str]:
        days = min(each for each in HELD_BACK if each >= fault.days)
        folder = tmp_path_factory.mktemp("fault")
        found = flagged(with_fault(shop_without(days), fault, events, days, folder))
        shutil.rmtree(folder)
        return found - alarms[0]

    return names


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named(fault: Fault, named):
    print(
        f"\n{fault.name} -> {fault.check} (and {sorted(named(fault) - {fault.check})})"
    )
    assert fault.check in named(fault)


@pytest.mark.parametrize("suite", [each.name for each in load_suites(HISTORIES)])
def test_each_suite_names_a_fault_that_no_other_does(suite, named):
    """What turns lines away, or tells of silence, does not name it either."""
    only = [
        fault.name
        for fault in FAULTS
        if suite_of(fault.check) == suite
        and {suite_of(check) for check in named(fault)} == {suite}
    ]
    print(f"\n{suite} alone: {only}")
    assert only


def suite_of(check: str) -> str:
    return check.partition(", ")[0]
