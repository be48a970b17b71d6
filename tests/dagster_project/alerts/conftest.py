"""Servers on this machine, reached directly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dagster_project.alerts.receivers import Hook, Mailbox, mailbox, webhook


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as running:
        yield running


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running
