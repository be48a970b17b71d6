"""Judges a dump as landing would, batch by batch, and keeps nothing but counts."""

from __future__ import annotations

import secrets
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from ingestion.conform.feeding import Need, feeding_of, load_needs, wanted_fields
from ingestion.conform.profile import Profiler
from ingestion.conform.report import Conformity, FileRead, conformity_of
from ingestion.conform.verdicts import Bench
from ingestion.contract.catalogue import Catalogue, load_catalogue
from ingestion.files import BrokenFileError, EventFile, find_files, read_lines
from ingestion.judge.judge import FAULT, LINES_SCHEMA, Judge, Terms

JUDGED_ROWS: Final = 200_000
COUNTS_MEMORY: Final = "512MB"  # beyond it, hashes of lines wait on disk
_READ_ROWS: Final = 50_000
_SCHEMA: Final = LINES_SCHEMA.append(FAULT)


def conform(
    paths: Sequence[Path | str],
    *,
    judged_at: datetime,
    default_source: str | None = None,
    batch_rows: int = JUDGED_ROWS,
) -> Conformity:
    """Say what of a dump would land, and what it would feed.

    Every line is judged as in a backfill, under a throw-away hash key. Nothing is
    written but scratch, which is gone afterwards.

    Args:
        paths: Files, folders and addresses of the kinds that landing reads.
        judged_at: The clock that no fact may lie ahead of, with a zone.
        default_source: Source of lines that name none.
        batch_rows: Lines judged at once.

    Raises:
        LandingError: A path is missing, unreadable, of another kind, or holds no
            event files.
    """
    catalogue = load_catalogue()
    files = find_files(paths)
    needs = load_needs(catalogue)
    terms = Terms(
        hash_key=secrets.token_hex(32),
        landed_at=judged_at,
        is_backfill=True,
        default_source=default_source,
    )
    with (
        tempfile.TemporaryDirectory(prefix="postorder-conform-") as scratch,
        duckdb.connect(str(Path(scratch) / "counts.duckdb")) as connection,
        Judge(catalogue, terms) as judge,
    ):
        for setting in ("timezone = 'UTC'", f"memory_limit = '{COUNTS_MEMORY}'"):
            connection.execute(f"set {setting}").fetchall()
        profiler = Profiler(connection, catalogue)
        bench = Bench(connection, catalogue, wanted_fields(needs))
        reader = _Reader(files, catalogue, batch_rows)
        for lines in reader.batches():
            profiler.add(lines)
            judge.read(lines)
            for accepted in judge.accepted():
                bench.accept(accepted)
            bench.end_batch(judge.rejected(), [file.landed_file for file in files])
        return conformity_of(
            catalogue,
            files=reader.read(),
            profile=profiler.profile,
            verdicts=bench.verdicts,
            tables=tuple(feeding_of(need, bench.verdicts) for need in needs),
            repeats=profiler.repeats(),
            wanted_by=_wanted_by(needs),
        )


class _Reader:
    """Reads files into batches for the judge, each as far as it can be read."""

    def __init__(
        self, files: Sequence[EventFile], catalogue: Catalogue, batch_rows: int
    ) -> None:
        self._files = files
        self._catalogue = catalogue
        self._batch_rows = batch_rows
        self._lines = [0] * len(files)
        self._faults: list[str | None] = [None] * len(files)

    def batches(self) -> Iterator[pa.Table]:
        """Give the lines of all files in the columns that the judge reads."""
        held: list[pa.Table] = []
        row_id = held_rows = 0
        for number in range(len(self._files)):
            for table in self._tables(number, row_id):
                held.append(table)
                row_id += table.num_rows
                held_rows += table.num_rows
                if held_rows >= self._batch_rows:
                    yield pa.concat_tables(held)
                    held, held_rows = [], 0
        if held:
            yield pa.concat_tables(held)

    def read(self) -> tuple[FileRead, ...]:
        """Return what was read of each file."""
        return tuple(
            FileRead(file.landed_file, lines, fault)
            for file, lines, fault in zip(
                self._files, self._lines, self._faults, strict=True
            )
        )

    def _tables(self, number: int, row_id: int) -> Iterator[pa.Table]:
        limit = min(self._batch_rows, _READ_ROWS)
        try:
            for lines in read_lines(self._files[number], self._catalogue, limit=limit):
                count = len(lines.numbers)
                if not count:
                    continue
                columns = [
                    pa.array(range(row_id, row_id + count), pa.int64()),
                    pa.repeat(pa.scalar(number, pa.int64()), count),
                    lines.numbers,
                    lines.texts,
                    lines.faults,
                ]
                row_id += count
                self._lines[number] += count
                yield pa.table(columns, schema=_SCHEMA)
        except BrokenFileError as error:
            self._faults[number] = (
                f"broken after {self._lines[number]:,} lines ({error}); "
                "export the file again"
            )


def _wanted_by(needs: Collection[Need]) -> dict[tuple[str, str], tuple[str, ...]]:
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for need in needs:
        for way in (*need.ways, need.finer):
            for event, fields in way.items():
                for name in fields:
                    if need.table not in wanted[event, name]:
                        wanted[event, name].append(need.table)
    return {pair: tuple(tables) for pair, tables in wanted.items()}
