"""Numbers, money and times are written so that a person reads them right."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from dashboards.components import words


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("1299.0000", "INR", "INR 1,299"),
        ("80.2500", "USD", "USD 80.25"),
        ("80.5000", "USD", "USD 80.50"),
        ("12.3450", "KWD", "KWD 12.345"),
        ("1000000", "JPY", "JPY 1,000,000"),
        ("-0.1000", "INR", "INR -0.10"),
        ("99999999999999.9999", "INR", "INR 99,999,999,999,999.9999"),
        ("5", None, "unknown currency 5"),
    ],
)
def test_money_keeps_every_digit_and_names_its_currency(
    value: str, currency: str | None, text: str
) -> None:
    assert words.amount(Decimal(value), currency) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0.5, "30 minutes"),
        (1 / 60, "1 minute"),
        (28.5, "28.5 hours"),
        (52.5, "2.2 days"),
        (24 * 628.0, "628 days"),
        (None, "unknown"),
    ],
)
def test_durations_have_the_unit_a_person_would_say(
    hours: float | None, text: str
) -> None:
    assert words.duration(hours) == text


def test_times_stand_in_the_store_s_zone() -> None:
    at = datetime(2026, 3, 31, 20, 15, tzinfo=UTC)

    assert words.moment(at, ZoneInfo("Asia/Kolkata")) == "1 April 2026, 01:45"


def test_spans_of_one_month_name_it_once() -> None:
    assert words.months(date(2026, 1, 1), date(2026, 1, 1)) == "January 2026"
    assert words.months(date(2025, 12, 1), date(2026, 1, 1)) == (
        "December 2025 to January 2026"
    )


def test_a_stage_that_pages_do_not_know_keeps_its_name() -> None:
    assert words.stage("customs_hold") == "customs hold"


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0.0 %"), (0.0003, "under 0.1 %"), (0.145, "14.5 %"), (None, "unknown")],
)
def test_a_small_share_is_not_written_as_nothing(
    share: float | None, text: str
) -> None:
    assert words.percent(share) == text


def test_counts_agree_with_their_noun() -> None:
    assert words.count(1, "order") == "1 order"
    assert words.count(1204, "order") == "1,204 orders"
