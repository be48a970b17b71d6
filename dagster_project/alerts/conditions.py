"""When a figure is alarming: limits in its own unit, and change against before."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from dagster_project.alerts import units
from dagster_project.alerts.chance import least_surprise

LIMITS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}
CHANGES: Final = ("rises_by", "falls_by")
DEFAULT_WEEKS: Final = 4
DEFAULT_CHANCE: Final = 0.001


@dataclass(frozen=True)
class Condition:
    """What must hold of a figure, all of it, for an alert.

    Attributes:
        limits: Limits by their word, in the figure's unit.
        changes: Shares of the trailing weeks by their word.
        weeks: How many weeks trail.
        from_at_least: What they must have been for a change to count.
        by_chance: How often chance alone may bring such a change about.
    """

    limits: Mapping[str, float]
    changes: Mapping[str, float]
    weeks: int = DEFAULT_WEEKS
    from_at_least: float = 0.0
    by_chance: float = DEFAULT_CHANCE

    @property
    def compares(self) -> bool:
        """Whether the trailing weeks are asked for."""
        return bool(self.changes)

    def holds(
        self,
        value: float,
        trailing: float | None = None,
        surprise: float = math.inf,
    ) -> bool:
        """Whether a figure is alarming.

        Args:
            value: The figure.
            trailing: What it was in the weeks before; needed to see a change.
            surprise: How many standard errors lie between the two.
        """
        if not all(LIMITS[word](value, limit) for word, limit in self.limits.items()):
            return False
        if not self.changes:
            return True
        if trailing is None or trailing < self.from_at_least:
            return False
        if surprise < least_surprise(self.by_chance):
            return False
        return all(
            _has_changed(word, by, value, trailing) for word, by in self.changes.items()
        )

    def in_words(self, unit: str) -> str:
        """Return the condition as a reader would say it."""
        limits = [
            f"{word.replace('_', ' ')} {units.written(limit, unit)}"
            for word, limit in self.limits.items()
        ]
        changes = [
            f"{by:.0%} {'above' if word == 'rises_by' else 'below'} "
            f"the {self.weeks} weeks before".replace("%", " %")
            for word, by in self.changes.items()
        ]
        return " and ".join(limits + changes)


def _has_changed(word: str, by: float, value: float, trailing: float) -> bool:
    """Whether a figure moved away from the trailing one by a share of it, or more."""
    if word == "rises_by":
        mark, has_moved = trailing * (1 + by), value > trailing
        has_reached = value > mark
    else:
        mark, has_moved = trailing * (1 - by), value < trailing
        has_reached = value < mark
    # 0.15 is half as much again as 0.1, whatever binary fractions say
    return has_moved and (has_reached or math.isclose(value, mark, rel_tol=1e-9))
