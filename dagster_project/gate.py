"""The record of the last validation: it stands beside the working file it judged.

Publishing asks it; ``postorder status`` shows it without opening the working file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from dagster_project.builds import Build

Severity = Literal["blocking", "warning"]


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
        suite: The suite it stands in.
        owner: Who looks into it.
    """

    table: str
    measure: str
    expectation: str
    column: str
    says: str
    observed: str
    rows: tuple[Mapping[str, Any], ...] = ()
    suite: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Judgement:
    """One expectation and how it came out.

    Attributes:
        suite: The suite it stands in.
        table: ``schema.table`` it is about.
        measure: Name of the measure.
        column: Column of the measure that was judged.
        says: What should hold, in words.
        severity: Whether its failure keeps the build from being published.
        owner: Who looks into a failure.
        observed: The least and the greatest value found, as text.
        held: Whether it held; ``None`` where there was too little to judge.
    """

    suite: str
    table: str
    measure: str
    column: str
    says: str
    severity: Severity
    owner: str
    observed: str
    held: bool | None


@dataclass(frozen=True)
class Verdict:
    """The outcome of one validation.

    Attributes:
        build_id: The build that was judged.
        as_of: Its clock, UTC.
        judged_at: When, UTC.
        failures: What did not hold and blocks; empty where the build passed.
        warnings: What did not hold and blocks nothing.
        judged: Every expectation.
    """

    build_id: str
    as_of: datetime
    judged_at: datetime
    failures: tuple[Failure, ...] = field(default=())
    warnings: tuple[Failure, ...] = field(default=())
    judged: tuple[Judgement, ...] = field(default=(), repr=False)

    @property
    def passed(self) -> bool:
        """Whether every expectation that blocks held."""
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
        failures=_failures(kept["failures"]),
        warnings=_failures(kept.get("warnings", [])),
        judged=tuple(Judgement(**each) for each in kept.get("judged", [])),
    )


def _failures(kept: Iterable[Mapping[str, Any]]) -> tuple[Failure, ...]:
    return tuple(
        Failure(**{**failure, "rows": tuple(failure["rows"])}) for failure in kept
    )


def require_judged(working: Path, build: Build) -> Verdict:
    """Return the verdict on this very build.

    Raises:
        GateError: It was never judged.
    """
    verdict = last_verdict(working)
    if verdict is None or verdict.build_id != build.build_id:
        raise GateError(
            "the last build has not been validated; `postorder validate` judges it, "
            "and until it passes the last published version stays"
        )
    return verdict


def require_passed(verdict: Verdict) -> None:
    """Raise unless a build passed.

    Raises:
        GateError: It failed.
    """
    if not verdict.passed:
        raise GateError(describe(verdict))


def describe(verdict: Verdict) -> str:
    """Say which expectations failed, on which rows."""
    count = len(verdict.failures)
    return "\n".join(
        [
            f"validation failed: {count} expectation{'s' if count > 1 else ''} did not "
            "hold; the last published version stays",
            *_told(verdict.failures),
        ]
    )


def describe_warnings(verdict: Verdict) -> str:
    """Say which expectations failed that block nothing, on which rows."""
    count = len(verdict.warnings)
    return "\n".join(
        [f"{count} warning{'s' if count > 1 else ''}:", *_told(verdict.warnings)]
    )


def _told(failures: Iterable[Failure]) -> Iterator[str]:
    for failure in failures:
        owner = f"; owner {failure.owner}" if failure.owner else ""
        yield (
            f"  {failure.table}, {failure.measure}: {failure.says} "
            f"({failure.expectation} on {failure.column}, found {failure.observed}"
            f"{owner})"
        )
        for row in failure.rows:
            yield "    " + ", ".join(f"{name}={value}" for name, value in row.items())
