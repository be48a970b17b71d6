"""The landing itself: judge every line, spool, load, and only then the ledger.

Rows are stored first, by three pipelines, and the ledger last. A landing that dies
before is undone by the next one: no view shows its rows, and its files, which no ledger
knows, are read again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, cast

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract.catalogue import Catalogue
from ingestion.files import read_ahead
from ingestion.judge import text
from ingestion.judge.batches import LinesOf, batches
from ingestion.judge.judge import Judge, Terms
from ingestion.landing import pipelines, quarantine, raw
from ingestion.landing.accounts import Delivery, Landing
from ingestion.landing.bench import Bench
from ingestion.landing.forgotten import CODE as FORGOTTEN
from ingestion.landing.forgotten import Forgotten
from ingestion.landing.full_disks import told_clearly
from ingestion.landing.pipelines import Spooled
from ingestion.landing.quarantine import Quarantine
from ingestion.landing.repeats import Repeats
from ingestion.landing.spool import Spool
from ingestion.privacy.retention import drop_old_packages
from ingestion.shop import Shop

MEMORY_LIMIT: Final = "600MB"
"""What a judge's database may hold; beyond, it uses the disk."""


def land(
    shop: Shop,
    catalogue: Catalogue,
    terms: Terms,
    deliveries: Sequence[Delivery],
    lines_of: LinesOf,
) -> Landing:
    """Land what files deliver; the caller holds the shop's lock.

    Args:
        shop: Where to land.
        catalogue: What to judge by.
        terms: On which terms.
        deliveries: The files.
        lines_of: Reads the lines of the file with a number.
    """
    last_seq, known = prepare(shop, catalogue, terms.landed_at)
    _mark_known(deliveries, known)
    if all(delivery.is_known for delivery in deliveries):
        return _nothing_new(shop, deliveries, last_seq, terms.landed_at)
    run = Run(shop, catalogue, terms, deliveries, last_seq + 1)
    with told_clearly(shop), scratch(shop, "rows") as folder:
        run.judge(lines_of, folder)
        if not any(map(_enters, deliveries)):
            return _nothing_new(shop, deliveries, last_seq, terms.landed_at)
        known_at = terms.landed_at
        if terms.is_backfill:
            known_at = run.last_ingested_at or terms.landed_at
        run.commit(folder, known_at)
    return Landing(run.landing_seq, tuple(d.account() for d in deliveries), known_at)


def prepare(
    shop: Shop, catalogue: Catalogue, landed_at: datetime
) -> tuple[int, set[str]]:
    """Undo an interrupted landing; return the last number and the files landed."""
    pipelines.drop_interrupted_loads(shop, catalogue.domains)
    last_seq, known = 0, set()
    if shop.working.exists():
        with raw.opened(shop) as connection:
            last_seq = raw.roll_back(connection)
            known = raw.landed_files(connection)
    quarantine.tidy(shop, last_seq, landed_at.date())
    drop_old_packages(shop, landed_at)
    return last_seq, known


@contextlib.contextmanager
def scratch(shop: Shop, name: str) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards, also after a crash before."""
    folder = shop.folder / "spool" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Run:
    """One landing on its way: its numbers, its files, its rows on disk."""

    def __init__(
        self,
        shop: Shop,
        catalogue: Catalogue,
        terms: Terms,
        deliveries: Sequence[Delivery],
        landing_seq: int,
    ) -> None:
        """Begin a landing with the next number."""
        self.landing_seq = landing_seq
        self.last_ingested_at: datetime | None = None
        self._shop = shop
        self._catalogue = catalogue
        self._terms = terms
        self.deliveries = deliveries
        self._tables: dict[str, dict[str, Spooled]] = {}
        self._books = threading.Lock()
        self._forgotten = Forgotten(shop, catalogue, key=terms.hash_key)

    def judge(self, lines_of: LinesOf, folder: Path) -> None:
        """Judge every line into files on disk.

        One judge reads a batch while another gives its verdicts on the one before.
        """
        working = self._shop.working if self._shop.working.exists() else None
        with (
            Spool(folder, self._catalogue) as spool,
            Quarantine(self._shop, self.landing_seq, self._terms) as kept,
            Repeats(working) as repeats,
            Bench(partial(self._seat, folder)) as bench,
        ):
            verdicts = partial(self._give_verdicts, repeats, spool, kept)
            for lines in read_ahead(batches(self.deliveries, lines_of), depth=1):
                judge = bench.free_judge()
                judge.read(lines)
                hashes = judge.hashes()
                first = repeats.first(hashes)
                if first.num_rows < hashes.num_rows:
                    judge.keep(first)
                bench.work(judge, verdicts)
        self._tables = {
            domain: spool.tables(domain) for domain in self._catalogue.domains
        }

    def commit(self, folder: Path, known_at: datetime) -> None:
        """Load the rows, then the ledger: from here on the landing stands."""
        books = self._tables[raw.BOOKS]
        books.setdefault(raw.REJECTED, Spooled(raw.REJECTED_COLUMNS, {}))
        books.setdefault(raw.LEDGER, Spooled(raw.LEDGER_COLUMNS, {}))
        # held open to the end, the file is put in order once, not after each pipeline
        with raw.opened(self._shop) as connection:
            for domain, tables in self._tables.items():
                if tables:
                    pipelines.load_tables(self._shop, domain, tables)
            raw.create_views(connection, self._catalogue)
            self._forgotten.keep_what_was_learned()
            pipelines.load_ledger(self._shop, self._ledger(known_at), folder)

    def _ledger(self, known_at: datetime) -> list[dict[str, object]]:
        return [
            {
                "landing_id": delivery.landing_id,
                "landing_seq": self.landing_seq,
                "file_number": number,
                "landed_file": delivery.landed_file,
                "content_hash": delivery.content_hash,
                "landed_at": known_at,
                "delivered": delivery.delivered,
                "rejected": delivery.rejected,
                "is_backfill": self._terms.is_backfill,
            }
            for number, delivery in enumerate(self.deliveries)
            if _enters(delivery)
        ]

    def _seat(self, folder: Path) -> Judge:
        judge = Judge(self._catalogue, self._terms)
        for setting in (
            f"temp_directory = {text.quoted(str(folder))}",
            f"memory_limit = '{MEMORY_LIMIT}'",
            f"threads = {max((os.cpu_count() or 1) // Bench.SEATS, 1)}",
            "preserve_insertion_order = false",
        ):
            raw.run(judge.connection, f"set {setting}")
        return judge

    def _give_verdicts(
        self, repeats: Repeats, spool: Spool, kept: Quarantine, judge: Judge
    ) -> None:
        for accepted in judge.accepted():
            rows = self._forgotten.refuse(judge, accepted.rows)
            if not rows.num_rows:
                continue
            self._count(rows, "stored")
            self._note_time(rows)
            rows = self._numbered(self.with_first_landed_at(rows))
            spool.add_events(accepted.domain, accepted.group, rows)
        self.keep_refused(judge, repeats, spool, kept)

    def with_first_landed_at(self, rows: pa.Table) -> pa.Table:
        """Add since when the text of accepted rows is here, where not since now."""
        return rows

    def keep_refused(
        self, judge: Judge, repeats: Repeats, spool: Spool, kept: Quarantine
    ) -> None:
        """Keep what a batch had refused, once, and its text apart."""
        rejected = self._forgotten.mask(judge.rejected())
        if rejected.num_rows:
            rejected = repeats.unkept(rejected)
        if rejected.num_rows:
            self._count(rejected, "rejected")
            rejected = self._named(self._numbered(rejected))
            spool.add_rejected(_as_rejected(rejected))
            to_replay = pc.not_equal(rejected.column("reason_code"), FORGOTTEN)
            with self._books:
                kept.add(rejected.filter(to_replay))

    def _count(self, rows: pa.Table, what: str) -> None:
        counts = rows.column("file_number").value_counts().to_pylist()
        with self._books:
            for counted in counts:
                delivery = self.deliveries[counted["values"]]
                setattr(delivery, what, getattr(delivery, what) + counted["counts"])

    def _note_time(self, rows: pa.Table) -> None:
        latest = cast(datetime, pc.max(rows.column("ingested_at")).as_py())
        with self._books:
            self.last_ingested_at = max(latest, self.last_ingested_at or latest)

    def _numbered(self, rows: pa.Table) -> pa.Table:
        seq = pa.repeat(pa.scalar(self.landing_seq, pa.int64()), rows.num_rows)
        return rows.drop_columns("row_id").append_column("landing_seq", seq)

    def _named(self, rows: pa.Table) -> pa.Table:
        numbers = rows.column("file_number").combine_chunks()
        for name in ("landing_id", "landed_file"):
            of_file = pa.array([getattr(d, name) for d in self.deliveries])
            rows = rows.append_column(name, of_file.take(numbers))
        return rows


def _enters(delivery: Delivery) -> bool:
    """Say whether the ledger takes a file in: not if not a line could be read."""
    return not delivery.is_known and bool(delivery.delivered or not delivery.fault)


def _as_rejected(rows: pa.Table) -> pa.Table:
    rows = rows.append_column("ingested_at", rows.column("rejected_at"))
    names = [name for name in raw.REJECTED_COLUMNS if name in rows.column_names]
    return rows.select(names)


def _mark_known(deliveries: Sequence[Delivery], known: set[str]) -> None:
    """Mark files landed before, and a file given twice in one call."""
    for delivery in deliveries:
        delivery.is_known = delivery.landing_id in known
        known.add(delivery.landing_id)


def _nothing_new(
    shop: Shop,
    deliveries: Sequence[Delivery],
    last_seq: int,
    landed_at: datetime,
) -> Landing:
    last = None
    if last_seq:
        with raw.opened(shop) as connection:
            last = raw.last_landed_at(connection)
    return Landing(last_seq, tuple(d.account() for d in deliveries), last or landed_at)
