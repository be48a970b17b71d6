"""Judges every rule on one published version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from dagster_project.alerts import exceptions, metrics, units, warehouse
from dagster_project.alerts.findings import Finding, Outcome, not_judged
from dagster_project.alerts.rules import Rule
from dagster_project.alerts.subjects import ALL, Exceptions, Metric
from dagster_project.canary import Canary
from dagster_project.gate import Verdict
from dagster_project.published import Version


@dataclass(frozen=True)
class Seen:
    """What rules are judged on.

    Attributes:
        version: The version in force; ``None`` where nothing is published.
        connection: To it.
        trouble: Why there is no version, or no metric; empty where there is both.
        verdict: The last word of the gate, if there was one.
        now: The instant from which ages of the warehouse count, UTC.
        canaries: Planted orders that are remembered, the oldest first.
    """

    version: Version | None
    connection: duckdb.DuckDBPyConnection | None
    trouble: str
    verdict: Verdict | None
    now: datetime
    canaries: Sequence[Canary] = ()


def evaluate(
    rules: Collection[Rule], seen: Seen, standing: Mapping[str, Collection[str]]
) -> list[Finding]:
    """Judge rules, in their order.

    Args:
        rules: What is watched.
        seen: What it is judged on.
        standing: Segments with an open alert, by rule; they are judged even where
            nothing is left of them.
    """
    as_of = seen.version.as_of if seen.version else seen.now
    return [
        replace(
            finding,
            names={
                **finding.names,
                "rule": rule.name.replace("_", " "),
                "severity": rule.severity,
                "owner": units.plain(rule.owner),
                "as_of": f"{as_of:%Y-%m-%d %H:%M} UTC",
            },
        )
        for rule in rules
        for finding in _judge_safely(rule, seen, standing.get(rule.name, ()))
    ]


def _judge_safely(rule: Rule, seen: Seen, standing: Collection[str]) -> list[Finding]:
    """Judge one rule; one that cannot be judged stops no other."""
    try:
        return _judge(rule, seen, standing)
    except duckdb.Error as error:
        reason = units.plain(error)
        return [
            Finding(rule, each, Outcome.NOT_JUDGED, reason=reason, is_fault=True)
            for each in standing or [ALL]
        ]


def _judge(rule: Rule, seen: Seen, standing: Collection[str]) -> list[Finding]:
    subject = rule.subject
    if not isinstance(subject, Metric | Exceptions):
        if subject.measure == "published_age":
            return [warehouse.judge_age(rule, seen.version, seen.trouble, seen.now)]
        if subject.measure == "gate_failed":
            return [warehouse.judge_gate(rule, seen.verdict)]
        if subject.measure == "canary_lost":
            return [warehouse.judge_canaries(rule, seen.canaries, seen.now)]
    if seen.version is None or seen.connection is None:
        return [not_judged(rule, each, seen.trouble) for each in standing or [ALL]]
    if isinstance(subject, Metric):
        return list(
            metrics.judge(rule, subject, seen.version, seen.connection, standing)
        )
    if isinstance(subject, Exceptions):
        return list(exceptions.judge(rule, subject, seen.connection, standing))
    return list(warehouse.judge_silence(rule, seen.connection, standing))
