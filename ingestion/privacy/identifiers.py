"""Which fields name a subject, and the words of a text that might."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ingestion.contract.catalogue import Catalogue

CUSTOMER: Final = "customer_id"
ORDER: Final = "order_id"
EVENT: Final = "event_id"
CONTACTS: Final = ("email_hash", "phone_hash")
"""Hashes of what reaches one person; an address reaches a household, and is none."""

SAME_KIND: Final = {
    "previous_order_id": ORDER,
    "new_order_id": ORDER,
    "duplicate_fulfillment_order_id": "fulfillment_order_id",
    # what retracts a subject's event is the subject's; ids may be read off an order's
    "target_event_id": EVENT,
    "replacement_event_id": EVENT,
    "fact_key": EVENT,
}
"""Column -> the field whose ids it holds."""

# no person is asked for under these, but what happens to one thing hangs on them
_OF_ONE_THING: Final = ("reservation_id", "block_id", "tracking_number")
# names a thing of any kind; it is recognized, and leads nowhere
ANYTHING: Final = "entity_id"

_WHOLE: Final = re.compile(r"[^\s\"'(){}\[\]<>|;,\\]+")
_PARTS: Final = re.compile(r"[A-Za-z0-9_-]+")


def kinds_of(catalogue: Catalogue) -> dict[str, str]:
    """Return each field that names a thing of one subject, with the kind of its ids."""
    named = [
        field.name
        for field in catalogue.fields.values()
        if field.pii == "pseudonymous"
        and field.name.endswith("_id")
        and field.name != ANYTHING
    ]
    own = {name: name for name in (*named, *_OF_ONE_THING, *CONTACTS, EVENT)}
    return own | SAME_KIND


def free_text_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Return columns in which a line of somebody else may mention a subject."""
    free = [f.name for f in catalogue.fields.values() if f.pii == "free_text"]
    return (*free, "raw_values", "extra", "caused_by_event_id")


def words(text: str) -> Iterator[str]:
    """Give each stretch of a text that might be an identifier, whole and in parts."""
    for found in _WHOLE.findall(text):
        yield found.rstrip(".:!?")
    yield from _PARTS.findall(text)


def in_columns(columns: Iterable[str], kinds: Mapping[str, str]) -> dict[str, str]:
    """Choose the naming columns of a table, with their kinds."""
    return {name: kinds[name] for name in columns if name in kinds}
