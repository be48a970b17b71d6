"""However lines are mixed, broken, doubled and split: each has its place, and one."""

from __future__ import annotations

import gzip
import json
import random

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.judge import batches
from ingestion.landing import from_files, land_files
from ingestion.shop import Shop
from tests.ingestion.conftest import EVENT_TABLES, LANDED_AT

FACTS = " union all ".join(
    f"select content_hash, event_name, event_id, fact_key, ingested_at from raw.{table}"
    for table in EVENT_TABLES
)
BROKEN = "select rejected_id, reason_code, field, masked_line from raw.rejected_events"


def without(line, key):
    return json.dumps({k: v for k, v in json.loads(line).items() if k != key})


def having(line, **more):
    return json.dumps({**json.loads(line), **more})


CORRUPTIONS = (
    lambda line: line[: len(line) // 2],
    lambda line: line[:-1] + ',"source":"twice"}',
    lambda line: f"[{line}]",
    lambda line: without(line, "occurred_at"),
    lambda line: without(line, "event_name"),
    lambda line: having(line, event_name="order_teleported"),
    lambda line: having(line, occurred_at="2026-02-30T10:00:00Z"),
    lambda line: having(line, occurred_at="2031-01-01T00:00:00Z"),
    lambda line: having(line, order_id=17),
    lambda line: having(line, customer={"name": "inside"}),
    lambda line: having(line, card_number="4111111111111111"),
    lambda line: having(line, fee_minor=12.5, currency="INR"),
)


@pytest.fixture(scope="session")
def good(sample_lines):
    return list(dict.fromkeys(sample_lines[::5]))


@pytest.fixture(scope="session")
def bad(good):
    """Every kind of corruption, each of a few lines."""
    rng = random.Random(5)
    broken = [corrupt(line) for corrupt in CORRUPTIONS for line in rng.sample(good, 3)]
    return list(dict.fromkeys(broken))


@pytest.fixture(scope="session")
def straight(good, bad, tmp_path_factory):
    """What the lines become when they land as they are, in one file."""
    folder = tmp_path_factory.mktemp("straight")
    (folder / "all.jsonl").write_text("\n".join([*good, *bad]) + "\n")
    _, facts, broken = landed(folder / "shop", [folder / "all.jsonl"])
    assert (len(facts), len(broken)) == (len(good), len(bad))
    return facts, broken


def landed(folder, *calls):
    shop = Shop(folder, hash_key="k")
    landings = [
        land_files(call, shop=shop, landed_at=LANDED_AT, backfill=True)
        for call in (calls if isinstance(calls[0], list) else [calls])
    ]
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        facts = connection.sql(f"from ({FACTS}) order by all").fetchall()
        broken = connection.sql(f"from ({BROKEN}) order by all").fetchall()
        ledger = connection.sql(
            "select sum(delivered), sum(rejected) from raw.landings"
        ).fetchall()[0]
    files = [f for landing in landings for f in landing.files if not f.is_known]
    for file in files:
        assert file.delivered == file.stored + file.repeats + file.rejected
    told = sum(f.delivered for f in files), sum(f.rejected for f in files)
    assert ledger == told
    return landings, facts, broken


def any_road(road, good, bad, straight, folder):
    seed, doubles, cut_count, batch_rows, is_apart, forms = road
    rng = random.Random(seed)
    lines = [*good, *bad]
    lines += rng.choices(lines, k=doubles)
    rng.shuffle(lines)
    cuts = sorted(rng.choices(range(len(lines)), k=cut_count))
    files = []
    for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        text = "".join(f"{line}\n" for line in lines[start:end])
        form = rng.choice(forms)
        files.append(folder / f"{len(files)}.{form}")
        files[-1].write_bytes(WRITTEN[form](text.encode()))
    with pytest.MonkeyPatch.context() as patched:
        # a load of many batches remembers its own lines
        patched.setattr(batches, "JUDGED_ROWS", batch_rows)
        patched.setattr(from_files, "READ_ROWS", 20)
        calls = [[file] for file in files] if is_apart else [files]
        landings, facts, broken = landed(folder / "shop", *calls)
    assert (facts, broken) == straight
    assert sum(f.delivered for one in landings for f in one.files) == len(lines)


WRITTEN = {"jsonl": bytes, "jsonl.gz": gzip.compress}
ROADS = st.tuples(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.integers(0, 3),
    st.sampled_from([40, 10**5]),
    st.booleans(),
    st.lists(st.sampled_from(sorted(WRITTEN)), min_size=1, max_size=2),
)
LASTING = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}


@settings(max_examples=2, **LASTING)
@example(road=(7, 60, 2, 40, False, ["jsonl"]))
@given(road=ROADS)
def test_any_batch_lands_the_same(road, good, bad, straight, tmp_path_factory):
    any_road(road, good, bad, straight, tmp_path_factory.mktemp("road"))


@pytest.mark.deep
@settings(max_examples=60, **LASTING)
@given(road=ROADS)
def test_sixty_batches_land_the_same(road, good, bad, straight, tmp_path_factory):
    any_road(road, good, bad, straight, tmp_path_factory.mktemp("road"))
