"""What a reader may type, choose or write into an address breaks nothing anywhere."""

from __future__ import annotations

import re

import pytest

from tests.dashboards.small_shop import APP, open_page
from tests.dashboards.test_orders import HOSTILE

# one text with every trick but length and emptiness, which tests of a search have
TRICKS = " ".join(text for text in HOSTILE if len(text) < 60)

VIEWS = APP.parent / "views"
INPUT = re.compile(r'key="(\w+)",?\s*(?:\)|bind=)')

# a choice that nobody offers is dropped: the page stays as it is
CHOICES = {
    "books": {"day"},
    "metrics": {"chosen_metric"},
    "orders": {"stage", "payment_mode", "needs"},
    "reorders": {"age"},
    "rto": {"by"},
    "settlement": {"by"},
    "today": {"chosen_owner"},
}

# what is looked for by name and found nowhere
LOOKED_FOR = {
    "customer": {"customer_id"},
    "order": {"order_id"},
    "orders": {"search"},
    "rows": {"of"},
}


def rows_of(view: str, **address: str) -> list[str]:
    """Open a view and return every table on it, as text."""
    page = open_page(f"views/{view}.py", **address)
    assert not page.exception, (view, address)
    return [table.value.to_csv() for table in page.dataframe]


def test_every_input_is_known_here() -> None:
    found = {
        path.stem: set(INPUT.findall(path.read_text(encoding="utf-8")))
        for path in VIEWS.glob("[a-z]*.py")
    }
    assert {view: keys for view, keys in found.items() if keys} == {
        view: CHOICES.get(view, set()) | LOOKED_FOR.get(view, set())
        for view in CHOICES | LOOKED_FOR
    }


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("view", CHOICES)
def test_a_choice_nobody_offers_changes_no_row(view: str) -> None:
    known = rows_of(view)
    assert known
    tricks = dict.fromkeys((*CHOICES[view], "as_of", "nothing"), TRICKS)
    assert rows_of(view, **tricks) == known


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("view", LOOKED_FOR)
def test_what_is_found_nowhere_shows_no_row(view: str) -> None:
    assert rows_of(view, **dict.fromkeys(LOOKED_FOR[view], TRICKS)) == []


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("limit", ["from", "to", "within_days"])
def test_a_limit_that_is_none_shows_no_row(limit: str) -> None:
    name = "second_orders" if limit == "within_days" else "orders"
    assert rows_of("rows", of=name)
    assert rows_of("rows", of=name, **{limit: TRICKS}) == []
