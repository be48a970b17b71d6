"""Starts the pages and Dagster's own interface.

Both answer this machine only; the pages answer others too where they ask who reads.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from types import FrameType

from ingestion.shop import Shop

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[1]
GRACE_SECONDS = 10

DAGSTER_FOLDER = "dagster"
"""Where in a data folder Dagster keeps its own records."""

DAGSTER_SETTINGS = """\
telemetry:
  enabled: false

# no invitation over the graph
nux:
  enabled: false

# one process at a time opens the working file
concurrency:
  runs:
    max_concurrent_runs: 1
"""


class OpenToOthersError(Exception):
    """The pages would answer other machines without asking who reads."""


def require_login(host: str) -> None:
    """Raise where a host lets other machines in and no login is set up.

    The pages look again themselves: they can be served without us.

    Raises:
        OpenToOthersError: No login is set up, or its secrets cannot be read.
    """
    # here, since importing Streamlit takes a second that other commands should not
    from dashboards.access import login

    if login.is_loopback(host):
        return
    try:
        with chdir(ROOT):
            is_configured = login.is_configured()
    except login.LoginError as error:
        raise OpenToOthersError(str(error)) from error
    if not is_configured:
        raise OpenToOthersError(
            f"{host} lets other machines read the pages, and no login is set up: "
            f"add [auth] to {ROOT / '.streamlit' / 'secrets.toml'}, or serve them on "
            f"{LOOPBACK} and put a proxy that asks before them"
        )


def dashboard_command(port: int, host: str = LOOPBACK) -> list[str]:
    """Return the command that serves the pages."""
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(ROOT / "dashboards" / "app.py"),
        "--server.address",
        host,
        "--server.port",
        str(port),
        "--server.headless",
        "true",
        "--browser.gatherUsageStats",
        "false",
    ]


def dagster_command(port: int) -> list[str]:
    """Return the command that serves Dagster."""
    return [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "--module-name",
        "dagster_project.definitions",
        "--host",
        LOOPBACK,
        "--port",
        str(port),
    ]


def dagster_home(shop: Shop) -> Path:
    """Return the folder of Dagster's own records, with settings that keep it quiet."""
    home = shop.folder / DAGSTER_FOLDER
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(DAGSTER_SETTINGS, encoding="utf-8")
    return home


def dagster_home_of(shop: Shop, environment: Mapping[str, str]) -> Path | None:
    """Return the folder of the Dagster instance that knows a shop.

    That is ``DAGSTER_HOME``, else the one that was made when Dagster was opened;
    ``None`` where neither is there.
    """
    named = environment.get("DAGSTER_HOME")
    home = Path(named) if named else shop.folder / DAGSTER_FOLDER
    return home if (home / "dagster.yaml").is_file() else None


def serve(command: Sequence[str], extra: Mapping[str, str] | None = None) -> int:
    """Run a server until it ends or the user stops it, then end what it started.

    Args:
        command: The server and its arguments.
        extra: Environment on top of this process's own.

    Returns:
        The exit code; 0 where the user stopped it.
    """
    environment = {**os.environ, **(extra or {})}
    # the checkout holds the packages and the pages' settings
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    )
    environment["POSTORDER_DATA"] = str(Shop.from_environment(environment).folder)
    server = subprocess.Popen(  # noqa: S603 - our own command
        list(command), env=environment, cwd=ROOT, start_new_session=True
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server and its children; Dagster's do not always follow it."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, ending)
            server.wait(timeout=GRACE_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
