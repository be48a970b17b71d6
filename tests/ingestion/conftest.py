"""A shop to land into, and lines of the sample to land."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import duckdb
import pytest

from ingestion.landing import land_files
from ingestion.shop import Shop

LANDED_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVENT_TABLES = ("order_events", "payment_events", "return_events")


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "shop", hash_key="a test's key")


@pytest.fixture(scope="session")
def sample_lines(root):
    """A few hundred lines of each domain of the sample."""
    lines = []
    for domain in ("orders", "payments", "returns"):
        path = root / "data" / "sample" / domain / "2026-04.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            lines += [
                line.rstrip("\n") for line, _ in zip(handle, range(200), strict=False)
            ]
    return lines


@pytest.fixture
def land(shop):
    """Land paths into the test's shop."""

    def landed(*paths, **options):
        options = {"landed_at": LANDED_AT, "backfill": True, **options}
        return land_files(list(paths), shop=shop, **options)

    return landed


@pytest.fixture
def rows_of(shop):
    """Read from the test's shop."""

    def read(query, working=None):
        with duckdb.connect(str(working or shop.working), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'").fetchall()
            return connection.sql(query).fetchall()

    return read


@pytest.fixture
def write(tmp_path):
    """Write lines to a named file."""

    def written(name, lines):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return written
