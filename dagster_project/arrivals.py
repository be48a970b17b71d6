"""What lies in a shop's landing zone, and whether it has come to rest."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingestion.files.formats import is_searched
from ingestion.shop import Shop

SETTLED_SECONDS = 5
"""A file younger than this may still be on its way in; it waits for the next look."""

# Size and time of change, in nanoseconds.
State = tuple[int, int]


def landing_zone(shop: Shop) -> Path:
    """Return the folder whose files land by themselves."""
    return shop.folder / "landing"


def state_of(zone: Path, now: float | None = None) -> str | None:
    """Return a hash of the event files in a folder, as they lie there.

    Args:
        zone: The folder; one that is not there is empty.
        now: Seconds since 1970; the machine's clock where not given.

    Returns:
        The hash, empty for an empty folder; ``None`` while a file may still grow.
    """
    files = files_in(zone)
    if len(settled(files, now)) < len(files):
        return None
    if not files:
        return ""
    states = [f"{path}\0{size}\0{at}" for path, (size, at) in files.items()]
    return hashlib.sha256("\n".join(states).encode()).hexdigest()


def files_in(zone: Path) -> dict[Path, State]:
    """Return the event files in a folder, in the order of their names.

    Names, sizes and times are looked at, never contents: that is the landing's part.
    """
    found = {}
    for path in sorted(zone.rglob("*")):
        if not is_searched(path.name):
            continue
        try:
            status = path.stat()
        except FileNotFoundError:
            # taken away meanwhile, or a link to nothing
            continue
        if path.is_file():
            found[path] = (status.st_size, status.st_mtime_ns)
    return found


def settled(files: Mapping[Path, State], now: float | None = None) -> dict[Path, State]:
    """Return the files that have not changed for a while.

    Args:
        files: As they lie there.
        now: Seconds since 1970; the machine's clock where not given.
    """
    now = time.time() if now is None else now
    return {
        path: state
        for path, state in files.items()
        if now - state[1] / 1e9 >= SETTLED_SECONDS
    }


def set_apart(zone: Path, files: Iterable[Path], folder: Path) -> Path:
    """Give some files of a zone a folder of their own, to land under the same names.

    A link that leads out of the zone stays one, for the landing to refuse; a file that
    was taken away meanwhile is left out.

    Args:
        zone: Where they lie.
        files: Which.
        folder: An empty one to make it in.

    Returns:
        The folder to land, of the zone's name.
    """
    root = zone.resolve()
    apart = folder / root.name
    for path in files:
        place = apart / path.relative_to(zone)
        place.parent.mkdir(parents=True, exist_ok=True)
        real = path.resolve()
        if not real.is_relative_to(root):
            place.symlink_to(real)
            continue
        try:
            place.hardlink_to(real)
        except FileNotFoundError:
            continue
        except OSError:
            # another disk
            shutil.copyfile(real, place)
    return apart
