"""Thirty faults, each named by its check, and clean days that nothing is said of."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from ingestion.shop import Shop
from tests.gate.faults import FAULTS
from tests.gate.shops import files, flagged, land_and_build, simulated, with_fault

ORDERS = 13_800  # 150 a day
CLEAN_DAYS = 60

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def events(tmp_path_factory) -> Path:
    return simulated(tmp_path_factory.mktemp("events"), orders=ORDERS, seed=21)


@pytest.fixture(scope="module")
def before(tmp_path_factory, events) -> Shop:
    """The shop without the days held back."""
    folder = tmp_path_factory.mktemp("before") / "shop"
    shop = Shop(folder, timezone="Asia/Kolkata", hash_key="a test's key")
    land_and_build(shop, files(events)[0])
    return shop


def shop_with(fault, before: Shop, events: Path, folder: Path) -> Shop:
    shop = Shop(folder / "shop", timezone=before.timezone, hash_key=before.hash_key)
    shutil.copytree(before.folder, shop.folder)
    land_and_build(shop, with_fault(folder / "told", fault, files(events)[1]))
    return shop


@pytest.fixture(scope="module")
def clean(tmp_path_factory, before, events) -> Shop:
    return shop_with(None, before, events, tmp_path_factory.mktemp("clean"))


def test_sixty_clean_days_raise_no_alarm(clean):
    """Judged at the end of each day by what was known then."""
    with duckdb.connect(str(clean.working), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        ((end,),) = connection.execute("select as_of from control.clock").fetchall()
    alarms = {
        day: found
        for day in range(CLEAN_DAYS)
        if (found := flagged(clean, end - timedelta(days=day)))
    }
    flagged(clean, end)
    assert not alarms


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named(fault, before, events, tmp_path):
    found = flagged(shop_with(fault, before, events, tmp_path))
    print(f"{fault.name} -> {fault.check} (and {sorted(found - {fault.check})})")
    assert fault.check in found
    shutil.rmtree(tmp_path)
