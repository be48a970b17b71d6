"""Judges a dump as landing would, batch by batch, and keeps nothing but counts."""

from __future__ import annotations

import secrets
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from ingestion.conform.breaches import Stories
from ingestion.conform.feeding import Need, feeding_of, load_needs, wanted_fields
from ingestion.conform.profile import Profiler
from ingestion.conform.report import Conformity, FileRead, conformity_of
from ingestion.conform.verdicts import Bench
from ingestion.contract.catalogue import load_catalogue
from ingestion.files import Lines, find_files, read_lines
from ingestion.judge.batches import READ_ROWS, batches
from ingestion.judge.judge import Judge, Terms

JUDGED_ROWS: Final = 200_000
COUNTS_MEMORY: Final = "512MB"  # beyond it, hashes of lines wait on disk


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
    reading = [_File(file.landed_file, fault=file.refusal) for file in files]

    def lines_of(number: int) -> Iterator[Lines]:
        limit = min(batch_rows, READ_ROWS)
        return read_lines(files[number], catalogue, limit=limit)

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
        stories = Stories(connection, catalogue)
        for lines in batches(reading, lines_of, rows=batch_rows):
            profiler.add(lines)
            judge.read(lines)
            for accepted in judge.accepted():
                bench.accept(accepted)
                stories.add(accepted.rows)
            bench.end_batch(judge.rejected(), [file.landed_file for file in files])
        return conformity_of(
            catalogue,
            files=tuple(
                FileRead(file.landed_file, file.delivered, file.fault)
                for file in reading
            ),
            profile=profiler.profile,
            verdicts=bench.verdicts,
            breaches=stories.breaches([file.landed_file for file in files]),
            tables=tuple(feeding_of(need, bench.verdicts) for need in needs),
            repeats=profiler.repeats(),
            wanted_by=_wanted_by(needs),
        )


@dataclass
class _File:
    """A file being read."""

    landed_file: str
    is_known: bool = False
    delivered: int = 0
    fault: str | None = None


def _wanted_by(needs: Collection[Need]) -> dict[tuple[str, str], tuple[str, ...]]:
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for need in needs:
        for way in (*need.ways, need.finer):
            for event, fields in way.items():
                for name in fields:
                    if need.table not in wanted[event, name]:
                        wanted[event, name].append(need.table)
    return {pair: tuple(tables) for pair, tables in wanted.items()}
