"""What starts a run by itself: files that arrive."""

import hashlib
import time
from pathlib import Path

import dagster as dg

from dagster_project.defs.resources import ShopResource
from dagster_project.defs.schedules import micro_batch
from ingestion.files.formats import is_searched

EVERY_SECONDS = 30

SETTLED_SECONDS = 5
"""A file younger than this may still be on its way in; it waits for the next look."""


@dg.sensor(
    job=micro_batch,
    minimum_interval_seconds=EVERY_SECONDS,
    description="Land and publish as soon as files have arrived.",
)
def landing_folder(
    context: dg.SensorEvaluationContext, shop: ShopResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run per state of the landing folder, whatever became of the run.

    What failed is not asked for again: the next schedule comes by, and says so too.
    """
    zone = shop.landing_zone(shop.open())
    seen = state_of(zone)
    if seen is None:
        return dg.SkipReason(f"a file in {zone} is still being written")
    if seen == (context.cursor or ""):
        return dg.SkipReason(f"nothing has arrived in {zone}")
    context.update_cursor(seen)
    return dg.RunRequest(run_key=seen)


def state_of(zone: Path, now: float | None = None) -> str | None:
    """Return a hash of the event files in a folder, as they lie there.

    Names, sizes and times are looked at, never contents: that is the landing's part.

    Args:
        zone: The folder; one that is not there is empty.
        now: Seconds since 1970; the machine's clock where not given.

    Returns:
        The hash, empty for an empty folder; ``None`` while a file may still grow.
    """
    now = time.time() if now is None else now
    states = []
    for path in sorted(zone.rglob("*")):
        if not (is_searched(path.name) and path.is_file()):
            continue
        status = path.stat()
        if now - status.st_mtime < SETTLED_SECONDS:
            return None
        states.append(f"{path}\0{status.st_size}\0{status.st_mtime_ns}")
    if not states:
        return ""
    return hashlib.sha256("\n".join(states).encode()).hexdigest()
