"""What every side of the shop shares: its account, its zone, its bank holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ingestion.simulator.draws import Flags, Integers

ACCOUNT = "aurora"
LOCAL_OFFSET_SECONDS = 19800
"""The shop's zone, Asia/Kolkata, has kept one offset since 1945."""

HOLIDAYS = (
    date(2026, 3, 4),
    date(2026, 3, 26),
    date(2026, 4, 3),
    date(2026, 4, 14),
    date(2026, 5, 1),
    date(2026, 5, 27),
    date(2026, 6, 26),
)
"""Days without banking, beside weekends."""


@dataclass(frozen=True)
class Window:
    """A stretch of the simulated period, told so that it fits a period of any length.

    Attributes:
        share: Share of the period after which the day comes that it begins on.
        hour: Hour of that day.
        hours: How long it lasts.
    """

    share: float
    hour: float
    hours: float

    def first(self, days: int) -> int:
        """Return its first second, counted from the start of a period of days."""
        return int(self.share * days) * 86400 + int(self.hour * 3600)

    def end(self, days: int) -> int:
        """Return the first second after it."""
        return self.first(days) + int(self.hours * 3600)

    def holds(self, moments: Integers, days: int) -> Flags:
        """Tell which moments lie in it."""
        inside: Flags = (moments >= self.first(days)) & (moments < self.end(days))
        return inside
