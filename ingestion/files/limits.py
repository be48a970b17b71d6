"""How much a file may ask of memory and disk before it is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ingestion.errors import LandingError

_EXPANSION: Final = "POSTORDER_MAX_EXPANSION"


@dataclass(frozen=True)
class Limits:
    """Bounds of what is read from one file.

    Attributes:
        line_bytes: Longest line that is read, unpacked. The largest example of the
            contract has 900 bytes; 16 MiB is what DuckDB takes as one JSON object.
        kept_bytes: How much of a line that is not read is kept.
        expansion: How many times its packed size a file may unpack to. Every event
            carries an id and a time of its own, so that real files stay far below:
            simulated events reach 10 with gzip and 18 with zstd at level 19, one
            line repeated forever 230; a gzip bomb reaches 1,000.
        free_bytes: Unpacked bytes that are never held against a file; a short file
            of few words may unpack to many times its size.
        window_bytes: Text in 2,048 neighboring rows of a Parquet file, which DuckDB
            writes at once: 32 KiB a row, where an event has some hundred bytes.
    """

    line_bytes: int = 16 * 1024 * 1024
    kept_bytes: int = 64 * 1024
    expansion: int = 200
    free_bytes: int = 64 * 1024 * 1024
    window_bytes: int = 64 * 1024 * 1024

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Limits:
        """Read ``POSTORDER_MAX_EXPANSION``, a whole number from 1.

        Raises:
            LandingError: It is no such number.
        """
        said = environment.get(_EXPANSION)
        if not said:
            return cls()
        if not (said.isdecimal() and int(said)):
            raise LandingError(
                f"{_EXPANSION}={said}: expected a whole number from 1, how many times "
                f"its packed size a file may unpack to; {cls.expansion} where unset"
            )
        return cls(expansion=int(said))

    def check_expansion(self, packed: int, unpacked: int) -> None:
        """Refuse to go on with a file that unpacks to far more than events do.

        Raises:
            OSError: It does.
        """
        if unpacked > self.free_bytes and unpacked > self.expansion * packed:
            raise OSError(
                f"unpacks to more than {self.expansion} times its size, as no event "
                f"file does; if this one is sound, raise {_EXPANSION}"
            )
