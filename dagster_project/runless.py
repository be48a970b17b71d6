"""Tells Dagster what a watcher's rounds made and judged, without a run for each.

A run costs Dagster seconds and a process; an event costs milliseconds, and shows in the
same asset graph, histories and freshness.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import dagster as dg

from dagster_project import gate
from dagster_project.build import BuildError, Node
from dagster_project.defs.landing import RAW_TABLES, landed_metadata
from dagster_project.defs.publish import published_metadata
from dagster_project.defs.quality import SUITES, failures_metadata, key_of, name_of
from dagster_project.defs.resources import PUBLISHED
from dagster_project.gate import GateError, Verdict
from dagster_project.run import RunReport
from dagster_project.watch import Round
from ingestion.shop import Shop

Event = dg.AssetMaterialization | dg.AssetObservation | dg.AssetCheckEvaluation

log = logging.getLogger(__name__)


def reporter(shop: Shop, home: Path) -> Callable[[Round], None]:
    """Return what tells an instance of each round; an instance that fails ends none."""

    def tell(done: Round) -> None:
        try:
            # opened for each round: whoever keeps it open locks its files
            with dg.DagsterInstance.from_config(str(home)) as instance:
                for event in events_of(shop, done):
                    instance.report_runless_asset_event(event)
        except Exception:
            log.exception("Dagster in %s could not be told of the round", home)

    return tell


def events_of(shop: Shop, done: Round) -> Iterator[Event]:
    """Yield what a round made and judged."""
    if done.report is not None:
        yield from _made(done, done.report)
    elif isinstance(done.error, GateError):
        verdict = gate.last_verdict(shop.working)
        if verdict is not None:
            yield from _judged(verdict)
    elif isinstance(done.error, BuildError):
        yield from _tested(done.error.nodes)
    if done.error is not None:
        yield dg.AssetObservation(PUBLISHED, description=str(done.error))


def _made(done: Round, report: RunReport) -> Iterator[Event]:
    if report.landing is not None:
        landed = landed_metadata(report.landing, done.seconds["land"])
        for table in RAW_TABLES:
            yield dg.AssetMaterialization(["raw", table], metadata=landed)
    written = {each.model: each for each in report.build.rewritten}
    for node in report.build.nodes:
        if node.is_test:
            continue
        metadata: dict[str, int | float] = {"seconds": node.seconds}
        if node.name in written:
            metadata["rows_rewritten"] = written[node.name].rows
            metadata["rows"] = written[node.name].total
        yield dg.AssetMaterialization([node.schema, node.table], metadata=metadata)
    yield from _tested(report.build.nodes)
    yield from _judged(report.validation.verdict)
    yield dg.AssetMaterialization(
        PUBLISHED,
        metadata=published_metadata(report.version, done.seconds["publish"]),
    )


def _tested(nodes: Iterable[Node]) -> Iterator[Event]:
    for node in nodes:
        if node.is_test:
            yield dg.AssetCheckEvaluation(
                dg.AssetKey([node.schema, node.table]),
                node.name,
                passed=node.passed,
                metadata={"seconds": node.seconds},
            )


def _judged(verdict: Verdict) -> Iterator[Event]:
    judged = {each.suite for each in verdict.judged}
    for suite in SUITES:
        if suite.name not in judged:
            continue
        failures = [each for each in verdict.failures if each.suite == suite.name]
        yield dg.AssetCheckEvaluation(
            key_of(suite.table),
            name_of(suite),
            passed=not failures,
            metadata={"owner": suite.owner, **failures_metadata(failures)},
        )
