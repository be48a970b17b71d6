"""A whole run opens no connection to another machine."""

from __future__ import annotations

import os
import subprocess
import sys

RUN = """
import os, sys, socket

def refuse(event, arguments):
    if event == "socket.connect":
        family, address = arguments[0].family, arguments[1]
        if family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1"):
            return
        os.write(2, f"connects to {address}".encode())
        os._exit(70)
    if event == "socket.getaddrinfo" and arguments[0] not in (
        "localhost", "127.0.0.1", "::1", None
    ):
        os.write(2, f"looks up {arguments[0]}".encode())
        os._exit(70)

sys.addaudithook(refuse)
from dagster_project.cli import main

sys.argv = ["postorder", *sys.argv[1:]]
main()
"""


def test_a_run_of_the_sample_talks_to_nobody(root, tmp_path):
    environment = {
        name: value for name, value in os.environ.items() if "TELEMETRY" not in name
    }
    answer = subprocess.run(
        [sys.executable, "-c", RUN, "run"],
        cwd=root,
        env={**environment, "POSTORDER_DATA": str(tmp_path / "shop")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "Published" in answer.stdout


def test_the_guard_itself_works(root):
    answer = subprocess.run(
        [
            sys.executable,
            "-c",
            RUN.replace("from dagster_project.cli import main", "").replace(
                "main()", "socket.create_connection(('192.0.2.1', 9), timeout=1)"
            ),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 70
