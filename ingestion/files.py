"""Event files on disk as lines: which there are, what they hold, line by line."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract.catalogue import Catalogue
from ingestion.errors import LandingError
from ingestion.tabular import csv_lines, parquet_lines

SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".csv", ".parquet")
_BLOCK_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class EventFile:
    """One file to land.

    Attributes:
        path: Where it lies.
        landed_file: Name it lands under; ends with the file's name.
        content_hash: SHA-256 of its bytes, in hex.
    """

    path: Path
    landed_file: str
    content_hash: str

    @property
    def landing_id(self) -> str:
        """Identify name and content together; the same on every machine."""
        text = f"{self.landed_file}\0{self.content_hash}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Lines:
    """Some lines of one file, with their physical numbers from 1; none is blank."""

    numbers: pa.Array
    texts: pa.Array


def find_files(paths: Sequence[Path]) -> list[EventFile]:
    """List event files under paths, in a fixed order.

    Folders are searched to any depth for the suffixes landing reads; a file found in
    one lands under the folder's name and its path inside.

    Raises:
        LandingError: A path is missing, unreadable, of another kind, or a folder
            without event files.
    """
    found: list[EventFile] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                p for p in path.rglob("*") if p.is_file() and _is_event_file(p)
            )
            if not inside:
                raise LandingError(
                    f"{path}: no event files in this folder; expected names ending in "
                    f"{', '.join(SUFFIXES)}"
                )
            name = path.resolve().name
            found += [
                _event_file(p, f"{name}/{p.relative_to(path).as_posix()}")
                for p in inside
            ]
        elif not path.exists():
            raise LandingError(f"{path}: no such file or folder; check the path")
        elif not _is_event_file(path):
            raise LandingError(
                f"{path}: cannot land this kind of file; convert it to one of "
                f"{', '.join(SUFFIXES)}"
            )
        else:
            found.append(_event_file(path, path.name))
    return found


def read_lines(file: EventFile, catalogue: Catalogue, *, limit: int) -> Iterator[Lines]:
    """Read a file as JSON lines, at most ``limit`` at a time.

    Rows of CSV and Parquet become JSON lines; their empty cells are absent.

    Raises:
        OSError, EOFError, zlib.error, pa.ArrowInvalid: The file is broken.
    """
    if file.path.suffix == ".csv":
        tables = csv_lines(file.path, catalogue, limit=limit)
    elif file.path.suffix == ".parquet":
        tables = parquet_lines(file.path, limit=limit)
    else:
        yield from _json_lines(file.path, limit)
        return
    for table in tables:
        yield Lines(
            table.column("line_number").combine_chunks(),
            table.column("line").combine_chunks(),
        )


def _is_event_file(path: Path) -> bool:
    return path.name.endswith(SUFFIXES) and not path.name.startswith(".")


def _event_file(path: Path, landed_file: str) -> EventFile:
    try:
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise LandingError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    return EventFile(path, landed_file, digest)


def _json_lines(path: Path, limit: int) -> Iterator[Lines]:
    with contextlib.ExitStack() as stack:
        handle: IO[bytes] = stack.enter_context(path.open("rb"))
        if path.suffix == ".gz":
            handle = stack.enter_context(cast(BinaryIO, gzip.GzipFile(fileobj=handle)))
        number = 1
        for block in _whole_lines(handle):
            rows = block.split(b"\n")
            if number == 1:
                rows[0] = rows[0].removeprefix(b"\xef\xbb\xbf")
            if not rows[-1]:
                rows.pop()
            for start in range(0, len(rows), limit):
                yield _numbered(rows[start : start + limit], number + start)
            number += len(rows)


def _whole_lines(handle: IO[bytes]) -> Iterator[bytes]:
    """Read blocks that end where a line ends."""
    rest = b""
    while block := handle.read(_BLOCK_BYTES):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
    if rest:
        yield rest


def _numbered(rows: list[bytes], first: int) -> Lines:
    numbers = pa.array(range(first, first + len(rows)), pa.int64())
    try:
        texts = pa.array(rows, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        # bytes that are no UTF-8 become escapes that are no JSON, and so are refused
        texts = pa.array(
            [row.decode("utf-8", errors="backslashreplace") for row in rows],
            pa.string(),
        )
    is_said = pc.not_equal(pc.utf8_trim_whitespace(texts), "")
    return Lines(numbers.filter(is_said), texts.filter(is_said))
