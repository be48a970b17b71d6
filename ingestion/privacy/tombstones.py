"""Who was forgotten, as keyed hashes: enough to know a subject, not to name one.

One file in the data folder, apart from the warehouse, so that it outlives a warehouse
landed anew. Its hashes stand in no order and by kind alone: nothing tells which belong
to one subject. It is written before anything is erased, and marked once all is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from ingestion.judge.personal import hmac_sql, keyed_hash
from ingestion.privacy.identifiers import words
from ingestion.shop import Shop

FILE: Final = "tombstones.json"
_SALT: Final = "forgotten:"
_PHONE: Final = re.compile(r"\+?\d[\d ()-]{6,}\d")


def hash_of(value: str, *, key: str) -> str:
    """Hash one identifier for a tombstone."""
    said = (_SALT + value).encode()
    return hmac.digest(key.encode(), said, hashlib.sha256).hex()


def hash_sql(value: str, *, key: str) -> str:
    """Return the SQL twin of :func:`hash_of`."""
    return hmac_sql(f"'{_SALT}' || {value}", key=key)


@dataclass(frozen=True)
class Tombstones:
    """The identifiers of everybody forgotten.

    Attributes:
        key: The shop's secret.
        hashes: Kind of identifier -> its keyed hashes.
        is_swept: Whether everything that held them has been rewritten since.
    """

    key: str
    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_swept: bool = True

    def __bool__(self) -> bool:
        """Whether anybody was forgotten."""
        return bool(self.hashes)

    @cached_property
    def of_any_kind(self) -> frozenset[str]:
        """The hashes of all kinds."""
        return frozenset().union(*self.hashes.values())

    def holds(self, kind: str, value: str) -> bool:
        """Say whether an identifier is a forgotten subject's."""
        return hash_of(value, key=self.key) in self.hashes.get(kind, ())

    def name_in(self, text: str) -> set[str]:
        """Return the words of a text that name a forgotten subject, of any kind."""
        if not self.hashes:
            return set()
        found = {
            word
            for word in set(words(text))
            if hash_of(word, key=self.key) in self.of_any_kind
        }
        found |= {
            word
            for word in set(words(text))
            if "@" in word and self._is_contact("email", word)
        }
        return found | {
            said for said in _PHONE.findall(text) if self._is_contact("phone", said)
        }

    def _is_contact(self, kind: str, said: str) -> bool:
        return self.holds(f"{kind}_hash", keyed_hash(kind, said, key=self.key))

    def with_more(self, found: Iterable[tuple[str, str]]) -> Tombstones:
        """Add identifiers in clear by kind; anything new has yet to be swept."""
        hashes = {kind: set(known) for kind, known in self.hashes.items()}
        for kind, value in found:
            hashes.setdefault(kind, set()).add(hash_of(value, key=self.key))
        grown = {kind: frozenset(known) for kind, known in hashes.items()}
        if grown == self.hashes:
            return self
        return Tombstones(self.key, grown, is_swept=False)


def read(shop: Shop, *, key: str) -> Tombstones:
    """Read a shop's tombstones; nobody is forgotten where there is no file."""
    try:
        kept = json.loads((shop.folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Tombstones(key)
    hashes = {kind: frozenset(known) for kind, known in kept["identifiers"].items()}
    return Tombstones(key, hashes, is_swept=kept["is_swept"])


def is_unfinished(shop: Shop) -> bool:
    """Say whether something was forgotten that may still stand in a file."""
    path = shop.folder / FILE
    return path.exists() and not json.loads(path.read_text("utf-8"))["is_swept"]


def write(shop: Shop, tombstones: Tombstones) -> None:
    """Keep tombstones, whole and durably, readable by their owner only."""
    kept = {
        "is_swept": tombstones.is_swept,
        "identifiers": {
            kind: sorted(known) for kind, known in sorted(tombstones.hashes.items())
        },
    }
    path = shop.folder / FILE
    draft = path.with_suffix(".making")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="utf-8") as file:
        json.dump(kept, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
