"""When things run, in the shop's own time zone."""

import os

import dagster as dg

from dagster_project.shops import shop_from

UNATTENDED = "POSTORDER_UNATTENDED"
"""Where this is set, as the service files set it, schedules and the landing folder are
switched on as soon as Dagster starts; elsewhere a person switches them on."""

STORE_TIMEZONE = shop_from(os.environ).timezone

PAST = dg.AssetSelection.groups("past")
PAGES = dg.AssetSelection.assets(
    ["published", "data_docs"], ["published", "model_docs"]
)
DIGEST = dg.AssetSelection.assets(["told", "digest"])
CHAIN = dg.AssetSelection.all() - PAST - PAGES - DIGEST

micro_batch = dg.define_asset_job(
    name="micro_batch",
    selection=CHAIN,
    description="Land what has come, build, validate, publish what passes, and tell.",
)

daily = dg.define_asset_job(
    name="daily",
    selection=CHAIN | PAGES,
    description="The whole chain, and pages of what was judged and of what the "
    "models mean.",
)

weekly_sweep = dg.define_asset_job(
    name="weekly_sweep",
    selection=CHAIN | DIGEST,
    description="The whole chain, and the letter: what is stuck, whose money pends, "
    "whether the stock tells the truth.",
)


def is_unattended() -> bool:
    """Whether Dagster runs as a service."""
    return bool(os.environ.get(UNATTENDED))


def _nobody_waits(context: dg.ScheduleEvaluationContext) -> bool:
    """Whether no batch is waiting already: one more would find the same."""
    waiting = dg.RunsFilter(
        job_name=micro_batch.name, statuses=[dg.DagsterRunStatus.QUEUED]
    )
    return not context.instance.get_run_ids(waiting, limit=1)


STATUS = (
    dg.DefaultScheduleStatus.RUNNING
    if is_unattended()
    else dg.DefaultScheduleStatus.STOPPED
)

EVERY_QUARTER_HOUR = dg.ScheduleDefinition(
    name="every_quarter_hour",
    job=micro_batch,
    cron_schedule="*/15 * * * *",
    execution_timezone="UTC",
    should_execute=_nobody_waits,
    default_status=STATUS,
    description="Moves the clock too: orders become late and stuck without an event.",
)

EVERY_MORNING = dg.ScheduleDefinition(
    name="every_morning",
    job=daily,
    cron_schedule="5 5 * * *",
    execution_timezone=STORE_TIMEZONE,
    default_status=STATUS,
    description="Before anybody reads: the day's pages of what was judged.",
)

EVERY_MONDAY = dg.ScheduleDefinition(
    name="every_monday",
    job=weekly_sweep,
    cron_schedule="5 8 * * 1",
    execution_timezone=STORE_TIMEZONE,
    default_status=STATUS,
    description="The sweep of the week that is over, in the mail on Monday morning.",
)


@dg.definitions
def schedules() -> dg.Definitions:
    """Run the whole chain often: a run without news costs seconds."""
    return dg.Definitions(
        jobs=[micro_batch, daily, weekly_sweep],
        schedules=[EVERY_QUARTER_HOUR, EVERY_MORNING, EVERY_MONDAY],
    )
