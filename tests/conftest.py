"""Fixtures every room's tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.sample import SampleRun

ROOT = Path(__file__).resolve().parents[1]

# Files whose tests take minutes go first: at the end no worker waits for another.
LONG = {
    "test_any_road.py",
    "test_coverage.py",
    "test_forget.py",
    "test_materialization.py",
    "test_olist_reference.py",
    *(OF_SAMPLE := {"test_readme.py", "test_run.py", "test_units.py"}),
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


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """The main job on the embedded sample, as it is after the first run."""
    from tests.sample import first_run

    return first_run(tmp_path_factory.mktemp("sample"))


class FileByFile(LoadFileScheduling):
    """A file's tests share a worker, and so do the files that begin with the sample."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "sample" if Path(file).name in OF_SAMPLE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileByFile:
    """Spread what ``-n`` asks for; without the plug-in nothing asks."""
    return FileByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files before all others."""
    items.sort(key=lambda item: item.path.name not in LONG)
