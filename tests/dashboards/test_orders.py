"""The board counts what the mart holds, keeps its filters in the address, and finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project import published
from dagster_project.published import Version
from dashboards.components.words import STAGES
from dashboards.queries import orders
from tests.dashboards.small_shop import answer_of, open_page, publish, text_of

BOARD = "views/orders.py"

HOSTILE = (
    "'; drop table marts.fct_orders; --",
    "' or '1'='1",
    "%",
    "_" * 50,
    "$text",
    "?",
    "\\",
    "\x00",
    "🙃" * 40,
    "<script>alert(1)</script>",
    "$x$ :red[y] **z** [a](b)",
    "x" * 5000,
)


def test_counts_equal_the_mart_s(version: Version) -> None:
    with published.connect(version) as connection:
        ((open_orders,),) = connection.execute(
            "select count(*) from marts.fct_orders "
            "where stage not in ('delivered', 'rto', 'cancelled', 'closed')"
        ).fetchall()
    page = open_page(BOARD)

    assert not page.exception
    assert answer_of(page) == (
        f"{open_orders} orders are open; the oldest was placed 26.3 days ago. "
        "2 stuck, 2 past promise, 4 with an open exception."
    )
    board = page.dataframe[0].value
    assert len(board) == open_orders
    assert list(board["order_id"][:3]) == ["ORD-008", "ORD-009", "A*b_[c](d)<i>$x$"]
    assert list(board["timeline"][:3]) == [
        "order?order_id=ORD-008",
        "order?order_id=ORD-009",
        "order?order_id=A%2Ab_%5Bc%5D%28d%29%3Ci%3E%24x%24",
    ]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ({"needs": "Past promise"}, ["ORD-008", "ORD-009"]),
        ({"needs": ["Past promise", "Open exception"]}, ["ORD-009"]),
        ({"stage": ["Ready to pack", "Being packed"]}, ["ORD-007", "ORD-006"]),
        ({"payment_mode": "COD", "stage": "Out for delivery"}, ["ORD-010"]),
    ],
)
@pytest.mark.usefixtures("version")
def test_the_address_filters(
    address: dict[str, str | list[str]], found: list[str]
) -> None:
    page = open_page(BOARD, **address)

    assert list(page.dataframe[0].value["order_id"]) == found
    assert " these filters" in answer_of(page)


@pytest.mark.usefixtures("version")
def test_filters_that_match_nothing_say_so() -> None:
    page = open_page(BOARD, payment_mode="COD", stage="Ready to pack")

    assert answer_of(page) == ("No open orders match these filters.")
    assert page.info[0].value == "Remove a filter to see more orders."


@pytest.mark.usefixtures("version")
def test_a_value_that_is_no_option_is_ignored() -> None:
    page = open_page(BOARD, stage="' or 1=1 --", needs="<b>")

    assert not page.exception
    assert len(page.dataframe[0].value) == 12


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ORD-008", ["ORD-008"]),
        ("ord-008", ["ORD-008"]),
        ("pay-004", ["ORD-004"]),
        ("SHP-012", ["ORD-012"]),
        ("ret-015", ["ORD-015"]),
        (" ORD-01 ", [f"ORD-01{digit}" for digit in range(6)]),
        ("A*b_[c](d)<i>$x$", ["A*b_[c](d)<i>$x$"]),
    ],
)
@pytest.mark.usefixtures("version")
def test_any_id_leads_to_its_order(text: str, found: list[str]) -> None:
    page = open_page(BOARD, search=text)

    assert list(page.dataframe[0].value["order_id"]) == found


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.usefixtures("version")
def test_hostile_text_finds_nothing_and_breaks_nothing(text: str) -> None:
    page = open_page(BOARD)
    page.text_input(key="search").set_value(text).run()

    assert not page.exception
    assert not page.dataframe
    assert len(page.warning) == 1
    assert len(open_page(BOARD).dataframe[0].value) == 12


def test_every_open_stage_has_words() -> None:
    assert set(orders.OPEN_STAGES) < set(STAGES)


def test_when_every_order_has_ended(published_folder: Path) -> None:
    publish(
        published_folder,
        "ended",
        "delete from marts.fct_orders where stage not in ('delivered', 'closed')",
    )
    page = open_page(BOARD)

    assert not page.exception
    assert answer_of(page) == "No order is open."
    assert "Every order has ended" in text_of(page)
