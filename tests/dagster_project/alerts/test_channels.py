"""What arrives at a webhook, in a mailbox and in the log, and what is said when not."""

from __future__ import annotations

import base64
import logging
import socket
import ssl
from datetime import UTC, datetime

import pytest

from dagster_project.alerts import channels
from dagster_project.alerts.channels import DeliveryError, Message, deliver, slack_text
from dagster_project.alerts.rules import ChannelSettings
from tests.dagster_project.alerts.receivers import certificate, closed_port, mailbox

MESSAGE = Message(
    message_id="news-1",
    subject="[high, open] rto\r\nBcc: thief@example.com",
    text="<!channel> & @here [x](http://evil) *b*",
    brief="one\nline",
    severity="high",
    sent_at=datetime(2026, 3, 31, tzinfo=UTC),
    facts={"rule": "rto", "value": 0.5},
    link="http://here/orders?a=1&b=2",
)

WEBHOOK = ChannelSettings("hook", "webhook", {"url_from": "URL"})
SLACK = ChannelSettings("chat", "slack", {"url_from": "URL"})


def mail_to(port: int, **settings: object) -> ChannelSettings:
    return ChannelSettings(
        "mail",
        "smtp",
        {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "shop@example.com",
            "recipients": ("a@example.com", "b@example.com"),
            **settings,
        },
    )


class Naps(list):
    """Takes the place of sleeping and notes for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def test_a_webhook_gets_facts_and_an_id_to_drop_repeats_by(hook):
    secured = ChannelSettings(
        "hook", "webhook", {"url_from": "URL", "authorization_from": "KEY"}
    )
    assert deliver(secured, MESSAGE, {"URL": hook.url, "KEY": "Bearer k"}) == ""
    (got,) = hook.got
    assert (got["id"], got["severity"], got["value"]) == ("news-1", "high", 0.5)
    assert got["text"] == MESSAGE.text
    assert hook.headers[0]["idempotency-key"] == "news-1"
    assert hook.headers[0]["authorization"] == "Bearer k"


def test_slack_reads_no_markup_in_what_came_with_the_data(hook):
    deliver(SLACK, MESSAGE, {"URL": hook.url})
    (got,) = hook.got
    assert got["text"] == (
        "&lt;!channel&gt; &amp; @\u200bhere [x]\u200b(http:\u200b//evil) *b*\n"
        "<http://here/orders?a=1&amp;b=2|Open>"
    )
    said, link = got["blocks"]
    assert said["text"]["type"] == "plain_text"
    assert said["text"]["text"] == MESSAGE.text
    assert link["text"]["text"] == "<http://here/orders?a=1&amp;b=2|Open>"


def test_text_without_markup_stays_as_it_is():
    assert slack_text("RTO of delhivery_surface: 5 %") == (
        "RTO of delhivery_surface: 5 %"
    )


def test_a_block_is_no_longer_than_slack_takes(hook):
    long = Message("i", "s", "x" * 9000, "b", "low", MESSAGE.sent_at)
    deliver(SLACK, long, {"URL": hook.url})
    assert len(hook.got[0]["blocks"][0]["text"]["text"]) == channels.SLACK_BLOCK


@pytest.mark.parametrize(
    ("answers", "naps"), [([503], [1.0]), ([500, 502], [1.0, 4.0]), ([429], [7.0])]
)
def test_what_may_pass_is_tried_again(hook, answers, naps):
    hook.answers = list(answers)
    slept = Naps()
    deliver(WEBHOOK, MESSAGE, {"URL": hook.url}, sleep=slept)
    assert slept == naps
    assert len(hook.got) == len(answers) + 1


@pytest.mark.parametrize(
    ("answers", "tries", "says"),
    [
        ([503] * 9, 3, "HTTP 503"),
        ([404] * 9, 1, "HTTP 404"),
        ([302] * 9, 1, "HTTP 302"),
    ],
)
def test_a_failure_says_its_kind_and_no_secret(hook, answers, tries, says):
    hook.answers = list(answers)
    with pytest.raises(DeliveryError) as raised:
        deliver(WEBHOOK, MESSAGE, {"URL": hook.url}, sleep=Naps())
    assert str(raised.value) == says
    assert len(hook.got) == tries


@pytest.mark.parametrize(
    "url",
    [
        "file:///SECRET",
        "http://127.0.0.1:port/SECRET",
        "http://127.0.0.1/SECRET with spaces",
        "http://[SECRET",
        "",
    ],
)
def test_an_address_that_is_none_is_not_repeated(url):
    with pytest.raises(DeliveryError) as raised:
        deliver(WEBHOOK, MESSAGE, {"URL": url}, sleep=Naps())
    assert "SECRET" not in str(raised.value)
    assert not raised.value.is_passing
    assert raised.value.__cause__ is None


def test_nobody_listening_is_a_failure_that_may_pass():
    slept = Naps()
    with pytest.raises(DeliveryError, match=r"^Connection refused$"):
        deliver(
            WEBHOOK,
            MESSAGE,
            {"URL": f"http://127.0.0.1:{closed_port()}/SECRET"},
            sleep=slept,
        )
    assert slept == [1.0, 4.0]


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(channels, "TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(DeliveryError, match="timed out"):
            deliver(WEBHOOK, MESSAGE, {"URL": f"http://127.0.0.1:{port}"}, sleep=Naps())
        with pytest.raises(DeliveryError, match="did not answer in time"):
            deliver(mail_to(port), MESSAGE, {}, sleep=Naps())


def test_a_mail_is_one_mail_whatever_the_data_says(box):
    page = Message(**{**vars(MESSAGE), "html": "<p>page</p>"})
    assert deliver(mail_to(box.port), page, {}) == ""
    (mail,) = box.mails
    assert mail["Subject"] == "[high, open] rto Bcc: thief@example.com"
    assert mail["Bcc"] is None
    assert mail["To"] == "a@example.com, b@example.com"
    assert mail["Message-ID"] == "<news-1@example.com>"
    assert [line for line in box.said if line.upper().startswith("RCPT")] == [
        "rcpt TO:<a@example.com>",
        "rcpt TO:<b@example.com>",
    ]
    text = mail.get_body(("plain",)).get_content()
    assert text.splitlines() == [MESSAGE.text, "", MESSAGE.link]
    assert mail.get_body(("html",)).get_content().strip() == "<p>page</p>"


def test_a_mail_server_that_is_busy_is_asked_again(box):
    box.answers = {"MAIL": ["451 later"]}
    deliver(mail_to(box.port), MESSAGE, {}, sleep=Naps())
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"MAIL": ["550 SECRET"]}, "SMTP 550"),
        ({"RCPT": ["550 SECRET"] * 2}, "SMTP 550: every recipient was refused"),
    ],
)
def test_a_mail_refused_is_not_sent_again(box, answers, says):
    box.answers = answers
    slept = Naps()
    with pytest.raises(DeliveryError) as raised:
        deliver(mail_to(box.port), MESSAGE, {}, sleep=slept)
    assert (str(raised.value), slept, box.mails) == (says, [], [])


def test_one_recipient_refused_is_said_and_the_mail_stands(box):
    box.answers = {"RCPT": ["250 ok", "550 who?"]}
    assert deliver(mail_to(box.port), MESSAGE, {}) == "1 of 2 recipients were refused"
    assert len(box.mails) == 1


def test_a_password_is_never_said_in_the_clear(box):
    """A server that offers no encryption hears neither the password nor the mail."""
    locked = mail_to(
        box.port, security="starttls", user_from="USER", password_from="PASSWORD"
    )
    with pytest.raises(DeliveryError, match="offers no STARTTLS"):
        deliver(locked, MESSAGE, {"USER": "u", "PASSWORD": "p"}, sleep=Naps())
    assert box.mails == []
    assert not any(line.upper().startswith("AUTH") for line in box.said)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_password_goes_to_a_server_that_is_vouched_for(
    tmp_path, monkeypatch, security
):
    path = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    secrets = {"USER": "u", "PASSWORD": "p"}
    with mailbox(security, tls) as box:
        locked = mail_to(
            box.port, security=security, user_from="USER", password_from="PASSWORD"
        )
        with pytest.raises(DeliveryError, match="TLS failed: CERTIFICATE_VERIFY"):
            deliver(locked, MESSAGE, secrets, sleep=Naps())
        assert box.mails == []
        assert not any(line.startswith("AUTH") for line in box.said)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        deliver(locked, MESSAGE, secrets)
        (login,) = [line for line in box.said if line.startswith("AUTH")]
        assert login == "AUTH PLAIN " + base64.b64encode(b"\0u\0p").decode()
        assert len(box.mails) == 1
        box.answers = {"AUTH": ["535 SECRET"]}
        with pytest.raises(DeliveryError, match=r"^SMTP 535$"):
            deliver(locked, MESSAGE, secrets, sleep=Naps())


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(DeliveryError, match="the environment variable URL is not set"):
        deliver(WEBHOOK, MESSAGE, {})


def test_the_log_has_one_line_a_message(caplog):
    with caplog.at_level(logging.INFO, logger="postorder.alerts"):
        deliver(ChannelSettings("log", "log", {}), MESSAGE, {})
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("ERROR", "one line")
    ]
