"""One data folder is one shop: where its files lie and which settings bind it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_TIMEZONE = "UTC"


@dataclass(frozen=True)
class Shop:
    """A data folder and the settings its rows depend on.

    Attributes:
        folder: Holds everything generated for this shop.
        timezone: IANA zone in which store dates are counted.
        hash_key: Secret that keys the hashes of personal data; ``None`` where
            none was given, and then only the embedded sample may land.
    """

    folder: Path
    timezone: str = DEFAULT_TIMEZONE
    hash_key: str | None = None

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, *, root: Path | None = None
    ) -> Shop:
        """Read ``POSTORDER_DATA``, ``POSTORDER_TIMEZONE``, ``POSTORDER_HASH_KEY``.

        Args:
            environment: Where to read from.
            root: Folder that a relative or absent ``POSTORDER_DATA`` starts from;
                the current folder where not given.
        """
        start = root or Path.cwd()
        return cls(
            folder=(start / environment.get("POSTORDER_DATA", "data")).resolve(),
            timezone=environment.get("POSTORDER_TIMEZONE", DEFAULT_TIMEZONE),
            hash_key=environment.get("POSTORDER_HASH_KEY") or None,
        )

    @property
    def working(self) -> Path:
        """The DuckDB file that landing and models write; one process at a time."""
        return self.folder / "working.duckdb"

    @property
    def published(self) -> Path:
        """The folder of immutable versions that readers open."""
        return self.folder / "published"

    @property
    def dlt(self) -> Path:
        """The folder of dlt's pipeline state."""
        return self.folder / "dlt"

    @property
    def lock(self) -> Path:
        """The one lock around the working file."""
        return self.folder / "working.lock"
