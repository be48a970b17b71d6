"""Any kept version can be shown, stays shown, and gives way when it is retired."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from dagster_project import published
from tests.dashboards.small_shop import (
    AS_OF,
    answer_of,
    open_page,
    publish,
    text_of,
)

EARLIER = "2026-03-30 18:00 (before)"


def publish_two(folder: Path) -> None:
    """Publish a version of the day before, with one order, and then today's."""
    publish(
        folder,
        "before",
        "delete from marts.fct_orders where order_id != 'ORD-008'",
        as_of=AS_OF - timedelta(days=1),
    )
    publish(folder, "now")


def test_a_version_in_the_address_is_shown_and_called_earlier(
    published_folder: Path,
) -> None:
    publish_two(published_folder)
    page = open_page("views/orders.py", as_of=EARLIER)

    assert answer_of(page).startswith("1 order is open")
    assert "As of 30 March 2026, 18:00 (Asia/Kolkata)" in text_of(page)
    assert page.info[0].value.startswith("This is an earlier state")
    assert list(page.dataframe[0].value["timeline"]) == [
        "order?order_id=ORD-008&as_of=2026-03-30+18%3A00+%28before%29"
    ]

    page.selectbox(key="as_of").set_value("latest").run()
    assert answer_of(page).startswith("12 orders are open")


def test_the_menu_keeps_the_moment_in_the_address(published_folder: Path) -> None:
    publish_two(published_folder)
    page = open_page("views/metrics.py", as_of=EARLIER)
    assert page.query_params["as_of"] == EARLIER

    # as the menu opens a page: without what the address held
    page.switch_page("views/rows.py")
    page.query_params.clear()
    page.run()
    assert page.query_params["as_of"] == EARLIER
    assert page.info[0].value.startswith("This is an earlier state")

    page.selectbox(key="as_of").set_value("latest").run()
    assert "as_of" not in page.query_params
    assert not page.info


def test_a_version_built_on_a_past_clock_can_be_chosen(published_folder: Path) -> None:
    publish_two(published_folder)
    past = published_folder / published.AS_OF_VERSIONS
    past.mkdir()
    (published_folder / published.VERSIONS / "before").rename(past / "before")

    page = open_page("views/orders.py", as_of=EARLIER)
    assert answer_of(page).startswith("1 order is open")


def test_a_retired_version_gives_way_to_the_latest(published_folder: Path) -> None:
    publish_two(published_folder)
    page = open_page("views/orders.py", as_of=EARLIER)
    assert answer_of(page).startswith("1 order is open")

    shutil.rmtree(published_folder / published.VERSIONS / "before")
    page.run()
    assert not page.exception
    assert answer_of(page).startswith("12 orders are open")


def test_a_publish_during_use_is_picked_up(published_folder: Path) -> None:
    publish(published_folder, "one")
    page = open_page("views/orders.py")
    assert answer_of(page).startswith("12 orders are open")

    publish(
        published_folder,
        "two",
        "delete from marts.fct_orders where order_id != 'ORD-008'",
    )
    page.run()
    assert not page.exception
    assert answer_of(page).startswith("1 order is open")


def test_with_one_version_there_is_nothing_to_pick(published_folder: Path) -> None:
    publish(published_folder, "one")

    assert not [box for box in open_page().selectbox if box.key == "as_of"]
