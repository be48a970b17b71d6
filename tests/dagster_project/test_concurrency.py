"""Readers in other processes read on while versions are published."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta

from dagster_project.publish import publish
from tests.dagster_project.conftest import AS_OF

PUBLICATIONS = 12
READERS = 2

# Each build stamps its number into two tables: a torn version would show two numbers.
READER = """
import sys
from pathlib import Path
from dagster_project.published import connect_current

folder, stop = Path(sys.argv[1]), Path(sys.argv[2])
reads, last = 0, -1
while not stop.exists():
    version, connection = connect_current(folder)
    with connection:
        (orders, number), = connection.sql(
            "select count(*), max(ordered_amount)::int from marts.fct_orders"
        ).fetchall()
        (other,), = connection.sql(
            "select max(lines_requested) from metrics.reservation_failures"
        ).fetchall()
    assert orders == 200, orders
    assert number == other, (number, other)
    assert number >= last, (number, last)
    last, reads = number, reads + 1
print(reads, last)
"""


def test_no_reader_fails_or_sees_half_a_version(shop, build_by_hand, root):
    def publish_number(number: int) -> None:
        build_by_hand(
            shop,
            as_of=AS_OF + timedelta(hours=number),
            changes=f"""
                update marts.fct_orders set ordered_amount = {number};
                update metrics.reservation_failures set lines_requested = {number};
            """,
        )
        publish(shop)

    publish_number(0)
    stop = shop.folder / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(shop.published), str(stop)],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    try:
        for number in range(1, PUBLICATIONS):
            publish_number(number)
        time.sleep(0.3)
    finally:
        stop.touch()
    for reader in readers:
        out, errors = reader.communicate(timeout=30)
        assert reader.returncode == 0, errors
        reads, last = map(int, out.split())
        assert reads > PUBLICATIONS
        assert last == PUBLICATIONS - 1
