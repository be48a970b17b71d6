"""What every side of the shop shares: its account, its zone, its bank holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ingestion.simulator.draws import Flags, Integers

ACCOUNT = "aurora"
LOCAL_OFFSET_SECONDS = 19800
"""The shop's zone, Asia/Kolkata, has kept one offset since 1945."""

YEARLY_HOLIDAYS = ((1, 26), (4, 14), (5, 1), (8, 15), (10, 2), (12, 25))
"""Month and day without banking in every year: Republic Day, Ambedkar Jayanti,
Maharashtra Day, Independence Day, Gandhi Jayanti, Christmas."""

MOVING_HOLIDAYS = tuple(
    date.fromisoformat(f"{year}-{day}")
    for year, days in {
        2024: "03-25 03-29 04-11 04-17 05-23 06-17 07-17 08-26 09-16 10-31 11-15",
        2025: "02-26 03-14 03-31 04-10 04-18 05-12 09-05 10-20 11-05",
        2026: "03-04 03-26 03-31 04-03 05-27 06-26 08-26 09-04 10-20 11-24",
        2027: "03-22 03-26 04-15 05-20 08-25 10-29",
        2028: "02-23 04-03 04-07 04-14 05-08 09-27 10-17 11-02",
    }.items()
    for day in days.split()
)
"""Working days on which a gazetted holiday of the Government of India falls that
follows the moon or Easter. From 2027 without those that wait for the new moon to be
seen; before 2024 and after 2028 only the yearly ones are kept."""


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
