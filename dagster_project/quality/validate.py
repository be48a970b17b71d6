"""Judges a build by its suites. The only module that knows Great Expectations.

SQL sums each population up to a small frame, and Great Expectations judges the frame:
its own DuckDB engine does not work on the versions used here, and a table read into
pandas would not scale.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from dagster_project import gate
from dagster_project.builds import attempts_in
from dagster_project.gate import Failure, GateError, Judgement, Verdict
from dagster_project.quality.suite import (
    FRAMES,
    Expectation,
    Measure,
    Suite,
    all_suites,
)
from ingestion.lock import hold
from ingestion.shop import Shop

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core.batch_definition import BatchDefinition

SHOWN_ROWS = 10

MEMORY = "600MB"
"""Beside what Great Expectations takes, so that judging stays below 1 GB in all."""


class QualityError(Exception):
    """An expectation could not be judged, which is never a pass."""


@dataclass(frozen=True)
class ValidationReport:
    """The outcome of a validation.

    Attributes:
        verdict: What was recorded beside the working file.
    """

    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Whether every expectation that blocks held."""
        return self.verdict.passed

    @property
    def held(self) -> int:
        """How many expectations held."""
        return sum(each.held is True for each in self.verdict.judged)

    @property
    def unjudged(self) -> int:
        """How many had too little to be judged by."""
        return sum(each.held is None for each in self.verdict.judged)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What did not hold and blocks."""
        return self.verdict.failures

    @property
    def warnings(self) -> tuple[Failure, ...]:
        """What did not hold and blocks nothing."""
        return self.verdict.warnings


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
    judged_suites = tuple(suites) if suites is not None else all_suites()
    with hold(shop, "validate"):
        if not working.exists():
            raise GateError(
                f"nothing is built in {shop.folder} yet; `postorder build` builds"
            )
        with open_for_reading(working) as connection:
            attempts = attempts_in(connection)
            if not attempts or not attempts[-1].is_complete:
                raise GateError(
                    "the last build is missing or did not finish; `postorder build` "
                    "builds the models"
                )
            failures, warnings, judged = judge(connection, judged_suites)
        build = attempts[-1]
        verdict = Verdict(
            build_id=build.build_id,
            as_of=build.as_of,
            judged_at=now or datetime.now(UTC),
            failures=failures,
            warnings=warnings,
            judged=judged,
        )
        gate.record(working, verdict)
    return ValidationReport(verdict=verdict)


def judge(
    connection: duckdb.DuckDBPyConnection,
    suites: Iterable[Suite],
    *,
    done: Callable[[Suite], None] | None = None,
) -> tuple[tuple[Failure, ...], tuple[Failure, ...], tuple[Judgement, ...]]:
    """Return what does not hold and blocks, what does not and warns, and all judged.

    Args:
        connection: Of a working file that is built; temporary tables are made in it.
        suites: What must hold.
        done: Told each suite once it is judged.

    Raises:
        QualityError: A measure or an expectation could not be evaluated.
    """
    found: dict[str, list[Failure]] = {"blocking": [], "warning": []}
    judged: list[Judgement] = []
    reader = ThreadPoolExecutor(max_workers=1)
    try:
        asked = _populations(reader, connection, suites)
        # what judges takes seconds to import, and the first are measured meanwhile
        judges = _frames()
        for suite, populations in asked:
            for population in populations:
                failures, judgements = _judge_population(judges, suite, population)
                found[population.measure.severity] += failures
                judged += judgements
            if done:
                done(suite)
    finally:
        reader.shutdown(cancel_futures=True)
    return tuple(found["blocking"]), tuple(found["warning"]), tuple(judged)


@dataclass(frozen=True)
class _Population:
    """A measure that is being taken while others are judged.

    Attributes:
        measure: What is measured.
        where: How errors name it.
        frame: Its rows, once they are read.
        evidence: Reads the rows behind a failure of it.
    """

    measure: Measure
    where: str
    frame: Future[pd.DataFrame]
    evidence: Callable[[], Future[tuple[Mapping[str, Any], ...]]]


def _populations(
    reader: ThreadPoolExecutor,
    connection: duckdb.DuckDBPyConnection,
    suites: Iterable[Suite],
) -> list[tuple[Suite, list[_Population]]]:
    """Have all measures of suites taken, one after the other, by one other thread.

    DuckDB computes without Python's lock, so that the next are measured while one is
    judged.
    """
    made: dict[str, Future[None]] = {}
    asked = []
    for suite in suites:
        for name in suite.frames:
            if name not in made:
                made[name] = reader.submit(_make_frames, connection, name)
        needed = [made[name] for name in suite.frames]
        populations = []
        for measure in suite.measures:
            where = f"{suite.name}, {measure.name}"
            populations.append(
                _Population(
                    measure,
                    where,
                    reader.submit(_frame, connection, measure.sql, where, needed),
                    partial(reader.submit, _evidence, connection, measure, where),
                )
            )
        asked.append((suite, populations))
    return asked


def _make_frames(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Sum events up in the temporary tables of a script."""
    script = (FRAMES / f"{name}.sql").read_text(encoding="utf-8")
    try:
        connection.execute(script)
    except duckdb.Error as error:
        raise QualityError(f"the frames of {name} cannot be made: {error}") from error


def _judge_population(
    judges: BatchDefinition[Any], suite: Suite, population: _Population
) -> tuple[list[Failure], list[Judgement]]:
    """Hold the expectations of a measure against its population."""
    measure, where = population.measure, population.where
    frame = population.frame.result()
    for expectation in measure.expectations:
        if expectation.column not in frame:
            raise QualityError(f"{where}: the measure has no {expectation.column}")
    failures, judged = [], []
    for expectation, result in zip(
        measure.expectations,
        _results(judges, where, frame, measure.expectations),
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
                    rows=population.evidence().result() or tuple(broken),
                    suite=suite.name,
                    owner=suite.owner,
                )
            )
        known = frame[expectation.column].dropna()
        judged.append(
            Judgement(
                suite=suite.name,
                table=suite.table,
                measure=measure.name,
                column=expectation.column,
                says=expectation.says,
                severity=measure.severity,
                owner=suite.owner,
                observed=_span(known) if len(known) else "too little",
                held=bool(result.success) if len(known) else None,
            )
        )
    return failures, judged


def _span(known: pd.Series) -> str:
    """Write the least and the greatest of a column's values."""
    least, greatest = known.min(), known.max()
    return str(least) if least == greatest else f"{least} to {greatest}"


def _frames() -> BatchDefinition[Any]:
    """Return what takes any frame, in a context that keeps nothing and tells nobody.

    One for all frames: to register another costs more than to judge one.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types import base

    # it speaks of its temporary folders wherever another tool has set up logging
    base.logger.setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = base.ProgressBarsConfig(globally=False)
    return (
        context.data_sources.add_pandas(name="measures")
        .add_dataframe_asset(name="measures")
        .add_batch_definition_whole_dataframe("all")
    )


def _results(
    frames: BatchDefinition[Any],
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
    batch = frames.get_batch({"dataframe": frame})
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


def _frame(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    where: str,
    needed: Iterable[Future[None]],
) -> pd.DataFrame:
    """Measure a population, of frames that were made before."""
    for each in needed:
        each.result()
    try:
        return connection.execute(sql).df()
    except duckdb.Error as error:
        raise QualityError(f"{where}: cannot be measured: {error}") from error


def open_for_reading(working: Path) -> duckdb.DuckDBPyConnection:
    """Open a working file for reading, in UTC, in little memory.

    What is judged is sums over scans: holding on to more of the file makes none faster.
    """
    connection = duckdb.connect(
        str(working), read_only=True, config={"memory_limit": MEMORY}
    )
    connection.execute("set TimeZone = 'UTC'")
    return connection
