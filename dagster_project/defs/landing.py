"""Raw assets: landed by dlt, keyed as dbt's sources are."""

import time
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from dagster_project.arrivals import landing_zone
from dagster_project.defs.resources import ShopResource, started_at
from dagster_project.defs.transient import tried_again
from dagster_project.run import land, land_sample
from ingestion.landing import Landing

RAW_TABLES = {
    "order_events": "Order, inventory, promise, delivery, support and control events.",
    "payment_events": "Authorization, capture, settlement, refund and dispute events.",
    "return_events": "Return, exchange, warranty, restock and claim events.",
    "rejected_events": "Lines that broke the contract, masked.",
    "landings": "The ledger: one row per landed file and load.",
}

SENT = dg.AssetSpec(
    ["sources", "landing_zone"],
    description="What systems send: files of events in the data folder's landing/, or "
    "the embedded sample. Nothing here writes it.",
    group_name="sources",
    kinds={"file"},
)

LOOKED = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=1), fail_window=timedelta(hours=6)
)
"""How long the landing zone may go without anyone looking; whether a source has gone
silent is for marts.missing_events to say."""


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw", table],
            deps=[SENT],
            description=text,
            group_name="raw",
            kinds={"dlt", "duckdb"},
            freshness_policy=LOOKED,
        )
        for table, text in RAW_TABLES.items()
    ]
)
def raw_tables(
    context: dg.AssetExecutionContext, shop: ShopResource
) -> Iterator[dg.MaterializeResult]:
    """Land the landing zone; without one, the embedded sample."""
    opened = shop.open()
    now = started_at(context)
    began = time.monotonic()
    with tried_again(context):
        if shop.is_sample(opened):
            landed = land_sample(opened, now=now)
        else:
            landed = land(opened, [landing_zone(opened)], now=now)
    seconds = time.monotonic() - began
    metadata = landed_metadata(landed, seconds)
    for table in RAW_TABLES:
        yield dg.MaterializeResult(asset_key=["raw", table], metadata=metadata)


def landed_metadata(landed: Landing, seconds: float) -> dict[str, int | float | None]:
    """Say what became of the lines of a landing."""
    new = [file for file in landed.files if not file.is_known]
    return {
        "landing_seq": landed.landing_seq,
        "new_files": len(new),
        "delivered_lines": sum(file.delivered for file in new),
        "stored_lines": sum(file.stored for file in new),
        "repeated_lines": sum(file.repeats for file in new),
        "rejected_lines": sum(file.rejected for file in new),
        "seconds": seconds,
    }
