"""Publishing: immutable versions, a pointer swapped last, nothing torn by a crash."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dagster_project import gate
from dagster_project import publish as publishing
from dagster_project.builds import last_build
from dagster_project.gate import Failure, GateError, Verdict
from dagster_project.publish import PublishError, publish, versions_to_drop
from dagster_project.published import (
    Version,
    as_of_versions,
    connect,
    current,
    versions,
)
from tests.dagster_project.conftest import AS_OF

ONE_MORE_RETURN = "delete from marts.fct_returns where return_line_id = 'rl-0'"


def test_the_version_holds_every_mart_and_metric(shop, build_by_hand):
    working = build_by_hand(shop)
    version = publish(shop)
    with connect(version) as connection, duckdb.connect(str(working)) as built:
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall()
        assert {name for (name,) in tables} == set(version.rows)
        for table, count in version.rows.items():
            rows = connection.execute(f"from {table} order by all").fetchall()
            assert rows == built.execute(f"from {table} order by all").fetchall()
            assert len(rows) == count
            schema, name = table.split(".")
            parquet = version.parquet / schema / f"{name}.parquet"
            assert duckdb.read_parquet(str(parquet)).order("all").fetchall() == rows


def test_descriptions_travel_along(shop, build_by_hand):
    build_by_hand(shop)
    with connect(publish(shop)) as connection:
        assert connection.execute(
            "select comment from duckdb_tables() where table_name = 'events'"
        ).fetchall() == [("One row per accepted event.",)]
        assert connection.execute(
            """
            select comment from duckdb_columns()
            where table_name = 'events' and column_name = 'occurred_at'
            """
        ).fetchall() == [("When it's said to have happened.",)]


def test_control_and_raw_stay_behind(shop, build_by_hand):
    build_by_hand(shop)
    with connect(publish(shop)) as connection:
        schemas = connection.execute(
            "select distinct schema_name from duckdb_tables()"
        ).fetchall()
    assert set(schemas) == {("marts",), ("metrics",)}


def test_clients_of_the_release_before_can_read_it(shop, build_by_hand):
    """The storage version is what they look at."""
    build_by_hand(shop)
    header = publish(shop).path.read_bytes()[:100]
    with duckdb.connect(
        str(shop.folder / "older.duckdb"),
        config={"storage_compatibility_version": publishing.STORAGE_VERSION},
    ) as older:
        older.execute("create table something as select 1")
    assert header[8:20] == (shop.folder / "older.duckdb").read_bytes()[8:20]


def test_an_unchanged_build_makes_no_new_version(shop, build_by_hand):
    build_by_hand(shop)
    first = publish(shop)
    build_by_hand(shop)
    assert publish(shop) == first
    assert versions(shop.published) == (first,)


@pytest.mark.parametrize(
    ("as_of", "changes"),
    [(AS_OF, ONE_MORE_RETURN), (AS_OF + timedelta(hours=1), "")],
    ids=["other rows", "other clock"],
)
def test_a_changed_build_makes_one(shop, build_by_hand, as_of, changes):
    build_by_hand(shop)
    first = publish(shop)
    build_by_hand(shop, as_of=as_of, changes=changes)
    second = publish(shop)
    assert second.name != first.name
    assert current(shop.published) == second
    assert versions(shop.published) == (first, second)


def test_a_past_clock_never_moves_the_pointer(shop, build_by_hand):
    build_by_hand(shop)
    announced = publish(shop)
    past = AS_OF - timedelta(days=3)
    copy = build_by_hand(
        shop, as_of=past, is_past=True, working=shop.folder / "copy.duckdb"
    )
    version = publish(shop, working=copy)
    assert current(shop.published) == announced
    assert versions(shop.published) == (announced,)
    assert as_of_versions(shop.published) == (version,)
    assert version.as_of == past
    assert version.path.is_relative_to(shop.published / "as_of")
    assert publish(shop, working=copy) == version


def test_what_was_not_judged_is_not_published(shop, build_by_hand):
    build_by_hand(shop)
    first = publish(shop)
    build_by_hand(shop, changes=ONE_MORE_RETURN, passed=False)
    with pytest.raises(GateError, match="has not been validated"):
        publish(shop)
    assert current(shop.published) == first


def test_what_failed_is_not_published(shop, build_by_hand):
    failed(build_by_hand(shop, passed=False))
    with pytest.raises(GateError, match=r"marts\.fct_orders, volume: There are orders"):
        publish(shop)
    assert current(shop.published) is None


def failed(working: Path, rows=()) -> None:
    """Record that the last build failed."""
    failure = Failure(
        "marts.fct_orders",
        "volume",
        "expect_x",
        "orders",
        "There are orders.",
        "0",
        rows,
    )
    build = last_build(working)
    gate.record(working, Verdict(build.build_id, AS_OF, AS_OF, (failure,)))


def test_what_failed_is_published_for_a_reason_that_is_kept(shop, build_by_hand):
    failed(build_by_hand(shop, passed=False), rows=({"order_id": "o-3"},))
    accepted_at = datetime(2026, 3, 2, tzinfo=UTC)
    publish(shop, accept="the feed is known to be short", now=accepted_at)
    accepted = current(shop.published).accepted
    assert accepted.reason == "the feed is known to be short"
    assert accepted.accepted_at == accepted_at
    assert accepted.failures == (
        "marts.fct_orders, volume: There are orders. (found 0)",
    )
    # rows stay with the verdict: a version's description is no place for ids
    description = current(shop.published).path.with_name("version.json")
    assert "o-3" not in description.read_text(encoding="utf-8")


def test_what_was_accepted_for_one_build_does_not_hold_for_the_next(
    shop, build_by_hand
):
    failed(build_by_hand(shop, passed=False))
    first = publish(shop, accept="the feed is known to be short")
    working = build_by_hand(shop, changes=ONE_MORE_RETURN, passed=False)
    with pytest.raises(GateError, match="has not been validated"):
        publish(shop)
    failed(working)
    with pytest.raises(GateError, match="There are orders"):
        publish(shop)
    assert current(shop.published) == first


def test_a_build_that_passed_needs_no_acceptance(shop, build_by_hand):
    build_by_hand(shop)
    assert publish(shop, accept="to be safe").accepted is None


def test_what_was_not_judged_cannot_be_accepted(shop, build_by_hand):
    build_by_hand(shop, passed=False)
    with pytest.raises(GateError, match="has not been validated"):
        publish(shop, accept="in a hurry")


def test_no_reason_is_none(shop, build_by_hand):
    failed(build_by_hand(shop, passed=False))
    with pytest.raises(PublishError, match="say why"):
        publish(shop, accept="  ")


def test_warnings_hold_nothing_up(shop, build_by_hand):
    working = build_by_hand(shop, passed=False)
    failed(working)
    verdict = gate.last_verdict(working)
    gate.record(working, replace(verdict, failures=(), warnings=verdict.failures))
    assert publish(shop).accepted is None
    assert gate.last_verdict(working).warnings == verdict.failures


def test_a_build_that_broke_is_not_published(shop, build_by_hand):
    with pytest.raises(PublishError, match="missing or did not finish"):
        publish(shop)
    build_by_hand(shop, changes="update control.builds set status = 'begun'")
    with pytest.raises(PublishError, match="missing or did not finish"):
        publish(shop)


class Crash(BaseException):
    """Stands for a power cut: nothing catches it."""


# Each is one step of publishing, in its order.
STEPS = [
    "copy_tables",
    "describe",
    "_sync",
    "read_version",
    "point_at",
    "versions_to_drop",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_the_version_before(shop, build_by_hand, monkeypatch, step):
    build_by_hand(shop)
    first = publish(shop)
    build_by_hand(shop, changes=ONE_MORE_RETURN)

    def crash(*_):
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(publishing, step, crash)
        with pytest.raises(Crash):
            publish(shop)
    announced = current(shop.published)
    assert (announced == first) is (step != "versions_to_drop")
    with connect(announced) as connection:
        assert connection.sql("select count(*) from marts.fct_orders").fetchall()

    second = publish(shop)
    assert second.rows["marts.fct_returns"] == 109
    assert current(shop.published) == second
    assert versions(shop.published) == (first, second)
    folders = {path.name for path in (shop.published / "versions").iterdir()}
    assert folders == {first.name, second.name}


def test_a_crash_while_writing_the_pointer_leaves_it(shop, build_by_hand, monkeypatch):
    build_by_hand(shop)
    first = publish(shop)
    build_by_hand(shop, changes=ONE_MORE_RETURN)

    def crash(*_):
        raise Crash

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", crash)
        with pytest.raises(Crash):
            publish(shop)
    assert current(shop.published) == first
    assert publish(shop).rows["marts.fct_returns"] == 109


def test_a_lost_pointer_is_replaced(shop, build_by_hand):
    build_by_hand(shop)
    publish(shop)
    (shop.published / "current.json").write_text("{}")
    second = publish(shop)
    assert current(shop.published) == second


def test_a_reader_keeps_what_it_has_open(shop, build_by_hand):
    build_by_hand(shop)
    version = publish(shop)
    with connect(version) as connection:
        shutil.rmtree(version.path.parent)
        assert connection.sql("select count(*) from marts.events").fetchall() == [
            (520,)
        ]


NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def a_version(published_at: datetime, number: int) -> Version:
    return Version(
        f"20260301T000000Z-{number}", Path("v"), AS_OF, published_at, "UTC", Path("p")
    )


def dropped(*published_at: datetime) -> list[datetime]:
    kept = [a_version(each, number) for number, each in enumerate(published_at)]
    return [version.published_at for version in versions_to_drop(kept, NOW)]


def test_the_last_three_stay_whatever_their_age():
    year_ago = NOW - timedelta(days=365)
    times = [year_ago + timedelta(minutes=minute) for minute in range(5)]
    assert dropped(*times) == times[:2]


def test_one_a_day_stays_for_35_days():
    noons = [NOW - timedelta(days=days) for days in range(60)][::-1]
    mornings = [noon - timedelta(hours=3) for noon in noons]
    gone = dropped(*sorted(noons + mornings))
    kept = sorted(set(noons + mornings) - set(gone))
    last_three = sorted(noons + mornings)[-3:]
    assert kept == sorted({*noons[-35:], *last_three})


def test_the_last_of_a_day_is_the_one_that_stays():
    day = NOW - timedelta(days=2)
    morning, noon, evening = (day + timedelta(hours=hours) for hours in (-6, 0, 6))
    later = [NOW - timedelta(hours=hours) for hours in (3, 2, 1)]
    assert dropped(morning, noon, evening, *later) == [morning, noon]


def test_the_last_with_parquet_stays_though_a_watcher_publishes_on():
    times = [NOW + timedelta(minutes=minute) for minute in range(7)]
    made = [a_version(each, number) for number, each in enumerate(times)]
    watched = [replace(each, parquet=None) for each in made]
    gone = versions_to_drop([*made[:2], *watched[2:]], NOW)
    # the second is the last whole one
    assert [each.published_at for each in gone] == [times[0], *times[2:4]]


def test_old_versions_are_removed_at_publication(shop, build_by_hand):
    names = []
    for hour in range(5):
        build_by_hand(shop, as_of=AS_OF + timedelta(hours=hour))
        names.append(publish(shop, now=NOW + timedelta(minutes=hour)).name)
    assert [version.name for version in versions(shop.published)] == names[-3:]
