"""Tells of runs that failed, and when it is over, through the channels of the rules.

Each step of a job is an alert of its own: it is told once while it stays broken, said
again as the rules remind, and over when the job succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep as wait
from typing import Final

from dagster_project.alerts import standing, units
from dagster_project.alerts.findings import Finding, Outcome
from dagster_project.alerts.messages import Template
from dagster_project.alerts.notify import Told, notify
from dagster_project.alerts.rules import (
    RULES,
    SOMETHING,
    ChannelSettings,
    Rule,
    Rules,
    RulesError,
    read_rules,
)
from dagster_project.alerts.subjects import Warehouse
from ingestion.shop import Shop

# Apart from what the rules' own alerts stand in: a rule that is gone withdraws its
# alerts there, and a job that is not running says nothing about its own.
FOLDER: Final = "dagster"

OWNER: Final = "platform"
SEVERITY: Final = "high"
MESSAGE: Final = Template((("", "detail"),))
SHOWN_CHARACTERS: Final = 300
REMIND_AFTER: Final = timedelta(hours=24)

# where the rules file cannot be read, so that a failed run is not silent on top of it
ONLY_LOG: Final = Rules(
    (), {"log": ChannelSettings("log", "log", {})}, ("log",), ("log",)
)


@dataclass(frozen=True)
class FailedRun:
    """A run that failed.

    Attributes:
        job: Its job.
        step: The step it failed at; ``run`` where no step had begun.
        error: What was said.
        run_id: Its id in Dagster; ``None`` for a watcher's round, which is no run.
    """

    job: str
    step: str
    error: str
    run_id: str | None


def tell_failure(
    failed: FailedRun,
    shop: Shop,
    environment: Mapping[str, str],
    *,
    now: datetime,
    rules: Path | None = None,
    sleep: Callable[[float], None] = wait,
) -> Told:
    """Tell that a run failed, to every channel that does not know.

    Args:
        failed: The run.
        shop: Whose run it was.
        environment: Holds the channels' secrets.
        now: The time of telling, UTC.
        rules: The rules file; ours where not given.
        sleep: Waits between two tries of a delivery.

    Raises:
        StandingError: Who was told what cannot be known.
    """
    read, mistake = _read(rules)
    said = " ".join(f"{_without_rows(failed.error)}{mistake}".split())
    said = said[:SHOWN_CHARACTERS]
    what = f"Run {failed.run_id[:8]}" if failed.run_id else "A round"
    rule = _rule(_name(failed.job), read, run_id=failed.run_id)
    found = Finding(
        rule,
        failed.step,
        Outcome.ALARMING,
        names={"detail": f"{what} failed: {units.plain(said)}"},
    )
    with standing.hold(shop.folder / FOLDER) as stands:
        others = [
            Finding(_rule(name, read), step, Outcome.NOT_JUDGED)
            for name, step in stands.alerts
            if (name, step) != (rule.name, failed.step)
        ]
        return _tell([found, *others], read, stands, environment, now, sleep)


def tell_success(
    job: str,
    shop: Shop,
    environment: Mapping[str, str],
    *,
    now: datetime,
    rules: Path | None = None,
    sleep: Callable[[float], None] = wait,
) -> Told:
    """Tell that a job succeeds again, to every channel that knew it did not.

    Args:
        job: The job that succeeded.
        shop: Whose job it is.
        environment: Holds the channels' secrets.
        now: The time of telling, UTC.
        rules: The rules file; ours where not given.
        sleep: Waits between two tries of a delivery.

    Raises:
        StandingError: Who was told what cannot be known.
    """
    read, _ = _read(rules)
    with standing.hold(shop.folder / FOLDER) as stands:
        findings = [
            Finding(
                _rule(name, read),
                step,
                Outcome.FINE if name == _name(job) else Outcome.NOT_JUDGED,
            )
            for name, step in stands.alerts
        ]
        return _tell(findings, read, stands, environment, now, sleep)


def _tell(
    findings: list[Finding],
    read: Rules,
    stands: standing.Standing,
    environment: Mapping[str, str],
    now: datetime,
    sleep: Callable[[float], None],
) -> Told:
    # the rule of what failed just now comes first
    ours = {finding.rule.name: finding.rule for finding in reversed(findings)}
    return notify(
        findings,
        replace(read, rules=tuple(ours.values()), postponed=frozenset()),
        stands,
        environment,
        now=now,
        sleep=sleep,
    )


def _read(rules: Path | None) -> tuple[Rules, str]:
    """Read the rules file; one with a mistake leaves the log, and says so."""
    try:
        return read_rules(rules or RULES, None), ""
    except RulesError as error:
        return ONLY_LOG, f" (told to the log only: {error})"


def _without_rows(error: str) -> str:
    """Return what was said without the rows that show it: they may be of people."""
    lines = error.splitlines()
    return "\n".join(line for line in lines if not line.startswith("    "))


def _rule(name: str, read: Rules, run_id: str | None = None) -> Rule:
    link = f"{read.runs_at}/runs/{run_id}" if read.runs_at and run_id else None
    return Rule(
        name=name,
        kind="warehouse",
        subject=Warehouse(name),
        condition=SOMETHING,
        severity=SEVERITY,
        owner=OWNER,
        message=MESSAGE,
        link=Template(((link, None),)) if link else None,
        to=read.failures_to,
        remind_after=REMIND_AFTER,
    )


def _name(job: str) -> str:
    return f"{job}_failed"
