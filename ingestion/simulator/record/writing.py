"""From the spools of all blocks to the files a shop drops: one day or month each."""

from __future__ import annotations

import gzip
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.simulator.record.clock import Clock
from ingestion.simulator.record.corruption import Corruption
from ingestion.simulator.record.journal import DOMAINS
from ingestion.simulator.record.moments import DAY

COMPRESSION = 6
Period = Literal["day", "month"]


def write_files(
    spool: Path,
    out: Path,
    *,
    days: int,
    seed: int,
    start: date,
    period: Period,
    corrupted_share: float,
    truth: Path | None,
) -> tuple[dict[str, int], tuple[Path, ...]]:
    """Write each output file from the spools of all blocks.

    Returns:
        The lines by domain, and the files.
    """
    lines = dict.fromkeys(DOMAINS, 0)
    files: list[Path] = []
    corrupted: list[pa.Table] = []
    corruption = Corruption(seed, corrupted_share)
    with duckdb.connect() as connection, _Writer() as writer:
        for domain in DOMAINS:
            (out / domain).mkdir(exist_ok=True)
            source = connection.read_parquet(str(spool / f"{domain}-*.parquet"))
            for name, (first, end) in _spans(days, start, period).items():
                path = out / domain / f"{name}.jsonl.gz"
                table = (
                    source.filter(
                        f"reported >= {first * DAY} and reported < {end * DAY}"
                    )
                    .order("reported, line")
                    .project("line")
                    .to_arrow_table()
                )
                if not table.num_rows:
                    path.unlink(missing_ok=True)
                    continue
                broken = corruption.of(
                    table.column("line"),
                    f"{domain}/{path.name}",
                    _last_moment(start, end, domain),
                )
                corrupted.append(broken.account)
                lines[domain] += len(broken.lines)
                writer.submit(path, broken.lines)
                files.append(path)
    if truth and corrupted:
        pq.write_table(pa.concat_tables(corrupted), truth / "corrupted.parquet")
    return lines, tuple(files)


class _Writer:
    """Compresses files beside the sorting of the next, a few at a time."""

    WAITING = 3
    """Files held in memory at once; more would cost memory and win nothing."""

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(max_workers=2)
        self._waiting: deque[Future[None]] = deque()
        return self

    def submit(self, path: Path, lines: pa.ChunkedArray) -> None:
        """Write a file soon; raise what an earlier one ran into."""
        if len(self._waiting) == self.WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(write_lines, path, lines))

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._pool.shutdown(cancel_futures=kind is not None)
        if kind is None:
            for written in self._waiting:
                written.result()


def write_lines(path: Path, lines: pa.ChunkedArray, level: int = COMPRESSION) -> None:
    """Write lines to a gzip file that carries no time and no name."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(
            filename="", fileobj=raw, mode="wb", compresslevel=level, mtime=0
        ) as file,
    ):
        for chunk in lines.chunks:
            ended = pc.binary_join_element_wise(chunk, "", "\n")
            # the text of a string column lies in one buffer, line after line
            data = pa.array(ended.to_pylist() if ended.offset else ended).buffers()[2]
            file.write(data.to_pybytes())


def _last_moment(start: date, end: int, domain: str) -> str:
    """Write the last second before a day, as the systems of a domain write it."""
    (day,), (second,) = (
        part.to_pylist()
        for part in Clock(start).written(np.array([end * DAY - 1]), domain)
    )
    return f"{day}{second}".rstrip('"')


def _spans(days: int, start: date, period: Period) -> dict[str, tuple[int, int]]:
    """Return the days that each file holds, by the file's name."""
    names = [
        (start + timedelta(days=day)).isoformat()[: 10 if period == "day" else 7]
        for day in range(days)
    ]
    return {
        name: (names.index(name), days - names[::-1].index(name))
        for name in dict.fromkeys(names)
    }
