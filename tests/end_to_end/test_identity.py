"""Which reports are one fact, and which of two stories stands, whatever came first."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import pytest

from dagster_project.build import build
from dagster_project.publish import publish
from dagster_project.quality.validate import validate
from ingestion.landing import land_files
from ingestion.shop import Shop
from tests.comparing import differences

DAY = "2026-03-02"


def event(name, hour, *, seen=None, source="wms:acme", order="O-1", **fields):
    return {
        "event_name": name,
        "source": source,
        "occurred_at": f"{DAY}T{hour:02d}:00:00Z",
        "observed_at": f"{DAY}T{seen if seen is not None else hour:02d}:30:00Z",
        **({"order_id": order} if order else {}),
        **fields,
    }


def placed(order, hour=1, **fields):
    line = {
        "order_line_id": f"{order}-1",
        "sku": "MUG",
        "quantity": 1,
        "unit_price_minor": 900,
    }
    return event(
        "order_placed",
        hour,
        order=order,
        customer_id="C-1",
        currency="INR",
        total_minor=900,
        lines=[line],
        payment_mode="prepaid",
        **fields,
    )


def captured(amount, **fields):
    return event(
        "payment_captured",
        2,
        payment_id="P-1",
        capture_id="CAP-1",
        amount_minor=amount,
        currency="INR",
        is_partial=False,
        **fields,
    )


def packed(parcel, hour, **fields):
    return event(
        "item_packed",
        hour,
        order_line_id="O-1-1",
        fulfillment_order_id="F-1",
        quantity=1,
        shipment_id=parcel,
        **fields,
    )


def printed(hour, **fields):
    return event("label_printed", 4, seen=hour, shipment_id="S-9", **fields)


STORIES = [
    placed("O-1"),
    # a webhook, and a poll that adds what the webhook lacked
    captured(900, seen=3, delivery_id="hook-1"),
    captured(900, seen=5, delivery_id="poll-1", gateway="razorpay"),
    # another amount for the same capture, seen later: refused
    captured(950, seen=7),
    # one sent id for two parcels, then a poll that tells the second right
    packed("S-1", 5, event_id="reused"),
    packed("S-2", 6, event_id="reused"),
    packed("S-2", 6, seen=8),
    # withdrawn under its id as sent, then told again
    printed(5, event_id="label"),
    event(
        "event_retracted",
        6,
        target_event_id="label",
        retraction_cause="sent_in_error",
    ),
    printed(8, event_id="label", actor_key="k-1"),
    # withdrawn, but never heard of
    event(
        "event_retracted",
        7,
        order=None,
        target_event_id="nobody",
        retraction_cause="duplicate",
    ),
    # one test flag takes the order, and a settlement that only knows its payment
    placed("O-T"),
    event(
        "payment_initiated",
        1,
        order="O-T",
        payment_id="P-T",
        attempt_no=1,
        payment_method="card",
        gateway="razorpay",
        amount_minor=900,
        currency="INR",
        is_test=True,
    ),
    event(
        "payment_settled",
        9,
        order=None,
        payment_id="P-T",
        settlement_id="SET-1",
        settlement_basis="bank_payout",
        gross_minor=900,
        fee_minor=0,
        net_minor=900,
        currency="INR",
    ),
    # two orders claim one parcel
    placed("O-2", hour=3),
    event("label_printed", 5, order="O-2", shipment_id="S-9"),
    # the customer's first order, withdrawn: the others move up
    placed("O-0", hour=0, event_id="first"),
    event(
        "event_retracted",
        8,
        order=None,
        target_event_id="first",
        retraction_cause="sent_in_error",
    ),
]


@pytest.fixture(scope="module")
def landed(tmp_path_factory):
    """Land the stories in parts, in an order, and publish after each part."""

    def land(name, *parts):
        folder = tmp_path_factory.mktemp(name)
        shop = Shop(folder / "shop", hash_key="a test's key")
        as_of = datetime(2026, 3, 3, tzinfo=UTC)
        for number, part in enumerate(parts):
            path = folder / f"part-{number}.jsonl"
            path.write_text("".join(json.dumps(story) + "\n" for story in part))
            land_files([path], shop=shop, landed_at=as_of, backfill=True)
            build(shop, as_of=as_of, is_tested=False)
        validate(shop, suites=())
        return publish(shop).path

    return land


@pytest.fixture(scope="module")
def straight(landed):
    return landed("straight", STORIES)


def rows(path, query):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(query).fetchall()


def test_a_poll_completes_a_webhook_and_another_story_is_refused(straight):
    assert rows(
        straight,
        """
        select captured_amount, gateway from marts.fct_payments
        where payment_id = 'P-1'
        """,
    ) == [(900 / 100, "razorpay")]
    assert rows(
        straight,
        "select field, reason_code, line_number from marts.rejected_events order by 3",
    ) == [
        ("amount_minor", "event_id_conflict", 4),
        ("occurred_at", "event_id_conflict", 6),
    ]


def test_an_id_used_twice_does_not_glue_two_facts(straight):
    assert rows(
        straight,
        """
        select fact_key = event_id as is_derived, count(*) from marts.events
        where event_name = 'item_packed' group by all order by all
        """,
    ) == [(False, 1), (True, 1)]


def test_a_retraction_takes_what_was_seen_before_it_and_frees_the_key(straight):
    assert rows(
        straight,
        """
        select order_id, is_retracted, count(*) from marts.events
        where event_name = 'label_printed' group by all order by all
        """,
    ) == [("O-1", False, 1), ("O-1", True, 1), ("O-2", False, 1)]
    assert rows(
        straight,
        "select target_event_id, target_found from marts.event_retractions order by 1",
    ) == [("first", True), ("label", True), ("nobody", False)]


def test_a_test_flag_takes_all_that_hangs_on_the_order(straight):
    assert rows(
        straight,
        """
        select (select count(*) from marts.events where order_id = 'O-T')
            + (select count(*) from marts.fct_orders where order_id = 'O-T')
            + (select count(*) from marts.fct_payments where payment_id = 'P-T')
        """,
    ) == [(0,)]


def test_a_withdrawn_order_numbers_nobody(straight):
    assert rows(
        straight,
        "select order_id, customer_order_number from marts.fct_orders order by 1",
    ) == [("O-1", 1), ("O-2", 2)]


def test_the_ledger_adds_up(straight):
    assert rows(
        straight,
        "select delivered, accepted, duplicates, conflicts, rejected "
        "from marts.landings",
    ) == [(18, 15, 1, 2, 0)]


@pytest.mark.deep
@pytest.mark.parametrize("turn", [5, 11])
def test_any_order_of_arrival_tells_the_same(landed, straight, turn):
    turned = STORIES[turn:] + STORIES[:turn]
    thirds = [
        list(part)
        for part in (
            turned[::-1][start : start + 6] for start in range(0, len(STORIES), 6)
        )
    ]
    assert (
        differences(straight, landed(f"turned-{turn}", *thirds), with_ledger=False)
        == {}
    )
