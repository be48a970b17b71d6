"""The commands, over a published shop and servers on this machine."""

from __future__ import annotations

import sys

import pytest

from dagster_project import cli
from dagster_project.alerts.standing import FOLDER
from tests.dagster_project.alerts.shop import TABLES, write_rules
from tests.dashboards.small_shop import publish

REFUNDS = {
    "name": "refunds",
    "exceptions": {"name": "refund_failed"},
    "message": "{value}: {orders}",
    "to": ["log", "hook"],
}


@pytest.fixture
def postorder(tmp_path, monkeypatch, capsys):
    """Run one command on the shop; return its exit code, output and errors."""
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "shop"))
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["postorder", *arguments])
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code or 0
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return invoke


@pytest.fixture
def published(tmp_path):
    folder = tmp_path / "shop" / "published"
    folder.mkdir(parents=True)
    return publish(
        folder,
        "one",
        "drop schema marts cascade",
        "drop schema metrics cascade",
        TABLES,
    )


@pytest.mark.usefixtures("published")
def test_alerts_are_told_and_a_failure_is_the_exit_code(
    postorder, tmp_path, hook, monkeypatch
):
    write_rules(tmp_path, REFUNDS)
    code, out, log = postorder("alert", "--rules", "rules.yml")
    assert code == 1
    assert "1 alert open" in out
    assert "failed to hook: the environment variable HOOK_URL is not set" in out
    assert "ERROR high, open: refunds: 3 exceptions: o1, o2, o3" in log
    monkeypatch.setenv("HOOK_URL", hook.url)
    code, out, log = postorder("alert", "--rules", "rules.yml")
    assert (code, log, len(hook.got)) == (0, "", 1)
    assert "sent to hook [open: refunds, all]" in out
    assert "SECRET" not in out
    code, out, _ = postorder("alert", "--rules", "rules.yml")
    assert (code, len(hook.got)) == (0, 1)
    assert "Everybody knows" in out


@pytest.mark.usefixtures("published")
def test_a_dry_run_leaves_no_trace(postorder, tmp_path):
    write_rules(tmp_path, REFUNDS)
    code, out, log = postorder("alert", "--dry-run", "--rules", "rules.yml")
    assert (code, log) == (0, "")
    assert "would be sent to hook [open: refunds, all]" in out
    assert not (tmp_path / "shop" / FOLDER).exists()


@pytest.mark.usefixtures("published")
def test_a_mistake_in_the_rules_tells_nothing(postorder, tmp_path):
    write_rules(tmp_path, REFUNDS, {"metric": "ordres", "condition": {"below": 1}})
    code, out, errors = postorder("alert", "--rules", "rules.yml")
    assert (code, out) == (2, "")
    assert errors == (
        "rules.yml: rule rule_2, metric: 'ordres' is not known; did you mean orders?\n"
    )


def test_a_shop_that_published_nothing_is_an_alert_too(postorder, tmp_path):
    old = {"name": "old", "warehouse": "published_age", "condition": {"above": 24}}
    write_rules(tmp_path, old, {"metric": "orders", "condition": {"below": 1}})
    code, out, log = postorder("alert", "--rules", "rules.yml")
    assert code == 1
    assert "nothing is published" in out
    assert "high, open: old: an unknown time" in log


@pytest.mark.usefixtures("published")
def test_a_version_without_metrics_leaves_its_alerts_standing(
    postorder, tmp_path, hook, monkeypatch
):
    """A rule that cannot be read for now has not been withdrawn."""
    monkeypatch.setenv("HOOK_URL", hook.url)
    rule = {"name": "few", "metric": "orders", "condition": {"below": 1000}}
    write_rules(tmp_path, rule | {"to": ["hook"]})
    assert postorder("alert", "--rules", "rules.yml")[0] == 0
    folder = tmp_path / "shop" / "published"
    publish(folder, "two", "drop schema metrics cascade")
    code, out, _ = postorder("alert", "--rules", "rules.yml")
    assert code == 1
    assert "no rule on a metric is judged" in out
    assert [each["state"] for each in hook.got] == ["open"]


@pytest.mark.usefixtures("published")
def test_the_letter_is_printed_or_sent(postorder, tmp_path, hook, box, monkeypatch):
    mail = {"kind": "smtp", "host": "127.0.0.1", "port": box.port, "security": "none"}
    mail |= {"sender": "a@example.com", "recipients": ["b@example.com"]}
    channels = {
        "log": {"kind": "log"},
        "mail": mail,
        "hook": {"kind": "webhook", "url_from": "HOOK_URL"},
    }
    to = {"to": ["hook", "mail", "log"]}
    write_rules(tmp_path, channels=channels, digest=to)
    code, text, _ = postorder("digest")
    assert code == 0
    assert "2 orders are stuck, 3 orders less than the week before." in text
    assert postorder("digest", "--format", "html")[1].count("<h2") == 3
    assert (hook.got, box.mails) == ([], [])

    code, out, log = postorder("digest", "--send", "--rules", "rules.yml")
    assert code == 1
    assert "failed to hook: the environment variable HOOK_URL is not set" in out
    assert "sent to mail" in out
    assert "INFO Week of 30 March 2026" in log
    (sent,) = box.mails
    assert "2 orders are stuck" in sent.get_body(("plain",)).get_content()
    assert "<h2" in sent.get_body(("html",)).get_content()
    monkeypatch.setenv("HOOK_URL", hook.url)
    assert postorder("digest", "--send", "--rules", "rules.yml")[0] == 0
    assert hook.got[0]["state"] == "digest"
