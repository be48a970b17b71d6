"""The production guide's files: held against the tools that would read them."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config
from dagster._core.workspace.load_target import WorkspaceFileTarget

from dagster_project.abandoned import end_abandoned
from dagster_project.alerts.rules import RULES
from dagster_project.servers import DAGSTER_SETTINGS
from ingestion.lock import hold

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "docs" / "production"
UNITS = sorted((FILES / "systemd").iterdir())
INSTALLED = "/opt/postorder"
PROGRAMS = Path(sys.executable).parent


class Unit(configparser.RawConfigParser):
    optionxform = staticmethod(str)


def environment() -> dict[str, str]:
    lines = (FILES / "postorder.env").read_text().splitlines()
    return dict(
        line.split("=", 1) for line in lines if line and not line.startswith("#")
    )


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_program_of_ours_as_a_user_of_its_own(path):
    unit = Unit(strict=False)
    unit.read(path)
    if path.suffix == ".timer":
        assert path.with_suffix(".service") in UNITS
        return
    service = unit["Service"]
    assert service["User"] == "postorder"
    assert service["EnvironmentFile"] == "/etc/postorder/postorder.env"
    for key in ("ExecStart", "ExecStartPre"):
        if key not in service:
            continue
        program, *arguments = shlex.split(service[key].removeprefix("-"))
        assert as_installed(program).exists()
        for argument in arguments:
            assert not argument.startswith("docs/") or (ROOT / argument).exists()


def as_installed(path: str) -> Path:
    """Where a path of the installation lies here."""
    text = path.replace(f"{INSTALLED}/.venv/bin", str(PROGRAMS))
    return Path(text.replace(INSTALLED, str(ROOT)))


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)
def test_systemd_reads_the_units_without_a_word(tmp_path):
    for path in UNITS:
        text = path.read_text().replace(f"{INSTALLED}/.venv/bin", str(PROGRAMS))
        (tmp_path / path.name).write_text(text.replace(INSTALLED, str(ROOT)))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_dagster_accepts_its_settings(monkeypatch):
    settings, _ = dagster_instance_config(str(FILES), "dagster.yaml")
    database = settings["storage"]["postgres"]["postgres_db"]
    assert database.pop("scheme") == "postgresql+psycopg2"
    # no secret stands there, and what the variables are called is said once
    assert {tuple(each) for each in database.values()} == {("env",)}
    assert {each["env"] for each in database.values()} <= set(environment())
    on_a_laptop = yaml.safe_load(DAGSTER_SETTINGS)
    for part in ("concurrency", "telemetry", "nux"):
        assert settings[part] == on_a_laptop[part]
    assert settings["concurrency"]["runs"]["max_concurrent_runs"] == 1
    assert settings["run_monitoring"]["enabled"]


def test_dagster_would_not_accept_just_anything(tmp_path):
    text = (FILES / "dagster.yaml").read_text().replace("postgres_db:", "postgres_bd:")
    (tmp_path / "dagster.yaml").write_text(text)
    with pytest.raises(dg.DagsterInvalidConfigError, match="postgres_bd"):
        dagster_instance_config(str(tmp_path), "dagster.yaml")


def test_dagster_finds_our_definitions():
    target = WorkspaceFileTarget(paths=[str(FILES / "workspace.yaml")])
    (origin,) = target.create_origins()
    assert origin.loadable_target_origin.module_name == "dagster_project.definitions"


def test_the_environment_names_what_is_read():
    names = set(environment())
    channels = yaml.safe_load(RULES.read_text())["channels"].values()
    asked = {
        value
        for channel in channels
        for key, value in channel.items()
        if key.endswith("_from")
    }
    assert asked <= names
    code = "".join(
        path.read_text()
        for folder in ("dagster_project", "ingestion", "docs/production")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yml", ".yaml", ".sh"}
    )
    assert {name for name in names - {"DAGSTER_HOME"} if name not in code} == set()


def instructions() -> list[tuple[str, str]]:
    """The container file's instructions, each with its arguments."""
    text = (FILES / "Containerfile").read_text()
    joined = re.sub(r"\\\n\s*", "", text)
    lines = [line for line in joined.splitlines() if line and line[0] != "#"]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_the_container_file_copies_what_is_there_and_runs_as_nobody_in_particular():
    read = instructions()
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "CMD"}
    assert {word for word, _ in read} == known
    (image,) = (rest for word, rest in read if word == "FROM")
    assert re.fullmatch(r"python:3\.1[123]-slim(-\w+)?", image)
    for word, rest in read:
        if word == "COPY":
            *sources, _ = rest.split()
            assert all((ROOT / source).exists() for source in sources)
    words = [word for word, _ in read]
    (user,) = (rest for word, rest in read if word == "USER")
    assert user not in ("root", "0")
    # whoever runs the command is not who wrote the code
    assert words.index("USER") > max(n for n, word in enumerate(words) if word == "RUN")
    text = (FILES / "Containerfile").read_text()
    assert "://" not in text
    assert "index" not in text
    for line in text.splitlines():
        assert "install" not in line or "--require-hashes" in line or "-e ." in line


def test_the_two_commands_of_the_image_are_those_of_the_units():
    text = (FILES / "Containerfile").read_text()
    (started,) = (json.loads(rest) for word, rest in instructions() if word == "CMD")
    (other,) = (
        json.loads(line.split(": ", 1)[1])
        for line in text.splitlines()
        if line.startswith("# the other: ")
    )
    for command, unit in ((started, "webserver"), (other, "daemon")):
        assert (PROGRAMS / command[0]).exists()
        assert (ROOT / command[-1]).exists()
        read = Unit(strict=False)
        read.read(FILES / "systemd" / f"postorder-{unit}.service")
        program, *arguments = shlex.split(read["Service"]["ExecStart"])
        assert (Path(program).name, arguments[-2:]) == (command[0], command[-2:])


def test_the_guide_names_only_what_is_there():
    guide = (ROOT / "docs" / "production.md").read_text()
    for link in re.findall(r"\]\(([^)]+)\)", guide):
        assert (ROOT / "docs" / link).exists()
    enabled = re.search(r"systemctl enable --now (.+)", guide)[1].split()
    stems = {path.name for path in UNITS} | {path.stem for path in UNITS}
    assert set(enabled) <= stems


@pytest.mark.skipif(shutil.which("flock") is None, reason="flock is not installed")
def test_a_backup_waits_for_whoever_works_on_the_shop(shop, tmp_path):
    shop.folder.mkdir()
    (shop.folder / "shop.json").write_text("{}")
    with hold(shop, "test"):
        backup = subprocess.Popen(
            [FILES / "backup.sh", tmp_path / "copies"],
            env={"PATH": "/usr/bin:/bin", "POSTORDER_DATA": str(shop.folder)},
        )
        with pytest.raises(subprocess.TimeoutExpired):
            backup.wait(timeout=1)
        (shop.folder / "late").touch()
    assert backup.wait(timeout=30) == 0
    (copy,) = (tmp_path / "copies").iterdir()
    assert {path.name for path in copy.iterdir()} == {"complete", "shop"}
    assert {path.name for path in (copy / "shop").iterdir()} >= {"shop.json", "late"}


def test_runs_that_went_down_with_the_machine_give_their_place_back():
    statuses = (
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.SUCCESS,
    )
    with dg.DagsterInstance.ephemeral() as instance:
        started, starting, done = (
            instance.add_run(
                dg.DagsterRun(job_name="a", run_id=str(uuid4()), status=status)
            ).run_id
            for status in statuses
        )
        assert set(end_abandoned(instance)) == {started, starting}
        found = {run.run_id: run.status for run in instance.get_runs()}
        assert found == {
            started: dg.DagsterRunStatus.FAILURE,
            starting: dg.DagsterRunStatus.FAILURE,
            done: dg.DagsterRunStatus.SUCCESS,
        }
        assert end_abandoned(instance) == []
