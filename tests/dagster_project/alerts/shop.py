"""A shop small enough to know by heart, rules on it, and what judging them found."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dagster_project.alerts import metrics
from dagster_project.alerts.evaluate import Seen, evaluate
from dagster_project.alerts.findings import Finding
from dagster_project.alerts.rules import Definition, Rules, read_rules
from dagster_project.canary import Canary
from dagster_project.gate import Verdict
from dagster_project.published import Version

TABLES = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")

AS_OF = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
NOW = AS_OF + timedelta(hours=1)

CHANNELS: dict[str, Any] = {
    "log": {"kind": "log"},
    "hook": {"kind": "webhook", "url_from": "HOOK_URL"},
    "chat": {"kind": "slack", "url_from": "CHAT_URL"},
}

WORDS = {"severity": "high", "owner": "operations", "message": "{value}"}


@cache
def _tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(TABLES)
    return connection


@contextmanager
def database(*changes: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the shop's published tables, changed where asked, for a while."""
    connection = _tables()
    connection.execute("begin")
    try:
        for change in changes:
            connection.execute(change)
        yield connection
    finally:
        connection.execute("rollback")


def version() -> Version:
    """Return the version that these tables would be, published half an hour ago."""
    return Version(
        name="one",
        path=Path("one"),
        as_of=AS_OF,
        published_at=NOW - timedelta(minutes=30),
        store_timezone="Asia/Kolkata",
        parquet=Path("one"),
    )


def write_rules(folder: Path, *rules: Mapping[str, Any], **file: Any) -> Path:
    """Write a rules file; rules are given the words they lack."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rules.yml"
    named = [
        {"name": f"rule_{number}", **WORDS, **rule}
        for number, rule in enumerate(rules, start=1)
    ]
    tree = {"channels": CHANNELS, "to": ["log"], "rules": named, **file}
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return path


@cache
def definitions() -> Mapping[str, Definition]:
    """Return the shop's metrics."""
    with database() as connection:
        return metrics.definitions(connection)


def rules_of(folder: Path, *rules: Mapping[str, Any], **file: Any) -> Rules:
    """Return rules as they are read."""
    return read_rules(write_rules(folder, *rules, **file), definitions())


def judged(
    folder: Path,
    rule: Mapping[str, Any],
    *changes: str,
    standing: Collection[str] = (),
    verdict: Verdict | None = None,
    now: datetime = NOW,
    canaries: Sequence[Canary] = (),
) -> dict[str, Finding]:
    """Judge one rule on the shop; return what was found by segment."""
    (read,) = rules_of(folder, rule).rules
    with database(*changes) as connection:
        seen = Seen(version(), connection, "", verdict, now, canaries)
        found = evaluate([read], seen, {read.name: standing})
    return {finding.segment: finding for finding in found}
