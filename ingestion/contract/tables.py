"""The catalogue as the tables that the models read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.contract.machines import (
    machine_event_rows,
    machine_rows,
    move_rows,
    state_rows,
)


def model_tables(catalogue: Catalogue) -> Mapping[str, pa.Table]:
    """Return the tables by name; the models read them in schema ``control``."""
    return {
        "contract_events": _table(_EVENT_COLUMNS, _events(catalogue)),
        "contract_resolutions": _table(_RESOLUTION_COLUMNS, _resolutions(catalogue)),
        "contract_entities": _table(_ENTITY_COLUMNS, _entities(catalogue)),
        "contract_values": _table(_VALUE_COLUMNS, _values(catalogue)),
        "contract_machines": _table(_MACHINE_COLUMNS, machine_rows(catalogue)),
        "contract_states": _table(_STATE_COLUMNS, state_rows(catalogue)),
        "contract_machine_events": _table(
            _MACHINE_EVENT_COLUMNS, machine_event_rows(catalogue)
        ),
        "contract_moves": _table(_MOVE_COLUMNS, move_rows(catalogue)),
    }


def _table(
    columns: Mapping[str, pa.DataType], rows: Iterator[Sequence[object]]
) -> pa.Table:
    schema = pa.schema(list(columns.items()))
    return pa.Table.from_pylist(
        [dict(zip(columns, row, strict=True)) for row in rows], schema=schema
    )


def _events(catalogue: Catalogue) -> Iterator[Sequence[object]]:
    for event in catalogue.events.values():
        yield (
            event.name,
            event.domain,
            event.group,
            event.grain,
            event.rank,
            event.origin,
            event.is_exception,
            event.exception_severity,
            event.exception_owner,
            event.is_about_money,
            event.next_action,
            event.owner,
            event.is_customer_visible,
            event.description,
            event.sentence,
        )


def _resolutions(catalogue: Catalogue) -> Iterator[Sequence[object]]:
    for event in catalogue.events.values():
        for field, names in event.resolved_by.items():
            for name in names:
                yield (event.name, field, name)


def _entities(catalogue: Catalogue) -> Iterator[Sequence[object]]:
    for grain, fields in catalogue.entities.items():
        for position, field in enumerate(fields, 1):
            yield (grain, position, field)


def _values(catalogue: Catalogue) -> Iterator[Sequence[object]]:
    for event in catalogue.events.values():
        for field in catalogue.allowed(event.name):
            for value in catalogue.enum_values(field, event.name) or ():
                yield (event.domain, event.name, field, value)


_EVENT_COLUMNS: Final = {
    "event_name": pa.string(),
    "domain": pa.string(),
    "event_group": pa.string(),
    "grain": pa.string(),
    "rank": pa.int64(),
    "origin": pa.string(),
    "is_exception": pa.bool_(),
    "severity": pa.string(),
    "exception_owner": pa.string(),
    "is_about_money": pa.bool_(),
    "next_action": pa.string(),
    "owner": pa.string(),
    "is_customer_visible": pa.bool_(),
    "description": pa.string(),
    "sentence": pa.string(),
}
_RESOLUTION_COLUMNS: Final = {
    "exception_name": pa.string(),
    "same_field": pa.string(),
    "resolved_by": pa.string(),
}
_ENTITY_COLUMNS: Final = {
    "grain": pa.string(),
    "position": pa.int64(),
    "field": pa.string(),
}
_VALUE_COLUMNS: Final = {
    "domain": pa.string(),
    "event_name": pa.string(),
    "field": pa.string(),
    "value": pa.string(),
}
_MACHINE_COLUMNS: Final = {
    "machine": pa.string(),
    "id_field": pa.string(),
    "initial_state": pa.string(),
    "applies_to": pa.string(),
}
_STATE_COLUMNS: Final = {
    "machine": pa.string(),
    "state": pa.string(),
    "is_terminal": pa.bool_(),
    "is_passing": pa.bool_(),
}
_MACHINE_EVENT_COLUMNS: Final = {
    "machine": pa.string(),
    "event_name": pa.string(),
    "is_own": pa.bool_(),
    "can_break": pa.bool_(),
}
_MOVE_COLUMNS: Final = {
    "machine": pa.string(),
    "position": pa.int64(),
    "event_name": pa.string(),
    "condition": pa.string(),
    "from_state": pa.string(),
    "to_state": pa.string(),
    "label": pa.string(),
}
