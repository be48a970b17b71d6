"""Servers answer on this machine only, stay silent, and take their children along."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dagster_project.servers import dagster_command, dagster_home, dashboard_command


@pytest.mark.parametrize("command", [dashboard_command(8999), dagster_command(8999)])
def test_only_this_machine_is_served(command):
    assert "127.0.0.1" in command
    assert "8999" in command


def test_dagster_keeps_its_records_in_the_shop_and_reports_nothing(shop):
    home = dagster_home(shop)
    assert home.parent == shop.folder
    settings = (home / "dagster.yaml").read_text()
    assert "enabled: false" in settings
    assert "max_concurrent_runs: 1" in settings


SERVER = """
import os, signal, subprocess, sys, time
from pathlib import Path

signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) > 2:
    subprocess.Popen([sys.executable, __file__, sys.argv[1]])
with Path(sys.argv[1]).open("a") as pids:
    pids.write(f"{os.getpid()}\\n")
time.sleep(60)
"""

FRONT = """
import sys
from dagster_project import servers

servers.GRACE_SECONDS = 1
servers.serve([sys.executable, *sys.argv[1:]])
"""


def test_children_end_with_the_server(root, tmp_path):
    """The server ignores its end, and so does its child: both are gone all the same."""
    pids = tmp_path / "pids"
    server = tmp_path / "server.py"
    server.write_text(SERVER)
    front = subprocess.Popen(
        [sys.executable, "-c", FRONT, str(server), str(pids), "parent"], cwd=root
    )
    until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    front.send_signal(signal.SIGTERM)
    assert front.wait(timeout=20) == 0
    for pid in map(int, pids.read_text().split()):
        until(lambda pid=pid: not is_alive(pid))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # the end of an orphan may wait for somebody to notice
    return (
        "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    )


def until(holds) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
