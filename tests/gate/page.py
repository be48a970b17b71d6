"""Writes ``docs/faults.md``: the faults, and what names each."""

from __future__ import annotations

from pathlib import Path

from dagster_project.quality.suite import HISTORIES, load_suites
from ingestion.contract.catalogue import load_catalogue
from ingestion.contract.reference.markdown import table
from tests.gate.faults import FAULTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"

ABOUT = (
    "Written by `make docs` from the [faults](../tests/gate/faults.py); change that. "
    "`pytest -m deep tests/gate` plants each by itself in the event files of the last "
    "days of a simulated shop. Its check must name the shop with the fault and not the "
    "same shop without it, of which nothing at all is said on any of sixty days."
)

EFFECTS = {
    "blocking": "stopped: the build is not published",
    "warning": "flagged: a warning to the owner",
    "refused": "stopped: the lines stay out of every table, and are counted",
    "silent": "flagged: an alert",
}

# of a fault: what names it, what that says, and what comes of it
Check = tuple[str, str, str]


def text() -> str:
    """Return the page.

    Raises:
        KeyError: A fault's check is none.
    """
    checks = _judged() | _refused() | _silent()
    rows = [
        (fault.name, fault.told, fault.days, *checks[fault.check]) for fault in FAULTS
    ]
    head = ("fault", "what is told", "days", "check", "what it says", "so it is")
    return "\n\n".join(["# Faults", ABOUT, table(head, rows)]) + "\n"


def _judged() -> dict[str, Check]:
    return {
        f"{suite.name}, {measure.name}, {expectation.column}": (
            f"[{suite.name}](../dagster_project/quality/histories/{suite.name}.yml) "
            f"`{measure.name}` `{expectation.column}`",
            expectation.says,
            EFFECTS[measure.severity],
        )
        for suite in load_suites(HISTORIES)
        for measure in suite.measures
        for expectation in measure.expectations
    }


def _refused() -> dict[str, Check]:
    return {
        f"refused, {reason}": (
            f"[contract](rejections.md) `{reason}`",
            what,
            EFFECTS["refused"],
        )
        for reason, what in load_catalogue().rejections.items()
    }


def _silent() -> dict[str, Check]:
    return {
        fault.check: (
            "[missing_events](../dbt_project/models/marts/missing_events.yml)",
            "No source is without a word where sixteen events are usual.",
            EFFECTS["silent"],
        )
        for fault in FAULTS
        if fault.check.startswith("silent, ")
    }


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
