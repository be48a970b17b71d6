"""The main job on the embedded sample, run once for all tests that begin with it."""

from __future__ import annotations

import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster_project import telemetry
from dagster_project.run import RunReport, run
from dagster_project.shops import shop_from
from ingestion.shop import Shop


class Guard:
    """Refuses and notes every way to another machine, while it is set.

    An audit hook sees what every library does, and cannot be taken out again.
    """

    def __init__(self) -> None:
        self.is_set = False
        self.refused: list[str] = []
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple) -> None:
        if not self.is_set:
            return
        if event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
            self.refuse_unless_local(arguments[1][0])
        if event == "socket.getaddrinfo" and arguments[0] is not None:
            self.refuse_unless_local(arguments[0])

    def refuse_unless_local(self, host: str | bytes) -> None:
        if host not in ("localhost", "127.0.0.1", "::1"):
            self.refused.append(str(host))
            raise PermissionError(f"{host} is another machine")


@dataclass(frozen=True)
class SampleRun:
    """The first run: its shop, a copy of that as it then was, and what was told."""

    shop: Shop
    kept: Path
    report: RunReport
    told: list[tuple]
    guard: Guard


def first_run(folder: Path) -> SampleRun:
    """Run as the command line does, with no other machine in reach."""
    shop = shop_from({"POSTORDER_DATA": str(folder / "shop")}, is_sample=True)
    told: list[tuple] = []
    guard = Guard()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in telemetry.OFF.items():
            environment.setenv(name, value)
        guard.is_set = True
        report = run(shop, progress=lambda *step: told.append(step))
        guard.is_set = False
    shutil.copytree(shop.folder, folder / "kept")
    return SampleRun(shop, folder / "kept", report, told, guard)
