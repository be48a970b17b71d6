"""The published database: the only door between what was built and what is read."""

import dagster as dg

from dagster_project.defs.models import dbt_models
from dagster_project.defs.resources import ShopResource
from dagster_project.publish import publish
from dagster_project.published import SCHEMAS


@dg.asset(
    key=["published", "database"],
    deps=[key for key in sorted(dbt_models.keys) if key.path[0] in SCHEMAS],
    group_name="published",
    kinds={"duckdb", "parquet"},
)
def published_database(shop: ShopResource) -> dg.MaterializeResult:
    """Publish all marts and metrics as a new immutable version."""
    version = publish(shop.open())
    return dg.MaterializeResult(
        metadata={
            "version": version.name,
            "as_of": version.as_of.isoformat(),
            "database": dg.MetadataValue.path(version.path),
            "parquet": dg.MetadataValue.path(version.parquet),
            **{name: figure["value"] for name, figure in version.summary.items()},
        }
    )
