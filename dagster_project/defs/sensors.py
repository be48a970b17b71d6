"""What starts a run by itself: files that arrive."""

import dagster as dg

from dagster_project.arrivals import landing_zone, state_of
from dagster_project.defs.resources import ShopResource
from dagster_project.defs.schedules import is_unattended, micro_batch

EVERY_SECONDS = 30


@dg.sensor(
    job=micro_batch,
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=(
        dg.DefaultSensorStatus.RUNNING
        if is_unattended()
        else dg.DefaultSensorStatus.STOPPED
    ),
    description="Land and publish as soon as files have arrived.",
)
def landing_folder(
    context: dg.SensorEvaluationContext, shop: ShopResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run per state of the landing folder, whatever became of the run.

    What failed is not asked for again: the next schedule comes by, and says so too.
    """
    zone = landing_zone(shop.open())
    seen = state_of(zone)
    if seen is None:
        return dg.SkipReason(f"a file in {zone} is still being written")
    if seen == (context.cursor or ""):
        return dg.SkipReason(f"nothing has arrived in {zone}")
    context.update_cursor(seen)
    return dg.RunRequest(run_key=seen)
