"""Land files in child processes and kill each at a random moment of its landing.

``python -m tests.ingestion.kills SHOP FILES ROUNDS SEED`` prints how many landings were
killed before they ended. The parent imports everything once and never opens a database,
so that a child begins to land at once.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

from ingestion.landing import land_files
from ingestion.shop import Shop
from tests.ingestion.conftest import LANDED_AT


def kill_landings(shop: Shop, files: list[Path], rounds: int, seed: int) -> int:
    """Land growing lists of files; return how many landings died before their end."""
    luck = random.Random(seed)
    begun = time.monotonic()
    _land_apart(shop, files[:1], LANDED_AT, None)
    usual = time.monotonic() - begun
    killed = 0
    for number in range(rounds):
        upto = 2 + number * (len(files) - 2) // rounds
        killed += _land_apart(shop, files[:upto], LANDED_AT, luck.uniform(0, usual))
    return killed


def _land_apart(
    shop: Shop, files: list[Path], landed_at: datetime, until: float | None
) -> bool:
    """Land in a child, killed after some seconds; say whether it was."""
    child = os.fork()
    if child == 0:
        land_files(files, shop=shop, landed_at=landed_at, backfill=True)
        os._exit(0)
    if until is not None:
        time.sleep(until)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    folder, events, rounds, seed = sys.argv[1:]
    shop = Shop(Path(folder), hash_key="a test's key")
    print(kill_landings(shop, sorted(Path(events).iterdir()), int(rounds), int(seed)))
