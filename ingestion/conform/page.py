"""Writes the answer: one page that needs no network, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ingestion.conform.feeding import Feeding
from ingestion.conform.report import (
    Conformity,
    Count,
    EventCoverage,
    Split,
    percent,
)
from ingestion.conform.verdicts import LATE_HOURS

TEMPLATE: Final = "page.html.j2"
STEPS_SHOWN: Final = 5
_SHOWN_COUNTS: Final = 12


def write(conformity: Conformity, folder: Path) -> tuple[Path, Path]:
    """Write ``conform.html`` and ``conform.json`` into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "conform.html", folder / "conform.json"
    page.write_text(page_of(conformity), encoding="utf-8")
    data.write_text(conformity.to_json() + "\n", encoding="utf-8")
    return page, data


def page_of(conformity: Conformity) -> str:
    """Return the page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "n": "{:,}".format,
        "lines": counted,
        "percent": percent,
        "moment": _moment,
    }
    return environment.get_template(TEMPLATE).render(
        c=conformity,
        counts=_counts,
        files=_files,
        lacking=lacking,
        late_hours=LATE_HOURS,
        missing=_missing,
        steps=first_steps(conformity),
    )


def first_steps(conformity: Conformity) -> list[str]:
    """Return what to mend first: what turns away most lines, in sentences."""
    named = [each for each in conformity.unmapped_events if each.nearest]
    steps = [(each.lines, f"Map {each.name} to {each.nearest}") for each in named]
    steps += [
        (split.lines, _step(split))
        for reason in conformity.reasons
        for split in reason.splits
        if not (reason.code == "event_name_unknown" and named)
    ]
    # a handful of odd lines is no step towards landing the rest
    worth = max(conformity.rejected / 100, 1)
    told = [
        f"{words} ({counted(lines)})."
        for lines, words in sorted(steps, key=lambda step: -step[0])[:STEPS_SHOWN]
        if lines >= worth
    ]
    told += [
        f"{each.name}: {each.advice}"
        for each in conformity.unmapped_keys
        if each.is_personal
    ]
    if not conformity.accepted and conformity.lines and not conformity.unmapped_events:
        told.append(
            "These look like tables, not events. One SQL select per source turns rows "
            "into events; ingestion/sources/olist shows one."
        )
    return told


def lacking(feeding: Feeding, conformity: Conformity) -> str:
    """Say what keeps a table from being fed."""
    if not feeding.lacks:
        return "no event was accepted"
    foreign: dict[str, str] = {}
    for each in conformity.unmapped_events:
        if each.nearest is not None:
            foreign.setdefault(each.nearest, f" (you may call it {each.name})")
    return ", ".join(
        lack.event_name
        + (f".{lack.field}" if lack.field else "")
        + (" (sent, none kept)" if lack.is_rejected else "")
        + ("" if lack.field else foreign.get(lack.event_name, ""))
        for lack in feeding.lacks
    )


def counted(lines: int) -> str:
    """Write a number of lines."""
    return f"{lines:,} line{'' if lines == 1 else 's'}"


def _step(split: Split) -> str:
    field = f"{split.field}: " if split.field and split.field not in split.fix else ""
    is_named = split.event_name is None or split.event_name in split.fix
    event = "" if is_named else f"{split.event_name}, "
    return f"{event}{field}{split.fix.rstrip('.')}"


def _missing(event: EventCoverage) -> list[str]:
    """Return required or asked-for fields that some line of an event does not carry."""
    return [
        field.field
        for field in event.fields
        if field.share < 1
        and field.filled_by is None
        and (field.is_required or (field.wanted_by and not field.lines))
    ]


def _counts(counts: Sequence[Count]) -> str:
    shown = [f"{each.value} ({each.lines:,})" for each in counts[:_SHOWN_COUNTS]]
    more = len(counts) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more else [])]) or "none said"


def _files(conformity: Conformity) -> str:
    count = len(conformity.files)
    name = conformity.files[0].file if count == 1 else f"{count:,} files"
    return f"{name} ({conformity.lines:,} lines)"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
