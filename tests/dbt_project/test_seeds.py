"""Seeds that repeat what is written elsewhere repeat all of it."""

from __future__ import annotations

from pathlib import Path

from ingestion.simulator.catalog import catalog_seeds


def test_products_are_those_of_the_sample_shop(root: Path, tmp_path: Path) -> None:
    """The seed describes what the sample's shop knows of its products, no more."""
    written = {path.stem: path for path in catalog_seeds(tmp_path)}
    seed = root / "dbt_project" / "seeds" / "products.csv"

    assert seed.read_text(encoding="utf-8") == written["products"].read_text(
        encoding="utf-8"
    )
