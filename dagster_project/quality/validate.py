"""Judges a build by its suites. The only module that knows Great Expectations.

SQL sums each population up to a small frame, and Great Expectations judges the frame:
its own DuckDB engine does not work on the versions used here, and a table read into
pandas would not scale.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from dagster_project import gate
from dagster_project.builds import attempts_in
from dagster_project.gate import Failure, GateError, Verdict
from dagster_project.quality.suite import Expectation, Measure, Suite, load_suites
from ingestion.lock import hold
from ingestion.shop import Shop

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.data_context.data_context.ephemeral_data_context import (
        EphemeralDataContext,
    )

SHOWN_ROWS = 10


class QualityError(Exception):
    """An expectation could not be judged, which is never a pass."""


@dataclass(frozen=True)
class ValidationReport:
    """The outcome of a validation.

    Attributes:
        verdict: What was recorded beside the working file.
        judged: How many expectations were judged.
    """

    verdict: Verdict
    judged: int

    @property
    def passed(self) -> bool:
        """Whether every expectation held."""
        return self.verdict.passed

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What did not hold."""
        return self.verdict.failures


def validate(
    shop: Shop,
    *,
    working: Path | None = None,
    suites: Iterable[Suite] | None = None,
    now: datetime | None = None,
) -> ValidationReport:
    """Judge the last build of a working file by all suites, and record the verdict.

    Args:
        shop: Whose build it is.
        working: The file that was built; the shop's own where not given.
        suites: What must hold; all suites where not given.
        now: The time of the verdict, UTC.

    Raises:
        GateError: There is no complete build to judge.
        QualityError: A measure or an expectation could not be evaluated.
    """
    working = working or shop.working
    judged_suites = tuple(suites) if suites is not None else load_suites()
    with hold(shop, "validate"):
        if not working.exists():
            raise GateError(
                f"nothing is built in {shop.folder} yet; `postorder build` builds"
            )
        with _reading(working) as connection:
            attempts = attempts_in(connection)
            if not attempts or not attempts[-1].is_complete:
                raise GateError(
                    "the last build is missing or did not finish; `postorder build` "
                    "builds the models"
                )
            failures = judge(connection, judged_suites)
        build = attempts[-1]
        verdict = Verdict(
            build_id=build.build_id,
            as_of=build.as_of,
            judged_at=now or datetime.now(UTC),
            failures=tuple(failures),
        )
        gate.record(working, verdict)
    judged = sum(
        len(measure.expectations)
        for suite in judged_suites
        for measure in suite.measures
    )
    return ValidationReport(verdict=verdict, judged=judged)


def judge(
    connection: duckdb.DuckDBPyConnection, suites: Iterable[Suite]
) -> list[Failure]:
    """Return what does not hold.

    Args:
        connection: Of a working file that is built.
        suites: What must hold.

    Raises:
        QualityError: A measure or an expectation could not be evaluated.
    """
    context = _context()
    return [
        failure
        for suite in suites
        for measure in suite.measures
        for failure in _judge_measure(connection, context, suite, measure)
    ]


def _judge_measure(
    connection: duckdb.DuckDBPyConnection,
    context: EphemeralDataContext,
    suite: Suite,
    measure: Measure,
) -> list[Failure]:
    """Measure a population and hold its expectations against it."""
    where = f"{suite.table}, {measure.name}"
    frame = _frame(connection, measure.sql, where)
    for expectation in measure.expectations:
        if expectation.column not in frame:
            raise QualityError(f"{where}: the measure has no {expectation.column}")
    failures = []
    for expectation, result in zip(
        measure.expectations,
        _results(context, where, frame, measure.expectations),
        strict=True,
    ):
        if _raised(result.exception_info):
            raise QualityError(
                f"{where}: {expectation.name} on {expectation.column} could not be "
                f"judged: {result.exception_info}"
            )
        if not result.success:
            broken = _broken_rows(frame, result.result)
            failures.append(
                Failure(
                    table=suite.table,
                    measure=measure.name,
                    expectation=expectation.name,
                    column=expectation.column,
                    says=expectation.says,
                    observed=", ".join(str(row[expectation.column]) for row in broken),
                    rows=_evidence(connection, measure, where) or tuple(broken),
                )
            )
    return failures


def _context() -> EphemeralDataContext:
    """Return a context that keeps nothing, shows nothing and tells nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types import base

    # it speaks of its temporary folders wherever another tool has set up logging
    base.logger.setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = base.ProgressBarsConfig(globally=False)
    return context


def _results(
    context: EphemeralDataContext,
    where: str,
    frame: pd.DataFrame,
    expectations: Iterable[Expectation],
) -> list[Any]:
    """Let Great Expectations judge a frame; one result per expectation, in order."""
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import (
        ExpectationConfiguration,
    )

    suite = ExpectationSuite(
        name=where,
        expectations=[
            ExpectationConfiguration(
                type=each.name,
                kwargs={"column": each.column, **each.bounds},
                description=each.says,
                meta={"place": place},
            )
            for place, each in enumerate(expectations)
        ],
    )
    batch = (
        context.data_sources.add_pandas(name=where)
        .add_dataframe_asset(name=where)
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )
    validated = batch.validate(suite, result_format="COMPLETE")
    return sorted(
        validated.results, key=lambda result: result.expectation_config.meta["place"]
    )


def _raised(info: Mapping[str, Any]) -> bool:
    """Whether an expectation broke instead of failing; the shape of the note varies."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(note.get("raised_exception") for note in info.values())


def _broken_rows(
    frame: pd.DataFrame, result: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return the rows of a measure that broke an expectation."""
    places = result.get("unexpected_index_list")
    broken = frame if places is None else frame.loc[places]
    return [
        {str(name): value for name, value in row.items()}
        for row in broken.head(SHOWN_ROWS).to_dict(orient="records")
    ]


def _evidence(
    connection: duckdb.DuckDBPyConnection, measure: Measure, where: str
) -> tuple[Mapping[str, Any], ...]:
    """Return the rows behind a failure."""
    if measure.evidence is None:
        return ()
    try:
        cursor = connection.execute(
            f"select * from ({measure.evidence}) limit {SHOWN_ROWS}"
        )
        names = [column[0] for column in cursor.description or []]
        return tuple(dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    except duckdb.Error as error:
        raise QualityError(f"{where}: its evidence cannot be read: {error}") from error


def _frame(connection: duckdb.DuckDBPyConnection, sql: str, where: str) -> pd.DataFrame:
    """Measure a population."""
    try:
        return connection.execute(sql).df()
    except duckdb.Error as error:
        raise QualityError(f"{where}: cannot be measured: {error}") from error


def _reading(working: Path) -> duckdb.DuckDBPyConnection:
    """Open a working file for reading, in UTC."""
    connection = duckdb.connect(str(working), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    return connection
