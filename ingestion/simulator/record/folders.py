"""The folders a simulation may write to: new ones, and those of an earlier simulation.

Files of an earlier run would be read together with those of this one, so they go first.
A folder that bears the mark belongs to the simulator; any other that holds such files
is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingestion.errors import SimulationError
from ingestion.simulator.record.journal import DOMAINS

MARK = ".simulated"
MARKED = "Written by postorder simulate, which replaces its own files here.\n"
EVENTS = tuple(f"{domain}/*.jsonl.gz" for domain in DOMAINS)
TRUTH = ("*.parquet",)


def claim_folders(out: Path | None, truth: Path | None) -> Path:
    """Make the folders ready, without files of an earlier simulation.

    Args:
        out: Folder for the events.
        truth: Folder for the truth.

    Returns:
        The one in which to put scratch files.

    Raises:
        SimulationError: No folder is named, one lies in the other, one is no folder,
            or it holds files where a simulation would write that none has written.
    """
    folder = out or truth
    if folder is None:
        raise SimulationError("name a folder for the events, for the truth, or both")
    if out and truth and _is_among(truth, out):
        raise SimulationError(f"the truth must not lie among the events: {truth}")
    if out and truth and _is_among(out, truth):
        raise SimulationError(f"the events must not lie among the truth: {out}")
    asked = [(one, files) for one, files in ((out, EVENTS), (truth, TRUTH)) if one]
    for one, files in asked:
        _check(one, files)
    for one, files in asked:
        for path in _found(one, files):
            path.unlink()
        one.mkdir(parents=True, exist_ok=True)
        (one / MARK).write_text(MARKED, encoding="utf-8")
    return folder


def _is_among(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _check(folder: Path, files: Iterable[str]) -> None:
    """Refuse a folder whose files no simulation wrote."""
    if folder.exists() and not folder.is_dir():
        raise SimulationError(f"not a folder: {folder}; name another")
    strange = _found(folder, files)
    if strange and not (folder / MARK).exists():
        raise SimulationError(
            f"{folder} holds files that no simulation wrote, such as {strange[0]}:"
            " name another folder, or empty this one"
        )


def _found(folder: Path, files: Iterable[str]) -> list[Path]:
    return sorted(path for pattern in files for path in folder.glob(pattern))
