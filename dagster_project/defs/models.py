"""Model assets: dbt's own graph, from its manifest."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from dagster_project.build import (
    attempt,
    clock_of,
    dbt_arguments,
    prepared_manifest,
    rewritten_in,
)
from dagster_project.defs.resources import ShopResource, started_at
from dagster_project.defs.transient import tried_again
from ingestion.shop import Shop

CONTROL_TABLES = {
    "clock": "The instant the build stands at, and where the last one stopped.",
    "contract_events": "The contract's events with their flags.",
    "contract_resolutions": "What undoes each exception.",
    "contract_entities": "The id fields of each grain.",
    "contract_values": "The closed list of each field on each event.",
    "contract_machines": "The state machines, and what each is of.",
    "contract_states": "The states of each machine.",
    "contract_machine_events": "The events that concern each machine.",
    "contract_moves": "Where each event leads from each state.",
    "rows_rewritten": "Rows that each increment wrote.",
    "left_stories": "Stories that lost a fact.",
    "publications": "Versions that were announced, as later builds remember them.",
    "published_figures": "Headline figures as readers were told them.",
    "published_sweeps": "Weekly sweeps as readers were told them.",
    "audience_exports": "Lists that were handed out, and to whom.",
    "audience_members": "Who stood on them.",
}


@dbt_assets(manifest=prepared_manifest(), name="dbt_models")
def dbt_models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, shop: ShopResource
) -> Iterator[Any]:
    """Build the models on the clock of the run, or where the sample's history ends.

    Building a part of them never counts as a build, so nothing is published from it.
    """
    opened = shop.open()
    with tried_again(context):
        clock = clock_of(
            opened,
            started_at=started_at(context),
            is_backfill=shop.is_sample(opened),
            as_of=None,
        )
        with attempt(opened, as_of=clock, is_whole=not context.is_subset) as (_, begun):
            yield from dbt.cli(
                dbt_arguments(
                    store_timezone=opened.timezone,
                    is_full_refresh=begun.full_refresh_reason is not None,
                ),
                context=context,
                target_path=opened.folder / "dbt" / "dagster",
            ).stream()
            # while the shop is held: a watcher may write as soon as it is not
            yield from _rewritten(opened)


def _rewritten(shop: Shop) -> Iterator[dg.AssetObservation]:
    """Tell how much of each incremental table the build wrote."""
    for table in rewritten_in(shop.working):
        yield dg.AssetObservation(
            asset_key=[table.schema, table.model],
            metadata={"rows_rewritten": table.rows, "rows": table.total},
        )


@dg.definitions
def models() -> dg.Definitions:
    """Add what the builder tells the models, which no tool materializes."""
    told = [
        dg.AssetSpec(
            ["control", table], description=text, group_name="control", kinds={"duckdb"}
        )
        for table, text in CONTROL_TABLES.items()
    ]
    return dg.Definitions(assets=[*told, dbt_models])
