"""Rejected lines judged again, after an alias, a mapping or a code table was mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract.catalogue import Catalogue, load_catalogue
from ingestion.files import NO_TEXT, TOO_LARGE, Lines, landing_id
from ingestion.judge.judge import Judge, Terms
from ingestion.landing import quarantine, raw
from ingestion.landing.accounts import Delivery
from ingestion.landing.core import Run, prepare, scratch
from ingestion.landing.forgotten import CODE as FORGOTTEN
from ingestion.landing.full_disks import told_clearly
from ingestion.landing.quarantine import Quarantine
from ingestion.landing.repeats import Repeats
from ingestion.landing.spool import Spool
from ingestion.landing.terms import landing_terms
from ingestion.lock import hold
from ingestion.shop import Shop

# of these only a part of the text could be kept, or nothing
_NOT_WHOLE = (TOO_LARGE, NO_TEXT, FORGOTTEN)


@dataclass(frozen=True)
class Replay:
    """What became of rejected lines judged again.

    Attributes:
        waiting: Lines rejected before and not replayed yet.
        judged: Those whose text is still in quarantine, whole.
        accepted: Those that keep the contract now; each stands landed once.
        landing_seq: The last landing's number.
    """

    waiting: int
    judged: int
    accepted: int
    landing_seq: int


def replay(*, shop: Shop, landed_at: datetime) -> Replay:
    """Judge rejected lines again; land those that keep the contract now.

    A line accepted now is known since ``landed_at`` and keeps the time it first
    landed; it counts as delivered and accepted by a load of its own, and its rejected
    row says when. The others stay as they are.

    Args:
        shop: Where to land.
        landed_at: The landing clock, with a zone.

    Raises:
        LandingError: The shop's hash key is absent or wrong.
        ShopLockedError: Another process works on the shop.
    """
    catalogue = load_catalogue()
    with hold(shop, "replay"):
        terms = landing_terms(shop, landed_at)
        last_seq, _ = prepare(shop, catalogue, landed_at)
        waiting = _waiting(shop) if last_seq else _WAITING.empty_table()
        accepted, lines = 0, _with_text(shop, waiting)
        for source in pc.unique(lines.column("default_source")).to_pylist():
            own_terms = Terms(terms.hash_key, landed_at, default_source=source)
            own_lines = lines.filter(_equal(lines.column("default_source"), source))
            last_seq += 1
            run = _Run(shop, catalogue, own_terms, own_lines, last_seq)
            last_seq = run.land()
            accepted += run.accepted
    return Replay(waiting.num_rows, lines.num_rows, accepted, last_seq)


class _Run(Run):
    """The landing of lines from the quarantine."""

    def __init__(
        self,
        shop: Shop,
        catalogue: Catalogue,
        terms: Terms,
        lines: pa.Table,
        landing_seq: int,
    ) -> None:
        files = lines.group_by(["landing_id", "landed_file", "content_hash"])
        self._files = files.aggregate([]).sort_by("landing_id").to_pylist()
        deliveries = [
            Delivery(
                file["landed_file"],
                file["content_hash"],
                landing_id(file["landing_id"], f"replay {landing_seq}"),
            )
            for file in self._files
        ]
        super().__init__(shop, catalogue, terms, deliveries, landing_seq)
        self._lines = lines
        self._refused: set[tuple[int, int]] = set()
        self.accepted = 0

    def land(self) -> int:
        """Land what is accepted now; return the last landing's number."""
        with told_clearly(self._shop), scratch(self._shop, "rows") as folder:
            self.judge(self._lines_of, folder)
            stored = sum(delivery.stored for delivery in self.deliveries)
            for delivery in self.deliveries:
                # a load's own lines are those that left the quarantine by it
                delivery.delivered = delivery.stored
                delivery.is_known = not delivery.stored
            if stored:
                self.commit(folder, self._terms.landed_at)
        self._mark_replayed()
        return self.landing_seq if stored else self.landing_seq - 1

    def with_first_landed_at(self, rows: pa.Table) -> pa.Table:
        """Add when the rejected lines came."""
        # rows are numbered as the lines are sorted: by file, then by line
        places = rows.column("row_id")
        first = self._lines.column("rejected_at").take(places)
        return rows.append_column("first_landed_at", first)

    def keep_refused(
        self, judge: Judge, repeats: Repeats, spool: Spool, kept: Quarantine
    ) -> None:
        """Note what is refused still; it stands rejected already."""
        del repeats, spool, kept
        self._refused |= set(
            judge.connection.execute(
                "select file_number, line_number "
                "from refused_lines inner join fresh_lines using (row_id)"
            ).fetchall()
        )

    def _lines_of(self, number: int) -> Iterator[Lines]:
        own = self._own_lines(number)
        yield Lines(
            own.column("line_number").combine_chunks(),
            own.column("line").combine_chunks(),
        )

    def _own_lines(self, number: int) -> pa.Table:
        file = self._files[number]["landing_id"]
        return self._lines.filter(_equal(self._lines.column("landing_id"), file))

    def _mark_replayed(self) -> None:
        replayed = [
            (file["landing_id"], line_number)
            for number, file in enumerate(self._files)
            for line_number in self._own_lines(number).column("line_number").to_pylist()
            if (number, line_number) not in self._refused
        ]
        self.accepted = len(replayed)
        if not replayed:
            return
        rows = pa.table(
            {
                "landing_id": pa.array([row[0] for row in replayed], pa.string()),
                "line_number": pa.array([row[1] for row in replayed], pa.int64()),
            }
        )
        with raw.opened(self._shop) as connection:
            connection.register("replayed", rows)
            connection.execute(
                f"""
                update {raw.RAW}.{raw.REJECTED} as rejections
                set replayed_at = $1
                from replayed
                where rejections.landing_id = replayed.landing_id
                    and rejections.line_number = replayed.line_number
                """,
                [self._terms.landed_at],
            ).fetchall()


_WAITING = pa.schema(
    [
        ("rejected_id", pa.string()),
        ("landing_id", pa.string()),
        ("landed_file", pa.string()),
        ("content_hash", pa.string()),
        ("line_number", pa.int64()),
    ]
)


def _waiting(shop: Shop) -> pa.Table:
    """Return rejected lines that no replay has accepted, with their file's hash."""
    with raw.opened(shop) as connection:
        return (
            connection.sql(
                f"""
                select
                    rejections.rejected_id,
                    rejections.landing_id,
                    rejections.landed_file,
                    ledger.content_hash,
                    rejections.line_number
                from {raw.RAW}.{raw.REJECTED} as rejections
                inner join {raw.RAW}.{raw.LEDGER} as ledger using (landing_id)
                where rejections.replayed_at is null
                    and not list_contains($codes, rejections.reason_code)
                """,
                params={"codes": list(_NOT_WHOLE)},
            )
            .to_arrow_table()
            .cast(_WAITING)
        )


def _with_text(shop: Shop, waiting: pa.Table) -> pa.Table:
    """Return waiting lines with what the quarantine still holds of them."""
    paths = [str(path) for path in quarantine.quarantined(shop)]
    kept: pa.Table = quarantine.SCHEMA.empty_table()
    with duckdb.connect(":memory:") as connection:
        raw.run(connection, "set timezone = 'UTC'")
        connection.register("waiting", waiting)
        connection.register("kept", kept)
        source = "read_parquet($paths)" if paths else "kept"
        return connection.sql(
            f"""
            select waiting.*, texts.line, texts.default_source, texts.rejected_at
            from {source} as texts
            inner join waiting using (landing_id, line_number, rejected_id)
            order by landing_id, line_number
            """,
            params={"paths": paths} if paths else {},
        ).to_arrow_table()


def _equal(column: pa.ChunkedArray, value: str | None) -> pa.ChunkedArray:
    if value is None:
        return cast(pa.ChunkedArray, pc.is_null(column))
    return cast(pa.ChunkedArray, pc.equal(column, value))
