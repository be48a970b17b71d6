"""What the catalogue asks of a sender, in words: for rejections and reference docs."""

from __future__ import annotations

from typing import Final

from ingestion.contract.catalogue import Catalogue, FieldType

_JSON_WORDS: Final = {
    "string": "text",
    "boolean": "true or false, without quotes",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
}


def fix(
    catalogue: Catalogue, code: str, field: str | None, event_name: str | None
) -> str:
    """Say how the sender of a rejected line mends it.

    Args:
        catalogue: Holds the advice of each reason.
        code: Why the line was rejected.
        field: What is wrong in it, where one field is.
        event_name: Its event, where that is known.
    """
    known = catalogue.fields.get(field or "")
    values = (
        catalogue.enum_values(known.name, event_name) if known and event_name else None
    )
    return catalogue.fixes[code].format(
        field=f"{known.name} ({known.description.rstrip('.')})"
        if known
        else field or "the field",
        event=event_name or "event of its kind",
        expected=expected(known.type) if known else "what the field's type allows",
        values=", ".join(values or ("the values of its list",)),
        rules=_rules(catalogue, code, field, event_name),
        versions=" or ".join(map(str, catalogue.supported_event_versions)),
        line_fields=", ".join(catalogue.line_required),
    )


def expected(kind: FieldType) -> str:
    """Return what a value of a type looks like, such as ``a whole number from 1``."""
    words = _JSON_WORDS[kind.json]
    if kind.minimum is not None and kind.json in ("integer", "number"):
        words += f" from {kind.minimum}"
    if kind.json == "integer" and kind.maximum is not None:
        words += f" to {kind.maximum}"
    if kind.forbidden is not None:
        words += f", not {kind.forbidden}"
    if kind.max_length is not None:
        words += f" of {kind.min_length or 0} to {kind.max_length} characters"
    if kind.pattern is not None:
        words += f" that matches {kind.pattern}"
    if kind.format is not None:
        words += f" in the form {kind.format}"
    return words


def _rules(
    catalogue: Catalogue, code: str, field: str | None, event_name: str | None
) -> str:
    """Return what the rules say that a field of an event may have broken."""
    broken = [
        rule.description
        for rule in catalogue.rules
        if rule.code == code
        and event_name
        and rule.concerns(event_name)
        and field in (rule.options.get("first"), *rule.options.get("fields", ()))
    ]
    return " ".join(broken) or "Compare the values at their source."
