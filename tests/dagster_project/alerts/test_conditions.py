"""When a figure is alarming, worked by hand."""

from __future__ import annotations

import math

import pytest

from dagster_project.alerts import units
from dagster_project.alerts.chance import surprise
from dagster_project.alerts.conditions import Condition
from dagster_project.alerts.messages import template


@pytest.mark.parametrize(
    ("word", "at_the_limit"),
    [("above", False), ("at_least", True), ("below", False), ("at_most", True)],
)
def test_a_limit_is_in_or_out_as_its_word_says(word, at_the_limit):
    limit = Condition({word: 5}, {})
    assert limit.holds(5) is at_the_limit
    is_upper = word in ("above", "at_least")
    assert limit.holds(6) is is_upper
    assert limit.holds(4) is not is_upper


@pytest.mark.parametrize(
    ("word", "value", "trailing", "alarms"),
    [
        ("rises_by", 0.15, 0.1, True),  # 0.1 * 1.5 is above 0.15 in binary fractions
        ("rises_by", 0.1499, 0.1, False),
        ("rises_by", 3, 0, True),
        ("rises_by", 0, 0, False),
        ("falls_by", 50, 100, True),
        ("falls_by", 51, 100, False),
        ("falls_by", 0, 0, False),
        ("rises_by", 5, None, False),
    ],
)
def test_a_change_is_a_share_of_what_was_before(word, value, trailing, alarms):
    assert Condition({}, {word: 0.5}).holds(value, trailing) is alarms


def test_all_parts_must_hold():
    both = Condition({"at_least": 10}, {"rises_by": 0.5}, from_at_least=4)
    assert both.holds(10, 5)
    assert not both.holds(9, 5)
    assert not both.holds(10, 8)
    assert not both.holds(10, 3)


@pytest.mark.parametrize(
    ("figures", "errors"),
    [
        # 2 (asin sqrt 0.4 - asin sqrt 0.1) / sqrt(1/20 + 1/560)
        (("share", 0.4, 20, 0.1, 560), 3.190),
        (("share", 0.4, 20, 0.1, 20), 2.296),
        (("share", 1.2, 9, 1.0, 9), 0.0),
        # 2 (sqrt 25.375 - sqrt 50.375) / sqrt(1 + 1/4)
        (("orders", 25, 1, 50, 4), 3.685),
        # 30 and 10 contacts expected of 100 orders each
        (("per_100", 30, 100, 10, 100), 3.239),
        (("share", 0.4, 0, 0.1, 20), 0.0),
        (("hours", 2, 1, 1, 1), math.inf),
    ],
)
def test_a_change_is_weighed_by_how_many_it_is_of(figures, errors):
    assert surprise(*figures) == pytest.approx(errors, abs=0.001)


def test_what_chance_brings_about_is_no_change():
    """One in a thousand is 3.09 standard errors on one side."""
    doubled = Condition({}, {"rises_by": 0.5})
    assert not doubled.holds(2, 1, 3.08)
    assert doubled.holds(2, 1, 3.10)
    assert Condition({}, {"rises_by": 0.5}, by_chance=0.05).holds(2, 1, 1.65)
    assert Condition({"above": 1}, {}).holds(2)


def test_figures_are_written_with_their_unit():
    assert units.written(0.145, "share") == "14.5 %"
    assert units.written(30.434, "per_100") == "30.4 per 100"
    assert units.written(60.0, "hours") == "2.5 days"
    assert units.written(1.0, "orders") == "1 order"
    assert units.written(1204, "lines") == "1,204 lines"
    assert units.written(2.5, "orders") == "2.5 orders"
    assert units.written(None, "share") == "unknown"
    assert units.changed(5, 4) == "+25 %"
    assert units.changed(0, 4) == "-100 %"
    assert units.changed(5, 0) == "up from nothing"


def test_text_from_data_is_one_short_line():
    assert units.plain("a\r\nBcc: x\x00 \u202egnp") == "a Bcc: x gnp"
    assert len(units.plain("x" * 500)) == units.LONGEST


def test_values_are_put_in_once():
    filled = template("{{{segment}}}: {value}", {"segment", "value"})
    assert filled.fill({"segment": "{value}", "value": "3"}) == "{{value}}: 3"
