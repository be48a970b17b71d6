"""A file to land and some lines of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from ingestion.files.scratch import Scratch


class BrokenFileError(OSError):
    """A file cannot be read further; the message says why."""


@dataclass(frozen=True)
class EventFile:
    """One file to land.

    Attributes:
        path: Where its bytes lie; of an object in a store, its copy.
        landed_file: Name it lands under; ends with the file's name.
        content_hash: SHA-256 of its bytes, in hex; of a refused one, of the reason.
        size_bytes: How many there are; none of a refused one.
        refusal: Why it is not read, of a file found in a folder or a store that must
            not stop those beside it.
        scratch: Keeps the copy of an object for as long as its file is in use.
    """

    path: Path
    landed_file: str
    content_hash: str
    size_bytes: int = 0
    refusal: str | None = None
    scratch: Scratch | None = field(default=None, repr=False, compare=False)

    @classmethod
    def refused(cls, path: Path, landed_file: str, reason: str) -> EventFile:
        """Stand for a file that is not read."""
        digest = hashlib.sha256(f"refused: {reason}".encode()).hexdigest()
        return cls(path, landed_file, digest, refusal=reason)

    @property
    def landing_id(self) -> str:
        """Identify name and content together."""
        return landing_id(self.landed_file, self.content_hash)


def landing_id(landed_file: str, content_hash: str, *more: str) -> str:
    """Identify a file's name and content together; the same on every machine."""
    text = "\0".join((landed_file, content_hash, *more))
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True)
class Lines:
    """Some lines of one file; none is blank.

    Attributes:
        numbers: Physical line of each, from 1 (int64).
        texts: What it says (string); of a faulty line as much as may be kept of it.
        faults: Why it must not be read (string): ``line_too_large`` or
            ``text_invalid``, null where it may. Not given, every line may.
    """

    numbers: pa.Array
    texts: pa.Array
    faults: pa.Array = None

    def __post_init__(self) -> None:
        if self.faults is None:
            object.__setattr__(self, "faults", pa.nulls(len(self.texts), pa.string()))

    def slices(self, limit: int) -> list[Lines]:
        """Cut into parts of at most ``limit`` lines."""
        return [
            Lines(
                self.numbers.slice(start, limit),
                self.texts.slice(start, limit),
                self.faults.slice(start, limit),
            )
            for start in range(0, len(self.numbers), limit)
        ]
