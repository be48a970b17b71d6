"""Run the shop and write what its systems would have emitted, as gzipped JSON lines.

Orders are worked in blocks; a block's lines go to a spool sorted by the moment they
were reported, and each output file is then merged from all blocks. Memory depends on
the block and on the busiest file, and only a few small columns on the number of orders.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.errors import SimulationError
from ingestion.simulator.backoffice.platform import record_desk_work, watch_platform
from ingestion.simulator.backoffice.privacy import record_erasures, suffer_breaches
from ingestion.simulator.backoffice.stockflow import Flow, movements, no_flow
from ingestion.simulator.backoffice.stockkeeping import keep_stock
from ingestion.simulator.draws import Draws
from ingestion.simulator.parameters import World
from ingestion.simulator.payments.paying import (
    change_modes,
    pay_orders,
    record_payments,
)
from ingestion.simulator.record import truth as truth_tables
from ingestion.simulator.record.calendar import Calendar
from ingestion.simulator.record.clock import Clock
from ingestion.simulator.record.folders import claim_folders
from ingestion.simulator.record.journal import DOMAINS, Journal
from ingestion.simulator.record.truth import Truth
from ingestion.simulator.record.writing import Period, write_files
from ingestion.simulator.returns.claiming import claim_missing, record_missing_claims
from ingestion.simulator.returns.owing import list_debts
from ingestion.simulator.returns.refunding import move_money
from ingestion.simulator.returns.reporting_returns import record_returns
from ingestion.simulator.returns.returning import return_goods
from ingestion.simulator.returns.warranty import claim_warranty, record_warranty
from ingestion.simulator.road.delivering import deliver_orders, record_delivery
from ingestion.simulator.shoppers.households import share_addresses
from ingestion.simulator.shoppers.placing import place_orders, record_orders
from ingestion.simulator.shoppers.planning import Plan, plan_orders
from ingestion.simulator.voices.engaging import record_voices
from ingestion.simulator.voices.promising import record_promises
from ingestion.simulator.warehouse.addressing import check_addresses
from ingestion.simulator.warehouse.allocating import (
    allocate_stock,
    promise_delivery,
    record_allocation,
)
from ingestion.simulator.warehouse.blocking import record_blocks
from ingestion.simulator.warehouse.fulfilling import fulfill_orders, record_fulfillment
from ingestion.simulator.warehouse.mishaps import record_mishaps

BLOCK = 20_000
"""Orders worked at once; a multiple of four. No output depends on it."""

SEEDS = 2**64
"""How many seeds there are."""

AFTERMATH_DAYS = 1000
"""No story told goes on for longer after the period."""


def simulate(
    *,
    orders: int,
    days: int,
    seed: int,
    start: date,
    out: Path | None,
    truth: Path | None = None,
    world: World | None = None,
    period: Period = "day",
    block: int = BLOCK,
) -> Simulation:
    """Simulate a shop and write its event files, its truth, or both.

    Equal arguments give equal lines on any machine, whatever the block.

    Args:
        orders: Orders placed in the period.
        days: Length of the period; what is reported is cut where it ends.
        seed: Seed of every random stream.
        start: First day, in the shop's own zone (Asia/Kolkata).
        out: Folder for ``<domain>/<day or month>.jsonl.gz``; what a simulation wrote
            there before is removed. None writes the truth alone.
        truth: Folder, outside of ``out``, for what really happened, one Parquet file
            per table.
        world: The shop, as ``scenarios.world_of`` gives it; an everyday one if None.
        period: Whether a file holds one day or one month of reports.
        block: Orders worked at once, a multiple of four.

    Raises:
        SimulationError: A number is not positive, ``block`` not a multiple of
            four, ``seed`` not a whole number of 64 bits, the period too late for a
            calendar, the truth would lie among the events, or a folder holds what no
            simulation wrote.
    """
    for name, value in (("orders", orders), ("days", days), ("block", block)):
        if value < 1:
            raise SimulationError(f"{name} must be at least 1, not {value}")
    if block % 4:
        raise SimulationError(f"block must be a multiple of 4, not {block}")
    if not 0 <= seed < SEEDS:
        raise SimulationError(f"seed must lie from 0 to {SEEDS - 1}, not {seed}")
    if start.toordinal() + days + AFTERMATH_DAYS > date.max.toordinal():
        raise SimulationError(
            f"{days} days from {start} pass the last year that can be written, 9999:"
            " ask for fewer days, or an earlier start"
        )
    folder = claim_folders(out, truth)
    world = replace(world or World(), days=days)
    facts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".spool-") as name:
        spool = Path(name)
        for number, journal in enumerate(
            _journals(
                world,
                plan_orders(world, orders=orders, seed=seed, start=start),
                seed=seed,
                start=start,
                block=block,
                is_told=out is not None,
                is_truth_kept=truth is not None,
            )
        ):
            facts.update(journal.facts)
            journal.truth.write(spool, number)
            for domain in DOMAINS:
                _spool(journal, domain, spool / f"{domain}-{number:06d}.parquet")
        if truth:
            truth_tables.merge(spool, truth)
        written = (
            write_files(
                spool,
                out,
                days=days,
                seed=seed,
                start=start,
                period=period,
                corrupted_share=world.transport.corrupted_share,
                truth=truth,
            )
            if out
            else ({}, ())
        )
    lines, files = written
    return Simulation(
        orders=orders, lines=lines, facts=dict(sorted(facts.items())), files=files
    )


def _journals(
    world: World,
    plan: Plan,
    *,
    seed: int,
    start: date,
    block: int,
    is_told: bool,
    is_truth_kept: bool,
) -> Iterator[Journal]:
    """Yield the journal of each block of orders, then those beside any order."""

    def journal_of(draws: Draws) -> Journal:
        truth = Truth(start, is_truth_kept)
        return Journal(world, draws, Clock(start), truth, is_told)

    flow = no_flow(world)
    for first in range(0, len(plan), block):
        part = plan.block(first, block)
        draws = Draws(seed, first, len(part))
        journal = journal_of(draws)
        flow.add(_tell(world, part, Calendar(start), draws, journal))
        yield journal
    yield keep_stock(world, flow, seed, journal_of)
    yield from watch_platform(world, plan, seed, journal_of)
    yield suffer_breaches(world, seed, journal_of)


def _tell(
    world: World, plan: Plan, calendar: Calendar, draws: Draws, journal: Journal
) -> Flow:
    """Live a block of orders through, and record it; return the goods it moved."""
    plan = share_addresses(plan, world)
    placed = place_orders(plan, world, draws)
    payments = pay_orders(placed, draws)
    placed = change_modes(placed, payments)
    allocation = allocate_stock(placed, payments, draws)
    addressing = check_addresses(placed, draws)
    promise = promise_delivery(placed, payments, allocation, addressing, draws)
    fulfillment = fulfill_orders(
        placed, payments, allocation, addressing, promise, calendar, draws
    )
    delivery = deliver_orders(placed, payments, promise, fulfillment, calendar, draws)
    missing = claim_missing(placed, promise, fulfillment, delivery, draws)
    returns = return_goods(placed, promise, fulfillment, delivery, missing, draws)
    warranty = claim_warranty(placed, fulfillment, delivery, returns, missing, draws)
    debts = list_debts(
        placed,
        payments,
        promise,
        fulfillment,
        delivery,
        returns,
        missing,
        warranty,
        draws,
    )

    stop = fulfillment.cancellation.at
    record_orders(placed, draws, journal)
    record_payments(placed, payments, stop, draws, journal)
    record_allocation(placed, payments, allocation, addressing, promise, stop, journal)
    record_fulfillment(placed, payments, allocation, fulfillment, journal)
    record_mishaps(placed, payments, allocation, fulfillment, draws, journal)
    record_blocks(placed, payments, allocation, addressing, fulfillment, draws, journal)
    record_delivery(placed, fulfillment, delivery, draws, journal)
    record_promises(placed, promise, fulfillment, delivery, draws, journal)
    record_missing_claims(placed, addressing, fulfillment, missing, journal)
    record_returns(placed, fulfillment, returns, draws, journal)
    record_warranty(placed, warranty, draws, journal)
    move_money(placed, payments, fulfillment, delivery, debts, calendar, draws, journal)
    record_voices(
        placed, promise, fulfillment, delivery, missing, returns, draws, journal
    )
    record_erasures(placed, draws, journal)
    record_desk_work(placed, fulfillment, returns, draws, journal)
    return movements(placed, fulfillment, delivery, returns)


def _spool(journal: Journal, domain: str, path: Path) -> None:
    """Write a block's lines, sorted by the moment they were reported."""
    moments, lines = journal.finished(domain)
    order = np.argsort(moments, kind="stable")
    table = pa.table(
        {"reported": pa.array(moments[order]), "line": lines.take(pa.array(order))}
    )
    pq.write_table(table, path, row_group_size=50_000, compression="zstd")


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
