"""Nothing that is shipped reads the truth, and the simulator reads no model.

The contracts of import-linter hold this for imports; SQL and folders are read here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

READERS = ("dbt_project", "dashboards", "dagster_project", "ingestion")
TEXTS = {".py", ".sql", ".yml", ".yaml", ".csv", ".md", ".toml"}


def shipped(root: Path) -> list[Path]:
    """Return the files of what reads events; the simulator itself is none of them."""
    simulator = root / "ingestion" / "simulator"
    return [
        path
        for folder in READERS
        for path in (root / folder).rglob("*")
        if path.suffix in TEXTS
        and not path.is_relative_to(simulator)
        and not {"target", "dbt_packages", "logs"} & set(path.parts)
    ]


@pytest.mark.usefixtures("simulation")
def test_no_model_and_no_page_reads_the_truth(root: Path, truth: Path) -> None:
    tables = [path.stem for path in truth.glob("*.parquet")]
    assert len(tables) > 10
    reads = re.compile(
        rf"\btruth[./]\w|['\"]truth['\"]|\b({'|'.join(tables)})\.parquet\b"
    )
    readers = [
        str(path.relative_to(root))
        for path in shipped(root)
        if reads.search(path.read_text(encoding="utf-8"))
    ]
    assert readers == []


def test_the_simulator_reads_no_model(root: Path) -> None:
    models = re.compile(
        r"dbt_project|\b(marts|metrics|staging|intermediate)\.\w|target/"
    )
    files = list((root / "ingestion" / "simulator").rglob("*.py"))
    assert len(files) > 50
    readers = [path.name for path in files if models.search(path.read_text("utf-8"))]
    # it says in words where each scenario shows
    assert readers == ["scenarios.py"]
