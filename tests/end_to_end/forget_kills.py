"""Forget a customer in child processes, and kill each at a random moment.

``python -m tests.end_to_end.forget_kills SHOPS CUSTOMER SEED`` prints how many were
killed before they ended, over the shops in a folder; each is then swept by what any
next command runs first. The parent opens no database: what is open survives no fork.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.forget import finish, forget
from ingestion.shop import Shop

KEY = "a test's key"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def kill_forgets(shops: list[Path], customer: str, seed: int) -> int:
    """Forget a customer of each shop; the first alone is left in peace."""
    luck = random.Random(seed)
    begun = time.monotonic()
    _apart(lambda: forget(_shop(shops[0]), customer, now=NOW), None)
    usual = time.monotonic() - begun
    killed = 0
    for folder in shops[1:]:
        shop = _shop(folder)
        killed += _apart(
            lambda shop=shop: forget(shop, customer, now=NOW), luck.uniform(0, usual)
        )
        _apart(lambda shop=shop: finish(shop, now=NOW), None)
    return killed


def _shop(folder: Path) -> Shop:
    return Shop(folder, hash_key=KEY)


def _apart(work: Callable[[], object], until: float | None) -> bool:
    """Work in a child, killed after some seconds; say whether it was."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    if until is not None:
        time.sleep(until)
        os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    folder, customer, seed = sys.argv[1:]
    print(kill_forgets(sorted(Path(folder).iterdir()), customer, int(seed)))
