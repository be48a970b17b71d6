"""Working days and hours of the shop, its couriers and its banks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from ingestion.simulator.draws import Flags, Integers
from ingestion.simulator.parameters.shop import MOVING_HOLIDAYS, YEARLY_HOLIDAYS
from ingestion.simulator.record.moments import DAY, NEVER

SATURDAY, SUNDAY = 5, 6
LONGEST_CLOSURE_DAYS = 5


@dataclass(frozen=True)
class Calendar:
    """Days counted from the start of the simulated period.

    Attributes:
        start: Day 0.
    """

    start: date

    def weekday(self, day: Integers) -> Integers:
        """Return 0 for Monday to 6 for Sunday."""
        return (day + self.start.weekday()) % 7

    def into_hours(
        self, moments: Integers, opens: int, closes: int, turn: Integers
    ) -> Integers:
        """Move moments into opening hours, Monday to Saturday.

        Args:
            moments: Seconds from the start.
            opens: First open hour of the day.
            closes: First closed hour of the day.
            turn: Seconds from the opening until those moved have their turn.
        """
        day, second = moments // DAY, moments % DAY
        is_after = second >= closes * 3600
        day = day + is_after
        moved = (second < opens * 3600) | is_after
        is_sunday = self.weekday(day) == SUNDAY
        day = day + is_sunday
        second = np.where(moved | is_sunday, opens * 3600 + turn, second)
        return np.where(moments >= NEVER, NEVER, day * DAY + second)

    def next_collection(self, moments: Integers, hour: int) -> Integers:
        """Return the next courier collection after moments, Monday to Saturday."""
        day = moments // DAY
        day = day + (moments % DAY >= hour * 3600)
        day = day + (self.weekday(day) == SUNDAY)
        return np.where(moments >= NEVER, NEVER, day * DAY + hour * 3600)

    def into_banking_days(self, moments: Integers) -> Integers:
        """Move moments past weekends and bank holidays, keeping the time of day."""
        day = moments // DAY
        for _ in range(LONGEST_CLOSURE_DAYS):
            day = day + ((self.weekday(day) >= SATURDAY) | self.is_holiday(day))
        return np.where(moments >= NEVER, NEVER, day * DAY + moments % DAY)

    def is_holiday(self, day: Integers) -> Flags:
        """Tell on which days the banks keep a holiday, beside weekends."""
        dates = np.datetime64(self.start, "D") + day
        months = dates.astype("datetime64[M]")
        month = months.astype(np.int64) % 12 + 1
        day_of_month = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
        yearly = [month * 100 + day for month, day in YEARLY_HOLIDAYS]
        moving = np.array(MOVING_HOLIDAYS, dtype="datetime64[D]")
        found: Flags = np.isin(month * 100 + day_of_month, yearly)
        return found | np.isin(dates, moving)

    def on_weekday(self, moments: Integers, weekday: Integers) -> Integers:
        """Move moments forward to a weekday, at noon or later the same day."""
        day = moments // DAY
        day = day + (weekday - self.weekday(day)) % 7
        return np.where(moments >= NEVER, NEVER, day * DAY + 12 * 3600 + moments % 3600)
