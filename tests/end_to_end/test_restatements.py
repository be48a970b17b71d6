"""What was published is remembered, and what changes it later is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from dagster_project.order_story import order_story
from dagster_project.run import run
from ingestion.shop import Shop

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FEED = {"source": "shop:test", "payment_mode": "prepaid", "channel": "web"}

pytestmark = pytest.mark.deep


def placed(number, at, **changed):
    """An order for one thing at 10."""
    return FEED | {
        "event_name": "order_placed",
        "order_id": f"o-{number}",
        "customer_id": f"c-{number}",
        "currency": "INR",
        "total_minor": 1000,
        "fulfillment_type": "ship",
        "lines": [
            {
                "order_line_id": f"o-{number}-1",
                "sku": "TEA",
                "quantity": 1,
                "unit_price_minor": 1000,
            }
        ],
        "occurred_at": at.isoformat(),
        **changed,
    }


def captured(number, at):
    """Its payment, of twice what it costs: the shop owes half of it back."""
    return {
        "event_name": "payment_captured",
        "source": "psp:test",
        "order_id": f"o-{number}",
        "payment_id": f"p-{number}",
        "capture_id": f"p-{number}",
        "amount_minor": 2000,
        "is_partial": False,
        "currency": "INR",
        "occurred_at": at.isoformat(),
    }


def retracted(event_id, at):
    return {
        "event_name": "event_retracted",
        "source": "shop:test",
        "target_event_id": event_id,
        "retraction_cause": "sent_in_error",
        "occurred_at": at.isoformat(),
    }


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two weeks, three publications: Wednesday, Thursday, and the Monday after."""
    folder = tmp_path_factory.mktemp("restated")
    shop = Shop(folder / "shop", timezone="UTC", hash_key="a test's key")

    def told(name, at, *events, as_of=None):
        path = folder / f"{name}.jsonl"
        path.write_text("".join(f"{json.dumps(event)}\n" for event in events))
        return run(shop, [path], now=at, as_of=as_of).version

    wednesday = told(
        "wednesday",
        MONDAY + 2 * DAY,
        placed(1, MONDAY),
        placed(2, MONDAY, event_id="second"),
        captured(1, MONDAY),
        placed(3, MONDAY + DAY),
    )
    told(
        "thursday",
        MONDAY + 3 * DAY,
        # of Monday, and of Wednesday, which was not over when last published
        placed(4, MONDAY, channel="mobile"),
        placed(5, MONDAY, channel="mobile"),
        placed(6, MONDAY + 2 * DAY),
    )
    last = told("next_week", MONDAY + 7 * DAY, retracted("second", MONDAY + 7 * DAY))
    return shop, wednesday, last


def rows(version, sql):
    with duckdb.connect(str(version.path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.sql(sql).fetchall()


def test_late_events_restate_a_day_that_was_over(published):
    _, _, last = published
    found = rows(
        last,
        """
        select date, segment, old_value, new_value, late_events, late_event_names,
            published_at, restated_at
        from metrics.restatements
        where metric = 'orders' and segment_type in ('all', 'channel')
        order by restated_at, segment
        """,
    )
    monday = MONDAY.date()
    first, second, third = (MONDAY + days * DAY for days in (2, 3, 7))
    assert found == [
        (monday, "all", 2, 4, 2, "order_placed", first, second),
        (monday, "mobile", None, 2, 2, "order_placed", first, second),
        (monday, "all", 4, 3, 1, "order_placed", second, third),
        # nobody knows any more which channel the withdrawn order came by
        (monday, "web", 2, 1, 0, None, second, third),
    ]


def test_the_past_is_shown_as_it_could_have_been_known(published):
    shop, wednesday, last = published
    past = run(shop, as_of=MONDAY + 3 * DAY, now=MONDAY + 8 * DAY).version
    of_monday = """
        select value from metrics.metric_daily
        where metric = 'orders' and segment_type = 'all' and date = '2026-03-02'
    """
    assert rows(wednesday, of_monday) == [(2,)]
    assert rows(past, of_monday) == [(4,)]
    assert rows(last, of_monday) == [(3,)]
    assert rows(past, "select count(*) from metrics.restatements") == rows(
        last,
        "select count(*) from metrics.restatements "
        f"where restated_at <= '{MONDAY + 3 * DAY}'",
    )


def test_a_week_is_compared_with_the_one_before(published):
    _, wednesday, last = published
    swept = """
        select week, unit, value, previous_value from marts.weekly_sweep
        where question = 'pending_money' order by week
    """
    monday = MONDAY.date()
    assert rows(wednesday, swept) == [(monday, "INR", 10, None)]
    assert rows(last, swept) == [
        (monday, "INR", 10, None),
        # and what has not been settled since is late
        (monday + 7 * DAY, "INR", 30, 10),
    ]


def test_publishing_again_restates_nothing(published):
    shop, _, last = published
    again = run(shop, as_of=MONDAY + 7 * DAY, now=MONDAY + 9 * DAY)
    assert again.was_known
    assert again.version.name == last.name


def test_an_order_tells_its_story(published):
    _, _, last = published
    with duckdb.connect(str(last.path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        story = order_story(last, connection, "o-1")
    assert story["state"]["stage"] == "reservation"
    assert story["gates"]["gate_blocking"] == "reservation"
    assert [claim["class"] for claim in story["pending_money"]] == [
        "overpaid",
        "settlement_late",
    ]
    assert [event["event_name"] for event in story["timeline"]] == [
        "order_placed",
        "payment_captured",
        "payment_settlement_delayed",
    ]
    assert [spell["exception_name"] for spell in story["exceptions"]] == [
        "payment_settlement_delayed"
    ]
    assert story["parcels"] == []
