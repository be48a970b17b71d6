"""Seeds that repeat what is written elsewhere repeat all of it."""

from __future__ import annotations

import csv
from pathlib import Path

import yaml

from ingestion.contract.catalogue import CATALOGUE_FILE
from ingestion.simulator.catalog import catalog_seeds


def test_return_reasons_are_grouped_as_in_the_contract(root: Path) -> None:
    """A reason added to the contract is grouped here too, and under no other name."""
    tree = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))
    codes = tree["taxonomies"]["return_reasons"]["codes"]
    seed = root / "dbt_project" / "seeds" / "return_reason_groups.csv"
    with seed.open(encoding="utf-8", newline="") as rows:
        groups = {
            row["reason_code"]: row["reason_group"] for row in csv.DictReader(rows)
        }

    assert groups == {code: body["category"] for code, body in codes.items()}


def test_products_are_those_of_the_sample_shop(root: Path, tmp_path: Path) -> None:
    """The seed describes what the sample's shop knows of its products, no more."""
    written = {path.stem: path for path in catalog_seeds(tmp_path)}
    seed = root / "dbt_project" / "seeds" / "products.csv"

    assert seed.read_text(encoding="utf-8") == written["products"].read_text(
        encoding="utf-8"
    )
