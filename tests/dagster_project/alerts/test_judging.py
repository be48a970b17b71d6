"""What is alarming, what is fine, and what nobody can tell yet, worked by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dagster_project.alerts.findings import Outcome
from dagster_project.gate import Failure, Verdict
from tests.dagster_project.alerts import shop
from tests.dagster_project.alerts.shop import AS_OF, NOW, judged

ALARMING, FINE, NOT_JUDGED = Outcome.ALARMING, Outcome.FINE, Outcome.NOT_JUDGED

REJECTED = {"metric": "rejected_rate", "condition": {"above": 0.02}}
ORDERS = {
    "metric": "orders",
    "segment_type": "channel",
    "segment": "any",
    "condition": {"falls_by": 0.5},
}
CARRIERS = {
    "metric": "rto_naive_rate",
    "segment_type": "carrier",
    "segment": "any",
    "condition": {"rises_by": 0.5},
}


def day_of(metric: str, day: str, **values: object) -> str:
    """Return a statement that sets figures of all of a metric's segments on a day."""
    changes = ", ".join(f"{name} = {value}" for name, value in values.items())
    return (
        f"update metrics.metric_daily set {changes} "
        f"where metric = '{metric}' and date = '{day}'"
    )


def test_the_day_judged_is_the_last_that_is_mature(tmp_path):
    """Tuesday the 31st is not over; a ship day matures three days after it is."""
    today = day_of("rejected_rate", "2026-03-31", value=0.5)
    yesterday = day_of("rejected_rate", "2026-03-30", value=0.5)
    assert judged(tmp_path, REJECTED, today)["all"].outcome is FINE
    found = judged(tmp_path, REJECTED, yesterday)["all"]
    assert (found.outcome, found.names["day"]) == (ALARMING, "Mon 30 March 2026")
    latest = REJECTED | {"day": "latest"}
    assert judged(tmp_path, latest, today)["all"].outcome is ALARMING
    rto = {"metric": "rto_naive_rate", "condition": {"above": 0.3}}
    assert judged(tmp_path, rto)["all"].names["day"] == "Fri 27 March 2026"


def test_the_clocks_day_is_the_stores(tmp_path, monkeypatch):
    """At 18:30 UTC the store begins a new day, and the day before is mature."""
    later = AS_OF + timedelta(hours=7)
    monkeypatch.setattr(shop, "AS_OF", later)
    found = judged(tmp_path, REJECTED)["all"]
    assert found.names["day"] == "Tue 31 March 2026"


def test_a_feed_that_stopped_is_not_judged_by_its_last_good_day(tmp_path):
    gone = "delete from metrics.metric_daily where date > '2026-03-25'"
    assert judged(tmp_path, REJECTED, gone)["all"].outcome is NOT_JUDGED
    found = judged(tmp_path, ORDERS, gone)["web"]
    assert (found.outcome, found.value) == (ALARMING, 0)


def test_a_count_is_compared_with_the_same_weekday(tmp_path, monkeypatch):
    """On Sundays half is sold; a Sunday that sells half of that has fallen."""
    sunday = ORDERS | {"condition": {"falls_by": 0.4}}
    monkeypatch.setattr(shop, "AS_OF", AS_OF - timedelta(days=1))
    assert judged(tmp_path, sunday)["web"].outcome is FINE
    half = day_of("orders", "2026-03-29", value="value / 2")
    found = judged(tmp_path, sunday, half)["web"]
    assert found.outcome is ALARMING
    assert (found.names["trailing"], found.names["change"]) == ("50 orders", "-50 %")


def test_a_segment_that_vanished_counted_nothing(tmp_path):
    gone = (
        "delete from metrics.metric_daily where segment = 'app' and date = '2026-03-30'"
    )
    found = judged(tmp_path, ORDERS, gone)
    assert (found["app"].outcome, found["app"].value) == (ALARMING, 0)
    assert found["web"].outcome is FINE
    small = ORDERS | {"condition": {"falls_by": 0.5, "from_at_least": 11}}
    assert judged(tmp_path, small, gone)["app"].outcome is FINE


def test_a_ratio_is_compared_with_that_of_all_the_weeks_before(tmp_path):
    """A day of 1,000 parcels weighs more than one of 20: 0.1 becomes 0.3095."""
    heavy = day_of("rto_naive_rate", "2026-03-10", value=0.5, denominator=1000)
    jump = day_of("rto_naive_rate", "2026-03-27", value=0.4)
    assert judged(tmp_path, CARRIERS, jump)["delhivery"].outcome is ALARMING
    found = judged(tmp_path, CARRIERS, jump, heavy)["delhivery"]
    assert found.outcome is FINE
    # (27 x 20 x 0.1 + 1000 x 0.5) / (27 x 20 + 1000)
    assert found.names["trailing"] == f"{554 / 1540 * 100:.1f} %"


def test_days_are_pooled_by_what_they_are_made_of(tmp_path):
    """Two days of 20 and one of 60 with 0.4: (2 + 2 + 24) / 100."""
    jump = day_of("rto_naive_rate", "2026-03-27", value=0.4, denominator=60)
    found = judged(tmp_path, CARRIERS | {"over_days": 3}, jump)["delhivery"]
    assert found.value == pytest.approx(0.28)
    assert found.names["denominator"] == "100"
    assert found.names["trailing"] == "10.0 %"


@pytest.mark.parametrize(("least", "outcome"), [(20, ALARMING), (21, NOT_JUDGED)])
def test_too_few_are_not_judged(tmp_path, least, outcome):
    jump = day_of("rto_naive_rate", "2026-03-27", value=0.4)
    rule = CARRIERS | {"least_denominator": least}
    assert judged(tmp_path, rule, jump)["delhivery"].outcome is outcome


@pytest.mark.parametrize(("parcels", "outcome"), [(20, ALARMING), (5, FINE)])
def test_a_jump_of_few_is_left_to_chance(tmp_path, parcels, outcome):
    """Two of five where a tenth is usual is 1.6 standard errors off; 8 of 20 is 3.2."""
    jump = day_of("rto_naive_rate", "2026-03-27", value=0.4, denominator=parcels)
    assert judged(tmp_path, CARRIERS, jump)["delhivery"].outcome is outcome


def test_a_young_segment_has_no_weeks_before_it(tmp_path):
    """Four weeks before the 30th begin on the 2nd of March."""
    for first, outcome in (("2026-03-02", FINE), ("2026-03-03", NOT_JUDGED)):
        young = f"delete from metrics.metric_daily where date < '{first}'"
        assert judged(tmp_path, ORDERS, young)["web"].outcome is outcome


def test_a_curve_that_does_not_get_there_is_not_fine(tmp_path):
    rule = {"metric": "settlement_p90_hours", "condition": {"above": 48}}
    nowhere = day_of("settlement_p90_hours", "2026-03-13", value="null")
    found = judged(tmp_path, rule, nowhere)["all"]
    assert found.outcome is NOT_JUDGED
    assert "its curve does not get there" in found.reason


def test_a_segment_nobody_knows_is_said(tmp_path):
    rule = CARRIERS | {"segment": "delhivry"}
    found = judged(tmp_path, rule)["delhivry"]
    assert found.outcome is NOT_JUDGED
    assert "did you mean delhivery?" in found.reason


def test_a_standing_segment_is_judged_after_its_rows_are_gone(tmp_path):
    found = judged(tmp_path, CARRIERS, standing=["ekart"])
    assert found["ekart"].outcome is NOT_JUDGED
    assert judged(tmp_path, ORDERS, standing=["kiosk"])["kiosk"].value == 0


def test_a_state_stands_on_the_clocks_day(tmp_path):
    rule = {"metric": "stuck_orders", "day": "latest", "condition": {"at_least": 7}}
    found = judged(tmp_path, rule)["all"]
    assert (found.outcome, found.names["value"]) == (ALARMING, "7 orders")


def test_exceptions_are_open_and_old_enough(tmp_path):
    """e1 and e2 are; e3 is younger, e4 is over."""
    rule = {
        "exceptions": {"name": "refund_failed", "least_age_hours": 24},
        "message": "{value}, oldest {oldest}: {orders}",
    }
    found = judged(tmp_path, rule)["all"]
    assert (found.outcome, found.value) == (ALARMING, 2)
    assert found.rule.message.fill(found.names) == (
        "2 exceptions, oldest 30.0 hours: o1, o2"
    )
    solved = "update marts.fct_exceptions set is_open = false"
    assert judged(tmp_path, rule, solved)["all"].outcome is FINE


def test_exceptions_can_alarm_each_by_itself(tmp_path):
    rule = {
        "exceptions": {"severity": "critical", "per": "name"},
        "condition": {"at_least": 2},
    }
    found = judged(tmp_path, rule, standing=["dispute_opened"])
    assert {segment: each.value for segment, each in found.items()} == {
        "refund_failed": 3,
        "payment_settlement_timed_out": 1,
        "dispute_opened": 0,
    }
    assert found["refund_failed"].outcome is ALARMING
    assert found["payment_settlement_timed_out"].names["orders"] == "no order known"
    assert found["payment_settlement_timed_out"].outcome is FINE
    owned = {"exceptions": {"owner": "logistics"}}
    assert judged(tmp_path, owned)["all"].value == 1


def test_an_old_version_is_told_by_the_hour(tmp_path):
    rule = {"warehouse": "published_age", "condition": {"above": 1}}
    assert judged(tmp_path, rule)["all"].value == 0.5
    late = judged(tmp_path, rule, now=NOW + timedelta(hours=1))["all"]
    assert (late.outcome, late.names["value"]) == (ALARMING, "1.5 hours")


def test_a_gate_that_failed_says_what_did_not_hold(tmp_path):
    rule = {"warehouse": "gate_failed", "message": "{value}: {detail}"}
    failure = Failure(
        "marts.fct_orders", "volume", "expect", "orders", "enough orders", "3"
    )
    failed = Verdict("b", AS_OF, AS_OF, (failure,))
    found = judged(tmp_path, rule, verdict=failed)["all"]
    assert found.outcome is ALARMING
    assert found.rule.message.fill(found.names) == (
        "1 expectation: marts.fct_orders, volume: enough orders (found 3)"
    )
    passed = Verdict("b", AS_OF, AS_OF)
    assert judged(tmp_path, rule, verdict=passed)["all"].outcome is FINE
    assert judged(tmp_path, rule)["all"].outcome is NOT_JUDGED


def test_a_source_is_silent_in_the_last_hour_only(tmp_path):
    """Stripe tells no captures; the warehouse spoke again an hour later."""
    rule = {"warehouse": "silent_source", "message": "{segment}: no {detail}"}
    found = judged(tmp_path, rule, standing=["crm:main"])
    assert {segment: each.outcome for segment, each in found.items()} == {
        "stripe:main": ALARMING,
        "shop:main": FINE,
        "wms:main": FINE,
        "crm:main": NOT_JUDGED,
    }
    stripe = found["stripe:main"]
    assert stripe.rule.message.fill(stripe.names) == (
        "stripe:main: no payment captured since 2026-03-31 06:00 UTC"
    )
    mute = "update marts.missing_events set is_silent = true where source = 'wms:main'"
    assert (
        "event of any kind" in judged(tmp_path, rule, mute)["wms:main"].names["detail"]
    )


def test_a_rule_that_cannot_be_read_is_a_fault_and_stops_no_other(tmp_path):
    rule = {"warehouse": "silent_source"}
    found = judged(tmp_path, rule, "drop table marts.missing_events")["all"]
    assert (found.outcome, found.is_fault) == (NOT_JUDGED, True)
