"""Guests become the customers whose contact they gave, until that is taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import pytest

from dagster_project.build import attempt, dbt_places, run_dbt
from ingestion.landing import land_files
from ingestion.shop import Shop


def event(name, day, **fields):
    occurred_at = f"2026-03-{day:02}T10:00:00Z"
    return {
        "event_name": name,
        "source": "shop:acme",
        "occurred_at": occurred_at,
        "observed_at": occurred_at,
        **fields,
    }


def placed(order, day, **fields):
    line = {
        "order_line_id": f"{order}-1",
        "sku": "MUG",
        "quantity": 1,
        "unit_price_minor": 900,
    }
    return event(
        "order_placed",
        day,
        order_id=order,
        currency="INR",
        total_minor=900,
        lines=[line],
        payment_mode="prepaid",
        **fields,
    )


def asked(order, day, **fields):
    return event(
        "support_contact_opened",
        day,
        order_id=order,
        ticket_id=f"T-{order}",
        contact_reason="where_is_order",
        contact_channel="email",
        **fields,
    )


EARLY = [
    placed("A-1", 1, customer_id="anna", email=" Anna@Example.org "),
    placed("G-1", 2, email="anna@example.org"),
    placed("G-2", 3, phone="+91 98765 43210"),
    placed("G-3", 4, email=""),
    placed("G-4", 5, email=""),
    placed("G-5", 6),
    asked("G-5", 7, email="ANNA@example.org", event_id="E-asked"),
    # the recipient's phone is not the buyer's
    event(
        "shipment_shipped",
        8,
        order_id="G-4",
        shipment_id="S-4",
        carrier="swift",
        is_partial=False,
        lines=[{"order_line_id": "G-4-1", "sku": "MUG", "quantity": 1}],
        phone="+919876543210",
    ),
]
LATE = [
    event(
        "payment_captured",
        1,
        order_id="A-1",
        payment_id="P-1",
        capture_id="P-1",
        amount_minor=900,
        currency="INR",
        is_partial=False,
        phone="919876543210",
    ),
    event("event_retracted", 9, target_event_id="E-asked", retraction_cause="unknown"),
]


def build_bridge(shop, clock):
    """Build what the bridge reads, and the bridge; say whether it was from scratch."""
    with attempt(shop, as_of=clock) as (working, begun):
        is_anew = begun.full_refresh_reason is not None
        run_dbt(
            working,
            [
                "build",
                "--exclude-resource-type",
                "test",
                "--exclude-resource-type",
                "unit_test",
                "--select",
                "+customer_identities",
                *(["--full-refresh"] if is_anew else []),
                *dbt_places(shop),
            ],
        )
    return is_anew


def identities(shop):
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        rows = connection.sql(
            """
            select customer_id, resolved_customer_id, method
            from marts.customer_identities
            """
        ).fetchall()
    return {customer: (resolved, method) for customer, resolved, method in rows}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the bridge says after a first landing, and after an increment."""
    folder = tmp_path_factory.mktemp("identity")
    shop = Shop(folder / "shop", hash_key="a test's key")
    answers = []
    for number, lines in enumerate((EARLY, LATE)):
        path = folder / f"{number}.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        clock = datetime(2026, 3, 20 + number, tzinfo=UTC)
        landed = land_files([path], shop=shop, landed_at=clock)
        assert landed.files[0].rejected == 0
        assert build_bridge(shop, clock) is (number == 0)
        answers.append(identities(shop))
    return answers


def test_contacts_are_compared_by_what_they_say_not_how_they_are_written(told):
    first, _ = told

    assert first["anna"] == ("anna", "as_sent")
    assert first["guest:G-1"] == ("anna", "email")
    assert first["guest:G-5"] == ("anna", "email")


def test_guests_without_a_contact_are_nobody_else(told):
    for answer in told:
        assert answer["guest:G-3"] == ("guest:G-3", "as_sent")
        assert answer["guest:G-4"] == ("guest:G-4", "as_sent")


def test_a_contact_that_comes_late_resolves_the_guest_of_long_ago(told):
    first, second = told

    assert first["guest:G-2"] == ("guest:G-2", "as_sent")
    assert second["guest:G-2"] == ("anna", "phone")


def test_a_retracted_contact_takes_its_link_back(told):
    _, second = told

    assert second["guest:G-5"] == ("guest:G-5", "as_sent")
    assert second["guest:G-1"] == ("anna", "email")
