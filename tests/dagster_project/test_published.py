"""Readers of published versions: one door, immutable, shut to everything else."""

from __future__ import annotations

import json

import duckdb
import pytest

from dagster_project import published
from dagster_project.publish import publish
from tests.dagster_project.conftest import AS_OF


@pytest.fixture
def version(shop, build_by_hand):
    build_by_hand(shop)
    return publish(shop)


def test_nothing_is_published_at_first(shop):
    assert published.current(shop.published) is None
    assert published.versions(shop.published) == ()
    with pytest.raises(published.NothingPublishedError, match="postorder run"):
        published.connect_current(shop.published)


def test_the_pointer_names_the_version(shop, version):
    assert published.current(shop.published) == version
    assert published.versions(shop.published) == (version,)
    assert version.as_of == AS_OF
    assert version.rows["marts.fct_orders"] == 200
    assert version.path.name == "postorder.duckdb"


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "here"))
    assert published.folder_from_environment() == tmp_path / "here" / "published"


@pytest.mark.parametrize(
    "escape",
    [
        "select * from read_text('{file}')",
        "attach '{file}' as other",
        "copy (select 1) to '{file}.csv'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "create table marts.mine as select 1",
        "install httpfs",
    ],
)
def test_a_connection_reaches_nothing_but_its_version(version, tmp_path, escape):
    file = tmp_path / "secret.txt"
    file.write_text("secret")
    with published.connect(version) as connection, pytest.raises(duckdb.Error):
        connection.execute(escape.format(file=file)).fetchall()


def test_every_connection_of_a_process_is_hardened_and_in_utc(version, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    settings = """
        select
            current_setting('TimeZone'),
            current_setting('lock_configuration'),
            current_setting('enable_external_access')
    """
    with published.connect(version) as first, published.connect(version) as second:
        for connection in (first, second, second.cursor()):
            assert connection.execute(settings).fetchall() == [("UTC", True, False)]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": "gone"}'])
def test_a_broken_pointer_says_so(shop, version, text):
    (shop.published / "current.json").write_text(text)
    with pytest.raises(published.BrokenVersionError):
        published.current(shop.published)
    with pytest.raises(published.BrokenVersionError, match="cannot be opened"):
        published.connect_current(shop.published)


def test_a_pointer_swapped_while_opening_is_read_again(
    shop, version, build_by_hand, monkeypatch
):
    """The version is retired between reading the pointer and opening the file."""
    build_by_hand(shop, changes="delete from marts.fct_returns")
    newer = publish(shop)
    stale = iter([version])
    monkeypatch.setattr(
        published,
        "current",
        lambda _: next(stale, newer),
    )
    version.path.unlink()
    found, connection = published.connect_current(shop.published)
    connection.close()
    assert found == newer


def test_unfinished_folders_are_passed_over(shop, version):
    (shop.published / "versions" / ".making-x").mkdir()
    half = shop.published / "versions" / "20260101T000000Z-9"
    half.mkdir()
    (half / "version.json").write_text(json.dumps({"as_of": "2026-01-01"}))
    assert published.versions(shop.published) == (version,)
