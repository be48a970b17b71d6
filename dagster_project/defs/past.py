"""The past as it could have been known: one version per day, built when asked for."""

import os

import dagster as dg

from dagster_project.defs.resources import PUBLISHED, ShopResource
from dagster_project.defs.transient import tried_again
from dagster_project.published import current
from dagster_project.run import run
from dagster_project.shops import shop_from

FIRST_DAY = "2020-01-01"

DAYS = dg.DailyPartitionsDefinition(
    start_date=FIRST_DAY, timezone=shop_from(os.environ).timezone
)


@dg.asset(
    key=["published", "as_of"],
    deps=[PUBLISHED],
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.multi_run(),
    group_name="past",
    kinds={"duckdb", "parquet"},
)
def published_as_of(
    context: dg.AssetExecutionContext, shop: ShopResource
) -> dg.MaterializeResult:
    """Publish the warehouse as it could have been known at the end of a store day.

    It never moves the pointer: a day that the published version has not yet passed is
    refused.
    """
    opened = shop.open()
    end = context.partition_time_window.end
    announced = current(opened.published)
    if announced is None or end >= announced.as_of:
        raise dg.Failure(
            description=f"{context.partition_key} has not passed for the published "
            "version; publish first, or ask for an earlier day",
            allow_retries=False,
        )
    with tried_again(context):
        report = run(opened, as_of=end)
    return dg.MaterializeResult(
        metadata={
            "version": report.version.name,
            "as_of": report.version.as_of.isoformat(),
            "database": dg.MetadataValue.path(report.version.path),
        }
    )
