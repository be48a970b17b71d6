"""The canary: an order planted each hour, looked for after each publication."""

import os
from datetime import UTC, datetime

import dagster as dg

from dagster_project import canary
from dagster_project.defs.resources import PUBLISHED, ShopResource
from dagster_project.defs.schedules import STATUS
from dagster_project.defs.transient import tried_again
from dagster_project.shops import kind_of, shop_from


@dg.op
def plant(context: dg.OpExecutionContext, shop: ShopResource) -> None:
    """Write a canary's files into the landing zone; the sensor there does the rest."""
    planted = canary.plant(shop.open(), now=datetime.now(UTC))
    context.log.info("planted %s", planted.order_id)


@dg.job(
    name="canary",
    description="Plant an order that goes through every pipeline and into no mart.",
)
def canary_job() -> None:
    """Plant one."""
    plant()


def _is_followed(_context: dg.ScheduleEvaluationContext) -> bool:
    """Whether the shop lands events of its own: the sample's clock stands still."""
    return kind_of(shop_from(os.environ)) == "own"


EVERY_HOUR = dg.ScheduleDefinition(
    name="every_hour",
    job=canary_job,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    should_execute=_is_followed,
    default_status=STATUS,
    description="Between two batches, so that the landing folder has to notice it.",
)


@dg.asset_check(
    asset=PUBLISHED,
    name="canary",
    description="The last planted order came through every pipeline, in its time, and "
    "no published table shows it.",
)
def canary_check(
    context: dg.AssetCheckExecutionContext, shop: ShopResource
) -> dg.AssetCheckResult:
    """Look where canaries have come to; alerts are for the rules to say."""
    now = datetime.now(UTC)
    with tried_again(context.op_execution_context):
        found = canary.check(shop.open(), now=now)
    failing = canary.failing(found, now)
    through = [each for each in found if each.state == canary.THROUGH]
    metadata: dict[str, int | float | str] = {
        "planted": len(found),
        "through": len(through),
        **{each.order_id: f"{each.state}: {each.trouble}" for each in failing},
    }
    if through and through[-1].seconds is not None:
        metadata["seconds"] = through[-1].seconds
    return dg.AssetCheckResult(passed=not failing, metadata=metadata)


@dg.definitions
def canaries() -> dg.Definitions:
    """Plant one each hour, and look after each publication."""
    return dg.Definitions(
        asset_checks=[canary_check], jobs=[canary_job], schedules=[EVERY_HOUR]
    )
