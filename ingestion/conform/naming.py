"""What a name of another dialect may mean: the nearest name of the catalogue.

Names are compared word by word, and words letter by letter: case, punctuation and what
a vendor puts in front count for nothing, and the last word must agree. An ``order_id``
is no ``order_date``, and created is not cancelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import Any, Final

import yaml

from ingestion.contract.catalogue import Catalogue

_SAME_WORD: Final = 0.8  # spellings of one word: fulfilment, fulfillment
_SAME_NAME: Final = 0.6  # share of words in common: one of three may differ

# What other systems call the parts of an envelope; their meaning is not in the letters.
_FIELD_WORDS: Final = {
    "event": "event_name",
    "event_type": "event_name",
    "type": "event_name",
    "topic": "event_name",
    "action": "event_name",
    "system": "source",
    "vendor": "source",
    "provider": "source",
    "timestamp": "occurred_at",
    "created_at": "occurred_at",
    "created": "occurred_at",
    "event_time": "occurred_at",
    "event_timestamp": "occurred_at",
    "order_number": "order_id",
    "order_no": "order_id",
    "qty": "quantity",
    "tracking_no": "tracking_number",
    "purchase_timestamp": "occurred_at",
    "zip": "postal_code",
    "zip_code": "postal_code",
}
_VERBS: Final = {
    "create": ("placed", "initiated", "created"),
    "created": ("placed", "initiated"),
    "paid": ("captured",),
    "canceled": ("cancelled",),
    "fulfilled": ("shipped",),
    "dispatched": ("shipped",),
    "processed": ("completed",),
    "requested": ("initiated",),
}
_PERSONAL_WORDS: Final = {
    "email": "email",
    "mail": "email",
    "phone": "phone",
    "mobile": "phone",
    "msisdn": "phone",
    "street": "street_address",
    "address": "street_address",
    "fullname": "customer_name",
    "firstname": "customer_name",
    "lastname": "customer_name",
    "surname": "customer_name",
    "vpa": "payer_vpa",
    "ip": "ip_address",
}
_OF_A_PERSON: Final = frozenset(
    {"buyer", "client", "consignee", "contact", "customer", "payer", "recipient"}
    | {"first", "full", "last", "shipping", "billing"}
)


@dataclass(frozen=True)
class Meaning:
    """What a foreign name may mean.

    Attributes:
        name: Nearest name of the catalogue; ``None`` where none is near.
        mapping: Line of YAML that maps it; ``None`` where no mapping can.
        section: Where in the catalogue that line goes.
        advice: What to do, in a sentence.
        is_personal: Its values look personal, and landing would keep them as sent.
    """

    name: str | None
    mapping: str | None
    section: str | None
    advice: str
    is_personal: bool = False


def meaning_of_event(catalogue: Catalogue, name: str, spelling: str) -> Meaning:
    """Find the event that a foreign event name may stand for.

    Args:
        catalogue: What is known.
        name: As sent.
        spelling: As the judge compares it: trimmed, lower case, spaces as ``_``.
    """
    known = {**{event: event for event in catalogue.events}, **catalogue.event_aliases}
    words = words_of(name)
    tries = [words, *_with_other_verbs(words)]
    found = next((known["_".join(t)] for t in tries if "_".join(t) in known), None)
    found = found or _without_prefix(words, known) or _nearest(tries, known)
    if found is None:
        return Meaning(None, None, None, "No event is near: leave it out, or add one.")
    return Meaning(
        found,
        yaml.safe_dump({spelling: found}, allow_unicode=True).strip(),
        "aliases.event_names",
        f"Send {found}, or map it.",
    )


def meaning_of_key(
    catalogue: Catalogue, key: str, events: Iterable[str], *, is_nested: bool = False
) -> Meaning:
    """Find the field that a foreign key may stand for.

    Args:
        catalogue: What is known.
        key: As sent.
        events: Known events it came on.
        is_nested: It holds an object or a list.
    """
    if is_nested:
        return Meaning(
            None, None, None, "Holds an object or a list: send its parts as flat keys."
        )
    words = words_of(key)
    if (personal := _personal(catalogue, words)) is not None:
        return Meaning(
            personal,
            None,
            None,
            f"Looks personal and would be stored as sent: send it as {personal}, "
            "which landing hashes or drops.",
            is_personal=True,
        )
    known = _field_spellings(catalogue)
    spelling = "_".join(words)
    field = (
        known.get(spelling)
        or _FIELD_WORDS.get(spelling)
        or _without_prefix(words, _FIELD_WORDS, at_least=2)
        or _without_prefix(words, known)
        or _nearest([words], known)
    )
    if field is None:
        return Meaning(None, None, None, "No field is near: it is kept in extra.")
    if field in ("event_name", "source"):
        return Meaning(
            field, None, None, f"Send it as {field}: an alias is read only after it."
        )
    is_scaled = catalogue.fields[field].type.is_money and words[-1] not in _MINOR
    mapping = {
        "from": key,
        "to": field,
        "transform": "major_to_minor" if is_scaled else "copy",
        "events": sorted(events) or "all",
        "on_conflict": "reject",
    }
    return Meaning(field, _flow(mapping), "aliases.fields", f"Send {field}, or map it.")


def words_of(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words: ``Order ID``, ``orderId``, ``order.id``."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", parted)
    return tuple(re.findall(r"[^\W_]+", parted.lower())) or ("",)


_MINOR: Final = frozenset({"minor", "cents", "paise", "pence"})


def _field_spellings(catalogue: Catalogue) -> dict[str, str]:
    fields = [f for f in catalogue.fields if f not in catalogue.stamped_at_landing]
    spellings = {alias.key: alias.field for alias in catalogue.field_aliases}
    for field in fields:
        if catalogue.fields[field].type.is_money:
            spellings.setdefault(field.removesuffix("_minor"), field)
            for unit in _MINOR:
                spellings.setdefault(field.replace("minor", unit), field)
    return spellings | {field: field for field in fields}


def _personal(catalogue: Catalogue, words: tuple[str, ...]) -> str | None:
    if words[-1] in ("id", "hash", "key", "no", "type", "country", "city", "state"):
        return None
    if words[-1] == "name" and _OF_A_PERSON & set(words):
        found: str | None = "customer_name"
    else:
        found = next((_PERSONAL_WORDS[w] for w in words if w in _PERSONAL_WORDS), None)
    return found if found in catalogue.personal_inputs else None


def _without_prefix(
    words: tuple[str, ...], known: Mapping[str, str], *, at_least: int = 1
) -> str | None:
    """Drop words in front, the vendor's or the envelope's, until the rest is known."""
    starts = range(max(len(words) - at_least, 0) + 1)
    tails = ("_".join(words[start:]) for start in starts)
    return next((known[tail] for tail in tails if tail in known), None)


def _with_other_verbs(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    singular = tuple(w.removesuffix("s") if w.endswith("s") else w for w in words[:-1])
    verbs = (words[-1], *_VERBS.get(words[-1], ()))
    return [(*singular, verb) for verb in verbs]


def _nearest(tries: Iterable[tuple[str, ...]], known: Mapping[str, str]) -> str | None:
    scored = [
        (*_likeness(words, tuple(spelling.split("_"))), name)
        for words in tries
        for spelling, name in known.items()
    ]
    shared, _, name = max(scored, key=lambda each: each[:2])
    return name if shared >= _SAME_NAME else None


def _likeness(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[float, float]:
    """Return the share of words in common, and how alike the letters are."""
    letters = _ratio("_".join(first), "_".join(second))
    if _ratio(first[-1], second[-1]) < _SAME_WORD:
        return 0, letters
    common = sum(any(_ratio(a, b) >= _SAME_WORD for b in second) for a in first)
    return common / max(len(first) + len(second) - common, 1), letters


@cache
def _ratio(first: str, second: str) -> float:
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _flow(mapping: Mapping[str, Any]) -> str:
    """Write a mapping as one item of a YAML list, on one line."""
    return (
        "- "
        + yaml.safe_dump(
            mapping,
            default_flow_style=True,
            sort_keys=False,
            width=float("inf"),
            allow_unicode=True,
        ).strip()
    )
