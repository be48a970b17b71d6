"""Event files on disk: named, found in a folder, or matching a pattern."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingestion.errors import LandingError
from ingestion.files.event_file import EventFile
from ingestion.files.formats import READ, SEARCHED, is_searched, kind_of


def local_files(given: str) -> list[EventFile]:
    """List the event files that a path or pattern means.

    Raises:
        LandingError: None, or one that was named and cannot be read.
    """
    path = Path(given)
    if path.is_dir():
        return _in_folder(path)
    if path.exists() or not glob.has_magic(given):
        return [_named(path)]
    return _matching(path)


def hashed(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a file's bytes, in hex, and how many they are."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest(), handle.tell()


def _named(path: Path) -> EventFile:
    if not path.exists():
        raise LandingError(f"{path}: no such file or folder; check the path")
    if kind_of(path.name) is None or not path.is_file():
        raise LandingError(
            f"{path}: cannot land this kind of file; convert it to one of "
            f"{', '.join(READ)}"
        )
    try:
        digest, size = hashed(path)
    except OSError as error:
        raise LandingError(
            f"{path}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    return EventFile(path, path.name, digest, size)


def _in_folder(root: Path) -> list[EventFile]:
    found = _inside(root, [root])
    if not found:
        raise LandingError(
            f"{root}: no event files in this folder; expected names ending in "
            f"{', '.join(SEARCHED)}. A .json file of lines has to be named, as in "
            f"{root}/*.json"
        )
    return found


def _matching(path: Path) -> list[EventFile]:
    fixed = next(n for n, part in enumerate(path.parts) if glob.has_magic(part))
    root, pattern = Path(*path.parts[:fixed]), path.parts[fixed:]
    if ".." in pattern:
        raise LandingError(f"{path}: '..' after a wildcard; name the folder before it")
    found = _inside(root, sorted(root.glob("/".join(pattern))))
    if not found:
        raise LandingError(
            f"{path}: matches no event file; expected names ending in {', '.join(READ)}"
        )
    return found


def _inside(root: Path, tops: Iterable[Path]) -> list[EventFile]:
    """List what lies under folders inside ``root``, and files there that are named."""
    found: dict[str, EventFile] = {}
    for top in tops:
        entries = _walked(top) if top.is_dir() else [(top, None)]
        for path, error in entries:
            landed_file = f"{root.resolve().name}/{path.relative_to(root).as_posix()}"
            file = _entry(root, path, landed_file, error, is_named=path == top)
            if file is not None:
                found[landed_file] = file
    return [found[name] for name in sorted(found)]


def _walked(top: Path) -> Iterator[tuple[Path, OSError | None]]:
    """Walk a folder: its files, links to folders, and folders that cannot be read."""
    unread: list[OSError] = []
    for folder, folders, names in os.walk(top, onerror=unread.append):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from ((Path(folder, name), None) for name in [*names, *links])
    yield from ((Path(error.filename), error) for error in unread)


def _entry(
    root: Path,
    path: Path,
    landed_file: str,
    error: OSError | None,
    *,
    is_named: bool,
) -> EventFile | None:
    """Return what is found under a name, with its refusal; None if it is not ours."""
    is_ours = kind_of(path.name) is not None if is_named else is_searched(path.name)
    is_folder = path.is_dir()
    if not (is_ours or is_folder):
        return None
    # realpath takes a link that leads to itself, where resolve raises
    real = Path(os.path.realpath(path))
    if error is None and not real.is_relative_to(root.resolve()):
        return EventFile.refused(
            path,
            landed_file,
            "a link that leads outside the folder given; name its target to land it",
        )
    if error is None and is_folder:
        return None  # a link within: its files are found where they lie
    if error is None and not path.is_file():
        return EventFile.refused(path, landed_file, "no file, or a link to none")
    try:
        if error is not None:
            raise error
        return EventFile(path, landed_file, *hashed(path))
    except OSError as unreadable:
        return EventFile.refused(
            path,
            landed_file,
            f"cannot be read ({unreadable.strerror}); check its permissions",
        )
