"""A full disk is one clear error; what was landed before stands."""

from __future__ import annotations

import subprocess

import pytest

from ingestion.landing import LandingError, land_files
from ingestion.shop import Shop
from tests.ingestion.conftest import LANDED_AT
from tests.ingestion.test_landing import counts, scans


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 12 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_one_clear_error(small_disk, write, rows_of):
    shop = Shop(small_disk, hash_key="a test's key")
    before = write("a.jsonl", scans(5))
    land_files([before], shop=shop, landed_at=LANDED_AT)
    too_much = write("b.jsonl", scans(60_000, delivery_id="d" * 60))

    with pytest.raises(LandingError, match="no space left on this disk") as caught:
        land_files([too_much], shop=shop, landed_at=LANDED_AT)
    assert "land the same files again" in str(caught.value)

    again = land_files(
        [before, write("c.jsonl", scans(7))], shop=shop, landed_at=LANDED_AT
    )
    assert counts(again) == (7, 2, 5, 0)
    found = rows_of("select count(*) from raw.order_events", shop.working)
    assert found == [(7,)]
