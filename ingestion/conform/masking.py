"""What of a foreign line may be shown: forms and names, never a person's data."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from ingestion.contract.catalogue import Catalogue, Field

SHOWN_CHARACTERS: Final = 60
_NAME: Final = re.compile(r"[^\W\d][\w .:/\[\]-]{0,59}")
_PERSONAL: Final = re.compile(r"@|\d{6}")
_TIME: Final = re.compile(r"[\dTZ:.+ /-]{1,40}")


def form_of(text: str) -> str:
    """Return only the form of a text: ``Asha 98-20`` becomes ``Aaaa 99-99``."""
    form = "".join(_form_of_character(c) for c in text[: SHOWN_CHARACTERS + 1])
    return form if len(form) <= SHOWN_CHARACTERS else form[:-1] + "…"


def shown_name(text: str) -> str:
    """Return a key or an event name as it is where it looks like one, else its form."""
    is_name = _NAME.fullmatch(text) and not _PERSONAL.search(text)
    return text if is_name else form_of(text)


def shown_line(catalogue: Catalogue, line: str) -> str | None:
    """Return a line as JSON in which only what describes no person can be read.

    ``None`` where the line is no whole object: what in it is personal, nobody can say.
    """
    try:
        document = json.loads(line)
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    meanings: dict[str, str] = {a.key: a.field for a in catalogue.field_aliases}
    shown = {
        shown_name(key): _shown(catalogue, meanings.get(key) or key, value)
        for key, value in document.items()
    }
    return json.dumps(shown, ensure_ascii=False)


def _shown(catalogue: Catalogue, name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | dict):
        return f"{len(value)} items"
    field = catalogue.fields.get(name)
    is_impersonal = field is not None and field.pii == "none"
    if not isinstance(value, str):
        return value if is_impersonal else form_of(str(value))
    if name in ("event_name", "source"):
        return shown_name(value)
    if field is not None and is_impersonal and _is_listed(catalogue, field, value):
        return value
    return form_of(value)


def _is_listed(catalogue: Catalogue, field: Field, value: str) -> bool:
    """Say whether a text is a time or a listed value; others may be a person's."""
    if field.type.duckdb in ("timestamptz", "date"):
        return _TIME.fullmatch(value) is not None
    listed = {*(field.values or ()), *catalogue.currency_digits}
    if field.taxonomy == "per_event":
        listed |= {code for codes in catalogue.taxonomies.values() for code in codes}
    elif field.taxonomy is not None:
        listed |= set(catalogue.taxonomies[field.taxonomy])
    return value in listed


def _form_of_character(character: str) -> str:
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character if character.isascii() and character.isprintable() else "?"
