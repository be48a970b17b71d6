"""What judging a rule found, segment by segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dagster_project.alerts.rules import Rule


class Outcome(StrEnum):
    """How a figure stands; what cannot be judged is neither alarming nor fine."""

    ALARMING = "alarming"
    FINE = "fine"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Finding:
    """One rule, judged on one segment.

    Attributes:
        rule: The rule.
        segment: The segment; ``all`` where there is none.
        outcome: How it stands.
        value: The figure in the rule's unit; ``None`` where there is none.
        names: What the message may say, written with units.
        reason: Why it was not judged.
        is_fault: Whether judging failed: that is no word on the figure, and not fine.
    """

    rule: Rule
    segment: str
    outcome: Outcome
    value: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    is_fault: bool = False


def not_judged(rule: Rule, segment: str, reason: str) -> Finding:
    """Return that a figure could not be judged, and why."""
    return Finding(rule, segment, Outcome.NOT_JUDGED, reason=reason)


def outcome_of(is_alarming: bool) -> Outcome:
    """Return the outcome of a figure that was judged."""
    return Outcome.ALARMING if is_alarming else Outcome.FINE
