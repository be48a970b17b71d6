"""SQL that writes the cells of a table as JSON; an empty cell is an absent key."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ingestion.judge.text import json_text, quoted


def json_object(cells: Iterable[tuple[str, str]]) -> str:
    """Write pairs of key and JSON value, each NULL where absent, as one object."""
    pairs = [
        f"{quoted(',' + json.dumps(key, ensure_ascii=False) + ':')} || {value}"
        for key, value in cells
    ]
    # one concat costs two thirds of concat_ws over many columns
    return f"'{{' || substr(concat('', {', '.join(pairs) or 'null'}), 2) || '}}'"


def text_cell(value: str, *, is_list: bool) -> str:
    """Write text as JSON; the text of a list as the list."""
    if not is_list:
        return json_text(value)
    return (
        f"case when json_valid({value}) and starts_with(ltrim({value}), '[') "
        f"then {value} else {json_text(value)} end"
    )
