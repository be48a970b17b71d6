"""The one lock around a shop's working file, and who holds it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from ingestion.shop import Shop

_held: dict[Path, int] = {}


class ShopLockedError(RuntimeError):
    """Another process works on the shop; the message says which and what to do."""


@contextlib.contextmanager
def hold(shop: Shop, purpose: str) -> Iterator[None]:
    """Hold the shop's lock; inside one process it may be taken again.

    The lock is the operating system's: a process that dies lets go of it.

    Args:
        shop: Whose working file is about to be opened.
        purpose: What for, such as ``land``; shown to whoever has to wait.

    Raises:
        ShopLockedError: Another process holds it.
    """
    path = shop.lock.resolve()
    if path in _held:
        _held[path] += 1
        try:
            yield
        finally:
            _held[path] -= 1
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(path), path.with_name(path.name + ".holder")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ShopLockedError(_held_by(shop, holder)) from None
    try:
        _held[path] = 1
        holder.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    # no further arguments: they may name a person
                    "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]),
                    "purpose": purpose,
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                }
            ),
            encoding="utf-8",
        )
        yield
    finally:
        _held.pop(path, None)
        holder.unlink(missing_ok=True)
        lock.release()


def _held_by(shop: Shop, holder: Path) -> str:
    try:
        said = json.loads(holder.read_text(encoding="utf-8"))
        who = (
            f"process {said['pid']} ({said['command']}) since {said['since']}, "
            f"to {said['purpose']}"
        )
    except (OSError, ValueError, KeyError):
        who = "another process, which has not said its name yet"
    return (
        f"{shop.folder}: in use by {who}. Wait until it ends, or end it; a lock left "
        "by a dead process frees itself. Reading published data needs no lock."
    )
