"""The original text of rejected lines, which replay needs, apart from everything else.

One Parquet file per landing in a folder only its owner can read. It is never published,
no table holds it, and it is gone after its days (``retention.yml``).
"""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.judge.judge import Terms
from ingestion.privacy.retention import is_over
from ingestion.shop import Shop

SCHEMA: Final = pa.schema(
    [
        ("rejected_id", pa.string()),
        ("landing_id", pa.string()),
        ("line_number", pa.int64()),
        ("line", pa.string()),
        ("default_source", pa.string()),
        ("rejected_at", pa.timestamp("us", tz="UTC")),
    ]
)


class Quarantine:
    """Collects a landing's rejected lines; they stay only if the landing does."""

    def __init__(self, shop: Shop, landing_seq: int, terms: Terms) -> None:
        """Quarantine lines of one landing."""
        day = terms.landed_at.date()
        self._path = _folder(shop) / f"{landing_seq:08}_{day}.parquet"
        self._terms = terms
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Quarantine:
        """Return the quarantine; leaving finishes its file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the file, where any line was kept."""
        if self._writer is not None:
            self._writer.close()

    def add(self, rejected: pa.Table) -> None:
        """Keep the text of rejected rows, and on which terms they came."""
        if not rejected.num_rows:
            return
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(mode=0o600)
            self._writer = pq.ParquetWriter(self._path, SCHEMA, compression="zstd")
        terms = {"default_source": self._terms.default_source}
        for name, value in terms.items():
            column = pa.repeat(pa.scalar(value, pa.string()), rejected.num_rows)
            rejected = rejected.append_column(name, column)
        self._writer.write_table(rejected.select(SCHEMA.names).cast(SCHEMA))


def tidy(shop: Shop, last_seq: int, today: date) -> None:
    """Remove files past their days, and those of a landing that never was."""
    for path in quarantined(shop):
        seq, _, day = path.stem.partition("_")
        is_old = is_over("quarantine", _at(date.fromisoformat(day)), _at(today))
        if is_old or int(seq) > last_seq:
            path.unlink()
    with contextlib.suppress(OSError):
        _folder(shop).rmdir()  # only when empty


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def quarantined(shop: Shop) -> list[Path]:
    """List a shop's quarantine files, oldest landing first."""
    return sorted(_folder(shop).glob("*.parquet"))


def _folder(shop: Shop) -> Path:
    return shop.folder / "quarantine"
