"""Seeds that repeat what is written elsewhere repeat all of it."""

from __future__ import annotations

import csv
from pathlib import Path

from ingestion.simulator.catalog import catalog_seeds


def test_products_are_those_of_the_sample_shop(root: Path, tmp_path: Path) -> None:
    """The seed describes what the sample's shop knows of its products, no more."""
    written = {path.stem: path for path in catalog_seeds(tmp_path)}
    seed = root / "dbt_project" / "seeds" / "products.csv"

    assert seed.read_text(encoding="utf-8") == written["products"].read_text(
        encoding="utf-8"
    )


def test_locations_are_those_of_the_sample_shop(root: Path, tmp_path: Path) -> None:
    """The seed says of each place all that the sample's shop knows."""
    written = {path.stem: path for path in catalog_seeds(tmp_path)}

    def rows(path: Path) -> list[dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    known = rows(written["locations"])
    told = rows(root / "dbt_project" / "seeds" / "locations.csv")
    assert [
        {
            "location_id": row["location_id"],
            "location_name": row["location_name"],
            "city": row["city"],
            "region": row["region"],
            "node_type": row["kind"],
        }
        for row in told
    ] == known
