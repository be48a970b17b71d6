"""Run the shop and write what its systems would have emitted, as gzipped JSON lines.

Orders are worked in blocks; a block's lines go to a spool sorted by the moment they
were reported, and each output file is then merged from all blocks. Memory depends on
the block and on the busiest file, and only a few small columns on the number of orders.
"""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.simulator.allocating import (
    allocate_stock,
    check_addresses,
    promise_delivery,
    record_allocation,
)
from ingestion.simulator.calendar import Calendar
from ingestion.simulator.delivering import deliver_orders, record_delivery
from ingestion.simulator.draws import Draws
from ingestion.simulator.engaging import record_voices
from ingestion.simulator.fulfilling import fulfill_orders, record_fulfillment
from ingestion.simulator.journal import DAY, DOMAINS, Fields, Journal
from ingestion.simulator.paying import pay_orders, record_payments
from ingestion.simulator.placing import place_orders, record_orders
from ingestion.simulator.planning import Plan, plan_orders
from ingestion.simulator.refunding import move_money
from ingestion.simulator.returning import record_returns, return_goods
from ingestion.simulator.stockkeeping import keep_stock

BLOCK = 20_000
"""Orders worked at once; a multiple of four. No output depends on it."""

COMPRESSION = 6
Period = Literal["day", "month"]


def simulate(
    *,
    orders: int,
    days: int,
    seed: int,
    start: date,
    out: Path,
    period: Period = "day",
    block: int = BLOCK,
) -> Simulation:
    """Simulate a shop and write its event files.

    Equal arguments give equal lines on any machine, whatever the block.

    Args:
        orders: Orders placed in the period.
        days: Length of the period; stories are cut where it ends.
        seed: Seed of every random stream.
        start: First day, in the shop's own zone (Asia/Kolkata).
        out: Folder for ``<domain>/<day or month>.jsonl.gz``; files of the same name
            are replaced.
        period: Whether a file holds one day or one month of reports.
        block: Orders worked at once, a multiple of four.

    Raises:
        ValueError: A number is not positive, or ``block`` not a multiple of four.
    """
    for name, value in (("orders", orders), ("days", days), ("block", block)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    if block % 4:
        raise ValueError(f"block must be a multiple of 4, not {block}")
    plan = plan_orders(orders=orders, days=days, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    facts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=out, prefix=".spool-") as name:
        spool = Path(name)
        for number, journal in enumerate(
            _journals(plan, days=days, seed=seed, start=start, block=block)
        ):
            facts.update(journal.facts)
            for domain in DOMAINS:
                _spool(journal, domain, spool / f"{domain}-{number:06d}.parquet")
        lines, files = _merge(spool, out, days=days, start=start, period=period)
    return Simulation(
        orders=orders, lines=lines, facts=dict(sorted(facts.items())), files=files
    )


def _journals(
    plan: Plan, *, days: int, seed: int, start: date, block: int
) -> Iterator[Journal]:
    """Yield the journal of each block of orders, and the stock keeper's."""
    horizon = days * DAY
    for first in range(0, len(plan), block):
        part = plan.block(first, block)
        draws = Draws(seed, first, len(part))
        journal = Journal(draws, start, horizon)
        _tell(part, Calendar(start), draws, journal)
        yield journal
    yield keep_stock(days=days, seed=seed, start=start, horizon=horizon)


def _tell(plan: Plan, calendar: Calendar, draws: Draws, journal: Journal) -> None:
    """Live a block of orders through, then record what was reported of it."""
    placed = place_orders(plan, draws)
    payments = pay_orders(placed, draws)
    allocation = allocate_stock(placed, payments, draws)
    addressing = check_addresses(placed, draws)
    promise = promise_delivery(placed, payments, allocation, addressing, draws)
    fulfillment = fulfill_orders(
        placed, payments, allocation, addressing, promise, calendar, draws
    )
    delivery = deliver_orders(placed, payments, promise, fulfillment, calendar, draws)
    returns = return_goods(placed, promise, fulfillment, delivery, draws)

    stop = fulfillment.cancellation.at
    record_orders(placed, draws, journal)
    record_payments(placed, payments, stop, draws, journal)
    record_allocation(
        placed, payments, allocation, addressing, promise, stop, draws, journal
    )
    record_fulfillment(placed, payments, allocation, fulfillment, journal)
    record_delivery(placed, promise, fulfillment, delivery, draws, journal)
    record_returns(placed, fulfillment, returns, draws, journal)
    move_money(
        placed, payments, fulfillment, delivery, returns, calendar, draws, journal
    )
    record_voices(placed, promise, fulfillment, delivery, draws, journal)


def _spool(journal: Journal, domain: str, path: Path) -> None:
    """Write a block's lines, sorted by the moment they were reported."""
    moments, lines = journal.finished(domain)
    order = np.argsort(moments, kind="stable")
    table = pa.table(
        {"reported": pa.array(moments[order]), "line": lines.take(pa.array(order))}
    )
    pq.write_table(table, path, row_group_size=50_000, compression="zstd")


def _merge(
    spool: Path, out: Path, *, days: int, start: date, period: Period
) -> tuple[dict[str, int], tuple[Path, ...]]:
    """Write each output file from the spools of all blocks."""
    names = [
        (start + timedelta(days=day)).isoformat()[: 10 if period == "day" else 7]
        for day in range(days)
    ]
    spans: Fields = {
        name: (names.index(name), days - names[::-1].index(name))
        for name in dict.fromkeys(names)
    }
    lines = dict.fromkeys(DOMAINS, 0)
    files = []
    with duckdb.connect() as connection:
        for domain in DOMAINS:
            folder = out / domain
            folder.mkdir(exist_ok=True)
            source = connection.read_parquet(str(spool / f"{domain}-*.parquet"))
            for name, (first, end) in spans.items():
                table = (
                    source.filter(
                        f"reported >= {first * DAY} and reported < {end * DAY}"
                    )
                    .order("reported, line")
                    .project("line")
                    .to_arrow_table()
                )
                path = folder / f"{name}.jsonl.gz"
                lines[domain] += table.num_rows
                if table.num_rows:
                    write_lines(path, table.column("line"))
                    files.append(path)
                else:
                    path.unlink(missing_ok=True)
    return lines, tuple(files)


def write_lines(path: Path, lines: pa.ChunkedArray, level: int = COMPRESSION) -> None:
    """Write lines to a gzip file that carries no time and no name."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(
            filename="", fileobj=raw, mode="wb", compresslevel=level, mtime=0
        ) as file,
    ):
        for chunk in lines.chunks:
            ended = pc.binary_join_element_wise(chunk, "", "\n")
            # the text of a string column lies in one buffer, line after line
            data = pa.array(ended.to_pylist() if ended.offset else ended).buffers()[2]
            file.write(data.to_pybytes())


@dataclass(frozen=True)
class Simulation:
    """What a simulation wrote.

    Attributes:
        orders: Orders placed.
        lines: Lines by domain, copies included.
        facts: Facts by event name, copies not counted, whether or not they were
            reported before the period ended.
        files: Files written.
    """

    orders: int
    lines: dict[str, int]
    facts: dict[str, int]
    files: tuple[Path, ...]
