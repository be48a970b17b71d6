"""The published database: the only door between what was built and what is read."""

import time
from datetime import timedelta
from typing import Any

import dagster as dg

from dagster_project.defs.models import dbt_models
from dagster_project.defs.resources import PUBLISHED, ShopResource
from dagster_project.defs.transient import tried_again
from dagster_project.model_docs import write_model_docs
from dagster_project.publish import publish
from dagster_project.published import SCHEMAS, Version
from dagster_project.quality.docs import write_docs


@dg.asset(
    key=PUBLISHED,
    deps=[key for key in sorted(dbt_models.keys) if key.path[0] in SCHEMAS],
    group_name="published",
    kinds={"duckdb", "parquet"},
    freshness_policy=dg.FreshnessPolicy.time_window(
        warn_window=timedelta(hours=2), fail_window=timedelta(hours=26)
    ),
)
def published_database(
    context: dg.AssetExecutionContext, shop: ShopResource
) -> dg.MaterializeResult:
    """Publish all marts and metrics as a new immutable version."""
    began = time.monotonic()
    with tried_again(context):
        version = publish(shop.open())
    return dg.MaterializeResult(
        metadata=published_metadata(version, time.monotonic() - began)
    )


def published_metadata(version: Version, seconds: float) -> dict[str, Any]:
    """Say where a version is, how old its clock, and its headline figures."""
    return {
        "version": version.name,
        "as_of": version.as_of.isoformat(),
        "seconds": seconds,
        "database": dg.MetadataValue.path(version.path),
        **(
            {"parquet": dg.MetadataValue.path(version.parquet)}
            if version.parquet is not None
            else {}
        ),
        **{name: figure["value"] for name, figure in version.summary.items()},
    }


@dg.asset(
    key=["published", "data_docs"],
    deps=[PUBLISHED],
    group_name="published",
    kinds={"html"},
)
def data_docs(shop: ShopResource) -> dg.MaterializeResult:
    """Write what the suites expect and last found, as pages to read offline."""
    began = time.monotonic()
    page = write_docs(shop.open())
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.path(page),
            "seconds": time.monotonic() - began,
        }
    )


@dg.asset(
    key=["published", "model_docs"],
    deps=[PUBLISHED],
    group_name="published",
    kinds={"html"},
)
def model_docs(
    context: dg.AssetExecutionContext, shop: ShopResource
) -> dg.MaterializeResult:
    """Write what every table and column means, as a page to read offline."""
    began = time.monotonic()
    with tried_again(context):
        page = write_model_docs(shop.open())
    return dg.MaterializeResult(
        metadata={
            "page": dg.MetadataValue.path(page),
            "seconds": time.monotonic() - began,
        }
    )
