"""The catalogue as lookup tables inside the judge's own database."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.judge.text import listed

_JSON_KINDS = {
    "string": ["VARCHAR"],
    "boolean": ["BOOLEAN"],
    "integer": ["UBIGINT", "BIGINT", "HUGEINT"],
    "number": ["UBIGINT", "BIGINT", "HUGEINT", "DOUBLE"],
    "array": ["ARRAY"],
}


def create_reference_tables(
    connection: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    """Create one ``contract_*`` table per question that SQL asks the catalogue."""
    for table, (columns, rows) in reference_rows(catalogue).items():
        schema = pa.schema(
            [
                (name, _ARROW_TYPES[kind])
                for name, _, kind in (column.partition(":") for column in columns)
            ]
        )
        arrays = [
            pa.array([row[position] for row in rows], type=field.type)
            for position, field in enumerate(schema)
        ]
        connection.register("reference", pa.table(arrays, schema=schema))
        connection.execute(
            f"create or replace table {table} as select * from reference"
        ).fetchall()
        connection.unregister("reference")
    # finding a text among an enum's is faster than among a list's
    codes = listed(catalogue.currency_digits)
    connection.execute(f"create type contract_currency as enum ({codes})").fetchall()


def reference_rows(
    catalogue: Catalogue,
) -> dict[str, tuple[list[str], list[tuple[object, ...]]]]:
    """Return columns (``name:type``) and rows of every reference table."""
    events = catalogue.events
    spellings = {**{name: name for name in events}, **catalogue.event_aliases}
    refused = {
        **dict.fromkeys(catalogue.forbidden_inputs, "forbidden_field"),
        **dict.fromkeys(catalogue.stamped_at_landing, "reserved_field"),
    }
    return {
        "contract_spellings": (
            ["spelling:text", "event_name:text"],
            list(spellings.items()),
        ),
        "contract_events": (
            ["event_name:text", "domain:text", "event_group:text"],
            [(event.name, event.domain, event.group) for event in events.values()],
        ),
        "contract_fields": (
            ["field:text", "json_kinds:texts", "fault:text"],
            [
                (
                    field.name,
                    _JSON_KINDS[field.type.json],
                    "money_not_integer"
                    if field.type.is_money
                    else "line_item_invalid"
                    if field.type.json == "array"
                    else "field_type",
                )
                for field in catalogue.fields.values()
            ],
        ),
        "contract_columns": (
            ["domain:text", "field:text"],
            [
                (domain, column.name)
                for domain in catalogue.domains
                for column in catalogue.domain_fields(domain)
            ],
        ),
        "contract_required": (
            ["event_name:text", "field:text"],
            [(name, field) for name in events for field in catalogue.required(name)],
        ),
        "contract_defaults": (
            ["event_name:text", "field:text"],
            [
                (name, field)
                for name in events
                for field in catalogue.allowed(name)
                if catalogue.fields[field].default is not None
            ],
        ),
        "contract_aliases": (
            [
                "event_name:text",
                "position:number",
                "key:text",
                "field:text",
                "transform:text",
                "on_conflict:text",
            ],
            [
                (
                    name,
                    position,
                    alias.key,
                    alias.field,
                    alias.transform,
                    alias.on_conflict,
                )
                for name in events
                for position, alias in enumerate(catalogue.field_aliases)
                if alias.events is None or name in alias.events
            ],
        ),
        "contract_derived_ids": (
            ["event_name:text", "field:text", "inputs:texts"],
            [
                (event.name, derived.field, list(derived.inputs))
                for event in events.values()
                for derived in catalogue.derived_ids
                if event.group in derived.groups
            ],
        ),
        "contract_personal": (
            ["key:text", "stored_as:text"],
            list(catalogue.personal_inputs.items()),
        ),
        "contract_refused": (["key:text", "code:text"], list(refused.items())),
        "contract_masked": (
            ["key:text"],
            [
                (key,)
                for key in (
                    *catalogue.personal_inputs,
                    *catalogue.forbidden_inputs,
                    *(
                        f.name
                        for f in catalogue.fields.values()
                        if f.pii == "free_text"
                    ),
                )
            ],
        ),
        "contract_sources": (
            ["source:text", "currency:text", "time_zone:text"],
            [(name, s.currency, s.time_zone) for name, s in catalogue.sources.items()],
        ),
        "contract_line_fields": (
            ["field:text", "json_kinds:texts", "is_required:flag"],
            [
                (
                    name,
                    _JSON_KINDS[catalogue.fields[name].type.json],
                    name in catalogue.line_required,
                )
                for name in catalogue.line_fields
            ],
        ),
        "contract_line_needs": (
            ["event_name:text", "field:text", "code:text"],
            [
                (name, rule.options["field"], rule.code)
                for rule in catalogue.rules
                if rule.kind == "line_needs_field"
                for name in events
                if rule.concerns(name)
            ],
        ),
        "contract_rejections": (
            ["code:text", "rank:number"],
            [(code, rank) for code, rank in catalogue.rejection_ranks.items()],
        ),
    }


_ARROW_TYPES = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "number": pa.int64(),
    "flag": pa.bool_(),
}
