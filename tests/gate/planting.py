"""Ways a feed goes wrong: what becomes of each event it tells."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]
Matches = Callable[[Event], bool]

# what is told instead of an event, given the end of the newest day
Plant = Callable[[Event, datetime], list[Event]]

# how far the store's zone is ahead of UTC
OFFSET = timedelta(hours=5, minutes=30)


def event_is(*names: str) -> Matches:
    return lambda event: event["event_name"] in names


def is_of(system: str) -> Matches:
    """Match what a system tells: a source is a system and the shop it speaks of."""
    return lambda event: event["source"].partition(":")[0] == system


def has(field: str, value: str | None = None) -> Matches:
    """Match events with a field, or with a value of it."""
    return lambda event: event.get(field) is not None and value in (None, event[field])


def one_in(parts: int, field: str) -> Matches:
    """Match every event of one in so many of the ids of a field."""
    return lambda event: (
        has(field)(event) and zlib.crc32(str(event[field]).encode()) % parts == 0
    )


def _all_match(matches: tuple[Matches, ...], event: Event) -> bool:
    return all(each(event) for each in matches)


def lost(*matches: Matches) -> Plant:
    """Lose the events that match."""
    return lambda event, _: [] if _all_match(matches, event) else [event]


def lost_from(hours: float, until: float, *matches: Matches) -> Plant:
    """Lose the events that match of the hours from one before the end to another."""

    def plant(event: Event, end: datetime) -> list[Event]:
        before = end - datetime.fromisoformat(event["occurred_at"])
        is_within = timedelta(hours=until) < before <= timedelta(hours=hours)
        return [] if is_within and _all_match(matches, event) else [event]

    return plant


def changed(change: Callable[[Event], Event], *matches: Matches) -> Plant:
    """Tell the events that match with other values in some fields."""
    return lambda event, _: [
        event | change(event) if _all_match(matches, event) else event
    ]


def told_again(change: Callable[[Event], Event], *matches: Matches) -> Plant:
    """Tell the events that match, and once more with other values, as if new."""

    def plant(event: Event, _: datetime) -> list[Event]:
        if not _all_match(matches, event):
            return [event]
        again = event | change(event)
        if again.get("event_id") == event.get("event_id"):
            again.pop("event_id", None)
        return [event, again]

    return plant


def to(**values: Any) -> Callable[[Event], Event]:
    """Change fields to values."""
    return lambda _: values


def moved(by: timedelta, *fields: str) -> Callable[[Event], Event]:
    """Move the times of the fields an event has."""
    return lambda event: {
        field: (datetime.fromisoformat(event[field]) + by).isoformat()
        for field in fields
        if has(field)(event)
    }


def times(factor: float, *fields: str) -> Callable[[Event], Event]:
    """Multiply the whole numbers of the fields an event has."""
    return lambda event: {
        field: int(event[field] * factor) for field in fields if has(field)(event)
    }


def cut(length: int, field: str) -> Callable[[Event], Event]:
    """Cut a text off."""
    return lambda event: {field: event[field][:length]}


def under_other_ids(old: str, new: str) -> Callable[[Event], Event]:
    """Write every id that holds a text with another."""
    return lambda event: json.loads(json.dumps(event).replace(old, new))
