"""The state machines as rows: which events concern a story, and where each leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ingestion.contract.catalogue import Catalogue

Row = tuple[object, ...]


def machine_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Yield machine, id field of its thing, first state, orders it applies to."""
    for name, machine in catalogue.state_machines.items():
        (field,) = catalogue.entities[machine["entity"]]
        applies_to = machine.get("applies_to")
        yield (name, field, machine["initial"], applies_to and "|".join(applies_to))


def state_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Yield machine, state, whether it ends there, whether a gate is open in it."""
    for name, machine in catalogue.state_machines.items():
        for state in machine["states"]:
            is_terminal = state in machine["terminal"]
            yield (name, state, is_terminal, state in machine.get("passes", ()))


def machine_event_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Yield machine, event, whether it is of the machine's own thing, can break it.

    A gate is moved by payments and lines whose own machines judge the very event; it
    has nothing to say against them.
    """
    machines = catalogue.state_machines
    judged_by_things = {
        event
        for machine in machines.values()
        if "part_of" not in machine
        for event in _events_of(machine)
    }
    for name, machine in machines.items():
        for event in _events_of(machine):
            is_own = "part_of" not in machine or event not in judged_by_things
            can_break = is_own and event not in machine.get("never_break", ())
            yield (name, event, is_own, can_break)


def move_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Yield machine, position, event, condition, from, to, and the label of a breach.

    The first move that fits an event counts. A known violation leads nowhere; it comes
    after the moves that are allowed. A condition reads ``field=value``.
    """
    for name, machine in catalogue.state_machines.items():
        moves = [*machine["transitions"], *machine.get("known_violations", ())]
        for position, move in enumerate(moves, 1):
            for state in move["from"]:
                for condition in _conditions(move):
                    yield (
                        name,
                        position,
                        move["event"],
                        condition,
                        state,
                        move.get("to"),
                        move.get("label"),
                    )


def _events_of(machine: Mapping[str, Any]) -> dict[str, None]:
    moves = [*machine["transitions"], *machine.get("known_violations", ())]
    return dict.fromkeys(move["event"] for move in moves)


def _conditions(move: Mapping[str, Any]) -> Iterator[str | None]:
    """Yield each value that its one field may have; nothing where any will do."""
    if "when" not in move:
        yield None
        return
    ((field, values),) = move["when"].items()
    for value in values if isinstance(values, list) else [values]:
        yield f"{field}={str(value).lower() if isinstance(value, bool) else value}"
