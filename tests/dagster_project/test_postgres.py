"""Dagster's records in PostgreSQL, as the production guide keeps them, and a backup."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "docs" / "production"
TEMPLATE = "template1"

# The server refuses to run as root.
AS_POSTGRES = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}


def programs() -> Path | None:
    """The folder of the newest server's programs; most are on nobody's path."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(found, key=lambda path: float(path.parts[-3]), default=None)
    on_path = shutil.which("initdb")
    return newest.parent if newest else on_path and Path(on_path).parent


pytestmark = pytest.mark.skipif(
    programs() is None or shutil.which("flock") is None,
    reason="a PostgreSQL server or flock is not installed",
)


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """The variables of ``postorder.env``, of a server of our own."""
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port = any_port.getsockname()[1]
    # not pytest's folder, which nobody but its owner may enter
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").write_text("a secret")
        if AS_POSTGRES:
            shutil.chown(folder, **AS_POSTGRES)
        data = folder / "data"

        def do(program: str, *arguments: str) -> None:
            subprocess.run(
                [programs() / program, "--pgdata", data, *arguments],
                **AS_POSTGRES,
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
            )

        do(
            "initdb",
            "--username=dagster",
            f"--pwfile={folder / 'password'}",
            "--auth=scram-sha-256",
            "--no-sync",
        )
        listening = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
        do("pg_ctl", "start", "--wait", "-o", listening, "--log", str(folder / "log"))
        try:
            yield {
                "POSTORDER_POSTGRES_HOST": "127.0.0.1",
                "POSTORDER_POSTGRES_PORT": str(port),
                "POSTORDER_POSTGRES_USER": "dagster",
                "POSTORDER_POSTGRES_PASSWORD": "a secret",
            }
        finally:
            do("pg_ctl", "stop", "--mode=immediate")


def asked(server: Mapping[str, str], sql: str, database: str) -> list[str]:
    """What the server itself answers, a line a row."""
    said = subprocess.run(
        [
            *(programs() / "psql", "--no-psqlrc", "--tuples-only", "--no-align"),
            *("--host", server["POSTORDER_POSTGRES_HOST"]),
            *("--port", server["POSTORDER_POSTGRES_PORT"]),
            *("--username", "dagster", "--dbname", database, "--command", sql),
        ],
        env={**os.environ, "PGPASSWORD": server["POSTORDER_POSTGRES_PASSWORD"]},
        check=True,
        capture_output=True,
        text=True,
    )
    return said.stdout.split()


@pytest.fixture
def opened(server, tmp_path, monkeypatch):
    """Open Dagster's records as the service does, in a database that is there."""
    (tmp_path / "dagster.yaml").symlink_to(FILES / "dagster.yaml")
    for name, value in server.items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def open_in(database: str) -> Iterator[dg.DagsterInstance]:
        monkeypatch.setenv("POSTORDER_POSTGRES_DATABASE", database)
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            yield instance

    return open_in


@dg.op
def work() -> int:
    return 1


@dg.job
def trivial() -> None:
    work()


def events_of(instance: dg.DagsterInstance, run_id: str) -> list[dg.DagsterEventType]:
    """What the records say happened in a run."""
    return [
        record.dagster_event.event_type
        for record in instance.all_logs(run_id)
        if record.dagster_event is not None
    ]


def restoring(backup: Path, server: Mapping[str, str], database: str) -> list[str]:
    """The guide's own command, on another backup, server and database."""
    guide = (ROOT / "docs" / "production.md").read_text()
    program, *arguments = shlex.split(re.search(r"^pg_restore .+", guide, re.M)[0])
    assert arguments.pop().endswith("/TIME/dagster.dump")
    others = {
        "--host": server["POSTORDER_POSTGRES_HOST"],
        "--username": server["POSTORDER_POSTGRES_USER"],
        "--dbname": database,
    }
    for option, value in others.items():
        arguments[arguments.index(option) + 1] = value
    port = server["POSTORDER_POSTGRES_PORT"]
    return [programs() / program, *arguments, "--port", port, backup / "dagster.dump"]


def test_a_run_stands_in_the_database_and_in_its_backup(
    server, opened, shop, tmp_path, monkeypatch
):
    asked(server, "create database dagster", TEMPLATE)
    with opened("dagster") as instance:
        done = trivial.execute_in_process(instance=instance)
        before = events_of(instance, done.run_id)
    happened = dg.DagsterEventType
    assert {happened.STEP_SUCCESS, happened.RUN_SUCCESS} <= set(before)
    status = f"select status from runs where run_id = '{done.run_id}'"
    assert asked(server, status, "dagster") == ["SUCCESS"]
    counted = f"select count(*) from event_logs where run_id = '{done.run_id}'"
    assert int(asked(server, counted, "dagster")[0]) >= len(before)

    shop.folder.mkdir()
    monkeypatch.setenv("POSTORDER_DATA", str(shop.folder))
    monkeypatch.setenv("PATH", str(programs()), prepend=os.pathsep)
    subprocess.run([FILES / "backup.sh", tmp_path / "copies"], check=True)
    (backup,) = (tmp_path / "copies").iterdir()
    assert (backup / "complete").exists()

    asked(server, "create database restored", TEMPLATE)
    monkeypatch.setenv("PGPASSWORD", server["POSTORDER_POSTGRES_PASSWORD"])
    subprocess.run(restoring(backup, server, "restored"), check=True)
    asked(server, "drop database dagster", TEMPLATE)
    with opened("restored") as instance:
        run = instance.get_run_by_id(done.run_id)
        assert run is not None
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert events_of(instance, done.run_id) == before


def test_a_database_without_a_backup_knows_no_run(server, opened):
    asked(server, "create database empty", TEMPLATE)
    with opened("empty") as instance:
        assert instance.get_runs_count() == 0
