"""The same answer by any road: increments, order, splits, doubles and repeats."""

from __future__ import annotations

import gzip
import itertools
import random
import shutil
from datetime import UTC, date, datetime

import duckdb
import pytest

from dagster_project import shops
from dagster_project.build import build
from dagster_project.publish import publish
from dagster_project.quality.validate import validate
from dagster_project.run import run
from ingestion.landing import land_files
from ingestion.shop import Shop
from ingestion.simulator import simulate
from tests.comparing import differences

ZONE = "Asia/Kolkata"
LANDED_AT = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    """A small shop's feed with late, doubled and retracted events."""
    folder = tmp_path_factory.mktemp("feed")
    simulate(orders=250, days=45, seed=11, start=date(2026, 3, 1), out=folder)
    return folder


@pytest.fixture
def shop_in(tmp_path):
    return lambda name: Shop(tmp_path / name, timezone=ZONE, hash_key="a test's key")


def land(shop, *paths):
    return land_files(paths, shop=shop, landed_at=LANDED_AT, backfill=True)


def clock_of(shop):
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        return connection.sql(
            """
            select max(ingested_at) from (
                select ingested_at from raw.order_events
                union all select ingested_at from raw.payment_events
                union all select ingested_at from raw.return_events
            )
            """
        ).fetchall()[0][0]


def built(shop, *, as_of=None, full_refresh=False, is_tested=False):
    report = build(
        shop,
        as_of=as_of or clock_of(shop),
        full_refresh=full_refresh,
        is_tested=is_tested,
    )
    # these tests judge the models, not the gate
    validate(shop, suites=())
    return report, publish(shop)


@pytest.fixture(scope="module")
def straight(feed, tmp_path_factory):
    """The feed landed at once and built from nothing."""
    shop = Shop(
        tmp_path_factory.mktemp("straight"), timezone=ZONE, hash_key="a test's key"
    )
    land(shop, feed)
    return built(shop, is_tested=True)[1].path


def files_of(feed):
    return sorted(
        feed.rglob("*.jsonl.gz"), key=lambda path: (path.name, path.parent.name)
    )


@pytest.mark.parametrize(
    "order",
    [
        pytest.param((1, 2, 0), id="the first third last"),
        pytest.param((0, 1, 2, 3), id="as it came", marks=pytest.mark.deep),
        pytest.param((1, 0), id="backwards", marks=pytest.mark.deep),
    ],
)
def test_increments_equal_a_full_refresh(feed, shop_in, straight, order):
    shop = shop_in("increments")
    files = files_of(feed)
    size = -(-len(files) // len(order))
    for part in order:
        land(shop, *files[part * size : (part + 1) * size])
        _, version = built(shop)
    assert differences(straight, version.path, with_ledger=False) == {}


@pytest.mark.deep
def test_a_warm_round_equals_a_full_refresh(feed, shop_in, straight):
    """Tables alone are built, and of the version before what has changed is written."""
    shop = shop_in("warm")
    shops.claim(shop, "own")
    files = files_of(feed)
    land(shop, *files[:-9])
    _, first = built(shop)
    report = run(shop, files[-9:], backfill=True, is_warm=True)
    assert report.build.build.full_refresh_reason is None
    assert report.version.name != first.name
    assert report.version.parquet is None
    assert differences(straight, report.version.path, with_ledger=False) == {}


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(20))
def test_random_splits_equal_a_full_refresh(feed, shop_in, straight, seed):
    """Files in any order and any batches, built after each on the last clock."""
    shop = shop_in(f"random-{seed}")
    files = files_of(feed)
    rng = random.Random(seed)
    rng.shuffle(files)
    cuts = [0, *sorted(rng.sample(range(1, len(files)), 3)), len(files)]
    with duckdb.connect(str(straight), read_only=True) as connection:
        as_of = connection.sql("select max(ingested_at) from marts.events").fetchall()
    for start, end in itertools.pairwise(cuts):
        land(shop, *files[start:end])
        _, version = built(shop, as_of=as_of[0][0])
    assert differences(straight, version.path, with_ledger=False) == {}


@pytest.mark.deep
def test_shuffled_split_and_doubled_files_give_equal_marts(
    feed, shop_in, straight, tmp_path
):
    rng = random.Random(3)
    lines = [
        line
        for file in files_of(feed)
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]
    lines += rng.sample(lines, len(lines) // 5)
    rng.shuffle(lines)
    folder = tmp_path / "shuffled"
    folder.mkdir()
    for number in range(5):
        part = b"\n".join(lines[number::5]) + b"\n"
        (folder / f"part-{number}.jsonl").write_bytes(part)
    shutil.copy(folder / "part-3.jsonl", folder / "again.jsonl")

    shop = shop_in("shuffled")
    land(shop, folder)
    _, version = built(shop)
    assert differences(straight, version.path, with_ledger=False) == {}


@pytest.mark.deep
def test_running_twice_changes_nothing(feed, shop_in):
    shop = shop_in("twice")
    land(shop, feed)
    _, first = built(shop)
    kept = shutil.copy(first.path, shop.folder / "first.duckdb")
    again = land(shop, feed)
    assert all(file.is_known for file in again.files)
    report, second = built(shop)
    assert second.name == first.name
    assert differences(kept, second.path) == {}
    assert sum(model.rows for model in report.rewritten) == 0


@pytest.mark.deep
def test_a_small_batch_rewrites_a_small_share(feed, shop_in):
    shop = shop_in("batch")
    files = files_of(feed)
    land(shop, *files[:-3])
    built(shop)
    land(shop, *files[-3:])
    report, _ = built(shop)
    shares = {
        model.model: model.rows / model.total
        for model in report.rewritten
        if model.total
        and (
            model.model.startswith("fct_")
            or model.model in ("int_payment_exits", "int_events_described")
        )
    }
    assert set(shares) >= {"fct_orders", "int_payment_exits", "fct_shipments"}
    assert max(shares.values()) < 0.5, shares
    assert shares["int_events_described"] < 0.1, shares
