"""Remembers which alerts are open and who was told, in one durable file.

It is written before and after each delivery, so that a crash in between costs a repeat
of that one delivery, and neither an alert nor its end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

FOLDER: Final = "alerts"
FILE: Final = "standing.json"
LOCK: Final = "standing.lock"

Key = tuple[str, str]


class StandingError(Exception):
    """What was told before cannot be known."""


@dataclass
class Alert:
    """One open alert, or one that is over and not everybody knows yet.

    Attributes:
        rule: Name of its rule.
        segment: The segment it is about.
        severity: As the rule had it.
        owner: As the rule had it.
        message: What was said last.
        link: Where to look.
        opened_at: When it was first found, UTC.
        closed_at: When it was found to be over; ``None`` while it is open.
        told: When each channel was told last that it is open, by name; ``None`` where
            it was sent and nobody knows whether it came.
    """

    rule: str
    segment: str
    severity: str
    owner: str
    message: str
    link: str | None
    opened_at: datetime
    closed_at: datetime | None = None
    told: dict[str, datetime | None] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.rule, self.segment


class Standing:
    """The alerts of a shop, in a file that is replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        """Read what stands.

        Args:
            folder: The shop's data folder.

        Raises:
            StandingError: The file cannot be understood.
        """
        self.path = folder / FOLDER / FILE
        self.alerts = {alert.key: alert for alert in _read(self.path)}
        self._kept = self._written()

    def segments(self) -> dict[str, list[str]]:
        """Return the segments with an alert, by rule."""
        found: dict[str, list[str]] = {}
        for rule, segment in self.alerts:
            found.setdefault(rule, []).append(segment)
        return found

    def save(self) -> None:
        """Replace the file, durably and in one step, where anything has changed."""
        written = self._written()
        if written == self._kept:
            return
        draft = self.path.with_suffix(".making")
        with draft.open("w", encoding="utf-8") as file:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._kept = written

    def _written(self) -> str:
        described = [_described(alert) for alert in self.alerts.values()]
        text = json.dumps({"alerts": described}, indent=2, ensure_ascii=False)
        return f"{text}\n"


@contextmanager
def hold(folder: Path) -> Iterator[Standing]:
    """Hold what stands, so that no two runs tell one alert.

    Args:
        folder: The shop's data folder.

    Raises:
        StandingError: Another run holds it, or the file cannot be understood.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / FOLDER / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StandingError(
            f"{folder / FOLDER}: another run is telling alerts; wait until it ends"
        ) from None
    try:
        yield Standing(folder)
    finally:
        lock.release()


def _read(path: Path) -> list[Alert]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return [_alert(each) for each in kept["alerts"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StandingError(
            f"{path} is broken: {error}; move it away, and what is open is told again"
        ) from error


def _alert(kept: dict[str, Any]) -> Alert:
    closed_at = kept["closed_at"]
    return Alert(
        rule=kept["rule"],
        segment=kept["segment"],
        severity=kept["severity"],
        owner=kept["owner"],
        message=kept["message"],
        link=kept["link"],
        opened_at=datetime.fromisoformat(kept["opened_at"]),
        closed_at=datetime.fromisoformat(closed_at) if closed_at else None,
        told={
            channel: datetime.fromisoformat(at) if at else None
            for channel, at in kept["told"].items()
        },
    )


def _described(alert: Alert) -> dict[str, Any]:
    return {
        "rule": alert.rule,
        "segment": alert.segment,
        "severity": alert.severity,
        "owner": alert.owner,
        "message": alert.message,
        "link": alert.link,
        "opened_at": alert.opened_at.isoformat(),
        "closed_at": alert.closed_at.isoformat() if alert.closed_at else None,
        "told": {
            channel: at.isoformat() if at else None
            for channel, at in alert.told.items()
        },
    }
