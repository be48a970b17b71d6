"""Who is told what, when: a story of runs over one shop, with channels that fail."""

from __future__ import annotations

import json
import multiprocessing
import os
from datetime import timedelta

import pytest

from dagster_project.alerts import channels
from dagster_project.alerts import notify as notifying
from dagster_project.alerts import standing as stands
from dagster_project.alerts.channels import deliver
from dagster_project.alerts.evaluate import Seen, evaluate
from dagster_project.alerts.notify import Fate, News, notify
from dagster_project.alerts.standing import Standing, StandingError
from tests.dagster_project.alerts.receivers import closed_port
from tests.dagster_project.alerts.shop import NOW, database, rules_of, version

REFUNDS = {
    "name": "refunds",
    "exceptions": {"name": "refund_failed"},
    "message": "{value}: {orders}",
    "to": ["hook"],
}
SOLVED = "update marts.fct_exceptions set is_open = false"


class Story:
    """Runs of alerts over one shop, an hour apart."""

    def __init__(self, folder, environment):
        self.folder, self.environment = folder, environment
        self.now = NOW
        self.hours = 0

    def run(self, *changes, rules=(REFUNDS,), after_hours=1, is_dry_run=False):
        self.now += timedelta(hours=after_hours)
        read = rules_of(self.folder, *rules)
        held = stands.hold(self.folder)
        with held as standing, database(*changes) as connection:
            seen = Seen(version(), connection, "", None, self.now)
            found = evaluate(read.rules, seen, standing.segments())
            return notify(
                found,
                read,
                standing,
                self.environment,
                now=self.now,
                is_dry_run=is_dry_run,
                sleep=lambda _: None,
            )

    def kept(self):
        path = self.folder / stands.FOLDER / stands.FILE
        return json.loads(path.read_text())["alerts"] if path.exists() else []


@pytest.fixture
def story(tmp_path, hook):
    return Story(tmp_path, {"HOOK_URL": hook.url, "CHAT_URL": hook.url})


def states(hook):
    return [each["state"] for each in hook.got]


def test_an_open_alert_is_told_once_and_its_end_once(story, hook):
    story.run()
    story.run()
    assert states(hook) == ["open"]
    assert hook.got[0]["text"].startswith("high, open: refunds\n3 exceptions: o1, o2")
    story.run(SOLVED)
    story.run(SOLVED)
    assert states(hook) == ["open", "recovered"]
    assert (
        "Over after 2.0 hours, now 0 exceptions. It was: 3 exc" in hook.got[1]["text"]
    )
    assert hook.got[1]["severity"] == "info"
    assert story.kept() == []


def test_what_comes_back_is_news_again(story, hook):
    for changes in ((), (SOLVED,), ()):
        story.run(*changes)
    assert states(hook) == ["open", "recovered", "open"]
    assert len({each["id"] for each in hook.got}) == 3


def test_a_reminder_comes_when_it_is_due(story, hook):
    rules = [REFUNDS | {"remind_after_hours": 2}]
    for _ in range(6):
        story.run(rules=rules)
    assert states(hook) == ["open", "still open", "still open"]
    assert hook.got[1]["text"].splitlines()[1].endswith("Open for 2.0 hours.")
    assert len({each["id"] for each in hook.got}) == 3


def test_what_reached_nobody_is_sent_the_next_time_as_the_same_news(story, hook):
    hook.answers = [404, 404]
    assert story.run().is_amiss
    assert story.run().is_amiss
    assert [each["told"] for each in story.kept()] == [{}]
    told = story.run()
    assert not told.is_amiss
    assert len({each["id"] for each in hook.got}) == 1
    assert len(hook.got) == 3
    story.run()
    assert len(hook.got) == 3


def test_what_nobody_was_told_of_ends_without_a_word(story, hook):
    hook.answers = [404]
    story.run()
    told = story.run(SOLVED)
    assert (told.deliveries, story.kept(), states(hook)) == ((), [], ["open"])


def test_a_channel_that_fails_stops_no_other(story, hook):
    story.environment["CHAT_URL"] = f"http://127.0.0.1:{closed_port()}/SECRET"
    rules = [
        REFUNDS | {"to": ["chat", "hook"]},
        REFUNDS | {"name": "b", "to": ["chat"]},
    ]
    told = story.run(rules=rules)
    assert [(d.notice.channel, d.fate) for d in told.deliveries] == [
        ("chat", Fate.FAILED),
        ("chat", Fate.FAILED),
        ("hook", Fate.SENT),
    ]
    # a channel that is down is not waited for again in the same run
    assert told.deliveries[1].says == "not tried: Connection refused"
    assert told.is_amiss
    story.environment["CHAT_URL"] = hook.url
    told = story.run(rules=rules)
    assert [d.notice.channel for d in told.deliveries] == ["chat", "chat"]


def test_a_message_refused_keeps_no_other_from_its_channel(story, hook):
    hook.answers = [400]
    told = story.run(rules=[REFUNDS, REFUNDS | {"name": "b"}])
    assert [d.fate for d in told.deliveries] == [Fate.FAILED, Fate.SENT]


def test_a_recovery_goes_to_those_who_were_told(story, hook):
    """The chat never heard of it; the hook does not hear of its end until it can."""
    rules = [REFUNDS | {"to": ["chat", "hook"]}]
    del story.environment["CHAT_URL"]
    story.run(rules=rules)
    hook.answers = [404]
    told = story.run(SOLVED, rules=rules)
    assert [(d.notice.channel, d.fate) for d in told.deliveries] == [
        ("hook", Fate.FAILED)
    ]
    told = story.run(SOLVED, rules=rules)
    assert [d.notice.channel for d in told.deliveries] == ["hook"]
    assert hook.got[-1]["id"] == hook.got[-2]["id"]
    assert story.run(SOLVED, rules=rules).deliveries == ()


def test_an_end_not_heard_of_yet_is_called_off_when_it_was_none(story, hook):
    story.run()
    hook.answers = [404]
    story.run(SOLVED)
    told = story.run()
    assert told.deliveries == ()
    assert [each["closed_at"] for each in story.kept()] == [None]


def test_what_cannot_be_judged_is_not_over(story, hook):
    story.run()
    told = story.run("drop table marts.fct_exceptions")
    assert (told.deliveries, told.is_amiss) == ((), True)
    assert len(story.kept()) == 1
    story.run(SOLVED)
    assert states(hook) == ["open", "recovered"]


def test_a_rule_taken_out_says_so_to_who_was_told(story, hook):
    story.run()
    other = {"name": "other", "warehouse": "gate_failed"}
    story.run(rules=[other])
    assert states(hook) == ["open", "withdrawn"]
    assert story.kept() == []


def test_a_channel_taken_out_is_forgotten(story, hook):
    story.run()
    rules = [REFUNDS | {"to": ["log"]}]
    told = story.run(rules=rules)
    assert [d.notice.channel for d in told.deliveries] == ["log"]
    told = story.run(SOLVED, rules=rules)
    assert sorted(d.notice.channel for d in told.deliveries) == ["hook", "log"]


def test_the_severest_are_told_first(story, hook):
    low = REFUNDS | {"name": "a_low", "severity": "low"}
    critical = REFUNDS | {"name": "z_critical", "severity": "critical"}
    story.run(rules=[low, critical])
    assert [each["rule"] for each in hook.got] == ["z_critical", "a_low"]


def test_a_dry_run_sends_nothing_and_writes_nothing(story, hook):
    told = story.run(is_dry_run=True)
    assert [(d.fate, d.notice.news) for d in told.deliveries] == [
        (Fate.WOULD_BE_SENT, News.OPEN)
    ]
    assert (hook.got, story.kept()) == ([], [])


def test_a_link_cannot_be_led_astray_by_a_segment(story, hook):
    rule = {
        "name": "vanished",
        "metric": "orders",
        "segment_type": "channel",
        "segment": "any",
        "condition": {"falls_by": 0.5},
        "link": "http://here/orders?channel={segment}&x=1",
        "to": ["hook"],
    }
    renamed = (
        "update metrics.metric_daily set segment = 'a&b=<c>|//d' where segment = 'app'",
        "delete from metrics.metric_daily "
        "where segment = 'a&b=<c>|//d' and date = '2026-03-30'",
    )
    story.run(*renamed, rules=[rule])
    (got,) = hook.got
    assert got["link"] == "http://here/orders?channel=a%26b%3D%3Cc%3E%7C%2F%2Fd&x=1"


def _die_after_sending(story: Story) -> None:
    """Run in a process that is killed between sending and noting it."""

    def send_and_die(*arguments, **options):
        deliver(*arguments, **options)
        os._exit(9)

    notifying.deliver = send_and_die
    story.run()


def test_a_kill_between_sending_and_noting_costs_a_repeat_and_no_more(story, hook):
    killed = multiprocessing.get_context("spawn").Process(
        target=_die_after_sending, args=(story,)
    )
    killed.start()
    killed.join()
    assert killed.exitcode == 9
    assert states(hook) == ["open"]
    story.run()
    story.run()
    assert states(hook) == ["open", "open"]
    assert hook.got[0]["id"] == hook.got[1]["id"]


def test_a_kill_after_sending_does_not_lose_the_end_of_it(story, hook):
    """Who may have heard of an alert hears that it is over."""
    killed = multiprocessing.get_context("spawn").Process(
        target=_die_after_sending, args=(story,)
    )
    killed.start()
    killed.join()
    story.run(SOLVED)
    assert states(hook) == ["open", "recovered"]


def test_who_did_not_answer_in_time_may_have_heard(story, hook, monkeypatch):
    monkeypatch.setattr(channels, "TIMEOUT_SECONDS", 0.05)
    hook.delay_seconds = 0.2
    assert story.run().is_amiss
    hook.delay_seconds = 0
    monkeypatch.setattr(channels, "TIMEOUT_SECONDS", 5)
    story.run(SOLVED)
    assert states(hook)[-1] == "recovered"
    assert story.kept() == []


def test_two_runs_do_not_tell_one_alert(story):
    with (
        stands.hold(story.folder),
        pytest.raises(StandingError, match="another run is telling alerts"),
    ):
        story.run()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"alerts": [{"rule": "x"}]}'])
def test_a_broken_memory_is_said_and_not_forgotten(tmp_path, text):
    path = tmp_path / stands.FOLDER / stands.FILE
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(StandingError, match=r"is broken: .* move it away"):
        Standing(tmp_path)
