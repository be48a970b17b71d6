"""The books of a day: its accounts on the page, and the certificate to take away."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from dagster_project import published
from dagster_project.certificate.figures import certificate_of
from dagster_project.certificate.page import json_of
from dagster_project.published import Version
from dashboards.queries import certificate
from dashboards.queries.reader import frame
from tests.dashboards.small_shop import open_page, publish, text_of

DAY = date(2026, 3, 25)


def test_a_page_certifies_what_the_command_does(version: Version) -> None:
    with published.connect(version) as connection:
        of_command = certificate_of(version, connection, DAY)

    assert json_of(certificate.certified(version, DAY)) == json_of(of_command)
    assert [each.code for each in of_command.currencies] == ["INR"]


def test_accounts_open_and_close_with_the_day(version: Version) -> None:
    on_day = frame(version, certificate.accounts_on(DAY))

    moved = on_day["opening_amount"] + on_day["debit_amount"] - on_day["credit_amount"]
    assert (moved == on_day["closing_amount"]).all()
    with published.connect(version) as connection:
        ((balance,),) = connection.execute(
            "select sum(amount) from marts.fct_ledger_entries where booked_date <= "
            "$day and account = 'receivable' and currency = 'INR'",
            {"day": DAY},
        ).fetchall()
    receivable = on_day[
        (on_day["account"] == "receivable") & (on_day["currency"] == "INR")
    ]
    assert list(receivable["closing_amount"]) == [float(balance)]
    assert balance != 0


@pytest.mark.usefixtures("version")
def test_the_day_is_the_reader_s() -> None:
    first = open_page("views/books.py", day="2026-03-25")
    later = open_page("views/books.py")

    assert first.date_input[0].value == DAY
    assert "The books close: debits equal credits" in text_of(first)
    closing = [
        page.dataframe[-1].value["closing_amount"].abs().sum()
        for page in (first, later)
    ]
    assert closing[0] < closing[1]


def test_a_day_that_does_not_close_says_so(published_folder: Path) -> None:
    publish(
        published_folder,
        "one",
        "update marts.fct_ledger_entries set amount = amount + 1 "
        "where account = 'receivable' and currency = 'USD'",
    )
    page = open_page("views/books.py")

    assert "The books do not close in USD." in text_of(page)
