"""One process at a time works on a shop, and whoever waits learns for whom."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ingestion.lock import ShopLockedError, hold

HOLDER = """
import sys, time
from pathlib import Path
from ingestion.lock import hold
from ingestion.shop import Shop
with hold(Shop(Path(sys.argv[1])), "hold still"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(shop, root):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(shop.folder)],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_error_names_the_holder_and_the_remedy(shop, holder):
    with pytest.raises(ShopLockedError) as error, hold(shop, "land"):
        pass
    said = str(error.value)
    assert f"process {holder.pid}" in said
    assert "to hold still" in said
    assert "Wait until it ends" in said


def test_a_dead_process_lets_go(shop, holder):
    holder.kill()
    holder.wait()
    with hold(shop, "land"):
        assert (
            str(os.getpid())
            in shop.lock.with_name(shop.lock.name + ".holder").read_text()
        )


def test_one_process_may_take_it_again(shop):
    with hold(shop, "run"), hold(shop, "land"):
        pass
    with hold(shop, "land"):
        pass
