"""The page of events: what each means, carries, and comes after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingestion.contract.catalogue import Catalogue, Event
from ingestion.contract.reference.markdown import code, link, links, page, table

_ORIGINS: Final = {
    "source": "sent by a source",
    "warehouse": "computed here",
    "either": "sent by a source or computed here",
}


def events_page(catalogue: Catalogue) -> str:
    """Return the page of events, by domain and group, each under its name."""
    sections = [
        f"## {group}\n\n" + "\n\n".join(_events_of(catalogue, group))
        for group in catalogue.groups
    ]
    return page(
        f"The {len(catalogue.events)} events",
        "An event is one flat JSON object on one line. "
        "[Fields](fields.md) says what each field holds, [rejections](rejections.md) "
        "why a line is refused and how it is mended, [stories](stories.md) which event "
        "may follow which.",
        f"Every event requires {code(catalogue.envelope_required)} and may carry "
        f"{code(catalogue.envelope_optional)}. These are not repeated below.",
        "A line is the same fact as another of its event and source when the fields "
        "after *one fact per* are equal. *After* names events of which one should have "
        "happened; none named means that the event may begin a story. Events of one "
        "instant are ordered by their rank.",
        table(
            ["domain", "group", "events"],
            [
                [domain, link(group), links(_names(catalogue, group))]
                for group, domain in catalogue.groups.items()
            ],
        ),
        *sections,
    )


def _names(catalogue: Catalogue, group: str) -> list[str]:
    return [event.name for event in catalogue.events.values() if event.group == group]


def _events_of(catalogue: Catalogue, group: str) -> Iterator[str]:
    for name in _names(catalogue, group):
        event = catalogue.events[name]
        points = "\n".join(f"- {point}" for point in _points(catalogue, event))
        yield f"### {name}\n\n{event.description}\n\n{points}"


def _points(catalogue: Catalogue, event: Event) -> Iterator[str]:
    seen = ", shown to the customer" if event.is_customer_visible else ""
    yield (
        f"about: {event.grain.replace('_', ' ')} "
        f"({code(catalogue.entities[event.grain])}); {_ORIGINS[event.origin]}{seen}; "
        f"rank {event.rank}"
    )
    yield f"owner: {event.owner}; read by {', '.join(event.consumers)}"
    if event.is_exception:
        yield f"exception: {event.exception_severity}, for {event.exception_owner}"
        yield f"resolved by: {_resolution(event)}"
        yield f"next action: {event.next_action}"
    yield f"required: {code(event.required) or 'nothing more'}"
    if event.optional:
        yield f"optional: {code(event.optional)}"
    yield f"one fact per: {code(event.semantic_key)}"
    if event.allowed_predecessors:
        yield f"after: {links(event.allowed_predecessors)}"
    for field, reasons in event.taxonomy.items():
        yield f"`{field}` from: {link(reasons, 'fields.md')}"
    if spellings := [k for k, v in catalogue.event_aliases.items() if v == event.name]:
        yield f"also accepted as: {code(spellings)}"
    yield f"reads: `{event.sentence}`"


def _resolution(event: Event) -> str:
    """Return what undoes an exception, else why it needs nothing to."""
    if not event.resolved_by:
        return "nothing; it closes at once"
    undone = ", or ".join(
        f"{links(names)} of its `{field}`" for field, names in event.resolved_by.items()
    )
    end = "" if event.is_about_money else ", or the order's end"
    return undone + end
