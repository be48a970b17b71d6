"""When things run."""

import dagster as dg

daily = dg.define_asset_job(
    name="daily",
    selection=dg.AssetSelection.all(),
    description="Land what has come, build, validate, and publish what passes.",
)


@dg.definitions
def schedules() -> dg.Definitions:
    """Run the whole chain every morning, once yesterday's files are there."""
    return dg.Definitions(
        jobs=[daily],
        schedules=[
            dg.ScheduleDefinition(
                name="every_morning",
                job=daily,
                cron_schedule="0 5 * * *",
                execution_timezone="UTC",
            )
        ],
    )
