"""A batch or a watcher killed at any step: the next one recovers, exactly once.

What is published afterwards is compared with a shop in which nobody was killed, and in
which no watcher ran. The short form, one step, is part of ``test_materialization``.
"""

from __future__ import annotations

import shutil
import signal
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from dagster_project import canary
from dagster_project.published import current, versions
from ingestion.shop import Shop
from tests.comparing import differences
from tests.dagster_project.batches import (
    BATCH,
    POINTS,
    WATCH,
    WHILE_BUILDING,
    captured,
    deliver,
    placed,
    run_apart,
)

pytestmark = pytest.mark.deep

FIRST = datetime(2026, 3, 2, 6, tzinfo=UTC)
SECOND = FIRST + timedelta(minutes=15)
THIRD = SECOND + timedelta(minutes=15)


def run_well(shop, at, kind=BATCH):
    done = run_apart(shop, at, kind=kind)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


@pytest.fixture(scope="module")
def first_batch(tmp_path_factory):
    """A shop of thirty orders that one batch has published."""
    shop = Shop(tmp_path_factory.mktemp("first") / "shop")
    deliver(shop, "first", *map(placed, range(30)), *map(captured, range(20)))
    run_well(shop, FIRST)
    return shop


def after_first(shop, folder, *, with_canary=False):
    """A copy of the shop to which a second file has come since."""
    copy = Shop(shutil.copytree(shop.folder, folder / "shop"))
    if with_canary:
        canary.plant(copy, now=FIRST + timedelta(minutes=5))
    deliver(copy, "second", *map(placed, range(30, 45)), *map(captured, range(20, 40)))
    return copy


@pytest.fixture(scope="module")
def undisturbed(first_batch, tmp_path_factory):
    """What is published where the second batch ran well."""
    shop = after_first(first_batch, tmp_path_factory.mktemp("undisturbed"))
    run_well(shop, SECOND)
    run_well(shop, THIRD)
    return current(shop.published).path


@pytest.fixture(scope="module")
def landed_later(first_batch, tmp_path_factory):
    """What is published where the second file had to wait for the third batch."""
    shop = after_first(first_batch, tmp_path_factory.mktemp("later"))
    run_well(shop, THIRD)
    return current(shop.published).path


@pytest.mark.parametrize(
    ("kind", "point"),
    [(kind, point) for kind in POINTS for point in (WHILE_BUILDING, *POINTS[kind])],
)
def test_the_next_one_recovers_exactly_once(
    kind, point, first_batch, undisturbed, landed_later, tmp_path
):
    shop = after_first(first_batch, tmp_path)
    before = current(shop.published)
    killed = run_apart(shop, SECOND, point, kind=kind)
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-4000:]
    # readers never see what was not announced
    is_announced = point == "after announcing"
    assert (current(shop.published) == before) is not is_announced

    run_well(shop, THIRD, kind)
    # what did not land then lands now, and says so
    expected = landed_later if point == "while landing" else undisturbed
    assert differences(current(shop.published).path, expected) == {}
    # nor is anything that readers were told forgotten
    assert remembered(shop) == {each.name for each in versions(shop.published)}


def remembered(shop):
    """Return the versions whose figures later builds compare theirs with."""
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        known = connection.sql("select version from control.publications").fetchall()
    return {version for (version,) in known}


def test_a_watcher_publishes_what_a_batch_would(first_batch, undisturbed, tmp_path):
    shop = after_first(first_batch, tmp_path)
    run_well(shop, SECOND, WATCH)
    run_well(shop, THIRD, WATCH)
    assert differences(current(shop.published).path, undisturbed) == {}


def test_the_comparison_would_notice(undisturbed, landed_later):
    assert differences(undisturbed, landed_later)


def test_a_canary_changes_nothing_that_is_published(first_batch, undisturbed, tmp_path):
    shop = after_first(first_batch, tmp_path, with_canary=True)
    run_well(shop, SECOND)
    run_well(shop, THIRD)
    (planted,) = canary.known(shop).values()
    assert planted.state == canary.THROUGH
    # the ledger is of deliveries, and five files more were delivered
    published = current(shop.published).path
    assert set(differences(published, undisturbed)) == {"marts.landings"}
