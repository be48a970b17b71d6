"""Whom a small shop writes to: who leaves the lists, and what an export hands out."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from dagster_project import audiences
from dagster_project.audiences import AUDIENCES, ExportError, defused
from dagster_project.build import build
from dagster_project.gate import Verdict, record
from dagster_project.publish import publish
from dagster_project.published import NothingPublishedError, connect, current
from ingestion.landing import land_files
from ingestion.shop import Shop

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
REORDER, REVIEW = AUDIENCES

# of these the lot holds out c-5 from reviews and no other, and c-5 from reminders too
CUSTOMERS = ["c-2", "c-3", "c-4", "c-5", "c-6"]
FORMULAS = ["=1+1", "+49170", "-2", "@sum", "\ta", "\rx"]


def event(name, day, **fields):
    at = (BEGAN + timedelta(days=day)).isoformat()
    return {
        "event_name": name,
        "source": "shop:test",
        "occurred_at": at,
        "observed_at": at,
        **fields,
    }


def bought(customer, *, sku="TEA"):
    """An order of one unit that was paid, sent and received within two days."""
    order = f"O/{customer}"
    line = {"order_line_id": f"{order}/1", "sku": sku, "quantity": 1}
    yield event(
        "order_placed",
        0,
        order_id=order,
        customer_id=customer,
        currency="INR",
        total_minor=900,
        payment_mode="prepaid",
        lines=[line | {"unit_price_minor": 900}],
    )
    yield event(
        "payment_captured",
        0.1,
        order_id=order,
        payment_id=f"P/{customer}",
        capture_id=f"CAP/{customer}",
        amount_minor=900,
        currency="INR",
        is_partial=False,
    )
    yield event(
        "payment_settled",
        1,
        order_id=order,
        payment_id=f"P/{customer}",
        settlement_id=f"SET/{customer}",
        settlement_basis="gateway_available",
        gross_minor=900,
        fee_minor=0,
        net_minor=900,
        currency="INR",
    )
    yield event(
        "shipment_shipped",
        1,
        order_id=order,
        shipment_id=f"S/{customer}",
        carrier="bluedart",
        is_partial=False,
        lines=[line],
    )
    yield event("shipment_delivered", 2, order_id=order, shipment_id=f"S/{customer}")
    for purpose in (REORDER.purpose, REVIEW.purpose):
        yield event(
            "consent_granted",
            -1,
            customer_id=customer,
            consent_purpose=purpose,
            legal_basis="consent",
            policy_version="1",
        )


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """Land events, build and publish at a day; the next call continues."""
    shop = Shop(tmp_path_factory.mktemp("audiences"), hash_key="a test's key")

    def land(events, day):
        file = shop.folder / "in" / f"{day}.jsonl"
        file.parent.mkdir(exist_ok=True)
        file.write_text("".join(f"{json.dumps(each)}\n" for each in events))
        landed = land_files(
            [file], shop=shop, landed_at=BEGAN + timedelta(days=day), backfill=True
        )
        assert landed.files[0].rejected == 0

    def at(day):
        report = build(shop, as_of=BEGAN + timedelta(days=day), is_tested=False)
        record(
            report.working,
            Verdict(report.build.build_id, report.build.as_of, report.build.as_of),
        )
        return publish(shop)

    return shop, land, at


@pytest.fixture(scope="module")
def first(live):
    """Publish what all of them bought, on day 4."""
    _, land, at = live
    customers = [*CUSTOMERS, *FORMULAS]
    land([each for customer in customers for each in bought(customer)], 2.5)
    return at(4)


def rows(version, query):
    with connect(version) as connection:
        return connection.execute(query).fetchall()


def listed(version, audience):
    found = rows(version, f"select customer_id from marts.{audience.table} order by 1")
    return [customer for (customer,) in found]


def exported(shop, audience, out, day, **options):
    return audiences.export(
        shop,
        audience,
        out,
        **{"format": "csv", "exported_by": "mira", **options},
        now=BEGAN + timedelta(days=day),
    )


def cells(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_shop_without_a_version_exports_nothing(tmp_path):
    with pytest.raises(NothingPublishedError):
        exported(Shop(tmp_path), REVIEW, tmp_path / "early.csv", 3)


@pytest.mark.deep
def test_who_withdraws_or_has_a_problem_leaves_the_list(live, first, tmp_path):
    """One shop's month: consent, a ticket, exports, and what they brought."""
    shop, land, at = live
    customers = [*CUSTOMERS, *FORMULAS]
    assert listed(first, REVIEW) == sorted(customers)
    assert listed(first, REORDER) == []  # nobody knows how long this tea lasts

    # the file: formulas are text, and who is held out is not in it
    done = exported(shop, REVIEW, tmp_path / "asks.csv", 4)
    found = cells(tmp_path / "asks.csv")
    assert {each["holdout_group"] for each in found} == {"treatment"}
    assert (done.rows, done.held_out, done.left_out) == (len(found), 1, 0)
    told = {each["customer_id"] for each in found}
    assert told == {*CUSTOMERS, *(f"'{each}" for each in FORMULAS)} - {"c-5"}
    assert not any(
        cell.startswith(audiences.FORMULA_STARTS)
        for each in found
        for cell in each.values()
    )

    # what has landed counts at once, though no version knows of it
    land(
        [
            event(
                "consent_withdrawn",
                4.2,
                customer_id="c-2",
                consent_purpose="review_requests",
            ),
            event(
                "consent_withdrawn", 4.2, customer_id="c-3", consent_purpose="marketing"
            ),
            event(
                "subject_erasure_requested",
                4.2,
                order_id="O/c-4",
                request_id="R-1",
                erasure_scope="customer",
            ),
        ],
        4.3,
    )
    later = exported(
        shop,
        REVIEW,
        tmp_path / "asks.parquet",
        4.5,
        format="parquet",
        with_holdouts=True,
    )
    table = pq.read_table(tmp_path / "asks.parquet").to_pydict()
    assert set(table["customer_id"]) == set(customers) - {"c-2", "c-4"}
    assert "holdout" in table["holdout_group"]
    assert (later.rows, later.held_out, later.left_out) == (len(customers) - 2, 1, 2)

    # a build says the same, and a question to support takes one more off
    land(
        [
            event(
                "support_contact_opened",
                5,
                order_id="O/c-6",
                ticket_id="T-1",
                contact_reason="order_status",
            )
        ],
        5,
    )
    second = at(6)
    assert set(listed(second, REVIEW)) == set(customers) - {"c-2", "c-4", "c-6"}
    assert rows(
        second,
        "select audience, format, exported_by, row_count, held_out_count, "
        "left_out_count, version, exported_at "
        "from marts.audience_exports order by exported_at",
    ) == [
        (REVIEW.table, "csv", "mira", len(customers) - 1, 1, 0, first.name, day(4)),
        (
            REVIEW.table,
            "parquet",
            "mira",
            len(customers) - 2,
            1,
            2,
            first.name,
            day(4.5),
        ),
    ]
    # the past stays: consent stood on day 4 and ended on day 4.2
    assert rows(
        second,
        "select is_given, valid_from, valid_to, ended_by from marts.fct_consents "
        "where customer_id = 'c-2' and purpose = 'review_requests' order by valid_from",
    ) == [
        (True, day(-1), day(4.2), "consent_withdrawn"),
        (False, day(4.2), None, None),
    ]

    # answered and reviewed: the ticket holds nobody back any more, the review does
    land(
        [
            event("support_contact_closed", 7, order_id="O/c-6", ticket_id="T-1"),
            event(
                "review_submitted",
                7,
                order_id="O/c-3",
                order_line_id="O/c-3/1",
                review_id="RV-1",
                sku="TEA",
                rating=5,
            ),
        ],
        7,
    )
    third = at(8)
    assert set(listed(third, REVIEW)) == set(customers) - {"c-2", "c-3", "c-4"}
    assert rows(
        third,
        "select treated, held_out, treated_responded, is_observed, lift "
        "from metrics.audience_readouts",
    ) == [(len(customers) - 1, 1, 1, False, None)]
    observed = at(45)
    share = 1 / (len(customers) - 1)
    assert rows(
        observed,
        "select treated_rate, held_out_rate, lift, lower < lift and lift < upper "
        "from metrics.audience_readouts",
    ) == [(pytest.approx(share), 0, pytest.approx(share), True)]


@pytest.mark.usefixtures("first")
def test_what_is_handed_out_is_noted_first(live, tmp_path, monkeypatch):
    """A file that could not be noted is not left lying about."""
    shop, _, _ = live
    monkeypatch.setattr(audiences, "_note", lambda *_: (_ for _ in ()).throw(OSError()))
    with pytest.raises(OSError):  # noqa: PT011 - the disk's own
        exported(shop, REVIEW, tmp_path / "asks.csv", 46)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("first")
def test_an_export_on_the_same_clock_is_in_the_next_version(live, tmp_path):
    shop, _, at = live
    before = current(shop.published)
    day_of_it = (before.as_of - BEGAN).total_seconds() / 86400
    assert at(day_of_it).name == before.name
    exported(shop, REVIEW, tmp_path / "more.csv", 400_000)
    after = at(day_of_it)
    assert after.name != before.name
    count = "select count(*) from marts.audience_exports"
    assert rows(after, count)[0][0] == rows(before, count)[0][0] + 1


@pytest.mark.usefixtures("first")
def test_a_version_without_the_audience_is_named(live, tmp_path):
    shop, _, _ = live
    unknown = audiences.Audience("audience_of_none", "marketing", thing="sku")
    with pytest.raises(ExportError, match="audience_of_none"):
        exported(shop, unknown, tmp_path / "none.csv", 46)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text):
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "tea", "1-2", " =1", "'=1", "a@b"])
def test_other_text_stays(text):
    assert defused(text) == text


def day(number):
    return BEGAN + timedelta(days=number)
