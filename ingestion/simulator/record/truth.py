"""What really happened, kept apart from what was reported.

Truth knows no horizon and no transport: it holds what the generating process decided,
also what comes after the period and what no system ever told. Two tables are about the
transport itself, and are there only where lines are: ``unreported``, the lines that
never came, and ``corrupted``, those that were broken. Only tests read the truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.simulator.draws import Flags, Integers
from ingestion.simulator.record.moments import NEVER, utc
from ingestion.simulator.record.text import Column, Partly, Raw


@dataclass
class Truth:
    """Tables of what happened in one block of orders.

    Attributes:
        start: First day; moments count seconds from its midnight in the shop's zone.
        is_kept: Whether anybody wants to know; otherwise nothing is kept.
    """

    start: date
    is_kept: bool
    tables: dict[str, list[pa.Table]] = field(default_factory=dict)

    def record(
        self,
        table: str,
        *,
        where: Flags | None = None,
        **columns: Column | Partly,
    ) -> None:
        """Keep one row per order, or per order for which ``where`` holds.

        Args:
            table: Name of the table, a file of its own.
            where: Rows to keep.
            columns: Columns; whole numbers under a name that ends in ``_at`` are
                moments, and a moment that never comes is missing.
        """
        if not self.is_kept:
            return
        if where is None:
            where = np.ones(_height(columns.values()), np.bool_)
        rows = np.flatnonzero(where)
        if len(rows):
            self.tables.setdefault(table, []).append(
                pa.table(
                    {
                        name: self._values(name, column, rows)
                        for name, column in columns.items()
                    }
                )
            )

    def write(self, folder: Path, number: int) -> None:
        """Write each table of this block to ``<table>/<number>.parquet``."""
        for table, parts in self.tables.items():
            (folder / table).mkdir(exist_ok=True)
            pq.write_table(
                pa.concat_tables(parts),
                folder / table / f"{number:06d}.parquet",
                compression="zstd",
            )

    def _values(
        self, name: str, column: Column | Partly | Raw, rows: Integers
    ) -> pa.Array:
        if isinstance(column, Partly):
            values = self._values(name, column.column, rows)
            present = pa.array(column.present[rows])
            return pc.if_else(present, values, pa.scalar(None, values.type))
        if isinstance(column, str | bool | int):
            return pa.array([column] * len(rows))
        if isinstance(column, np.ndarray):
            if name.endswith("_at"):
                return self._instants(column[rows].astype(np.int64))
            return pa.array(column[rows])
        if isinstance(column, Raw):
            return column.column.take(pa.array(rows))
        return column.take(pa.array(rows))

    def _instants(self, moments: Integers) -> pa.Array:
        """Return moments as times in UTC; those that never come are missing."""
        comes = moments < NEVER
        seconds = utc(self.start, np.where(comes, moments, 0))
        return pa.array(
            seconds.astype("datetime64[us]"),
            pa.timestamp("us", tz="UTC"),
            mask=~comes,
        )


def _height(columns: Iterable[Column | Partly]) -> int:
    """Return how many rows the columns have, of which one at least is not constant."""
    for column in columns:
        values = column.column if isinstance(column, Partly) else column
        values = values.column if isinstance(values, Raw) else values
        if not isinstance(values, str | bool | int):
            return len(values)
    raise ValueError("a table of constants has no number of rows")


def merge(spool: Path, folder: Path) -> None:
    """Join the blocks of each table into ``<table>.parquet``, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in sorted(path for path in spool.iterdir() if path.is_dir()):
        parts = sorted(table.glob("*.parquet"))
        schema = pq.read_schema(parts[0])
        with pq.ParquetWriter(
            folder / f"{table.name}.parquet", schema, compression="zstd"
        ) as writer:
            for part in parts:
                writer.write_table(pq.read_table(part).cast(schema))
