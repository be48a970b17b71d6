"""A customer known by a source's export is forgotten too, whenever the power fails."""

from __future__ import annotations

import shutil
import subprocess
import sys

import duckdb
import pytest

from dagster_project.forget import finish, forget
from ingestion.landing import land_source
from ingestion.privacy.tombstones import is_unfinished
from ingestion.shop import Shop
from tests.end_to_end.forget_kills import KEY, NOW
from tests.end_to_end.test_forget import found
from tests.ingestion.sources.olist_export import write_export

CUSTOMER = "first_buyer"


def land(export, shop):
    land_source("olist", export, shop=shop, landed_at=NOW, backfill=True)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return write_export(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def landed(export, tmp_path_factory):
    """A shop that landed an export, known to hold the customer."""
    shop = Shop(tmp_path_factory.mktemp("landed") / "shop", hash_key=KEY)
    land(export, shop)
    assert {path.split("/")[0] for path in found(shop.folder, {CUSTOMER})} == {
        "working.duckdb",
        "dlt",
    }
    return shop


@pytest.fixture
def copied(landed, tmp_path):
    def copy(name):
        folder = tmp_path / "shops" / name
        shutil.copytree(landed.folder, folder)
        return Shop(folder, hash_key=KEY)

    return copy


def counts(shop):
    """Rows of tables and landed lines, in all and of the customer's order."""
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        return connection.sql(
            """
            select
                (select count(*) from raw_olist.orders),
                (select count(*) from raw_olist.orders where order_id = 'delivered'),
                (select count(*) from raw_olist.customers),
                (select count(*) from raw.landed_order),
                (select count(*) from raw.landed_order where order_id = 'delivered')
            """
        ).fetchall()[0]


def test_an_export_and_its_events_lose_the_customer_for_good(export, landed, copied):
    shop = copied("forgets")
    orders, theirs, customers, lines, their_lines = counts(landed)
    assert theirs == 1
    assert their_lines > 0
    without = (orders - theirs, 0, customers - 1, lines - their_lines, 0)

    forget(shop, CUSTOMER, now=NOW)
    assert found(shop.folder, {CUSTOMER}) == {}
    assert counts(shop) == without

    # the next export is whole again, and what lands of it is not
    orders_file = export / "olist_orders_dataset.csv"
    orders_file.write_text(orders_file.read_text() + "\n")
    land(export, shop)
    assert found(shop.folder, {CUSTOMER}) == {}
    assert counts(shop) == without


@pytest.mark.deep
def test_a_forget_killed_at_any_moment_is_finished_by_the_next_command(
    landed, copied, root
):
    shops = [copied(f"shop-{number}") for number in range(4)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.end_to_end.forget_kills",
            str(shops[0].folder.parent),
            CUSTOMER,
            "7",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) >= 1
    unharmed = counts(landed)
    for shop in shops:
        assert not is_unfinished(shop)
        is_forgotten = found(shop.folder, {CUSTOMER}) == {}
        # who was killed before the tombstone stood has asked for nothing yet
        assert is_forgotten or counts(shop) == unharmed
        forget(shop, CUSTOMER, now=NOW)
        assert finish(shop, now=NOW) is None
        assert found(shop.folder, {CUSTOMER}) == {}
        assert counts(shop) == counts(shops[0])
