"""Sends messages: to a webhook, a Slack-compatible webhook, by mail, to the log.

An error names the channel and what kind of failure it was, never an address, a password
or what a server said: those may hold secrets.
"""

from __future__ import annotations

import http.client
import json
import logging
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final

from dagster_project.alerts import units
from dagster_project.alerts.rules import ChannelSettings

LOG: Final = logging.getLogger("postorder.alerts")
LEVELS: Final = {
    "critical": logging.CRITICAL,
    "high": logging.ERROR,
    "medium": logging.WARNING,
    "low": logging.WARNING,
}

TIMEOUT_SECONDS: Final = 10.0
PAUSES_SECONDS: Final = (1.0, 4.0)
LONGEST_PAUSE_SECONDS: Final = 30.0
TOO_MANY_REQUESTS: Final = 429
SERVER_FAULT: Final = 500
PASSING_REPLIES: Final = range(400, 500)

# Slack refuses a block of more than 3,000 characters
SLACK_BLOCK: Final = 2900
SUBJECT_LENGTH: Final = 150


class DeliveryError(Exception):
    """A channel did not take a message.

    Attributes:
        is_passing: Whether trying again may help.
        is_unsure: Whether the message may have come through all the same.
        wait_seconds: How long the receiver asked to wait.
    """

    def __init__(
        self,
        says: str,
        *,
        is_passing: bool = False,
        is_unsure: bool = False,
        wait_seconds: float = 0.0,
    ) -> None:
        super().__init__(says)
        self.is_passing = is_passing
        self.is_unsure = is_unsure
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Message:
    """What is sent; all of it is plain text but ``html``.

    Attributes:
        message_id: The same for the same news: a receiver can drop a repeat.
        subject: One line.
        text: The whole.
        brief: The whole in one line, for a log.
        severity: ``critical`` to ``low``, or ``info``.
        sent_at: When it was written, UTC.
        facts: What a program reads.
        link: Where to look.
        html: The whole as a page, for mail.
    """

    message_id: str
    subject: str
    text: str
    brief: str
    severity: str
    sent_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    link: str | None = None
    html: str | None = None


def deliver(
    channel: ChannelSettings,
    message: Message,
    environment: Mapping[str, str],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Send a message, and try again where that may help.

    Args:
        channel: Where to.
        message: What.
        environment: Holds the secrets whose names the channel gives.
        sleep: Waits between two tries.

    Returns:
        What went wrong all the same, such as one recipient of many refused.

    Raises:
        DeliveryError: It did not get through.
    """
    is_unsure = False
    for pause in (*PAUSES_SECONDS, None):
        try:
            return SENDERS[channel.kind](channel.settings, message, environment)
        except DeliveryError as error:
            is_unsure = error.is_unsure = is_unsure or error.is_unsure
            if pause is None or not error.is_passing:
                raise
            sleep(min(max(pause, error.wait_seconds), LONGEST_PAUSE_SECONDS))
    raise AssertionError("the last try returns or raises")


def slack_text(text: str) -> str:
    """Return text that neither Slack nor its lookalikes read as markup.

    Slack asks for three characters to be escaped; that also disarms its mentions and
    links. Others read Markdown and bare @names: a character without width breaks those.
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in ("@", "]", "://"):
        escaped = escaped.replace(mark, f"{mark[0]}\u200b{mark[1:]}")
    return escaped


def _log(_: Mapping[str, Any], message: Message, __: Mapping[str, str]) -> str:
    level = LEVELS.get(message.severity, logging.INFO)
    LOG.log(level, "%s", " ".join(message.brief.split()))
    return ""


def _webhook(
    settings: Mapping[str, Any], message: Message, environment: Mapping[str, str]
) -> str:
    headers = {"Idempotency-Key": message.message_id}
    if "authorization_from" in settings:
        headers["Authorization"] = _secret(settings, "authorization_from", environment)
    document = {
        "id": message.message_id,
        "severity": message.severity,
        "subject": message.subject,
        "text": message.text,
        "link": message.link,
        "sent_at": message.sent_at.isoformat(),
        **message.facts,
    }
    _post(_secret(settings, "url_from", environment), document, headers)
    return ""


def _slack(
    settings: Mapping[str, Any], message: Message, environment: Mapping[str, str]
) -> str:
    lines = [slack_text(message.text)]
    blocks: list[dict[str, Any]] = [
        {
            "type": "section",
            "text": {
                "type": "plain_text",
                "emoji": False,
                "text": _cut(message.text, SLACK_BLOCK),
            },
        }
    ]
    if message.link:
        lines.append(f"<{_in_angles(message.link)}|Open>")
        blocks.append(
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "verbatim": True,
                    "text": f"<{_in_angles(message.link)}|Open>",
                },
            }
        )
    document = {"text": "\n".join(lines), "blocks": blocks, "link_names": False}
    _post(_secret(settings, "url_from", environment), document, {})
    return ""


def _smtp(
    settings: Mapping[str, Any], message: Message, environment: Mapping[str, str]
) -> str:
    credentials = (
        (
            _secret(settings, "user_from", environment),
            _secret(settings, "password_from", environment),
        )
        if "password_from" in settings
        else None
    )
    place = (settings["host"], settings["port"])
    try:
        mail = _mail(settings, message)
        with _connect(settings["security"], *place) as server:
            if credentials:
                server.login(*credentials)
            refused = server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise DeliveryError(
            f"SMTP {codes[0]}: every recipient was refused",
            is_passing=all(code in PASSING_REPLIES for code in codes),
        ) from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(
            f"SMTP {error.smtp_code}", is_passing=error.smtp_code in PASSING_REPLIES
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryError("the mail server offers no STARTTLS or no login") from None
    except smtplib.SMTPServerDisconnected:
        raise DeliveryError(
            "the mail server hung up, or did not answer in time",
            is_passing=True,
            is_unsure=True,
        ) from None
    except ssl.SSLError as error:
        raise DeliveryError(f"TLS failed: {error.reason or 'no reason'}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(_fault(error), is_passing=True) from None
    except ValueError:
        raise DeliveryError("the mail or a credential cannot be sent") from None
    if refused:
        count = len(settings["recipients"])
        return f"{len(refused)} of {count} recipients were refused"
    return ""


SENDERS: Final[
    Mapping[str, Callable[[Mapping[str, Any], Message, Mapping[str, str]], str]]
] = {"log": _log, "webhook": _webhook, "slack": _slack, "smtp": _smtp}


def _connect(security: str, host: str, port: int) -> smtplib.SMTP:
    """Open a connection, encrypted where asked before anything is said."""
    if security == "tls":
        return smtplib.SMTP_SSL(
            host,
            port,
            timeout=TIMEOUT_SECONDS,
            context=ssl.create_default_context(),
        )
    server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    if security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _mail(settings: Mapping[str, Any], message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = _cut(units.plain(message.subject), SUBJECT_LENGTH)
    mail["From"] = settings["sender"]
    mail["To"] = ", ".join(settings["recipients"])
    mail["Date"] = format_datetime(message.sent_at)
    domain = settings["sender"].rpartition("@")[2]
    mail["Message-ID"] = f"<{message.message_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    link = f"\n\n{message.link}" if message.link else ""
    mail.set_content(f"{message.text}{link}\n")
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html")
    return mail


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would lose the body, and could lead the secret elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(url: str, document: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    if not url.startswith(("http://", "https://")):
        raise DeliveryError("the address does not begin with http:// or https://")
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        request = urllib.request.Request(  # noqa: S310 - the scheme was just checked
            url,
            data=json.dumps(document, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8", **headers},
            method="POST",
        )
        with opener.open(request, timeout=TIMEOUT_SECONDS):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise DeliveryError(
            f"HTTP {error.code}",
            is_passing=error.code >= SERVER_FAULT or error.code == TOO_MANY_REQUESTS,
            wait_seconds=_seconds(error.headers.get("Retry-After")),
        ) from None
    except (OSError, http.client.HTTPException) as error:
        # an address that is none is one of these too, and its words repeat it
        is_passing = not isinstance(error, http.client.InvalidURL)
        raise DeliveryError(
            _fault(error),
            is_passing=is_passing,
            is_unsure=isinstance(error, TimeoutError | ConnectionResetError),
        ) from None
    except ValueError:
        raise DeliveryError("the address or a header cannot be sent") from None


def _secret(
    settings: Mapping[str, Any], key: str, environment: Mapping[str, str]
) -> str:
    variable = settings[key]
    value = environment.get(variable, "").strip()
    if not value:
        raise DeliveryError(f"the environment variable {variable} is not set")
    return value


def _fault(error: Exception) -> str:
    """Say what kind of failure it was, without what a server or library said."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "timed out"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason if isinstance(reason, Exception) else error).__name__


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _in_angles(link: str) -> str:
    return link.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E")
