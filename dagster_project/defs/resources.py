"""What every asset shares: the shop, and dbt."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource

from dagster_project.arrivals import landing_zone
from dagster_project.build import DBT_PROJECT
from dagster_project.shops import kind_of, shop_from
from ingestion.shop import Shop

PUBLISHED = dg.AssetKey(["published", "database"])


class ShopResource(dg.ConfigurableResource):
    """The shop that the environment names when a run starts."""

    def open(self) -> Shop:
        """Return the shop; an empty folder without a landing zone is the sample's."""
        shop = shop_from(os.environ)
        if landing_zone(shop).is_dir():
            return shop
        return shop_from(os.environ, is_sample=True)

    def is_sample(self, shop: Shop) -> bool:
        """Whether the shop holds, or is about to receive, the embedded sample."""
        kind = kind_of(shop)
        return kind == "sample" or (kind is None and not landing_zone(shop).is_dir())


def started_at(context: dg.AssetExecutionContext) -> datetime:
    """Return when the run began, UTC: the clock of everything live in it."""
    record = context.instance.get_run_record_by_id(context.run_id)
    if record is None or record.start_time is None:
        return datetime.now(UTC)
    return datetime.fromtimestamp(record.start_time, tz=UTC)


@dg.definitions
def resources() -> dg.Definitions:
    """Bind the resource keys assets ask for by parameter name."""
    return dg.Definitions(
        resources={
            "shop": ShopResource(),
            "dbt": DbtCliResource(
                project_dir=str(DBT_PROJECT),
                profiles_dir=str(DBT_PROJECT),
                # beside this Python, whether or not its folder is on the path
                dbt_executable=str(Path(sys.executable).with_name("dbt")),
            ),
        },
        # the steps share one file that one process opens at a time
        executor=dg.in_process_executor,
    )
