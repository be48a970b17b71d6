"""Pages read without an error while another process publishes and retires versions."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from dagster_project import published
from tests.dashboards.small_shop import answer_of, open_page, point_to, publish

SECONDS = 8.0
SECONDS_BETWEEN_PUBLISHES = 0.05


def publish_without_end(folder: Path, template: str, stop: Event) -> None:
    """Publish copies of a version, retiring the one before at once.

    The publisher keeps three; keeping one makes each page race the removal.
    """
    known = folder / published.VERSIONS
    before = known / template
    number = 0
    while not stop.is_set():
        number += 1
        making = known / f".making-{number}"
        shutil.copytree(known / template, making)
        final = known / f"{template}-{number}"
        making.rename(final)
        point_to(folder, final.name)
        if before.name != template:
            removing = known / f".removing-{before.name}"
            before.rename(removing)
            shutil.rmtree(removing)
        before = final
        time.sleep(SECONDS_BETWEEN_PUBLISHES)


def test_pages_never_fail_while_versions_come_and_go(published_folder: Path) -> None:
    publish(published_folder, "shop")
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    publisher = context.Process(
        target=publish_without_end, args=(published_folder, "shop", stop)
    )
    publisher.start()
    seen = set()
    rendered = 0
    try:
        today = open_page()
        order = open_page("views/order.py", order_id="ORD-009")
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for page in (today, order):
                page.run()
                assert not page.exception
                assert not page.error
                rendered += 1
            assert answer_of(today).startswith("5 of 12 open orders need a person")
            seen.add((published_folder / published.POINTER).read_text())
    finally:
        stop.set()
        publisher.join(timeout=30)
    assert publisher.exitcode == 0
    assert rendered >= 10
    assert len(seen) >= 5
