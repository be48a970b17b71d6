"""Tells who should know: what is new, what is still open, what is over.

Each channel is a conversation of its own. One that was told an alert is not told again
until a reminder is due; one that was not is told the next time; what is over is said
once to each that knew. A channel that fails stops no other.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from dagster_project.alerts import subjects, units
from dagster_project.alerts.channels import DeliveryError, Message, deliver
from dagster_project.alerts.findings import Finding, Outcome
from dagster_project.alerts.rules import Rules
from dagster_project.alerts.standing import Alert, Standing


class News(StrEnum):
    """What a notice tells."""

    OPEN = "open"
    REMINDER = "still open"
    RECOVERED = "recovered"
    WITHDRAWN = "withdrawn"


class Fate(StrEnum):
    """What became of a notice."""

    SENT = "sent"
    FAILED = "failed"
    WOULD_BE_SENT = "would be sent"


@dataclass(frozen=True)
class Notice:
    """One piece of news for one channel.

    Attributes:
        news: What it tells.
        alert: Of which alert.
        channel: The channel's name.
        message: What is sent.
    """

    news: News
    alert: Alert
    channel: str
    message: Message


@dataclass(frozen=True)
class Delivery:
    """What became of a notice.

    Attributes:
        notice: The notice.
        fate: Whether it got through.
        says: What went wrong, if anything did.
    """

    notice: Notice
    fate: Fate
    says: str = ""


@dataclass(frozen=True)
class Told:
    """What one run of alerts did.

    Attributes:
        open: Alerts that are open, the severest first.
        deliveries: What became of each notice.
        findings: What was judged, and what could not be.
        trouble: What kept rules from being judged at all.
    """

    open: tuple[Alert, ...]
    deliveries: tuple[Delivery, ...]
    findings: tuple[Finding, ...]
    trouble: str = ""

    @property
    def is_amiss(self) -> bool:
        """Whether a rule could not be read, or somebody was not reached."""
        return (
            bool(self.trouble)
            or any(finding.is_fault for finding in self.findings)
            or any(each.fate is Fate.FAILED or each.says for each in self.deliveries)
        )


SEVERITY_RANK: Final = {name: rank for rank, name in enumerate(subjects.SEVERITIES)}


def notify(
    findings: Sequence[Finding],
    rules: Rules,
    standing: Standing,
    environment: Mapping[str, str],
    *,
    now: datetime,
    is_dry_run: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Told:
    """Bring what stands up to date and tell each channel what it does not know.

    Args:
        findings: What judging found.
        rules: The rules file they are of.
        standing: Who was told what; left alone by a dry run.
        environment: Holds the channels' secrets.
        now: The time of the run, UTC.
        is_dry_run: Whether nothing is sent and nothing is written.
        sleep: Waits between two tries.
    """
    _update(standing, findings, rules, now)
    if not is_dry_run:
        # what is open has its time before anybody hears of it, so that the notice
        # sent again after a crash is the same notice
        standing.save()
    deliveries = []
    broken: dict[str, str] = {}
    for notice in _due(standing, findings, rules, now):
        if is_dry_run:
            deliveries.append(Delivery(notice, Fate.WOULD_BE_SENT))
            continue
        if notice.channel in broken:
            deliveries.append(
                Delivery(notice, Fate.FAILED, f"not tried: {broken[notice.channel]}")
            )
            continue
        _note_trying(standing, notice)
        standing.save()
        try:
            says = deliver(
                rules.channels[notice.channel], notice.message, environment, sleep=sleep
            )
        except DeliveryError as error:
            if error.is_passing:
                broken[notice.channel] = str(error)
            deliveries.append(Delivery(notice, Fate.FAILED, str(error)))
            if not error.is_unsure:
                _note_failed(standing, notice)
        else:
            deliveries.append(Delivery(notice, Fate.SENT, says))
            _note_sent(standing, notice, now)
        standing.save()
    still_open = [each for each in standing.alerts.values() if each.closed_at is None]
    return Told(
        tuple(sorted(still_open, key=_rank)), tuple(deliveries), tuple(findings)
    )


def _update(
    standing: Standing, findings: Sequence[Finding], rules: Rules, now: datetime
) -> None:
    """Open what is alarming, close what is not, and drop what nobody knows of."""
    for finding in findings:
        key = finding.rule.name, finding.segment
        alert = standing.alerts.get(key)
        if finding.outcome is Outcome.ALARMING:
            if alert is None or alert.closed_at is not None:
                # who has not heard yet that it was over need not hear that it is back
                told = alert.told if alert else {}
                alert = Alert(*key, "", "", "", None, opened_at=now, told=told)
                standing.alerts[key] = alert
            rule = finding.rule
            alert.severity, alert.owner = rule.severity, units.plain(rule.owner)
            alert.message = rule.message.fill(finding.names)
            alert.link = (
                rule.link.fill(finding.names, escape=lambda each: quote(each, safe=""))
                if rule.link
                else None
            )
        elif finding.outcome is Outcome.FINE and alert and alert.closed_at is None:
            alert.closed_at = now
    watched = {rule.name for rule in rules.rules}
    judged = {(finding.rule.name, finding.segment) for finding in findings}
    for key, alert in list(standing.alerts.items()):
        is_withdrawn = key[0] not in watched or key not in judged
        if key[0] in rules.postponed:
            is_withdrawn = False
        if is_withdrawn and alert.closed_at is None:
            alert.closed_at = now
        alert.told = {
            name: at for name, at in alert.told.items() if name in rules.channels
        }
        if alert.closed_at is not None and not alert.told:
            del standing.alerts[key]


def _due(
    standing: Standing, findings: Sequence[Finding], rules: Rules, now: datetime
) -> list[Notice]:
    """Return what each channel has yet to hear, the severest alerts first."""
    by_key = {(each.rule.name, each.segment): each for each in findings}
    by_name = {rule.name: rule for rule in rules.rules}
    notices = []
    for alert in sorted(standing.alerts.values(), key=_rank):
        finding = by_key.get(alert.key)
        if alert.closed_at is not None:
            is_known = finding is not None or alert.rule in rules.postponed
            news = News.RECOVERED if is_known else News.WITHDRAWN
            notices += [
                _notice(news, alert, channel, finding, now) for channel in alert.told
            ]
            continue
        rule = by_name.get(alert.rule)
        if rule is None:
            continue
        for channel in rule.to:
            told_at = alert.told.get(channel)
            if told_at is None:
                notices.append(_notice(News.OPEN, alert, channel, finding, now))
            elif (
                finding is not None
                and finding.outcome is Outcome.ALARMING
                and now - told_at >= rule.remind_after
            ):
                notices.append(_notice(News.REMINDER, alert, channel, finding, now))
    return notices


def _notice(
    news: News, alert: Alert, channel: str, finding: Finding | None, now: datetime
) -> Notice:
    about = alert.rule.replace("_", " ")
    if alert.segment != subjects.ALL:
        about += f", {units.plain(alert.segment)}"
    head = f"{alert.severity}, {news.value}: {about}"
    says = alert.message
    if alert.closed_at is not None:
        lasted = _lasted(alert.closed_at - alert.opened_at)
        head = f"{news.value}: {about}"
        value = finding.names.get("value") if finding else None
        over = f"Over after {lasted}{f', now {value}' if value else ''}."
        if news is News.WITHDRAWN:
            over = "No longer watched."
        says = f"{over} It was: {alert.message}"
    elif news is News.REMINDER:
        says = f"{alert.message} Open for {_lasted(now - alert.opened_at)}."
    as_of = finding.names.get("as_of") if finding else None
    foot = f"Owner: {alert.owner}." + (f" As of {as_of}." if as_of else "")
    return Notice(
        news,
        replace(alert, told=dict(alert.told)),
        channel,
        Message(
            message_id=_id(news, alert, channel),
            subject=f"[{head.partition(':')[0]}] {about}: {says}",
            text=f"{head}\n{says}\n{foot}",
            brief=f"{head}: {says} {foot}" + (f" {alert.link}" if alert.link else ""),
            severity="info" if alert.closed_at else alert.severity,
            sent_at=now,
            link=alert.link,
            facts={
                "state": news.value,
                "rule": alert.rule,
                "segment": alert.segment,
                "owner": alert.owner,
                "value": finding.value if finding else None,
                "opened_at": alert.opened_at.isoformat(),
                "closed_at": alert.closed_at.isoformat() if alert.closed_at else None,
            },
        ),
    )


def _note_trying(standing: Standing, notice: Notice) -> None:
    """Note that a channel may have heard, whatever happens to us now."""
    standing.alerts[notice.alert.key].told.setdefault(notice.channel, None)


def _note_failed(standing: Standing, notice: Notice) -> None:
    """Note that a channel has not heard what it had not heard before."""
    if notice.channel not in notice.alert.told:
        del standing.alerts[notice.alert.key].told[notice.channel]


def _note_sent(standing: Standing, notice: Notice, now: datetime) -> None:
    """Note that a channel has heard."""
    alert = standing.alerts[notice.alert.key]
    if alert.closed_at is None:
        alert.told[notice.channel] = now
        return
    del alert.told[notice.channel]
    if not alert.told:
        del standing.alerts[alert.key]


def _id(news: News, alert: Alert, channel: str) -> str:
    """Return an id that the same news has each time it is sent to a channel."""
    told_at = alert.told.get(channel)
    parts = (*alert.key, news.value, channel, alert.opened_at, told_at)
    joined = "\x1f".join(str(each) for each in parts)
    return hashlib.sha256(joined.encode()).hexdigest()[:32]


def _rank(alert: Alert) -> tuple[int, datetime, str, str]:
    return SEVERITY_RANK[alert.severity], alert.opened_at, *alert.key


def _lasted(age: timedelta) -> str:
    return units.written(age.total_seconds() / 3600, "hours")
