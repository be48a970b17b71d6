"""The embedded sample: what is committed is what the simulator writes."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestion.simulator.catalog import FORGOTTEN_SKU, PRODUCTS
from ingestion.simulator.sample import write_sample

LARGEST_FILE_BYTES = 1_500_000
LARGEST_SAMPLE_BYTES = 4_000_000


@pytest.fixture(scope="module")
def sample(root: Path) -> Path:
    return root / "data" / "sample"


def contents(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".gz":
            found[str(path.relative_to(folder))] = gzip.decompress(path.read_bytes())
        elif path.suffix == ".csv":
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample written once more, with its truth beside it."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder / "events", folder / "truth")
    return folder


def test_the_committed_sample_is_what_the_simulator_writes(
    sample: Path, anew: Path
) -> None:
    written, committed = contents(anew / "events"), contents(sample)
    assert list(written) == list(committed)
    different = [name for name in written if written[name] != committed[name]]
    assert different == [], "run `postorder simulate --sample` and commit the result"


def test_the_sample_is_small(sample: Path) -> None:
    sizes = [path.stat().st_size for path in sample.rglob("*") if path.is_file()]
    assert max(sizes) < LARGEST_FILE_BYTES
    assert sum(sizes) < LARGEST_SAMPLE_BYTES


def test_gzip_headers_carry_no_time(sample: Path) -> None:
    for path in sample.rglob("*.gz"):
        assert path.read_bytes()[4:8] == bytes(4), path.name


def test_broken_lines_are_a_handful_of_several_kinds(anew: Path) -> None:
    account = pq.read_table(anew / "truth" / "corrupted.parquet").to_pylist()
    codes = Counter(row["reason_code"] for row in account)
    assert 15 <= codes.total() <= 60
    assert len(codes) >= 6


def test_the_product_seed_is_approximate_and_lacks_one(sample: Path) -> None:
    with (sample / "reference" / "products.csv").open(encoding="utf-8") as file:
        seeds = {row["sku"]: row for row in csv.DictReader(file)}
    assert {product.sku for product in PRODUCTS} - set(seeds) == {FORGOTTEN_SKU}
    lives = [
        (product.life_days, int(seeds[product.sku]["expected_life_days"]))
        for product in PRODUCTS
        if product.life_days
    ]
    assert all(abs(true - guess) <= 0.3 * true for true, guess in lives)
    assert any(true != guess for true, guess in lives)
