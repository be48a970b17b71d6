"""Takes forgotten subjects out of logs, reports and whatever else lies about.

Text is masked in place; of a log or a record that is no text the file goes. What a
user keeps, tables of rows above all, is left alone and named.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

from dagster_project.shops import MARKER, SAMPLE
from ingestion.landing.forgotten import MASKED
from ingestion.privacy.tombstones import FILE, Tombstones
from ingestion.shop import Shop

TEXTS: Final = (".html", ".json", ".log", ".txt", ".md", ".out", ".err")
RECORDS: Final = ("dagster", "logs", "telemetry")
"""Folders in which any file is a tool's record of its own work."""

# rewritten by their own means, or free of anybody's data
_OTHERS: Final = ("published", "quarantine", "dlt", "dbt", "spool", "scratch")
_OWN: Final = (FILE, MARKER, "working.duckdb", "working.lock")


def erase_from_files(
    shop: Shop, tombstones: Tombstones
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Mask or remove files that name a subject.

    Returns:
        Layer -> files changed; and the files that name one and were left alone.
    """
    changed = {"records": 0, "reports": 0}
    left = []
    for path in _files(shop.folder, (*_OTHERS, *_OWN)):
        is_record = path.relative_to(shop.folder).parts[0] in RECORDS
        names = _names_in(path, tombstones)
        if not names:
            continue
        if _kind(path) in TEXTS:
            _mask(path, names)
        elif is_record:
            path.unlink()
        else:
            left.append(str(path))
            continue
        changed["records" if is_record else "reports"] += 1
    return changed, tuple(left)


def _files(folder: Path, passed: tuple[str, ...] = ()) -> Iterator[Path]:
    """Give a shop's files, without those of a shop that lives in a folder of it."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in passed or path == SAMPLE:
            continue
        if path.is_file():
            yield path
        elif not (path / MARKER).exists():
            yield from _files(path)


def _kind(path: Path) -> str:
    inner = path.with_suffix("") if path.suffix == ".gz" else path
    return inner.suffix.lower()


def _names_in(path: Path, tombstones: Tombstones) -> set[str]:
    """Return the words of a file that name a subject."""
    if _kind(path) == ".parquet":
        return _names_in_table(path, tombstones)
    return tombstones.name_in(_read(path).decode("utf-8", "replace"))


def _names_in_table(path: Path, tombstones: Tombstones) -> set[str]:
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute("from read_parquet($1)", [str(path)])
        return {
            name
            for row in rows.fetchall()
            for value in row
            if isinstance(value, str)
            for name in tombstones.name_in(value)
        }


def _mask(path: Path, names: set[str]) -> None:
    text = _read(path).decode("utf-8", "replace")
    # the longest first: one id may begin with another
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, MASKED)
    masked = text.encode()
    draft = path.with_name(f"{path.name}.making")
    draft.write_bytes(gzip.compress(masked) if path.suffix == ".gz" else masked)
    draft.replace(path)


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content
