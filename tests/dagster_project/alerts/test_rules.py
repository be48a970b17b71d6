"""A mistake in the rules file is named with its place and its fix."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from dagster_project.alerts.rules import RULES, Definition, RulesError, read_rules
from tests.dagster_project.alerts.shop import CHANNELS, rules_of

METRIC = {"metric": "rejected_rate", "condition": {"above": 0.02}}


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"metric": "rejectd_rate"}, "rule_1, metric: .*did you mean rejected_rate"),
        ({**METRIC, "threshhold": 1}, "rule_1, threshhold: unknown key"),
        ({**METRIC, "exceptions": {"owner": "x"}}, "rule_1: watches 2 things"),
        ({"condition": {"above": 1}}, "rule_1: watches 0 things"),
        ({"metric": "rejected_rate"}, "rule_1, condition: is missing"),
        (METRIC | {"condition": {"over": 1}}, "condition, over: unknown key"),
        (METRIC | {"condition": {}}, "condition: says nothing"),
        (METRIC | {"condition": {"above": 15}}, "above: a share .* write 0.15 or 15 %"),
        (METRIC | {"condition": {"above": "lots"}}, "above: expected a number"),
        (METRIC | {"condition": {"above": True}}, "above: expected a number"),
        (METRIC | {"condition": {"rises_by": 0}}, "rises_by: expected a share above 0"),
        (METRIC | {"condition": {"falls_by": "120 %"}}, "falls_by: expected a share"),
        (
            METRIC | {"condition": {"rises_by": 1, "weeks": 2.5}},
            "weeks: expected a whole number",
        ),
        (
            METRIC | {"condition": {"above": 0.1, "weeks": 2}},
            "weeks: is about a change",
        ),
        (
            METRIC | {"condition": {"rises_by": 1, "by_chance": 0.6}},
            "by_chance: expected a share above 0, at most 50 %",
        ),
        (METRIC | {"segment_type": "chanel"}, "segment_type: .* known are all"),
        (METRIC | {"segment": "web"}, "segment: segment_type is all"),
        (METRIC | {"day": "tomorrow"}, "day: 'tomorrow' is not known"),
        (METRIC | {"severity": "hihg"}, "severity: .*did you mean high"),
        (METRIC | {"message": "{valu}"}, "message: .*did you mean value"),
        (METRIC | {"message": "{value:.2f}"}, "message: .*takes no format"),
        (METRIC | {"message": "{value.real}"}, "message: .*is not known"),
        (METRIC | {"message": "{oldest}"}, "message: .*is not known"),
        (METRIC | {"message": "a } b"}, "message: .*write {value} for a name"),
        (METRIC | {"link": "ftp://x"}, "link: expected /page or an address"),
        (METRIC | {"link": "https://x/<a>"}, "link: expected /page or an address"),
        (METRIC | {"to": ["chatt"]}, "to: no channel 'chatt'; did you mean chat"),
        (METRIC | {"to": []}, "to: expected a list"),
        (METRIC | {"name": "Big Rule"}, "name: use small letters"),
        (
            {"metric": "rto_naive_rate", "condition": {"above": 0.1}}
            | {"segment_type": "carrier"},
            "segment: is missing; name a carrier, or any",
        ),
        (
            {"metric": "orders", "condition": {"below": "5 %"}},
            "below: is in orders; write a number without %",
        ),
        (
            {"metric": "orders", "condition": {"below": 5}, "over_days": 7},
            "over_days: pools ratios",
        ),
        (
            {"metric": "settlement_p90_hours", "condition": {"above": 5}}
            | {"over_days": 2},
            "over_days: pools ratios",
        ),
        (
            {"metric": "orders", "condition": {"below": 5}, "least_denominator": 7},
            "least_denominator: orders has no denominator",
        ),
        (
            {"metric": "stuck_orders", "condition": {"above": 5}},
            "day: stuck_orders stands on the clock's own day; say day: latest",
        ),
        (
            {"exceptions": {"name": "refund_faild"}},
            "exceptions, name: .*did you mean refund_failed",
        ),
        ({"exceptions": {"owner": "fianance"}}, "owner: .*did you mean finance"),
        ({"exceptions": {"per": "name"}}, "exceptions: name an exception, an owner"),
        ({"exceptions": {"name": "refund_failed", "per": "order"}}, "per: .*owner"),
        (
            {"exceptions": {"owner": "finance"}, "condition": {"rises_by": 1}},
            "condition, rises_by: unknown key",
        ),
        ({"warehouse": "gate_fail"}, "warehouse: .*did you mean gate_failed"),
        ({"warehouse": "published_age"}, "condition: is missing"),
    ],
)
def test_a_mistake_in_a_rule_names_its_place_and_its_fix(tmp_path, rule, says):
    with pytest.raises(RulesError, match=rf"rules\.yml: rule .*{says}"):
        rules_of(tmp_path, rule, pages="http://here")


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        ({"kind": "slak"}, "kind: .*did you mean slack"),
        ({"kind": "slack"}, "url_from: is missing"),
        ({"kind": "slack", "url": "https://x/SECRET"}, "url: secrets do not stand"),
        ({"kind": "slack", "url_from": "https://x/SECRET"}, "url_from: name an env"),
        ("https://x/SECRET", "x: expected a kind and its settings"),
        (
            {"kind": "smtp", "host": "h", "sender": "a@b", "recipients": ["c@d, e@f"]},
            "recipients: .* is not one bare address",
        ),
        (
            {"kind": "smtp", "host": "h", "sender": "a@b", "recipients": ["c@d"]}
            | {"security": "none", "user_from": "U", "password_from": "P"},
            "security: a password is not sent in the clear",
        ),
    ],
)
def test_a_mistake_in_a_channel_repeats_no_secret(tmp_path, channel, says):
    with pytest.raises(RulesError, match=says) as raised:
        rules_of(tmp_path, METRIC, channels={**CHANNELS, "x": channel})
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: [", "line 1: not YAML"),
        ("to: [log]\nto: [chat]\n", "line 2: 'to' is given twice"),
        ("- a\n", "expected keys and values"),
        ("chanels: {}\n", "chanels: unknown key; did you mean channels"),
        ("channels: {}\nto: [log]\nrules: {}\n", "to: no channel 'log'"),
    ],
)
def test_a_file_that_is_none_says_where(tmp_path, text, says):
    path = tmp_path / "rules.yml"
    path.write_text(text)
    with pytest.raises(RulesError, match=says):
        read_rules(path, {})


def test_two_rules_of_one_name_are_refused(tmp_path):
    twice = {**METRIC, "name": "same"}
    with pytest.raises(RulesError, match="rule same, name: is taken"):
        rules_of(tmp_path, twice, twice)


def metrics_of(root):
    """Return the metrics that the models define; when they mature is not read here."""
    segment_types = frozenset({"all", "channel", "payment_mode", "carrier"})
    found = {}
    for path in (root / "dbt_project" / "models").rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            meta = model.get("config", {}).get("meta", {})
            for metric in meta.get("metrics", []):
                found[metric["name"]] = Definition(
                    metric["unit"],
                    metric["grain"],
                    0,
                    segment_types,
                )
    return found


def test_our_own_rules_can_be_read(root):
    tree = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    read = read_rules(RULES, metrics_of(root))
    assert [rule.name for rule in read.rules] == [
        each["name"] for each in tree["rules"]
    ]
    assert read.postponed == set()
    unread = read_rules(RULES, None)
    assert {rule.kind for rule in unread.rules} == {"exceptions", "warehouse"}
    assert len(unread.rules) + len(unread.postponed) == len(read.rules)
    assert {channel.kind for channel in read.channels.values()} == {
        "log",
        "webhook",
        "slack",
        "smtp",
    }
    # out of the box nothing needs a secret
    assert {name for rule in read.rules for name in rule.to} == {"log"}


def test_a_young_shop_postpones_what_it_has_no_day_of(root):
    """No parcel has left yet, so no metric is split by carrier: that is no mistake."""
    young = {
        name: replace(each, segment_types=frozenset())
        if name.startswith(("rto_", "promise_"))
        else each
        for name, each in metrics_of(root).items()
    }
    read = read_rules(RULES, young)
    assert read.postponed == {"carrier_returns_to_origin", "promises_break"}


def test_failed_runs_go_where_the_file_says(tmp_path):
    read = rules_of(tmp_path, METRIC, failures={"to": ["hook"], "runs": "http://x/"})
    assert (read.failures_to, read.runs_at) == (("hook",), "http://x")
    assert rules_of(tmp_path, METRIC).failures_to == ("log",)
    with pytest.raises(RulesError, match="failures, runs: expected an address"):
        rules_of(tmp_path, METRIC, failures={"to": ["log"], "runs": "/x"})


def test_a_rule_takes_the_files_words_where_it_has_none(tmp_path):
    read = rules_of(
        tmp_path,
        METRIC | {"link": "/orders?q={segment}"},
        METRIC | {"to": ["chat", "chat"], "remind_after_hours": 3},
        to=["hook"],
        remind_after_hours=8,
        pages="https://here/",
    )
    first, second = read.rules
    assert (first.to, first.remind_after.total_seconds()) == (("hook",), 8 * 3600)
    assert (second.to, second.remind_after.total_seconds()) == (("chat",), 3 * 3600)
    assert first.link is not None
    assert first.link.fill({"segment": "web"}) == "https://here/orders?q=web"
    assert read.digest_to == ("hook",)


def test_a_share_may_be_written_as_a_percentage(tmp_path):
    (rule,) = rules_of(
        tmp_path, METRIC | {"condition": {"above": "2.5 %", "rises_by": "150%"}}
    ).rules
    assert rule.condition.limits == {"above": pytest.approx(0.025)}
    assert rule.condition.changes == {"rises_by": 1.5}
    assert rule.condition.in_words("share") == (
        "above 2.5 % and 150 % above the 4 weeks before"
    )
