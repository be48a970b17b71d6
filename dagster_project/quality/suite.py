"""Reads the suites: what is measured of a table, and what must hold of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SUITES = Path(__file__).with_name("suites")


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
    """

    name: str
    sql: str
    expectations: tuple[Expectation, ...]
    evidence: str | None


@dataclass(frozen=True)
class Suite:
    """What must hold of one table's population.

    Attributes:
        table: ``schema.table``.
        measures: What is judged.
    """

    table: str
    measures: tuple[Measure, ...]

    @property
    def name(self) -> str:
        """The table's own name; the suite's file is called so too."""
        return self.table.rpartition(".")[2]


def load_suites(folder: Path = SUITES) -> tuple[Suite, ...]:
    """Read all suites, in the order of their names.

    Raises:
        SuiteError: A file lacks a part, or has one nobody reads.
    """
    return tuple(read_suite(path) for path in sorted(folder.glob("*.yml")))


def read_suite(path: Path) -> Suite:
    """Read one suite.

    Raises:
        SuiteError: The file lacks a part, or has one nobody reads.
    """
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        suite = Suite(
            table=tree.pop("table"),
            measures=tuple(_measure(each) for each in tree.pop("measures")),
        )
        _nothing_left(tree)
    except (KeyError, TypeError) as error:
        raise SuiteError(f"{path}: {error} is missing or misplaced") from error
    except SuiteError as error:
        raise SuiteError(f"{path}: {error}") from error
    if suite.name != path.stem:
        raise SuiteError(
            f"{path}: call it {suite.name}.yml, as its table {suite.table}"
        )
    return suite


def _measure(tree: dict[str, Any]) -> Measure:
    measure = Measure(
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
