"""Every view opens, answers in its first line, and says where it is empty."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dagster_project.published import Version
from dashboards.queries import sources
from dashboards.queries.reader import frame
from dashboards.queries.row_sets import ROW_SETS, rows_behind
from tests.dashboards.promised import promised_columns
from tests.dashboards.small_shop import APP, answer_of, open_page, publish, text_of
from tests.dashboards.test_orders import HOSTILE

ANSWERS = {
    "sweep": "2 orders past their stage's rhythm, or their promise, INR 1,299 owed to "
    "us or to customers and 3 units counted beside what events add up to; week of 23 "
    "March 2026.",
    "settlement": "Half of it within 2.2 days; nine tenths are not reached yet.",
    "attempts": "83.3 % of orders paid at the first try, 91.7 % in the end, to date; "
    "20.0 % of failed first tries were won back within a day, 1 March 2026 to 28 March "
    "2026.",
    "pending": "INR 720 we owe customers, INR 579 is owed to us and USD 80.25 is owed "
    "to us, in 3 claims.",
    "books": "Yes: all 7 entries balance, and every residual of an order has a cause.",
    "reservations": "20.0 % of the lines asked for could not be reserved, 1 March 2026 "
    "to 28 March 2026.",
    "addresses": "20.0 % of address checks failed, 1 March 2026 to 28 March 2026; 0.0 "
    "% of all that ever failed were corrected.",
    "promises": "20.0 % of orders came by their first promise, 20.0 % by the one that "
    "stood when it was due, 1 March 2026 to 28 March 2026.",
    "rto": "13.8 % in the end; 10.0 % so far.",
    "stock": "2 of 3 counts differ from what the events add up to, by 3 units in all; "
    "17 units are sold and not shipped.",
    "returns": "Most often “size too small”: 62.5 % of 8 units that came back of 100 "
    "delivered in January 2026 (8.0 %).",
    "refunds": "20.0 % of refunds reached the customer within 48 hours of being due, 1 "
    "March 2026 to 28 March 2026; 1 refund waits now.",
    "reorders": "20.0 % of first buyers order again within 30 days.",
    "reviews": "Too early to say: 2-4 days after delivery reads best (16.7 %), but "
    "intervals overlap.",
    "lists": "4 entries on two lists; 1 of them are held out, so that the effect of "
    "writing can be told.",
    "sources": "96.0 % of the steps that had to follow were seen, 1 source and event "
    "fell silent, 4 lines of 400 refused.",
    "checks": "Nobody knows: no build has been judged here yet.",
    "metrics": "1 metric, each with a definition, an owner and a caveat. Choose one.",
}

# views whose own tests say more
ELSEWHERE = {"today", "orders", "order", "customer", "rows"}


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("view", ANSWERS)
def test_the_first_line_answers(view: str) -> None:
    page = open_page(f"views/{view}.py")

    assert not page.exception
    assert not page.error
    assert page.title[0].value.endswith("?")
    assert answer_of(page) == ANSWERS[view]


def test_every_view_in_the_navigation_is_tested() -> None:
    shown = set(re.findall(r"views/(\w+)\.py", APP.read_text(encoding="utf-8")))

    assert shown == set(ANSWERS) | ELSEWHERE
    assert shown == {path.stem for path in (APP.parent / "views").glob("[a-z]*.py")}


def test_an_empty_shop_is_said_in_plain_words(published_folder: Path) -> None:
    statements = [f"delete from {name}" for name in promised_columns()]
    publish(published_folder, "empty", *statements)
    for view in ANSWERS:
        page = open_page(f"views/{view}.py")

        assert not page.exception, view
        assert not page.error, view
        assert "nan" not in text_of(page).lower().split(), view
        assert answer_of(page), view


@pytest.mark.parametrize("view", ["settlement", "rto", "lists"])
def test_a_version_without_its_tables_says_so(
    view: str, published_folder: Path
) -> None:
    publish(
        published_folder,
        "early",
        *(f"drop table {name}" for name in promised_columns() if "metrics." in name),
    )
    page = open_page(f"views/{view}.py")

    assert not page.exception
    assert "before these figures were computed" in page.info[0].value


def test_every_row_set_reads_what_the_marts_hold(version: Version) -> None:
    for name, rows in ROW_SETS.items():
        filters = dict.fromkeys((*rows.by, *rows.most), "x")
        address = filters | {"from": "2026-03-01", "to": "x"}
        assert frame(version, rows_behind(version, name, address)).empty
        assert frame(version, rows_behind(version, name, {"nothing": "x"})).shape[1]


def test_two_landings_of_one_name_open_to_their_own_lines(version: Version) -> None:
    refused = frame(version, sources.LANDINGS).set_index("landing_id")["refused"]

    assert dict(refused) == {"landing-1": 3, "landing-2": 2}
    for landing, lines in refused.items():
        of_landing = rows_behind(
            version, "refused_of_file", {"landing_id": str(landing)}
        )
        assert len(frame(version, of_landing)) == lines


@pytest.mark.usefixtures("version")
def test_a_number_opens_to_its_rows() -> None:
    page = open_page("views/rows.py", of="pending", **{"class": "settlement_late"})

    assert answer_of(page) == (
        "INR 579 and USD 80.25 in 2 claims: open claims on money; class settlement "
        "late."
    )
    assert list(page.dataframe[0].value["order_id"]) == ["ORD-004", "ORD-003"]
    assert list(page.dataframe[0].value["timeline"]) == [
        "order?order_id=ORD-004",
        "order?order_id=ORD-003",
    ]


@pytest.mark.usefixtures("version")
def test_hostile_addresses_find_nothing_and_break_nothing() -> None:
    for text in HOSTILE[:4]:
        page = open_page("views/rows.py", of="orders", stage=text, **{"from": text})
        assert not page.exception, text
        assert answer_of(page).startswith("0 orders"), text

        unknown = open_page("views/rows.py", of=text)
        assert not unknown.exception, text
        assert answer_of(unknown).startswith("Choose a set of rows"), text

        customer = open_page("views/customer.py", customer_id=text)
        assert not customer.exception, text
        assert answer_of(customer).startswith("There is no customer"), text


def test_no_text_of_an_address_reaches_sql(version: Version) -> None:
    for text in HOSTILE:
        for name, rows in ROW_SETS.items():
            address = dict.fromkeys((*rows.by, "from", "to"), text)
            query = rows_behind(version, name, address)
            assert text not in query.sql
            assert frame(version, query).empty or not rows.by


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize(
    "name", [name for name, chosen in ROW_SETS.items() if chosen.needs]
)
def test_rows_that_stand_there_twice_are_asked_for_by_what_tells_them_apart(
    name: str,
) -> None:
    chosen = ROW_SETS[name]
    page = open_page("views/rows.py", of=name)

    assert answer_of(page).startswith("Choose a set of rows")
    assert chosen.title not in page.selectbox(key="of").options
    named = open_page("views/rows.py", of=name, **dict.fromkeys(chosen.needs, "none"))
    assert chosen.title in answer_of(named)


@pytest.mark.usefixtures("version")
def test_a_customer_has_orders_and_a_story() -> None:
    page = open_page("views/customer.py", customer_id="customer-ORD-009")

    assert not page.exception
    assert answer_of(page) == (
        "1 order, the first on 15 March 2026; 1 was delivered. 1 order has an open "
        "exception."
    )
    assert list(page.dataframe[0].value["order_id"]) == ["ORD-009"]
    assert "Delivery failed\\: customer unavailable" in text_of(page)


@pytest.mark.usefixtures("version")
def test_a_metric_has_its_definition_and_its_days() -> None:
    page = open_page("views/metrics.py", chosen_metric="unit return rate")

    said = text_of(page)
    assert "Last mature day, 28 March 2026: **20.0 %**" in said
    assert "**Beware:** Rises until the window is over." in said
