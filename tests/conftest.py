"""Fixtures every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Files whose tests take minutes go first: at the end no worker waits for another.
LONG = {
    "test_any_road.py",
    "test_coverage.py",
    "test_forget.py",
    "test_materialization.py",
    "test_olist_reference.py",
    "test_readme.py",
    "test_run.py",
    "test_units.py",
}

# tests never reach out, and never read a developer's own shop
for name in [name for name in os.environ if name.startswith("POSTORDER_")]:
    del os.environ[name]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of contract, real data and reference figures beside the checkout."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder `shared` with contract and real data is not here")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files before all others."""
    items.sort(key=lambda item: item.path.name not in LONG)
