"""Moments: seconds from midnight of the first day, in the shop's own zone."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from ingestion.simulator.draws import Flags, Integers, Quantiles
from ingestion.simulator.parameters.shop import LOCAL_OFFSET_SECONDS

DAY = 86400
NEVER = 1 << 40
"""A second, counted from the start, that no story reaches."""


def after(moments: Integers, delays: Integers | int) -> Integers:
    """Add seconds to moments; what never happens has no aftermath."""
    return np.where(moments >= NEVER, NEVER, moments + delays)


def when(condition: Flags, moments: Integers) -> Integers:
    """Keep the moments where a condition holds; elsewhere the fact never happens."""
    return np.where(condition, moments, NEVER)


def in_writing_hours(moments: Integers, clock: Quantiles) -> Integers:
    """Put off what comes to people's minds at any hour until they sit down and write.

    The day is stretched, so what came first is written first.

    Args:
        moments: Seconds from the start.
        clock: Share of the day behind a moment -> second of the day it is written at.
    """
    second = clock.whole((moments % DAY) / DAY)
    return np.where(moments >= NEVER, NEVER, moments // DAY * DAY + second)


def local(start: date, moments: Integers) -> npt.NDArray[np.datetime64]:
    """Return moments on the shop's own clock."""
    clock: npt.NDArray[np.datetime64] = np.datetime64(start, "s") + moments.astype(
        "timedelta64[s]"
    )
    return clock


def utc(start: date, moments: Integers) -> npt.NDArray[np.datetime64]:
    """Return moments on the clock of UTC."""
    clock: npt.NDArray[np.datetime64] = local(start, moments) - np.timedelta64(
        LOCAL_OFFSET_SECONDS, "s"
    )
    return clock
