"""What the gate found of the last build, and the pages written of it.

Both stand in the shop's folder beside what is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from dagster_project import published

RECORD: Final = "working.gate.json"
"""Where the gate keeps its last verdict, beside the published folder."""

COLUMNS: Final = ("suite", "table", "says", "severity", "owner", "observed", "held")


@dataclass(frozen=True)
class Broken:
    """One expectation that did not hold.

    Attributes:
        table: ``schema.table`` it is about.
        says: What should have held, in words.
        observed: What was found instead.
        owner: Who looks into it.
        is_blocking: Whether it kept the build from being published.
        rows: Rows that show it.
    """

    table: str
    says: str
    observed: str
    owner: str
    is_blocking: bool
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Verdict:
    """The outcome of the last validation.

    Attributes:
        as_of: Clock of the build that was judged, UTC.
        judged_at: When, UTC.
        broken: What did not hold, blocking ones first.
        judged: One row an expectation: ``COLUMNS``.
    """

    as_of: datetime
    judged_at: datetime
    broken: tuple[Broken, ...]
    judged: pd.DataFrame


@dataclass(frozen=True)
class Page:
    """A page to read offline.

    Attributes:
        title: What it is.
        holds: What stands in it.
        path: Where it stands once it is written.
        command: What writes it.
        names: Columns it shows, where they may name somebody.
    """

    title: str
    holds: str
    path: Path
    command: str
    names: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """What it is called where it is taken to."""
        return f"{self.title.lower().replace(' ', '-')}.html"


def written_pages() -> tuple[Page, ...]:
    """Return the pages of the shop, whether they are written yet or not."""
    shop = published.folder_from_environment().parent
    return (
        Page(
            "Data Docs",
            "Every expectation, and the rows on which one failed.",
            shop / "quality" / "index.html",
            "postorder docs",
            names=("order_id",),
        ),
        Page(
            "Model docs",
            "Every table and column with its meaning, its SQL and what it comes from.",
            shop / "quality" / "models.html",
            "postorder docs",
        ),
    )


def last_verdict() -> Verdict | None:
    """Return the last verdict; ``None`` where there is none, or not a whole one."""
    record = published.folder_from_environment().with_name(RECORD)
    try:
        kept = json.loads(record.read_text(encoding="utf-8"))
        return Verdict(
            as_of=datetime.fromisoformat(kept["as_of"]),
            judged_at=datetime.fromisoformat(kept["judged_at"]),
            broken=(
                *(_broken(each, is_blocking=True) for each in kept["failures"]),
                *(
                    _broken(each, is_blocking=False)
                    for each in kept.get("warnings", [])
                ),
            ),
            judged=pd.DataFrame(
                [[each[name] for name in COLUMNS] for each in kept.get("judged", [])],
                columns=list(COLUMNS),
            ),
        )
    except (OSError, ValueError, KeyError, TypeError):
        # one being replaced, or of another release: the gate tells its own faults
        return None


def _broken(kept: Mapping[str, Any], *, is_blocking: bool) -> Broken:
    return Broken(
        table=kept["table"],
        says=kept["says"],
        observed=kept.get("observed", ""),
        owner=kept.get("owner", ""),
        is_blocking=is_blocking,
        rows=tuple(kept.get("rows", ())),
    )
