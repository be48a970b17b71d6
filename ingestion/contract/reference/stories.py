"""The page of stories: the states of each thing, and the events that move it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingestion.contract.catalogue import Catalogue
from ingestion.contract.reference.markdown import code, link, links, page, table


def stories_page(catalogue: Catalogue) -> str:
    """Return the page of state machines."""
    machines = catalogue.state_machines
    return page(
        "Stories",
        "Which event moves a thing from one state to another. What breaks a story is "
        "reported, never refused. *Surprising* moves happen and are worth a look.",
        "Contents: " + links(machines),
        *(_machine(name, machine) for name, machine in machines.items()),
    )


def _machine(name: str, machine: Mapping[str, Any]) -> str:
    about = f"Of one {machine['entity'].replace('_', ' ')}, from `{machine['initial']}`"
    moves = table(
        ["from", "event", "to", "remark"],
        [
            [code(move["from"]), _event(move), f"`{move['to']}`", _remark(move)]
            for move in machine["transitions"]
        ],
    )
    parts = [f"## {name}", f"{about} to {code(machine['terminal'])}.", moves]
    if known := machine.get("known_violations"):
        parts += [
            "Known ways to break it:",
            table(
                ["from", "event", "called"],
                [[code(m["from"]), _event(m), m["label"]] for m in known],
            ),
        ]
    if never := machine.get("never_break"):
        told = ", ".join(link(event, "events.md") for event in never)
        parts.append(f"May come at any time: {told}.")
    return "\n\n".join(parts)


def _event(move: Mapping[str, Any]) -> str:
    return link(move["event"], "events.md") + "".join(
        f", `{field}` = {_either(value)}"
        for field, value in move.get("when", {}).items()
    )


def _either(value: object) -> str:
    values = value if isinstance(value, list) else [value]
    return " or ".join(f"`{str(each).lower()}`" for each in values)


def _remark(move: Mapping[str, Any]) -> str:
    surprising = "Surprising. " if move.get("surprising") else ""
    return f"{surprising}{move.get('note', '')}".strip()
