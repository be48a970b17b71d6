"""Builds: the clock, increments that continue, refreshes, failures that are named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dagster_project import build as building
from dagster_project import gate
from dagster_project.build import (
    BuildError,
    Rewritten,
    build,
    clock_of,
    dbt_arguments,
    fingerprint,
    prepared_manifest,
    refresh_reason,
)
from dagster_project.builds import Build, last_build
from dagster_project.publish import publish
from dagster_project.published import as_of_versions, current

DAY = timedelta(days=1)
MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A dbt project of one increment and one test, in place of the real one."""
    folder = tmp_path / "project"
    shutil.copytree(Path(__file__).with_name("tiny_project"), folder)
    monkeypatch.setattr(building, "DBT_PROJECT", folder)
    return folder


@pytest.fixture
def land(shop):
    """Put rows into raw as a landing would: ``land(1, "o-1", 100, at)``."""
    shop.folder.mkdir(parents=True)

    def write(seq: int, order_id: str, amount: int, at: datetime) -> None:
        with duckdb.connect(str(shop.working)) as connection:
            connection.execute("create schema if not exists raw")
            for table in ("order_events", "payment_events", "return_events"):
                connection.execute(
                    f"""
                    create table if not exists raw.{table} (
                        landing_seq bigint, order_id varchar, ordered_amount integer,
                        ingested_at timestamptz
                    )
                    """
                )
            connection.execute(
                "create table if not exists raw.landings (landing_seq bigint)"
            )
            connection.execute(
                "insert into raw.order_events values ($1, $2, $3, $4)",
                [seq, order_id, amount, at],
            )
            connection.execute("insert into raw.landings values ($1)", [seq])

    return write


def orders(working: Path) -> list[tuple]:
    with duckdb.connect(str(working), read_only=True) as connection:
        return connection.sql(
            "select order_id, ordered_amount from marts.orders_so_far order by all"
        ).fetchall()


def clock(working: Path) -> tuple:
    with duckdb.connect(str(working), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.sql("from control.clock").fetchall()[0]


def test_an_increment_continues_the_last_build(shop, project, land):
    told = []
    land(1, "o-1", 100, MARCH)
    first = build(shop, as_of=MARCH, progress=lambda *node: told.append(node))
    assert first.build.is_complete
    assert first.build.full_refresh_reason == "nothing was built before"
    assert clock(first.working) == (MARCH, None, 0)
    assert told == [
        ("orders_so_far", 1, 2),
        ("amounts_are_positive", 2, 2),
    ]

    land(2, "o-2", 200, MARCH + DAY)
    second = build(shop, as_of=MARCH + DAY)
    assert second.build.full_refresh_reason is None
    assert clock(second.working) == (MARCH + DAY, MARCH, 1)
    assert orders(second.working) == [("o-1", 100), ("o-2", 200)]
    assert second.rewritten == (Rewritten("orders_so_far", 1, 2, "marts"),)

    # another process can open the file while this one lives on
    opened = subprocess.run(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; duckdb.connect(sys.argv[1]).close()",
            str(shop.working),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert opened.returncode == 0, opened.stderr


def test_building_the_same_again_does_nothing(shop, project, land):
    land(1, "o-1", 100, MARCH)
    first = build(shop, as_of=MARCH)
    assert not first.was_known
    again = build(shop, as_of=MARCH)
    assert again.was_known
    assert again.build == first.build
    assert again.rewritten == ()
    land(2, "o-2", 100, MARCH)
    assert not build(shop, as_of=MARCH).was_known


def test_what_was_announced_is_remembered_before_it_is_written_over(
    shop, project, land, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        building, "remember", lambda working, version: asked.append((working, version))
    )
    land(1, "o-1", 100, MARCH)
    passed(shop.working, build(shop, as_of=MARCH).build)
    announced = publish(shop)
    assert asked == []

    land(2, "o-2", 200, MARCH + DAY)
    build(shop, as_of=MARCH + DAY)
    assert asked == [(shop.working, announced)]
    # what that build says readers were never told
    land(3, "o-3", 300, MARCH + 2 * DAY)
    build(shop, as_of=MARCH + 2 * DAY)
    assert asked == [(shop.working, announced)]


def test_a_full_refresh_forgets_the_cursor(shop, project, land):
    land(1, "o-1", 100, MARCH)
    build(shop, as_of=MARCH)
    report = build(shop, as_of=MARCH, full_refresh=True)
    assert report.build.full_refresh_reason == "asked for"
    assert clock(report.working) == (MARCH, None, 0)


def test_a_changed_time_zone_or_model_builds_anew_and_says_so(shop, project, land):
    land(1, "o-1", 100, MARCH)
    build(shop, as_of=MARCH)
    elsewhere = replace(shop, timezone="Asia/Kolkata")
    report = build(elsewhere, as_of=MARCH)
    assert report.build.full_refresh_reason == "the time zone changed from UTC"
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        assert connection.sql(
            "select distinct store_timezone from marts.orders_so_far"
        ).fetchall() == [("Asia/Kolkata",)]

    model = project / "models" / "marts" / "orders_so_far.sql"
    model.write_text(model.read_text() + "    and events.ordered_amount < 1000\n")
    report = build(elsewhere, as_of=MARCH)
    assert report.build.full_refresh_reason == "the models or the contract changed"


def test_a_failed_test_is_named_with_its_rows_and_tried_again(shop, project, land):
    land(1, "o-1", 100, MARCH)
    build(shop, as_of=MARCH)
    land(2, "o-2", -5, MARCH + DAY)
    with pytest.raises(BuildError) as error:
        build(shop, as_of=MARCH + DAY)
    assert "test amounts_are_positive: 1 rows break it" in str(error.value)
    assert "order_id=o-2, ordered_amount=-5" in str(error.value)
    ran = {node.name: (node.is_test, node.passed) for node in error.value.nodes}
    assert ran == {
        "orders_so_far": (False, True),
        "amounts_are_positive": (True, False),
    }
    assert last_build(shop.working).is_complete is False

    # the row is corrected; the next build continues the one that was complete
    land(3, "o-2", 5, MARCH + DAY)
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute("delete from raw.order_events where ordered_amount < 0")
    report = build(shop, as_of=MARCH + DAY)
    assert clock(report.working) == (MARCH + DAY, MARCH, 1)
    assert orders(report.working) == [("o-1", 100), ("o-2", 5)]


def test_a_broken_model_is_named(shop, project, land):
    land(1, "o-1", 100, MARCH)
    (project / "models" / "marts" / "orders_so_far.sql").write_text("select nope")
    with pytest.raises(BuildError, match=r"model orders_so_far: .*nope") as error:
        build(shop, as_of=MARCH)
    # its test did not run
    assert [(node.name, node.passed) for node in error.value.nodes] == [
        ("orders_so_far", False)
    ]


def test_a_project_that_does_not_parse_says_so(shop, project, land):
    land(1, "o-1", 100, MARCH)
    (project / "models" / "broken.sql").write_text("select * from {{ ref('gone') }}")
    with pytest.raises(BuildError, match=r"(?s)dbt could not run: .*gone"):
        build(shop, as_of=MARCH)


def test_nothing_landed_says_what_to_do(shop, project):
    with pytest.raises(BuildError, match="postorder land"):
        build(shop, as_of=MARCH)


def passed(working, built):
    """Record that a build passed its gate, which is not what is tested here."""
    gate.record(working, gate.Verdict(built.build_id, built.as_of, MARCH))


def test_a_past_clock_builds_a_copy(shop, project, land):
    land(1, "o-1", 100, MARCH)
    land(2, "o-2", 200, MARCH + DAY)
    passed(shop.working, build(shop, as_of=MARCH + DAY).build)
    announced = publish(shop)
    before = orders(shop.working), clock(shop.working), last_build(shop.working)

    report = build(shop, as_of=MARCH)
    assert report.build.is_past
    assert report.build.full_refresh_reason == "the clock is before the published one"
    assert report.working != shop.working
    assert orders(report.working) == [("o-1", 100)]
    assert (
        orders(shop.working),
        clock(shop.working),
        last_build(shop.working),
    ) == before

    passed(report.working, report.build)
    version = publish(shop, working=report.working)
    assert as_of_versions(shop.published) == (version,)
    assert current(shop.published) == announced


def a_build(number: int, **changes) -> Build:
    made = Build(
        build_id=str(number),
        is_complete=True,
        as_of=MARCH + number * DAY,
        landing_seq=number,
        store_timezone="UTC",
        code="a",
        full_refresh_reason=None,
        is_past=False,
        started_at=MARCH,
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("attempts", "changes", "reason"),
    [
        ([], {}, "nothing was built before"),
        ([a_build(1)], {}, None),
        ([a_build(1)], {"is_asked": True}, "asked for"),
        ([a_build(1)], {"code": "b"}, "the models or the contract changed"),
        (
            [a_build(1)],
            {"store_timezone": "Asia/Kolkata"},
            "the time zone changed from UTC",
        ),
        ([a_build(1)], {"as_of": MARCH}, "the clock went back"),
        ([a_build(1)], {"is_past": True}, "the clock is before the published one"),
        ([a_build(1), a_build(2, is_complete=False)], {}, None),
        ([a_build(1, is_complete=False)], {}, "nothing was built before"),
        (
            [a_build(1), a_build(9, is_complete=False)],
            {},
            "the clock went back",
        ),
        (
            [
                a_build(1),
                a_build(2, is_complete=False, full_refresh_reason="asked for"),
            ],
            {},
            "the full refresh before did not finish",
        ),
        ([a_build(9), a_build(2, full_refresh_reason="asked for")], {}, None),
    ],
)
def test_an_increment_is_built_only_where_it_is_right(attempts, changes, reason):
    asked = {
        "as_of": MARCH + 5 * DAY,
        "store_timezone": "UTC",
        "code": "a",
        "is_past": False,
        "is_asked": False,
    }
    assert refresh_reason(attempts, **{**asked, **changes}) == reason


def test_dbt_arguments_are_the_same_for_one_shop():
    arguments = dbt_arguments(store_timezone="Asia/Kolkata", is_full_refresh=False)
    assert arguments == [
        "build",
        "--exclude-resource-type",
        "unit_test",
        "--vars",
        '{"store_timezone": "Asia/Kolkata"}',
    ]
    assert dbt_arguments(store_timezone="Asia/Kolkata", is_full_refresh=True) == [
        *arguments,
        "--full-refresh",
    ]


def test_only_what_computes_is_fingerprinted(project):
    before = fingerprint(project)
    (project / "target").mkdir()
    (project / "target" / "manifest.json").write_text("{}")
    (project / "tests" / "more.sql").write_text("select 1 where false")
    assert fingerprint(project) == before
    (project / "seeds").mkdir()
    (project / "seeds" / "regions.csv").write_text("a,b")
    assert fingerprint(project) != before


def test_the_clock_of_a_run(shop, land, build_by_hand):
    now = MARCH + 9 * DAY
    land(1, "o-1", 100, MARCH)

    def clock_at(**asked):
        return clock_of(
            shop, **{"started_at": now, "is_backfill": False, "as_of": None, **asked}
        )

    assert clock_at() == now
    assert clock_at(is_backfill=True) == MARCH
    assert clock_at(is_backfill=True, as_of=MARCH - DAY) == MARCH - DAY
    copy = build_by_hand(shop, as_of=MARCH + DAY, working=shop.folder / "copy.duckdb")
    publish(shop, working=copy)
    assert clock_at(is_backfill=True) == MARCH + DAY, "a backfill never turns it back"


def test_a_manifest_is_prepared_where_it_is_missing_or_old(project):
    manifest = prepared_manifest()
    assert manifest.is_relative_to(project)
    assert "orders_so_far" in manifest.read_text()
    kept = manifest.stat().st_mtime_ns
    assert prepared_manifest().stat().st_mtime_ns == kept
    (project / "models" / "more.sql").write_text("select 1 as one")
    assert "model.tiny.more" in prepared_manifest().read_text()
