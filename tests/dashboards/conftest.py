"""The small shop, published in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from dagster_project.published import Version
from tests.dashboards.small_shop import publish


@pytest.fixture(autouse=True)
def _forget_answers() -> None:
    """Start each test with nothing cached."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def _stay_main() -> Iterator[None]:
    """Keep what ran us as the main module: a page's test takes its place for good.

    Processes that later tests start would begin with the page.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def published_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The published folder of a shop that has published nothing yet."""
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "shop"))
    folder = tmp_path / "shop" / "published"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def version(published_folder: Path) -> Version:
    """The small shop, published half an hour ago."""
    return publish(published_folder, "one")
