"""Reads the suites: what is measured of a table, and what must hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from dagster_project.gate import Severity

SUITES = Path(__file__).with_name("suites")
HISTORIES = Path(__file__).with_name("histories")
FRAMES = Path(__file__).with_name("frames")


class SuiteError(Exception):
    """A suite's file is not a suite."""


@dataclass(frozen=True)
class Expectation:
    """One expectation of Great Expectations over a column of a measure.

    Attributes:
        name: Its name there, ``expect_column_...``.
        column: The column of the measure.
        says: What should hold, in words.
        bounds: Its other arguments.
    """

    name: str
    column: str
    says: str
    bounds: Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """A small frame that sums a population up, and what must hold of it.

    Attributes:
        name: Its name within the suite.
        sql: A select that yields the frame, one row a segment; a rate that would rest
            on too few rows is NULL, and a NULL is not judged.
        expectations: What must hold.
        evidence: A select that lists the rows behind a failure, worst first; the
            frame's own rows are shown where there is none.
        severity: Whether a failure keeps the build from being published.
    """

    name: str
    sql: str
    expectations: tuple[Expectation, ...]
    evidence: str | None
    severity: Severity = "blocking"


@dataclass(frozen=True)
class Suite:
    """What must hold of one table's population.

    Attributes:
        name: The name of its file: that of its table, or of what it compares.
        table: ``schema.table``.
        owner: Who looks into a failure.
        measures: What is judged.
        frames: Scripts in ``frames``, run once before the measures: they sum events up
            in temporary tables that several measures share.
    """

    name: str
    table: str
    owner: str
    measures: tuple[Measure, ...]
    frames: tuple[str, ...] = ()


def load_suites(folder: Path = SUITES) -> tuple[Suite, ...]:
    """Read the suites of a folder, in the order of their names.

    Raises:
        SuiteError: A file lacks a part, or has one nobody reads.
    """
    return tuple(read_suite(path) for path in sorted(folder.glob("*.yml")))


def all_suites() -> tuple[Suite, ...]:
    """Read the suites of all tables, and those that judge the last days by history.

    Raises:
        SuiteError: A file lacks a part, or has one nobody reads.
    """
    return load_suites(SUITES) + load_suites(HISTORIES)


def blocking_suites() -> tuple[Suite, ...]:
    """Read all suites, without what only warns: that is judged by whole runs alone."""
    kept = (
        replace(
            suite,
            measures=tuple(m for m in suite.measures if m.severity == "blocking"),
        )
        for suite in all_suites()
    )
    return tuple(suite for suite in kept if suite.measures)


def read_suite(path: Path) -> Suite:
    """Read one suite.

    Raises:
        SuiteError: The file lacks a part, or has one nobody reads.
    """
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        severity = _severity(tree, "blocking")
        suite = Suite(
            name=path.stem,
            table=tree.pop("table"),
            owner=tree.pop("owner"),
            measures=tuple(_measure(each, severity) for each in tree.pop("measures")),
            frames=tuple(tree.pop("frames", ())),
        )
        _nothing_left(tree)
    except (KeyError, TypeError) as error:
        raise SuiteError(f"{path}: {error} is missing or misplaced") from error
    except SuiteError as error:
        raise SuiteError(f"{path}: {error}") from error
    of = suite.table.rpartition(".")[2]
    if not suite.frames and suite.name != of:
        raise SuiteError(f"{path}: call it {of}.yml, as its table {suite.table}")
    return suite


def _severity(tree: dict[str, Any], default: Severity) -> Severity:
    found = tree.pop("severity", default)
    if found == "blocking":
        return "blocking"
    if found == "warning":
        return "warning"
    raise SuiteError(f"severity is blocking or warning, not {found!r}")


def _measure(tree: dict[str, Any], severity: Severity) -> Measure:
    measure = Measure(
        severity=_severity(tree, severity),
        name=tree.pop("name"),
        sql=tree.pop("sql"),
        expectations=tuple(_expectation(each) for each in tree.pop("expectations")),
        evidence=tree.pop("evidence", None),
    )
    _nothing_left(tree)
    return measure


def _expectation(tree: dict[str, Any]) -> Expectation:
    return Expectation(
        name=tree.pop("expectation"),
        column=tree.pop("column"),
        says=tree.pop("says"),
        bounds=tree,
    )


def _nothing_left(tree: Mapping[str, Any]) -> None:
    if tree:
        raise SuiteError(f"nobody reads {', '.join(map(repr, tree))}")
