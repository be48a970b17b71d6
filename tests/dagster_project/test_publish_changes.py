"""A version made of the one before and what has changed equals a copy of everything."""

from __future__ import annotations

import shutil
from datetime import timedelta

import duckdb
import pytest

from dagster_project import publish as publishing
from dagster_project import publish_changes
from dagster_project.contents import contents_of
from dagster_project.forget_published import rewrite_published
from dagster_project.publish import publish
from dagster_project.published import current, versions
from ingestion.privacy.identifiers import CUSTOMER
from ingestion.privacy.tombstones import Tombstones
from ingestion.shop import Shop
from tests.dagster_project.conftest import AS_OF

ONE_RETURN_LESS = "delete from marts.fct_returns where return_line_id = 'rl-0'"
LATER = AS_OF + timedelta(hours=1)

CHANGES = {
    "rows gone": "delete from marts.fct_orders where order_id < 'o-5'",
    "rows come": """
        insert into marts.fct_orders by name
        select * replace ('new-' || order_id as order_id) from marts.fct_orders limit 7
        """,
    "rows changed": """
        update marts.fct_orders set is_cancelled = not is_cancelled
        where order_id > 'o-5'
        """,
    "one row twice": "insert into marts.fct_orders from marts.fct_orders limit 1",
    "a column more": "alter table marts.fct_orders add column note varchar",
    "a column of another type": """
        alter table marts.fct_orders alter column is_cancelled set data type varchar
        """,
    "a table more": "create table metrics.more as select 1 as one",
    "a table less": "drop table metrics.settlement_times",
    "a table empty": "delete from marts.fct_orders",
    "other words": "comment on table marts.events is 'Other words.'",
    "nothing": "",
}


@pytest.fixture(autouse=True)
def changes_are_sought(monkeypatch):
    """In small tables too."""
    monkeypatch.setattr(publish_changes, "SOUGHT_FROM", 0)


@pytest.fixture(scope="module")
def published_whole(build_by_hand, tmp_path_factory):
    """A shop of which everything is published."""
    shop = Shop(tmp_path_factory.mktemp("whole"), timezone="UTC", hash_key="a key")
    build_by_hand(shop)
    publish(shop)
    return shop


@pytest.fixture
def first(shop, published_whole):
    """The same publication in a shop of a test's own."""
    shutil.copytree(published_whole.published, shop.published)
    return current(shop.published)


@pytest.mark.parametrize("changes", CHANGES.values(), ids=list(CHANGES))
def test_it_equals_a_copy_of_everything(shop, first, build_by_hand, changes):
    working = build_by_hand(shop, as_of=LATER, changes=changes)
    warm = publish(shop, is_warm=True)
    assert current(shop.published) == warm
    assert warm.as_of == LATER
    assert_equal(working, warm)
    assert (warm.digest == first.digest) == (changes in ("", CHANGES["other words"]))


def test_of_equal_rows_as_many_stay(shop, build_by_hand):
    """No row's hash is gone, and none has come."""
    build_by_hand(shop, changes=CHANGES["one row twice"])
    publish(shop)
    working = build_by_hand(shop, as_of=LATER)
    assert_equal(working, publish(shop, is_warm=True))


def assert_equal(working, version):
    """Rows, as they are and as the version says, columns and words are the build's."""
    assert described(version.path) == [
        row for row in described(working) if row[0] in ("marts", "metrics")
    ]
    with duckdb.connect(str(working)) as connection:
        connection.execute(f"attach '{version.path}' as made (read_only)")
        for table, count in version.rows.items():
            for one, other in ((table, f"made.{table}"), (f"made.{table}", table)):
                assert not connection.sql(f"from {one} except all from {other}")
            assert connection.sql(f"select count(*) from {table}").fetchall() == [
                (count,)
            ]
    with publishing.attached(version.path) as connection:
        assert contents_of(connection, list(version.rows)) == dict(version.contents)


def described(path):
    """Tables and columns with their types and comments."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(
            """
            select schema_name, table_name, '' as column_name, '' as type, comment
            from duckdb_tables()
            union all
            select schema_name, table_name, column_name, data_type, comment
            from duckdb_columns() where not internal
            order by all
            """
        ).fetchall()


def test_only_what_changed_is_written(shop, first, build_by_hand, monkeypatch):
    written = []
    bring_up = publish_changes._bring_up
    monkeypatch.setattr(
        publish_changes,
        "_bring_up",
        lambda connection, table: (
            written.append(table),
            bring_up(connection, table),
        ),
    )
    build_by_hand(shop, as_of=LATER, changes=ONE_RETURN_LESS)
    publish(shop, is_warm=True)
    assert written == ["marts.fct_returns"]


def test_the_version_before_is_left_as_it_was(shop, first, build_by_hand):
    before = first.path.read_bytes()
    build_by_hand(shop, as_of=LATER, changes=CHANGES["rows gone"])
    publish(shop, is_warm=True)
    assert first.path.read_bytes() == before


def test_it_holds_the_database_alone(shop, first, build_by_hand):
    assert first.parquet.is_dir()
    build_by_hand(shop, as_of=LATER)
    assert publish(shop, is_warm=True).parquet is None


def test_the_first_version_is_written_whole(shop, build_by_hand):
    working = build_by_hand(shop)
    version = publish(shop, is_warm=True)
    assert version.parquet.is_dir()
    assert_equal(working, version)


def test_clients_of_the_release_before_can_read_it(shop, first, build_by_hand):
    build_by_hand(shop, as_of=LATER, changes=CHANGES["rows changed"])
    second = publish(shop, is_warm=True)
    assert second.path.read_bytes()[8:20] == first.path.read_bytes()[8:20]


def test_a_crash_leaves_the_version_before(shop, first, build_by_hand, monkeypatch):
    build_by_hand(shop, as_of=LATER, changes=CHANGES["rows gone"])

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "finish_copy", crash)
        with pytest.raises(KeyboardInterrupt):
            publish(shop, is_warm=True)
    assert current(shop.published) == first
    second = publish(shop, is_warm=True)
    assert versions(shop.published) == (first, second)
    assert not list((shop.published / "versions").glob(".*"))


def test_whoever_is_forgotten_is_gone_from_blocks_nobody_reads(shop, build_by_hand):
    """A customer whose only row was taken back before still stood in the file."""
    name = "cus-that-nobody-else-is-called"
    named = f"""
        insert into marts.fct_orders by name
        select * replace ('{name}' as customer_id) from marts.fct_orders limit 1
        """
    build_by_hand(shop, changes=named)
    publish(shop)
    build_by_hand(shop, as_of=LATER)
    warm = publish(shop, is_warm=True)
    assert name.encode() in warm.path.read_bytes()
    tombstones = Tombstones("a key").with_more([(CUSTOMER, name)])
    assert rewrite_published(shop, tombstones) == 1
    for version in versions(shop.published):
        assert name.encode() not in version.path.read_bytes()
    assert rewrite_published(shop, tombstones) == 0
