"""An event as a sentence, wherever a timeline is shown."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dashboards.components.words import escape, plain
from dashboards.queries.order import TimelineEvent


def sentence_of(event: TimelineEvent, zone: ZoneInfo) -> str:
    """Return one event as a line: time, what happened, who said so, and its marks."""
    at = f"**{event.occurred_at.astimezone(zone):%H:%M}**"
    sentence = escape(event.detail)
    if event.is_retracted:
        sentence = f"~~{sentence}~~"
    marks = []
    if event.is_exception:
        marks.append(f":red-badge[:material/error: {exception_of(event)}]")
    if event.is_retracted:
        marks.append(":gray-badge[withdrawn]")
    if event.is_ahead:
        marks.append(":gray-badge[not yet]")
    said_by = f":gray[{escape(event.source)}]" if event.source else ""
    return " ".join(part for part in (at, sentence, *marks, said_by) if part)


def exception_of(event: TimelineEvent) -> str:
    """Return how urgent an exception is and who acts, as far as it is known."""
    parts = ["exception"]
    if event.severity:
        parts.append(plain(event.severity))
    if event.owner:
        parts.append(f"for {plain(event.owner)}")
    return escape(", ".join(parts))
