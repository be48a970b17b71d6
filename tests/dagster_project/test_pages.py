"""Dagster's pages in a real browser: the graph, from what is sent to what is told."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from dagster_project.servers import dagster_command, dagster_home
from ingestion.shop import Shop

pytest.importorskip("playwright", reason="the browser driver is not installed")

from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
START_SECONDS = 240
STEP_MILLISECONDS = 90_000

# in the order of the graph, from left to right
CHAIN = ["sources", "raw", "staging", "marts", "metrics", "published", "told"]
# intermediate models stand before marts and, where they read one, after it
BESIDE = {"control", "seeds", "intermediate", "past"}

pytestmark = [
    # the code location alone takes a quarter of a minute to load
    pytest.mark.deep,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed"),
]


@pytest.fixture
def address(tmp_path: Path, root: Path) -> Iterator[str]:
    """The address of Dagster over an empty shop."""
    home = dagster_home(Shop(tmp_path / "shop"))
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = subprocess.Popen(
        dagster_command(port),
        cwd=root,
        env=os.environ
        | {
            "POSTORDER_DATA": str(tmp_path / "shop"),
            "DAGSTER_HOME": str(home),
            "PYTHONPATH": str(root),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    found = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert server.poll() is None, "the server ended while it was starting"
            with suppress(OSError), urllib.request.urlopen(f"{found}/server_info"):
                break
            time.sleep(0.5)
        yield found
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def test_the_graph_leads_from_what_is_sent_to_what_is_published(address):
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(STEP_MILLISECONDS)
        page.goto(f"{address}/asset-groups")
        # each group stands in the list on the left and, further right, in the graph
        places = {}
        for group in (*CHAIN, *BESIDE):
            node = page.get_by_text(group, exact=True).last
            expect(node).to_be_visible()
            box = node.bounding_box()
            assert box is not None
            places[group] = box["x"]
        browser.close()
    assert sorted(CHAIN, key=places.__getitem__) == CHAIN
    assert min(places.values()) > 500
