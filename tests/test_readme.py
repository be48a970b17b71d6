"""Every command of the README runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

EVENTS = re.compile(r"```json\n(.*?\n)```", re.DOTALL)
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def commands(root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    lines = (
        line.split("   #")[0].strip()
        for block in SHELL.findall(readme)
        for line in block.splitlines()
    )
    return [line for line in lines if line]


def test_every_make_target_exists(root):
    targets = [line.split()[1] for line in commands(root) if line.startswith("make ")]
    assert {"run", "test"} <= set(targets)
    for target in targets:
        subprocess.run(
            ["make", "-n", target], cwd=root, check=True, capture_output=True
        )


@pytest.fixture(scope="module")
def places(root, sample_run, tmp_path_factory):
    """A folder with the files that a reader would have after ``make run``."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(sample_run.kept, folder / "data")
    (folder / "my-events").mkdir()
    readme = (root / "README.md").read_text(encoding="utf-8")
    (folder / "my-events" / "2026-03-01.jsonl").write_text(EVENTS.search(readme)[1])
    return folder


def test_every_postorder_command_runs_in_order(root, places):
    environment = {
        name: value for name, value in os.environ.items() if name != "POSTORDER_DATA"
    }
    ran = 0
    for line in commands(root):
        words = shlex.split(line)
        if words[0] == "export":
            name, value = words[1].split("=", 1)
            environment[name] = value
        elif words[0] == "postorder" and "--source" not in words:
            done = subprocess.run(
                [sys.executable, "-m", "dagster_project.cli", *words[1:]],
                cwd=places,
                env=environment | {"PYTHONPATH": str(root)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            ran += 1
    assert ran >= 5
