"""How surprising a change is, so that a small segment does not cry wolf every week.

Square roots of counts and arcsines of shares vary alike whatever they are, so that the
difference of two, over its standard error, is read against one normal curve.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

ANSCOMBE: Final = 3 / 8


def surprise(
    unit: str, value: float, of: float, trailing: float, trailing_of: float
) -> float:
    """Return how many standard errors a figure is away from what it was.

    Args:
        unit: ``share``, ``per_100``, ``hours``, or what is counted.
        value: The figure.
        of: Its denominator; of a count, how many of the trailing ones it stands for.
        trailing: What it was.
        trailing_of: Over how many.

    Returns:
        A number of standard errors; infinity for hours, whose spread is not known.
    """
    if unit == "hours":
        return math.inf
    if not of or not trailing_of:
        return 0.0
    if unit == "share":
        apart = _angle(value) - _angle(trailing)
        return abs(apart) / math.sqrt(1 / of + 1 / trailing_of)
    hundreds = 100 if unit == "per_100" else 1
    found, expected = value * of / hundreds, trailing * of / hundreds
    apart = 2 * (math.sqrt(found + ANSCOMBE) - math.sqrt(expected + ANSCOMBE))
    return abs(apart) / math.sqrt(1 + of / trailing_of)


def least_surprise(by_chance: float) -> float:
    """Return the standard errors that chance reaches so often on one side."""
    return NormalDist().inv_cdf(1 - by_chance)


def _angle(share: float) -> float:
    return 2 * math.asin(math.sqrt(min(share, 1.0)))
