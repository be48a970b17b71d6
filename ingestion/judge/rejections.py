"""Rejected lines as they may be kept: masked, with a reason a sender can act on."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.judge import text
from ingestion.judge.personal import hmac_sql

MASKED_TEXT_LIMIT: Final = 20_000


def rejected_rows(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    *,
    hash_key: str,
    landed_at: datetime,
    is_backfill: bool,
) -> pa.Table:
    """Return table ``refused_lines`` with reason sentences and masked lines.

    A line that does not parse, or has a key twice, is kept as hash and length only:
    nobody can say what in it is personal.
    """
    clock = f"timestamptz {text.quoted(landed_at.isoformat())}"
    observed, occurred = (
        text.instant(f"json_extract_string(readable_line, '$.{field}')")
        for field in ("observed_at", "occurred_at")
    )
    known_since = f"coalesce({observed}, {occurred}, {clock})" if is_backfill else clock
    rows = connection.sql(
        f"""
        with

        refused as (

            select
                fresh_lines.*,
                refused_lines.code,
                refused_lines.field,
                judged_shapes.event_name,
                judged_shapes.event_text,
                judged_shapes.domain,
                judged_shapes.source,
                judged_shapes.masks,
                case
                    when refused_lines.code not in (
                        'not_json', 'not_an_object', 'duplicate_json_key'
                    )
                        then fresh_lines.line
                end as readable_line
            from refused_lines
            inner join fresh_lines using (row_id)
            inner join judged_shapes using (shape)

        )

        select
            row_id,
            file_number,
            line_number,
            content_hash,
            content_hash as rejected_id,
            line,
            code as reason_code,
            nullif(field, '') as field,
            coalesce(event_name, left(event_text, 100)) as event_name,
            event_name is not null as is_known_event,
            domain,
            source,
            case
                when readable_line is null then
                    'hmac-sha256 ' || {hmac_sql("line", key=hash_key)}
                    || ', ' || length(line) || ' characters'
                else left(
                    {_masked_lines(catalogue)},
                    {MASKED_TEXT_LIMIT}
                )
            end as masked_line,
            {known_since} as rejected_at
        from refused
        order by file_number, line_number
        """
    ).to_arrow_table()
    codes, fields = (rows.column(n).to_pylist() for n in ("reason_code", "field"))
    names, are_known = (
        rows.column(n).to_pylist() for n in ("event_name", "is_known_event")
    )
    sentences: dict[tuple[str, str | None, str | None], str] = {}
    reasons = []
    for code, field, name, is_known in zip(
        codes, fields, names, are_known, strict=True
    ):
        event_name = name if is_known else None
        key = (code, field, event_name)
        if key not in sentences:
            sentences[key] = reason(catalogue, *key)
        reasons.append(sentences[key])
    return rows.drop_columns(["is_known_event"]).append_column(
        "reason", pa.array(reasons, pa.string())
    )


def reason(
    catalogue: Catalogue, code: str, field: str | None, event_name: str | None
) -> str:
    """Say in words what is wrong with a line and how its sender can mend it."""
    what = catalogue.rejections[code]
    where = f"{field}: " if field else ""
    return f"{where}{what} {_fix(catalogue, code, field, event_name)}"


def _fix(
    catalogue: Catalogue, code: str, field: str | None, event_name: str | None
) -> str:
    known = catalogue.fields.get(field or "")
    if code == "field_missing":
        meaning = f" ({known.description.rstrip('.')})" if known else ""
        return f"Send {field}{meaning} on every {event_name}."
    if code == "enum_value" and known and event_name:
        values = catalogue.enum_values(known.name, event_name) or ()
        return f"Send one of {', '.join(values)}."
    if code in ("field_type", "field_format", "number_out_of_range") and known:
        return f"Send {_expected(catalogue, known.name)}."
    if code in ("value_order", "values_identical", "outcome_contradiction"):
        rules = [
            rule.description
            for rule in catalogue.rules
            if rule.code == code
            and event_name
            and rule.concerns(event_name)
            and field in (rule.options.get("first"), *rule.options.get("fields", ()))
        ]
        return " ".join(rules) or "Compare the two values at their source."
    return _FIXES.get(code, "Correct the line at its source and send it again.")


def _expected(catalogue: Catalogue, field: str) -> str:
    kind = catalogue.fields[field].type
    words = {
        "string": "text",
        "boolean": "true or false, without quotes",
        "integer": "a whole number",
        "number": "a number",
        "array": "a list",
    }[kind.json]
    if kind.minimum is not None and kind.json in ("integer", "number"):
        words += f" from {kind.minimum}"
    if kind.json == "integer" and kind.maximum is not None:
        words += f" to {kind.maximum}"
    if kind.forbidden is not None:
        words += f", not {kind.forbidden}"
    if kind.min_length is not None:
        words += f" of {kind.min_length} to {kind.max_length} characters"
    if kind.pattern is not None:
        words += f" that matches {kind.pattern}"
    if kind.format is not None:
        words += f" in the form {kind.format}"
    return words


def _masked_lines(catalogue: Catalogue) -> str:
    """Mask what a shape marks, and whole ``lines`` where an item names a person."""
    hidden = "|".join((*catalogue.personal_inputs, *catalogue.forbidden_inputs))
    masked = (
        "cast(case when masks is null then readable_line "
        "else json_merge_patch(readable_line, masks) end as varchar)"
    )
    inside = "coalesce(cast(json_extract(readable_line, '$.lines') as varchar), '')"
    return (
        f"case when regexp_matches({inside}, '(?i)\"\\s*({hidden})\\s*\"') "
        f'then cast(json_merge_patch({masked}, \'{{"lines":"***"}}\') as varchar) '
        f"else {masked} end"
    )


_FIXES: Final = {
    "not_json": "Send one complete JSON object per line, in UTF-8.",
    "duplicate_json_key": "Send each key once.",
    "not_an_object": "Wrap the values in an object with their names.",
    "event_name_missing": "Send event_name as text.",
    "event_name_unknown": "Use a name of the catalogue or one of its aliases.",
    "event_version_unsupported": "Send event_version 1 or leave it out.",
    "forbidden_field": "Remove the key at its source; its value was not kept.",
    "reserved_field": "Leave the key out; landing stamps it.",
    "alias_conflict": "Send the value once, under the catalogue's name.",
    "alias_precision": "Send the amount in minor units, or round it at its source.",
    "alias_currency_missing": "Send currency, or declare one for the source.",
    "nested_value": "Send flat keys; only lines may be a list.",
    "timestamp_invalid": "Send ISO 8601 such as 2025-09-01T09:00:00+05:30.",
    "timestamp_missing_offset": "Add an offset, or declare the source's time zone.",
    "currency_missing": "Send currency with every amount.",
    "currency_unknown": "Send an ISO 4217 code such as INR.",
    "money_not_integer": "Send a whole number of minor units, such as 86086.",
    "line_item_invalid": (
        "Give each line an order_line_id of its own, a sku and a quantity of at least "
        "1; on order_placed also unit_price_minor."
    ),
    "timestamp_in_future": "Correct the sender's clock, or send the line later.",
}
