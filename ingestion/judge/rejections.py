"""Rejected lines as they may be kept: masked, with a reason a sender can act on."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.contract.catalogue import Catalogue
from ingestion.contract.wording import fix
from ingestion.judge import text
from ingestion.judge.letter import UNREAD
from ingestion.judge.personal import hmac_sql

MASKED_TEXT_LIMIT: Final = 20_000
_UNMASKABLE: Final = (*UNREAD, "not_an_object", "duplicate_json_key")


def rejected_rows(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    *,
    hash_key: str,
    landed_at: datetime,
    is_backfill: bool,
) -> pa.Table:
    """Return table ``refused_lines`` with reason sentences and masked lines.

    A line that does not parse, or has a key twice, is masked as hash and length only:
    nobody can say what in it is personal. Column ``line`` is the original text; it must
    go no further than the quarantine.
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
                    when refused_lines.code not in ({text.listed(_UNMASKABLE)})
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
            {text.rejected_id()} as rejected_id,
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
            line,
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
    return f"{where}{what} {fix(catalogue, code, field, event_name)}"


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
