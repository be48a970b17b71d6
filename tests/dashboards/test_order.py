"""One order shows its stage, promise, money and story, whatever its id holds."""

from __future__ import annotations

import pytest

from tests.dashboards.small_shop import open_page, text_of
from tests.dashboards.test_orders import HOSTILE

ONE_ORDER = "views/order.py"

pytestmark = pytest.mark.usefixtures("version")


def test_stage_promise_and_money_come_first() -> None:
    page = open_page(ONE_ORDER, order_id="ORD-009")

    assert not page.exception
    said = text_of(page).splitlines()
    assert page.title[0].value == "Where is order ORD\\-009?"
    assert (
        "## On its way. Placed 16.3 days ago; promised by 21 March 2026, 10 days "
        "past it." in said
    )
    assert (
        "**INR 999** ordered · **INR 0** captured · **INR 0** settled (gross) · "
        "**INR 0** refunded" in said
    )


def test_every_event_is_a_sentence_in_store_time() -> None:
    said = text_of(open_page(ONE_ORDER, order_id="ORD-009"))

    assert "5 events, 2 exceptions. Times are in Asia\\/Kolkata." in said
    # 20:15 UTC on the 20th is the next day in the store
    assert "**21 March 2026**\n\n- **01:45** Delivery failed" in said
    assert ":material/error: exception, high, for delivery" in said
    assert "~~Parcel shp\\-009 delivered~~ :gray-badge[withdrawn]" in said


def test_payments_parcels_and_returns_belong_to_it() -> None:
    settled = text_of(open_page(ONE_ORDER, order_id="ORD-008"))
    assert "**pay\\-008 · settled**" in settled
    assert "Settled (gross): INR 3,200, 12 March 2026, 11\\:35" in settled
    assert "**shp\\-008 · open**" in settled

    returned = text_of(open_page(ONE_ORDER, order_id="ORD-015"))
    assert "promised by 9 February 2026, kept" in returned
    assert "**ret\\-015 · under way**" in returned
    assert "Reason: size too small" in returned


def test_an_order_whose_placing_never_came_still_has_its_story() -> None:
    page = open_page(ONE_ORDER, order_id="ORD-LOST")

    assert not page.exception
    said = text_of(page)
    assert "Its placing never came" in said
    assert "Refund of INR 50 reached the customer" in said


def test_text_from_the_data_is_never_markup() -> None:
    page = open_page(ONE_ORDER, order_id="A*b_[c](d)<i>$x$")

    assert not page.exception
    assert page.title[0].value == "Where is order A\\*b\\_\\[c\\]\\(d\\)\\<i\\>\\$x\\$?"
    assert "Note \\*\\*bold\\*\\* \\<script\\>" in text_of(page)


def test_an_id_of_another_kind_is_offered_its_order() -> None:
    said = text_of(open_page(ONE_ORDER, order_id="pay-004"))

    assert "There is no order “pay\\-004”." in said
    assert "Did you mean one of these?" in said
    assert "ORD\\-004" in said


@pytest.mark.parametrize("text", HOSTILE)
def test_an_unknown_id_is_said_in_plain_words(text: str) -> None:
    page = open_page(ONE_ORDER)
    page.text_input(key="order_id").set_value(text).run()

    assert not page.exception
    said = text_of(page)
    assert "There is no order “" in said
    assert "begins with it either" in said


def test_without_an_id_it_asks_for_one() -> None:
    page = open_page(ONE_ORDER)

    assert not page.exception
    assert "Type an order id, or choose an order on the board." in text_of(page)
