"""Whether the catalogue holds together: every name in it points at something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ingestion.contract.catalogue import Catalogue, Event

_SEVERITIES: Final = ("low", "medium", "high", "critical")
_ORIGINS: Final = ("source", "warehouse", "either")
_PII: Final = ("none", "pseudonymous", "quasi", "free_text")
_ADVICE: Final = (
    "field",
    "event",
    "expected",
    "values",
    "rules",
    "versions",
    "line_fields",
)
_SENTENCE_PLACE: Final = re.compile(r"\{(amount:|units:)?(\w+)\}")


def faults(catalogue: Catalogue) -> Iterator[str]:
    """Yield each contradiction, as its place in the file and what is wrong there."""
    yield from _section_faults(catalogue)
    for event in catalogue.events.values():
        yield from _event_faults(catalogue, event)
    yield from _alias_faults(catalogue)
    yield from _rule_faults(catalogue)
    for name, machine in catalogue.state_machines.items():
        yield from _machine_faults(catalogue, f"state_machines.{name}", machine)


def _unknown(where: str, names: Iterable[str], among: Iterable[str]) -> Iterator[str]:
    if lost := sorted(set(names) - set(among)):
        yield f"{where}: unknown {', '.join(lost)}"


def _section_faults(catalogue: Catalogue) -> Iterator[str]:
    fields = catalogue.fields
    stamped = (*catalogue.envelope, *catalogue.stamped_at_landing)
    yield from _unknown("envelope", stamped, fields)
    yield from _unknown("line_item", catalogue.line_fields, fields)
    yield from _unknown("groups", catalogue.groups.values(), catalogue.domains)
    stored = filter(None, catalogue.personal_inputs.values())
    yield from _unknown("pii_inputs", stored, fields)
    for grain, ids in catalogue.entities.items():
        yield from _unknown(f"entities.{grain}", ids, fields)
    for field in fields.values():
        yield from _unknown(f"fields.{field.name}", [field.pii], _PII)
    for code, fix in catalogue.fixes.items():
        places = [place for _, place, _, _ in Formatter().parse(fix) if place]
        yield from _unknown(f"rejections.{code}", places, _ADVICE)


def _event_faults(catalogue: Catalogue, event: Event) -> Iterator[str]:
    where, fields = f"events.{event.name}", catalogue.fields
    named = (*event.required, *event.optional, *event.semantic_key)
    yield from _unknown(where, named, fields)
    yield from _unknown(where, [event.group], catalogue.groups)
    yield from _unknown(where, [event.grain], catalogue.entities)
    yield from _unknown(where, event.taxonomy.values(), catalogue.taxonomies)
    yield from _unknown(where, event.allowed_predecessors, catalogue.events)
    yield from _unknown(where, [event.owner], catalogue.teams)
    yield from _unknown(
        where, event.consumers, (*catalogue.teams, *catalogue.audiences)
    )
    yield from _unknown(where, [event.origin], _ORIGINS)
    if catalogue.groups.get(event.group, event.domain) != event.domain:
        yield f"{where}: group {event.group} is of another domain"
    if event.is_exception:
        yield from _unknown(where, [str(event.exception_owner)], catalogue.teams)
        yield from _unknown(where, [str(event.exception_severity)], _SEVERITIES)
    for field, undoing in event.resolved_by.items():
        yield from _unknown(f"{where}.resolved_by", undoing, catalogue.events)
        for name in {event.name, *undoing} & set(catalogue.events):
            if field not in catalogue.allowed(name):
                yield f"{where}.resolved_by: {name} has no {field}"
    told = [
        f"{name}_minor" if kind == "amount:" else name
        for kind, name in _SENTENCE_PLACE.findall(event.sentence)
    ]
    yield from _unknown(f"{where}.sentence", told, catalogue.allowed(event.name))
    for name in told:
        if name in fields and fields[name].pii == "free_text":
            yield f"{where}.sentence: {name} is free text, which no mart shows"


def _alias_faults(catalogue: Catalogue) -> Iterator[str]:
    fields, events = catalogue.fields, catalogue.events
    names = catalogue.event_aliases
    yield from _unknown("aliases.event_names", names.values(), events)
    if taken := sorted(set(names) & set(events)):
        yield f"aliases.event_names: {', '.join(taken)} is an event's own name"
    for alias in catalogue.field_aliases:
        where = f"aliases.fields.{alias.key}"
        yield from _unknown(where, [alias.field], fields)
        yield from _unknown(where, alias.events or (), events)
        if alias.key in fields:
            yield f"{where}: it is a field's own name"
    yield from _unknown("aliases.values", catalogue.value_aliases, fields)
    for field, spellings in catalogue.value_aliases.items():
        listed = fields[field].values
        if listed is not None:
            where = f"aliases.values.{field}"
            yield from _unknown(where, spellings.values(), listed)
    for derived in catalogue.derived_ids:
        where = f"aliases.derived_ids.{derived.field}"
        yield from _unknown(where, (derived.field, *derived.inputs), fields)
        yield from _unknown(where, derived.groups, catalogue.groups)


def _rule_faults(catalogue: Catalogue) -> Iterator[str]:
    for rule in catalogue.rules:
        where, options = f"rules.{rule.id}", rule.options
        yield from _unknown(where, [rule.code], catalogue.rejections)
        yield from _unknown(where, rule.events or (), catalogue.events)
        single = ("field", "if_field", "first", "second", "unless")
        named = [options[key] for key in single if key in options]
        named += [*options.get("fields", ()), *options.get("except", ())]
        yield from _unknown(where, named, catalogue.fields)


def _machine_faults(
    catalogue: Catalogue, where: str, machine: Mapping[str, Any]
) -> Iterator[str]:
    states = machine["states"]
    yield from _unknown(where, [machine["entity"]], catalogue.entities)
    if len(catalogue.entities.get(machine["entity"], ["id"])) != 1:
        yield f"{where}: its thing is named by one id"
    ends = [machine["initial"], *machine["terminal"], *machine.get("passes", ())]
    yield from _unknown(where, ends, states)
    yield from _unknown(where, machine.get("never_break", ()), catalogue.events)
    for move in (*machine["transitions"], *machine.get("known_violations", ())):
        at = f"{where}.{move['event']}"
        yield from _unknown(at, [move["event"]], catalogue.events)
        yield from _unknown(at, move["from"], states)
        yield from _unknown(at, [move["to"]] if "to" in move else [], states)
        if move["event"] in catalogue.events:
            said = catalogue.allowed(move["event"])
            yield from _unknown(at, move.get("when", {}), said)
        if len(move.get("when", {})) > 1:
            yield f"{at}: a move depends on one field"
