"""The catalogue as the tables that the models read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pyarrow as pa

from ingestion.contract.catalogue import Catalogue


def model_tables(catalogue: Catalogue) -> Mapping[str, pa.Table]:
    """Return the tables by name; the models read them in schema ``control``."""
    return {
        "contract_events": _table(_EVENT_COLUMNS, _events(catalogue)),
        "contract_entities": _table(_ENTITY_COLUMNS, _entities(catalogue)),
        "contract_values": _table(_VALUE_COLUMNS, _values(catalogue)),
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
            event.owner,
            event.is_customer_visible,
            event.description,
            event.sentence,
        )


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
    "owner": pa.string(),
    "is_customer_visible": pa.bool_(),
    "description": pa.string(),
    "sentence": pa.string(),
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
