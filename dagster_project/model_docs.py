"""Writes what every table and column means as one page that needs no network.

dbt renders it from the models' YAML and SQL and from the working file's catalog.
"""

from __future__ import annotations

from pathlib import Path

from dagster_project.build import (
    BuildError,
    dbt_places,
    dbt_variables,
    is_current,
    run_dbt,
    told_of,
)
from ingestion.lock import hold
from ingestion.shop import Shop

PAGE = "static_index.html"
MANIFEST = "manifest.json"


def path_of(shop: Shop) -> Path:
    """Return where a shop's page stands, beside that of what was judged."""
    return shop.folder / "quality" / "models.html"


def write_model_docs(shop: Shop) -> Path:
    """Write the page of the shop's models, replacing the one before.

    Raises:
        BuildError: Nothing was built yet, or dbt could not read the working file.
    """
    if not shop.working.exists():
        raise BuildError(
            f"nothing has been built in {shop.folder} yet; `postorder run` builds"
        )
    generated = shop.folder / "dbt" / "target"
    told = [*dbt_variables(shop.timezone), *dbt_places(shop)]
    with hold(shop, "describe the models"), told_of(shop.working):
        if not is_current(generated / MANIFEST):
            run_dbt(None, ["parse", *told])
        # compiling asks the database for every model and takes minutes; a build has
        # left the compiled SQL in the manifest
        run_dbt(shop.working, ["docs", "generate", "--static", "--no-compile", *told])
    path = path_of(shop)
    path.parent.mkdir(parents=True, exist_ok=True)
    (generated / PAGE).replace(path)
    return path
