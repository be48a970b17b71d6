"""The answer as data: what ``conform.json`` holds and the page shows.

``conform.schema.json`` documents every key with its unit; raise :data:`VERSION` when a
key is renamed, removed or changes its meaning.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from ingestion.conform import naming
from ingestion.conform.breaches import Breach
from ingestion.conform.feeding import Feeding
from ingestion.conform.masking import form_of, shown_name
from ingestion.conform.profile import Profile
from ingestion.conform.verdicts import Example, Verdicts
from ingestion.contract.catalogue import Catalogue
from ingestion.contract.wording import fix

_Counted = TypeVar("_Counted")

VERSION: Final = 1
NAMES_SHOWN: Final = 200  # more foreign event names than this are values, not names


@dataclass(frozen=True)
class FileRead:
    """One file: its lines, and why reading stopped early if it did."""

    file: str
    lines: int
    fault: str | None


@dataclass(frozen=True)
class FieldCoverage:
    """How many of an event's lines carry a field, under any of its spellings."""

    field: str
    is_required: bool
    lines: int
    share: float
    filled_by: str | None
    wanted_by: tuple[str, ...]


@dataclass(frozen=True)
class EventCoverage:
    """What came of one event of the catalogue; fields only where some line came."""

    event_name: str
    domain: str
    seen: int
    accepted: int
    rejected: int
    fields: tuple[FieldCoverage, ...]


@dataclass(frozen=True)
class Split:
    """Rejected lines of one reason, one event and one field."""

    event_name: str | None
    field: str | None
    lines: int
    fix: str
    example: Example


@dataclass(frozen=True)
class Reason:
    """Rejected lines of one reason code."""

    code: str
    meaning: str
    lines: int
    share: float
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class Unmapped:
    """A foreign name, and what it may mean."""

    name: str
    lines: int
    nearest: str | None
    mapping: str | None
    section: str | None
    advice: str
    is_personal: bool


@dataclass(frozen=True)
class Count:
    """Lines that say one thing."""

    value: str
    lines: int


@dataclass(frozen=True)
class Conformity:
    """Whether a dump would do; ``conform.schema.json`` says what each key holds."""

    version: int
    verdict: str
    lines: int
    accepted: int
    rejected: int
    tables_fed: int
    tables_total: int
    events_accepted: int
    events_total: int
    files: tuple[FileRead, ...]
    tables: tuple[Feeding, ...]
    reasons: tuple[Reason, ...]
    breaches: tuple[Breach, ...]
    unmapped_events: tuple[Unmapped, ...]
    unmapped_keys: tuple[Unmapped, ...]
    events: tuple[EventCoverage, ...]
    first_at: datetime | None
    last_at: datetime | None
    sources: tuple[Count, ...]
    time_zones: tuple[Count, ...]
    currencies: tuple[Count, ...]
    repeats: int
    repeat_share: float | None
    out_of_order: int
    out_of_order_share: float | None
    observed: int
    late: int
    late_share: float | None

    def to_json(self) -> str:
        """Write the answer as JSON, in the order of ``conform.schema.json``."""
        return json.dumps(
            dataclasses.asdict(self), indent=2, ensure_ascii=False, default=_plain
        )


def conformity_of(
    catalogue: Catalogue,
    *,
    files: tuple[FileRead, ...],
    profile: Profile,
    verdicts: Verdicts,
    breaches: tuple[Breach, ...],
    tables: tuple[Feeding, ...],
    repeats: int,
    wanted_by: Mapping[tuple[str, str], tuple[str, ...]],
) -> Conformity:
    """Put the counts together into the answer.

    Args:
        catalogue: What is known.
        files: What was read.
        profile: What lines say.
        verdicts: What the judge says.
        breaches: Moves that no state machine allows.
        tables: What each published table makes of it.
        repeats: Lines said before, letter by letter.
        wanted_by: (event, optional field) -> tables that ask for it.
    """
    lines = sum(file.lines for file in files)
    accepted = verdicts.accepted.total()
    fed = sum(table.is_fed for table in tables)
    return Conformity(
        version=VERSION,
        verdict=verdict_of(accepted, lines, fed, len(tables)),
        lines=lines,
        accepted=accepted,
        rejected=lines - accepted,
        tables_fed=fed,
        tables_total=len(tables),
        events_accepted=len(verdicts.accepted),
        events_total=len(catalogue.events),
        files=files,
        tables=tables,
        reasons=_reasons(catalogue, verdicts, lines),
        breaches=breaches,
        unmapped_events=_unmapped_events(catalogue, profile),
        unmapped_keys=_unmapped_keys(catalogue, profile),
        events=_coverage(catalogue, profile, verdicts, wanted_by),
        first_at=verdicts.first_at,
        last_at=verdicts.last_at,
        sources=_counts(profile.said["source"], shown_name),
        time_zones=_counts(profile.said["zone"]),
        currencies=_counts(
            profile.said["currency"],
            lambda code: code if code in catalogue.currency_digits else form_of(code),
        ),
        repeats=repeats,
        repeat_share=_share(repeats, lines),
        out_of_order=verdicts.out_of_order,
        out_of_order_share=_share(verdicts.out_of_order, accepted),
        observed=verdicts.observed,
        late=verdicts.late,
        late_share=_share(verdicts.late, verdicts.observed),
    )


def verdict_of(accepted: int, lines: int, fed: int, tables: int) -> str:
    """Say in one sentence whether the data would do."""
    kept = "There is no line to judge"
    if lines:
        share = f"{percent(accepted, lines)} of {lines:,}" if accepted else "None of "
        share += "" if accepted else f"{lines:,}"
        verb = "keeps" if lines == 1 or not accepted else "keep"
        kept = f"{share} line{'' if lines == 1 else 's'} {verb} the contract"
    return f"{kept}; {fed} of {tables} tables can be fed."


def percent(part: int, whole: int) -> str:
    """Write a share so that only all is 100 % and only nothing is 0 %."""
    if part in (0, whole):
        return "100 %" if part else "0 %"
    return f"{min(max(100 * part / whole, 0.1), 99.9):.1f} %"


def _reasons(
    catalogue: Catalogue, verdicts: Verdicts, lines: int
) -> tuple[Reason, ...]:
    totals: Counter[str] = Counter()
    for fault, count in verdicts.faults.items():
        totals[fault.code] += count
    return tuple(
        Reason(
            code=code,
            meaning=catalogue.rejections[code],
            lines=total,
            share=total / lines,
            splits=tuple(
                Split(
                    fault.event_name,
                    fault.field,
                    count,
                    fix(catalogue, code, fault.field, fault.event_name),
                    verdicts.examples[fault],
                )
                for fault, count in _most_first(verdicts.faults)
                if fault.code == code
            ),
        )
        for code, total in _most_first(totals)
    )


def _unmapped_events(catalogue: Catalogue, profile: Profile) -> tuple[Unmapped, ...]:
    # a column of names or free text taken for event names must not be printed
    are_names = len(profile.foreign_events) <= NAMES_SHOWN
    unmapped = []
    for spelling, count in _most_first(profile.foreign_event_lines)[:NAMES_SHOWN]:
        name = profile.foreign_events[spelling]
        shown = shown_name(name)
        if not are_names or shown != name:
            shown = form_of(name)
            meaning = naming.Meaning(None, None, None, "This looks like no event name.")
        else:
            meaning = naming.meaning_of_event(catalogue, name, spelling)
        unmapped.append(_unmapped(shown, count, meaning))
    return tuple(unmapped)


def _unmapped_keys(catalogue: Catalogue, profile: Profile) -> tuple[Unmapped, ...]:
    unmapped = []
    for key, by_event in profile.foreign_keys.items():
        shown = shown_name(key)
        meaning = naming.Meaning(None, None, None, "This looks like no key.")
        if shown == key:
            events = [event for event in by_event if event]
            meaning = naming.meaning_of_key(
                catalogue, key, events, is_nested=key in profile.nested_keys
            )
        unmapped.append(_unmapped(shown, by_event.total(), meaning))
    return tuple(sorted(unmapped, key=lambda each: (-each.lines, each.name)))


def _unmapped(name: str, lines: int, meaning: naming.Meaning) -> Unmapped:
    return Unmapped(
        name=name,
        lines=lines,
        nearest=meaning.name,
        mapping=meaning.mapping,
        section=meaning.section,
        advice=meaning.advice,
        is_personal=meaning.is_personal,
    )


def _coverage(
    catalogue: Catalogue,
    profile: Profile,
    verdicts: Verdicts,
    wanted_by: Mapping[tuple[str, str], tuple[str, ...]],
) -> tuple[EventCoverage, ...]:
    return tuple(
        EventCoverage(
            event_name=name,
            domain=event.domain,
            seen=verdicts.accepted[name] + verdicts.rejected[name],
            accepted=verdicts.accepted[name],
            rejected=verdicts.rejected[name],
            fields=_fields(catalogue, profile, name, wanted_by),
        )
        for name, event in catalogue.events.items()
    )


def _fields(
    catalogue: Catalogue,
    profile: Profile,
    event_name: str,
    wanted_by: Mapping[tuple[str, str], tuple[str, ...]],
) -> tuple[FieldCoverage, ...]:
    seen = profile.seen[event_name]
    if not seen:
        return ()
    required = catalogue.required(event_name)
    event = catalogue.events[event_name]
    own = {*event.required, *event.optional}
    carried = profile.carried[event_name]
    return tuple(
        FieldCoverage(
            field=name,
            is_required=name in required,
            lines=carried[name],
            share=carried[name] / seen,
            filled_by=_filled_by(catalogue, event_name, name),
            wanted_by=wanted_by.get((event_name, name), ()),
        )
        for name in dict.fromkeys((*required, *catalogue.allowed(event_name)))
        # the envelope's optional fields may come on any event: told where they did
        if name in required
        or name in own
        or carried[name]
        or (event_name, name) in wanted_by
    )


def _filled_by(catalogue: Catalogue, event_name: str, field: str) -> str | None:
    """Say what fills a field that a line does not carry."""
    group = catalogue.events[event_name].group
    for derived in catalogue.derived_ids:
        if derived.field == field and group in derived.groups:
            return f"derived from {', '.join(derived.inputs)}"
    default = catalogue.fields[field].default
    return None if default is None else f"default {default}"


def _counts(said: Counter[str], show: Callable[[str], str] = str) -> tuple[Count, ...]:
    counts: Counter[str] = Counter()
    for value, count in said.items():
        counts[show(value)] += count
    return tuple(Count(*pair) for pair in _most_first(counts)[:NAMES_SHOWN])


def _most_first(counts: Counter[_Counted]) -> list[tuple[_Counted, int]]:
    """Sort counts; equal ones by what they count, not by who came first."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))
