"""When things run."""

import dagster as dg

micro_batch = dg.define_asset_job(
    name="micro_batch",
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups("past"),
    description="Land what has come, build, validate, and publish what passes.",
)

EVERY_QUARTER_HOUR = dg.ScheduleDefinition(
    name="every_quarter_hour",
    job=micro_batch,
    cron_schedule="*/15 * * * *",
    execution_timezone="UTC",
    description="Moves the clock too: orders become late and stuck without an event.",
)


@dg.definitions
def schedules() -> dg.Definitions:
    """Run the whole chain often: a run without news costs seconds."""
    return dg.Definitions(jobs=[micro_batch], schedules=[EVERY_QUARTER_HOUR])
