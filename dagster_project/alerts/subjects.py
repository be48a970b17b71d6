"""What a rule can watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ALL: Final = "all"
ANY: Final = "any"

DAYS: Final = ("mature", "latest")
SEVERITIES: Final = ("critical", "high", "medium", "low")

# the column of marts.fct_exceptions behind each word
PER: Final[Mapping[str, str]] = {
    "name": "exception_name",
    "owner": "owner",
    "severity": "severity",
}

# what of the warehouse itself is watched, and the unit it is measured in
WAREHOUSE: Final[Mapping[str, str]] = {
    "published_age": "hours",
    "gate_failed": "expectations",
    "silent_source": "feeds",
    "canary_lost": "planted orders",
}


@dataclass(frozen=True)
class Metric:
    """A metric of ``metrics.metric_daily``.

    Attributes:
        name: The metric.
        unit: Its unit.
        matures_after_days: Days after which a day of it is complete.
        segment_type: What its segments are.
        segment: One of them, or ``any`` for each by itself.
        day: ``mature`` or ``latest``.
        over_days: Days pooled, the judged one last.
        least_denominator: Over fewer than this nothing is judged.
    """

    name: str
    unit: str
    matures_after_days: int
    segment_type: str
    segment: str
    day: str
    over_days: int
    least_denominator: float


@dataclass(frozen=True)
class Exceptions:
    """Open exceptions of ``marts.fct_exceptions``.

    Attributes:
        only: Values asked for, by column.
        least_age_hours: How long they must have been open.
        per: The column that makes an alert of each of its values.
    """

    only: Mapping[str, str]
    least_age_hours: float
    per: str | None


@dataclass(frozen=True)
class Warehouse:
    """The warehouse itself.

    Attributes:
        measure: A key of ``WAREHOUSE``.
    """

    measure: str


Subject = Metric | Exceptions | Warehouse
