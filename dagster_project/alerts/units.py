"""Figures with their unit, in the words of the pages; text from data, made harmless."""

from __future__ import annotations

import unicodedata
from typing import Final

from dashboards.components import words

RATIOS: Final = ("share", "per_100")
LONGEST: Final = 200


def written(value: float | None, unit: str) -> str:
    """Write a figure of a metric with its unit.

    Args:
        value: The figure; ``None`` where there is none.
        unit: ``share``, ``per_100``, ``hours``, or the plural of what is counted.
    """
    if value is None:
        return "unknown"
    if unit == "share":
        return words.percent(value)
    if unit == "per_100":
        return f"{value:,.1f} per 100"
    if unit == "hours":
        return words.duration(value)
    if value != round(value):
        return f"{value:,.1f} {unit}"
    return words.count(round(value), unit.removesuffix("s"), unit)


def changed(value: float, trailing: float | None) -> str:
    """Write how far a figure is from what it was."""
    if trailing is None:
        return "unknown"
    if trailing == 0:
        return "up from nothing" if value else "as before"
    return f"{(value - trailing) / trailing * 100:+,.0f} %"


def plain(text: object) -> str:
    """Return text from data as one short line without control characters.

    A line break would end a mail header or forge a line of the log; characters that
    reorder text would show another word than is there.
    """
    flat = " ".join(str(text).split())
    safe = "".join(c for c in flat if unicodedata.category(c) not in ("Cc", "Cf"))
    return safe if len(safe) <= LONGEST else safe[: LONGEST - 1] + "…"
