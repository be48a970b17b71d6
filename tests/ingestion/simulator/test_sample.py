"""The embedded sample: what is committed is what the simulator writes."""

from __future__ import annotations

import csv
import gzip
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ingestion.simulator.catalog import FORGOTTEN_SKU, PRODUCTS
from ingestion.simulator.sample import BROKEN, BROKEN_DAYS, broken_lines, write_sample

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


def test_the_committed_sample_is_what_the_simulator_writes(
    sample: Path, tmp_path: Path
) -> None:
    write_sample(tmp_path)
    written, committed = contents(tmp_path), contents(sample)
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


def test_wrong_lines_are_refused_for_the_reason_given(
    sample: Path, shared: Path, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.jsonl"
    lines = list(broken_lines())
    path.write_text("".join(f"{line}\n" for *_, line in lines), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(shared / "contract" / "check.py"), "validate", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    codes = re.findall(r"line \d+: (\w+)", result.stdout)
    assert codes == [code for code, *_ in lines]
    committed = b"".join(contents(sample).values()).decode()
    assert all(line in committed for *_, line in lines)


def test_wrong_lines_are_a_handful_of_several_kinds() -> None:
    codes = Counter(code for code, *_ in broken_lines())
    assert sum(codes.values()) == len(BROKEN) * len(BROKEN_DAYS) == 24
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
