"""What a file's name says of its format and compression."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class Format(Enum):
    """How a file writes its rows."""

    JSON_LINES = auto()
    CSV = auto()
    PARQUET = auto()


@dataclass(frozen=True)
class Kind:
    """Format and compression; the compression by its Arrow name."""

    format: Format
    compression: str | None = None


_TEXT: Final = {
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
    ".json": Format.JSON_LINES,
    ".csv": Format.CSV,
}
_COMPRESSIONS: Final = {"": None, ".gz": "gzip", ".zst": "zstd"}
_KINDS: Final = {
    suffix + packed: Kind(form, compression)
    for suffix, form in _TEXT.items()
    for packed, compression in _COMPRESSIONS.items()
} | {".parquet": Kind(Format.PARQUET)}

#: Endings of files that can be read when they are named, by path or by pattern.
READ: Final = tuple(_KINDS)

#: Endings that the search of a folder takes up. A ``.json`` may hold anything, such
#: as settings, so it has to be named.
SEARCHED: Final = tuple(e for e in READ if e.split(".")[1] != "json")


def kind_of(name: str) -> Kind | None:
    """Return what a file's name says it is, upper or lower case; None if not ours."""
    ending = next((ending for ending in READ if name.lower().endswith(ending)), None)
    if ending is None or name.rpartition("/")[2].startswith("."):
        return None
    return _KINDS[ending]


def is_searched(name: str) -> bool:
    """Tell whether the search of a folder takes a file of this name up."""
    return kind_of(name) is not None and name.lower().endswith(SEARCHED)
