"""Moments as text, by looking days and seconds of the day up in tables."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pyarrow as pa

from ingestion.simulator.draws import Integers
from ingestion.simulator.parameters.shop import LOCAL_OFFSET_SECONDS
from ingestion.simulator.record.moments import DAY, NEVER
from ingestion.simulator.record.text import Text

GATEWAY_DOMAIN = "payments"
"""Gateways write UTC; the other systems write the shop's own time."""


@cache
def _times(suffix: str) -> Text:
    """Return every second of a day as text, with what follows it."""
    seconds = np.arange(DAY).astype("datetime64[s]")
    return pa.array([f"T{str(second)[11:]}{suffix}" for second in seconds])


@cache
def _days(start: date, first: int, end: int) -> Text:
    """Return the days from ``first`` to ``end``, counted from the start, as text."""
    days = np.datetime64(start, "D") + np.arange(first, end)
    return pa.array(np.datetime_as_string(days))


class Clock:
    """Writes moments for one simulated period."""

    def __init__(self, start: date) -> None:
        self.start = start

    def written(self, moments: Integers, domain: str) -> tuple[Text, Text]:
        """Write moments as a domain's systems do, in two parts, up to the quote."""
        if domain == GATEWAY_DOMAIN:
            return self._parts(moments - LOCAL_OFFSET_SECONDS, 'Z"')
        return self._parts(moments, '+05:30"')

    def dates(self, moments: Integers) -> Text:
        """Write the days of moments in the shop's zone."""
        # a row whose field is left out may hold a moment that never comes
        day = np.where(moments < NEVER - DAY, moments, 0) // DAY
        first = int(day.min(initial=0)) // 64 * 64
        end = (int(day.max(initial=0)) // 64 + 1) * 64
        return _days(self.start, first, end).take(pa.array(day - first))

    def _parts(self, moments: Integers, suffix: str) -> tuple[Text, Text]:
        return self.dates(moments), _times(suffix).take(pa.array(moments % DAY))
