"""The record of the last validation: it stands beside the working file it judged.

Publishing asks it; ``postorder status`` shows it without opening the working file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster_project.builds import Build


class GateError(Exception):
    """A build may not be published; the last published version stays in place."""


@dataclass(frozen=True)
class Failure:
    """One expectation that did not hold.

    Attributes:
        table: ``schema.table`` it is about.
        measure: Name of the measure of that table.
        expectation: Name of the expectation, as Great Expectations calls it.
        column: Column of the measure that was judged.
        says: What should have held, in words.
        observed: What was found instead.
        rows: Up to ten rows that show it, keys and values.
    """

    table: str
    measure: str
    expectation: str
    column: str
    says: str
    observed: str
    rows: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The outcome of one validation.

    Attributes:
        build_id: The build that was judged.
        as_of: Its clock, UTC.
        judged_at: When, UTC.
        failures: What did not hold; empty where the build passed.
    """

    build_id: str
    as_of: datetime
    judged_at: datetime
    failures: tuple[Failure, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether every expectation held."""
        return not self.failures


def path_of(working: Path) -> Path:
    """Return where the verdict on a working file stands."""
    return working.with_suffix(".gate.json")


def record(working: Path, verdict: Verdict) -> None:
    """Keep a verdict, replacing the one before."""
    path = path_of(working)
    draft = path.with_suffix(".making")
    draft.write_text(
        json.dumps(asdict(verdict), indent=2, default=str) + "\n", encoding="utf-8"
    )
    draft.replace(path)


def last_verdict(working: Path) -> Verdict | None:
    """Return the last verdict on a working file; ``None`` where there is none."""
    try:
        kept = json.loads(path_of(working).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Verdict(
        build_id=kept["build_id"],
        as_of=datetime.fromisoformat(kept["as_of"]),
        judged_at=datetime.fromisoformat(kept["judged_at"]),
        failures=tuple(
            Failure(**{**failure, "rows": tuple(failure["rows"])})
            for failure in kept["failures"]
        ),
    )


def require_passed(working: Path, build: Build) -> None:
    """Raise unless this very build passed.

    Raises:
        GateError: It failed, or was never judged.
    """
    verdict = last_verdict(working)
    if verdict is None or verdict.build_id != build.build_id:
        raise GateError(
            "the last build has not been validated; `postorder validate` judges it, "
            "and until it passes the last published version stays"
        )
    if not verdict.passed:
        raise GateError(describe(verdict))


def describe(verdict: Verdict) -> str:
    """Say which expectations failed, on which rows."""
    count = len(verdict.failures)
    lines = [
        f"validation failed: {count} expectation{'s' if count > 1 else ''} did not "
        "hold; the last published version stays"
    ]
    for failure in verdict.failures:
        lines.append(
            f"  {failure.table}, {failure.measure}: {failure.says} "
            f"({failure.expectation} on {failure.column}, found {failure.observed})"
        )
        lines += [
            "    " + ", ".join(f"{name}={value}" for name, value in row.items())
            for row in failure.rows
        ]
    return "\n".join(lines)
