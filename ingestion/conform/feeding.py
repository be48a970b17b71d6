"""Which published tables a dump can feed, and what is lacking for the others.

``needs.yml`` says what a table cannot do without, ``reads.yml`` which events its model
reads in all. The latter is written from the models by the tests, which also build what
the former says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from ingestion.conform.verdicts import Verdicts
from ingestion.contract.catalogue import Catalogue

NEEDS_FILE: Final = Path(__file__).with_name("needs.yml")
READS_FILE: Final = Path(__file__).with_name("reads.yml")

Way = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Need:
    """What one published table cannot do without.

    Attributes:
        table: Its name with its schema, such as ``metrics.rto_rates``.
        answers: What it says, as a clause.
        ways: Each a set of events, with optional fields, that feeds it; empty where
            any event does.
        finer: Event -> optional fields by which its figures are broken down.
        reads: Every event that its model reads, itself or through others.
        proof: Condition on its rows that holds only where a way was gone to the end.
    """

    table: str
    answers: str
    ways: tuple[Way, ...]
    finer: Way
    reads: tuple[str, ...]
    proof: str


@dataclass(frozen=True)
class Lack:
    """An event or one of its fields that keeps a table from being fed.

    Attributes:
        event_name: The event.
        field: The field; ``None`` where the event itself is lacking.
        is_rejected: Lines of it came, and none kept the contract.
    """

    event_name: str
    field: str | None
    is_rejected: bool


@dataclass(frozen=True)
class Feeding:
    """Whether a dump feeds a table.

    Attributes:
        table: Its name with its schema.
        answers: What it says, as a clause.
        is_fed: Whether it can say it from this dump.
        lacks: What the way gone furthest lacks; empty where the table is fed.
        finer_with: ``event.field`` that would break its figures down further.
        reads: Events it reads in all.
        reads_seen: Those of them with an accepted line.
    """

    table: str
    answers: str
    is_fed: bool
    lacks: tuple[Lack, ...]
    finer_with: tuple[str, ...]
    reads: tuple[str, ...]
    reads_seen: tuple[str, ...]


def load_needs(catalogue: Catalogue) -> tuple[Need, ...]:
    """Read what each published table needs, in the order of ``needs.yml``."""
    tables: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
        NEEDS_FILE.read_text(encoding="utf-8")
    )["tables"]
    models: Mapping[str, list[str]] = yaml.safe_load(
        READS_FILE.read_text(encoding="utf-8")
    )
    names = {table.split(".")[1]: table for table in models}
    return tuple(
        Need(
            table=names[name],
            answers=body["answers"],
            ways=() if body["ways"] == "any" else tuple(map(_way, body["ways"])),
            finer=_way(body.get("finer", {})),
            reads=tuple(
                catalogue.events if body["ways"] == "any" else models[names[name]]
            ),
            proof=body.get("proof", "true"),
        )
        for name, body in tables.items()
    )


def wanted_fields(needs: Collection[Need]) -> dict[str, frozenset[str]]:
    """Return event -> optional fields that some table asks of it."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for need in needs:
        for way in (*need.ways, need.finer):
            for event, fields in way.items():
                wanted[event].update(fields)
    return {event: frozenset(fields) for event, fields in wanted.items() if fields}


def feeding_of(need: Need, verdicts: Verdicts) -> Feeding:
    """Say whether what was accepted feeds a table, and what is lacking."""
    gaps = [(_lacks(way, verdicts), way) for way in need.ways]
    lacks, _ = min(gaps, key=lambda gap: len(gap[0]) / len(gap[1]), default=((), {}))
    has_any = verdicts.accepted.total() > 0
    return Feeding(
        table=need.table,
        answers=need.answers,
        is_fed=has_any and not lacks,
        lacks=lacks,
        finer_with=tuple(
            f"{event}.{field}"
            for event, fields in need.finer.items()
            for field in fields
            if verdicts.accepted[event] and not verdicts.filled[event, field]
        ),
        reads=need.reads,
        reads_seen=tuple(e for e in need.reads if verdicts.accepted[e]),
    )


def _way(body: Mapping[str, list[str]]) -> Way:
    return {event: tuple(fields) for event, fields in body.items()}


def _lacks(way: Way, verdicts: Verdicts) -> tuple[Lack, ...]:
    lacks = []
    for event, fields in way.items():
        if not verdicts.accepted[event]:
            lacks.append(Lack(event, None, verdicts.rejected[event] > 0))
            continue
        lacks += [
            Lack(event, name, is_rejected=False)
            for name in fields
            if not verdicts.filled[event, name]
        ]
    return tuple(lacks)
