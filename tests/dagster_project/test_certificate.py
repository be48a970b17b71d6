"""The certificate: a day's books from a published version, on paper and as data."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from decimal import Decimal

import pytest

from dagster_project import cli
from dagster_project.certificate import page
from dagster_project.certificate.figures import CertificateError, certificate_of
from dagster_project.publish import publish
from dagster_project.published import connect

DAY = date(2026, 2, 28)

# Two currencies. INR: an order of January, paid on the 27th, settled short on the 28th,
# and refunded in part on the 28th. KWD: a sale on the 28th.
BOOKS = """
    create or replace table marts.fct_ledger_entries as
    select
        entry_id || ':' || account as line_id,
        *,
        cast(booked_date as timestamptz) as booked_at
    from (
        values
        ('e1', 'sale', 'receivable', null, 'INR', 1000.0000, '2026-01-05'),
        ('e1', 'sale', 'revenue', null, 'INR', -1000, '2026-01-05'),
        ('e2', 'capture', 'provider_clearing', 'p1', 'INR', 1000, '2026-02-27'),
        ('e2', 'capture', 'receivable', 'p1', 'INR', -1000, '2026-02-27'),
        ('e3', 'settlement', 'bank', 'p1', 'INR', 880, '2026-02-28'),
        ('e3', 'settlement', 'fees', 'p1', 'INR', 20, '2026-02-28'),
        ('e3', 'settlement', 'provider_clearing', 'p1', 'INR', -900, '2026-02-28'),
        ('e4', 'refund', 'revenue', 'p1', 'INR', 300.5, '2026-02-28'),
        ('e4', 'refund', 'refunds_payable', 'p1', 'INR', -300.5, '2026-02-28'),
        ('e5', 'capture', 'provider_clearing', 'p2', 'INR', 5, '2026-03-01'),
        ('e5', 'capture', 'receivable', 'p2', 'INR', -5, '2026-03-01'),
        ('e6', 'sale', 'receivable', null, 'KWD', 1.234, '2026-02-28'),
        ('e6', 'sale', 'revenue', null, 'KWD', -1.234, '2026-02-28')
    ) as lines (
        entry_id, entry_kind, account, payment_id, currency, amount, booked_date
    );
    alter table marts.fct_ledger_entries alter booked_date type date;
    alter table marts.fct_ledger_entries alter amount type decimal(18, 4);
    alter table marts.fct_ledger_entries add column ordered_date date;
    update marts.fct_ledger_entries set ordered_date = '2026-01-05'
    where currency = 'INR';

    create or replace table marts.ledger_clearing as
    select
        'p1' as payment_id,
        'INR' as currency,
        'razorpay' as gateway,
        'short_settled' as cause,
        100::decimal(18, 4) as balance_amount;

    create or replace table marts.reconciliation as
    select * from (
        values
        ('o-1', 'INR', null, 0.0000::decimal(18, 4)),
        ('o-2', 'INR', 'overpaid', 12.5::decimal(18, 4)),
        ('o-3', 'INR', 'overpaid', 7.5::decimal(18, 4)),
        ('o-4', 'INR', 'uncollected', -99::decimal(18, 4))
    ) as orders (order_id, currency, residual_cause, residual_amount);
"""


@pytest.fixture
def certify(shop, build_by_hand):
    """Publish the books, changed if asked, and certify a day of them."""

    def of(day=None, changes=""):
        build_by_hand(shop, changes=BOOKS + changes)
        version = publish(shop)
        with connect(version) as connection:
            return certificate_of(version, connection, day)

    return of


def test_a_day_opens_where_the_day_before_closed(certify):
    certificate = certify()
    assert certificate.day == DAY
    assert certificate.is_whole_day
    assert certificate.is_proven
    rupees, dinars = certificate.currencies
    assert {a.account: (a.opening, a.closing) for a in rupees.accounts} == {
        "bank": (0, 880),
        "fees": (0, 20),
        "provider_clearing": (1000, 100),
        "receivable": (0, 0),
        "refunds_payable": (0, Decimal("-300.5")),
        "revenue": (-1000, Decimal("-699.5")),
    }
    assert rupees.debits == rupees.credits == Decimal("1200.5")
    assert (rupees.posted.entries, rupees.posted.entries_so_far) == (2, 4)
    assert dinars.debits == Decimal("1.234")


def test_what_is_in_clearing_has_its_age_and_its_cause(certify):
    (held,) = certify().currencies[0].clearing
    assert (held.gateway, held.cause, held.payments) == ("razorpay", "short_settled", 1)
    assert (held.amount, held.to_3_days, held.oldest_days) == (100, 100, 1)
    (before,) = certify(date(2026, 2, 27)).currencies[0].clearing
    assert before.amount == 1000


def test_refunds_by_their_date_and_by_their_orders_have_one_total(certify):
    rupees = certify().currencies[0]
    assert [(r.month, r.recognized, r.attributed, r.today) for r in rupees.refunds] == [
        ("2026-01", 0, Decimal("300.5"), Decimal("300.5")),
        ("2026-02", Decimal("300.5"), 0, 0),
    ]
    assert rupees.recognized == rupees.attributed == Decimal("300.5")


def test_residuals_are_counted_by_cause(certify):
    rupees = certify().currencies[0]
    assert [(r.cause, r.orders, r.over, r.under) for r in rupees.residuals] == [
        ("none", 1, 0, 0),
        ("overpaid", 2, 20, 0),
        ("uncollected", 1, 0, -99),
    ]
    assert (rupees.orders, rupees.left_over) == (4, 3)


@pytest.mark.parametrize("day", ["2026-01-05", "2026-02-28"])
def test_an_entry_that_does_not_balance_is_never_certified(certify, day):
    certificate = certify(
        changes=f"""
        update marts.fct_ledger_entries set amount = amount + 0.01
        where booked_date = '{day}' and currency = 'INR' and account = 'revenue'
        """
    )
    assert not certificate.is_proven
    assert certificate.currencies[0].posted.unbalanced == 1
    assert page.verdict_of(certificate) == "The books do not close in INR."


def test_a_day_that_is_not_over_says_so(certify):
    certificate = certify(date(2026, 3, 1))
    assert not certificate.is_whole_day
    assert "a day not over yet" in page.page_of(certificate)


def test_a_day_to_come_cannot_be_certified(certify):
    with pytest.raises(CertificateError, match="2026-03-02 is after 2026-03-01"):
        certify(date(2026, 3, 2))


def test_before_the_first_entry_nothing_was_booked(certify):
    certificate = certify(date(2025, 12, 31))
    assert page.verdict_of(certificate) == "Nothing was booked up to 2025-12-31."


def test_the_page_is_whole_offline_and_written_in_each_currencys_digits(certify):
    text = page.page_of(certify())
    assert not re.search(r"https?:|//\w|url\(|@import|<script", text)
    assert "The books close" in text
    assert ">1.234<" in text
    assert ">300.50<" in text
    assert "settled in part, the rest overdue" in text


def test_the_command_writes_page_and_data(shop, certify, monkeypatch, tmp_path, capsys):
    certify()
    monkeypatch.setenv("POSTORDER_DATA", str(shop.folder))
    out = tmp_path / "for" / "finance.html"
    arguments = ("export", "certificate", "--date", "2026-02-28", "--out", str(out))
    monkeypatch.setattr(sys, "argv", ["postorder", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code
    told = capsys.readouterr().out
    assert told.startswith("The books close")
    assert str(out) in told
    written = json.loads(out.with_suffix(".json").read_text())
    assert written["day"] == "2026-02-28"
    assert written["version"] in out.read_text()
    assert written["is_proven"] is True
    assert written["currencies"][0]["debits"] == "1200.5000"


def test_a_version_without_books_says_so(shop, build_by_hand, monkeypatch, capsys):
    build_by_hand(shop, changes="drop table marts.fct_ledger_entries")
    publish(shop)
    monkeypatch.setenv("POSTORDER_DATA", str(shop.folder))
    monkeypatch.setattr(
        sys, "argv", ["postorder", "export", "certificate", "--out", "c.html"]
    )
    with pytest.raises(SystemExit):
        cli.main()
    assert "has no fct_ledger_entries" in capsys.readouterr().err
