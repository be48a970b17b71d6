"""A landing killed anywhere and run again loses nothing and doubles nothing."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from ingestion.landing import land_files
from tests.ingestion.conftest import EVENT_TABLES, LANDED_AT

KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path

import dlt

from ingestion import landing
from ingestion.landing import pipelines
from ingestion.shop import Shop

point, folder, landed_at, *paths = sys.argv[1:]


def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(function, number):
    calls = []

    def called(*args, **kwargs):
        calls.append(1)
        return die() if len(calls) == number else function(*args, **kwargs)

    return called


if point == "before any row":
    dlt.Pipeline.load = die
elif point == "one domain stored":
    dlt.Pipeline.load = die_at(dlt.Pipeline.load, 2)
elif point == "before the ledger":
    pipelines.load_ledger = die

landing.land_files(
    [Path(path) for path in paths],
    shop=Shop(Path(folder), hash_key="a test's key"),
    landed_at=datetime.fromisoformat(landed_at),
    backfill=True,
)
"""


@pytest.mark.parametrize(
    "point", ["before any row", "one domain stored", "before the ledger"]
)
def test_killed_and_run_again(point, write, shop, sample_lines, rows_of, root):
    lines = [*sample_lines, "{broken", *sample_lines[:5]]
    half = len(lines) // 2
    paths = [write("a.jsonl", lines[:half]), write("b.jsonl", lines[half:])]
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED,
            point,
            shop.folder,
            LANDED_AT.isoformat(),
            *paths,
        ],
        cwd=root,
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]

    landing = land_files(paths, shop=shop, landed_at=LANDED_AT, backfill=True)

    distinct = len(set(sample_lines))
    assert [
        sum(getattr(f, what) for f in landing.files)
        for what in ("delivered", "stored", "repeats", "rejected")
    ] == [len(lines), distinct, len(lines) - distinct - 1, 1]
    stored = " union all ".join(
        f"select content_hash, fact_key from raw.{table}" for table in EVENT_TABLES
    )
    assert rows_of(
        f"select count(*), count(distinct content_hash) from ({stored})"
    ) == [(distinct, distinct)]
    assert rows_of("select count(*) from raw.rejected_events") == [(1,)]
    assert rows_of(
        "select sum(delivered), sum(rejected), count(*) from raw.landings"
    ) == [(len(lines), 1, 2)]


@pytest.mark.parametrize(
    "rounds", [pytest.param(3, id="three"), pytest.param(100, marks=pytest.mark.deep)]
)
def test_killed_at_random_moments_nothing_is_lost_or_doubled(
    rounds, write, shop, sample_lines, rows_of, root, tmp_path
):
    lines = [*sample_lines, "{broken"]
    parts = [lines[n::12] + lines[n : n + 3] for n in range(12)]
    for n, part in enumerate(parts):
        write(f"in/{n:02}.jsonl", part)
    arguments = [shop.folder, tmp_path / "in", rounds, 20261121]
    done = subprocess.run(
        [sys.executable, "-m", "tests.ingestion.kills", *map(str, arguments)],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    # a moment after the end kills nothing; most must have struck
    assert int(done.stdout) > rounds / 2

    files = sorted((tmp_path / "in").iterdir())
    land_files(files, shop=shop, landed_at=LANDED_AT, backfill=True)

    stored = " union all ".join(
        f"select content_hash from raw.{table}" for table in EVENT_TABLES
    )
    distinct = len(set(sample_lines))
    assert rows_of(
        f"select count(*), count(distinct content_hash) from ({stored})"
    ) == [(distinct, distinct)]
    assert rows_of("select count(*) from raw.rejected_events") == [(1,)]
    assert rows_of(
        "select count(*), count(distinct landed_file), sum(delivered), sum(rejected) "
        "from raw.landings"
    ) == [(12, 12, sum(map(len, parts)), 1)]
