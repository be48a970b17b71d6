"""Landing: event files and sources into the raw tables, each line accounted for once.

Rows are stored first, by three pipelines, and the ledger last. A landing that dies
in between leaves rows without a ledger entry; landing the same files again finds
them, stores what is missing, and only then enters the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import importlib
import pkgutil
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

import ingestion.sources
from ingestion import pipelines
from ingestion.contract.catalogue import Catalogue, load_catalogue
from ingestion.errors import LandingError
from ingestion.files import Lines, find_files, read_lines
from ingestion.judge.judge import LINES_SCHEMA, Judge, Terms
from ingestion.judge.text import quoted
from ingestion.lock import hold
from ingestion.repeats import Repeats
from ingestion.shop import Shop

__all__ = ["FileAccount", "Landing", "LandingError", "land_files", "land_source"]

JUDGED_ROWS: Final = (
    400_000  # lines judged at once; what planning a batch costs is fixed
)
_READ_ROWS: Final = 50_000  # lines read at once; DuckDB scans such pieces in parallel
_BROKEN_FILE: Final = (OSError, EOFError, zlib.error, pa.ArrowInvalid)


class SourceModule(Protocol):
    """What a module of :mod:`ingestion.sources` offers."""

    SCHEMA: str
    DECLARED: dict[str, dict[str, str]]

    def resources(self, folder: Path, *, hash_key: str) -> list[DltResource]:
        """Make the dlt resources of the source's own tables."""

    def lines_query(self) -> str:
        """Return the select of landed_file, line_number and line."""


@dataclass(frozen=True)
class FileAccount:
    """What became of one file's lines: delivered = stored + repeats + rejected.

    Attributes:
        landed_file: Name it landed under.
        delivered: Lines that are not blank.
        stored: Accepted lines stored.
        repeats: Lines stored before, character for character, accepted or not.
        rejected: Lines kept as rejected.
        is_known: The same file was landed before and was not read again.
        fault: Why reading stopped early; the lines before it are landed.
    """

    landed_file: str
    delivered: int = 0
    stored: int = 0
    repeats: int = 0
    rejected: int = 0
    is_known: bool = False
    fault: str | None = None


@dataclass(frozen=True)
class Landing:
    """One call of landing.

    Attributes:
        landing_seq: Its number; the last one's where nothing was new.
        files: One account per file, in the order they were read.
        last_ingested_at: The latest instant at which a row of it counts as known.
    """

    landing_seq: int
    files: tuple[FileAccount, ...]
    last_ingested_at: datetime


@dataclass
class _Delivery:
    """One file on its way in, with the counts so far."""

    landed_file: str
    content_hash: str
    landing_id: str
    is_known: bool = False
    delivered: int = 0
    stored: int = 0
    rejected: int = 0
    fault: str | None = None

    def account(self) -> FileAccount:
        return FileAccount(
            landed_file=self.landed_file,
            delivered=self.delivered,
            stored=self.stored,
            repeats=self.delivered - self.stored - self.rejected,
            rejected=self.rejected,
            is_known=self.is_known,
            fault=self.fault,
        )


@dataclass
class _Spool:
    """Judged rows on disk between the judge and the pipelines."""

    folder: Path
    events: dict[str, dict[str, list[Path]]] = field(default_factory=dict)
    rejected: dict[str, list[Path]] = field(default_factory=dict)
    count: int = 0

    def add_events(self, domain: str, group: str, rows: pa.Table) -> None:
        paths = self.events.setdefault(domain, {}).setdefault(group, [])
        paths.append(self._write(rows))

    def add_rejected(self, domain: str, rows: pa.Table) -> None:
        self.rejected.setdefault(domain, []).append(self._write(rows))

    def _write(self, rows: pa.Table) -> Path:
        self.count += 1
        path = self.folder / f"{self.count:06}.arrow"
        feather.write_feather(rows, path, compression="lz4")
        return path


def land_files(
    paths: Sequence[Path],
    *,
    shop: Shop,
    landed_at: datetime,
    backfill: bool = False,
    default_source: str | None = None,
) -> Landing:
    """Land event files: accepted rows to their domain, the rest as rejected.

    Landing the same file twice changes nothing. Bad *content* never raises: a line is
    rejected, and a file that breaks off is landed up to there, with its account saying
    why.

    Args:
        paths: Files and folders of ``.jsonl``, ``.jsonl.gz``, ``.csv``, ``.parquet``.
        shop: Where to land.
        landed_at: The landing clock, with a zone.
        backfill: Count rows as known since their report (``observed_at``, else
            ``occurred_at``) instead of since now.
        default_source: Source of lines that name none.

    Raises:
        LandingError: A path cannot be read, or the shop's hash key is absent or wrong.
        ShopLockedError: Another process works on the shop.
    """
    catalogue = load_catalogue()
    with hold(shop, "land"):
        terms = _terms(shop, landed_at, backfill, default_source)
        files = find_files(paths)
        deliveries = [
            _Delivery(file.landed_file, file.content_hash, file.landing_id)
            for file in files
        ]

        def lines_of(number: int) -> Iterator[Lines]:
            return read_lines(files[number], catalogue, limit=_READ_ROWS)

        return _land(shop, catalogue, terms, deliveries, lines_of)


def land_source(
    name: str,
    folder: Path,
    *,
    shop: Shop,
    landed_at: datetime,
    backfill: bool = False,
) -> Landing:
    """Land a source's own tables, then the events that its select reads from them.

    Args:
        name: Module of :mod:`ingestion.sources`.
        folder: Its export.
        shop: Where to land.
        landed_at: The landing clock, with a zone.
        backfill: As in :func:`land_files`.

    Raises:
        LandingError: No such source, an export it cannot read, or a hash key that is
            absent or wrong.
        ShopLockedError: Another process works on the shop.
    """
    source = _source(name)
    catalogue = load_catalogue().with_sources(source.DECLARED)
    with hold(shop, f"land {name}"):
        terms = _terms(shop, landed_at, backfill, None)
        try:
            tables = source.resources(folder, hash_key=terms.hash_key)
            pipelines.load_source(shop, name, source.SCHEMA, tables)
        except PipelineStepFailed as error:
            cause = _root_cause(error)
            if isinstance(cause, LandingError):
                raise cause from error
            raise LandingError(f"{folder}: {cause}") from error
        with _scratch(shop, "source") as scratch:
            spooled = scratch / "lines.parquet"
            deliveries = _spool_source(shop, source, spooled)

            def lines_of(number: int) -> Iterator[Lines]:
                return _source_lines(spooled, deliveries[number].landed_file)

            return _land(shop, catalogue, terms, deliveries, lines_of)


def _land(
    shop: Shop,
    catalogue: Catalogue,
    terms: Terms,
    deliveries: Sequence[_Delivery],
    lines_of: Callable[[int], Iterator[Lines]],
) -> Landing:
    pipelines.drop_interrupted_loads(shop)
    with _scratch(shop, "rows") as scratch, Judge(catalogue, terms) as judge:
        judge.connection.execute(
            f"set temp_directory = {quoted(str(scratch))}"
        ).fetchall()
        repeats = Repeats(judge.connection)
        last_seq = repeats.recall(shop.working)
        _mark_known(deliveries, repeats)
        if all(delivery.is_known for delivery in deliveries):
            return _nothing_new(shop, deliveries, last_seq, terms.landed_at)
        landing_seq = last_seq + 1
        spool = _Spool(scratch)
        _judge_lines(judge, repeats, spool, deliveries, lines_of, landing_seq)
        for domain, table in pipelines.EVENT_TABLES.items():
            has_rows = domain in spool.events or domain in spool.rejected
            if table in repeats.tables and not has_rows:
                continue
            pipelines.load_events(
                shop,
                catalogue,
                domain,
                events=spool.events.get(domain, {}),
                rejected=spool.rejected.get(domain, ()),
            )
    known_at = terms.landed_at
    if terms.is_backfill:
        known_at = _last_ingested(shop, deliveries) or terms.landed_at
    pipelines.load_ledger(
        shop,
        [
            {
                "landing_id": delivery.landing_id,
                "landing_seq": landing_seq,
                "landed_file": delivery.landed_file,
                "content_hash": delivery.content_hash,
                "landed_at": known_at,
                "delivered": delivery.delivered,
                "rejected": delivery.rejected,
                "is_backfill": terms.is_backfill,
            }
            for delivery in deliveries
            if not delivery.is_known
        ],
    )
    return Landing(landing_seq, tuple(d.account() for d in deliveries), known_at)


def _mark_known(deliveries: Sequence[_Delivery], repeats: Repeats) -> None:
    """Mark files landed before, and a file given twice in one call."""
    seen: set[str] = set()
    for delivery in deliveries:
        landing_id = delivery.landing_id
        delivery.is_known = landing_id in seen or repeats.is_landed(landing_id)
        seen.add(landing_id)


def _judge_lines(
    judge: Judge,
    repeats: Repeats,
    spool: _Spool,
    deliveries: Sequence[_Delivery],
    lines_of: Callable[[int], Iterator[Lines]],
    landing_seq: int,
) -> None:
    judge.connection.register(
        "landing_files",
        pa.table(
            {
                "file_number": pa.array(range(len(deliveries)), pa.int64()),
                "landing_id": pa.array([d.landing_id for d in deliveries]),
                "landed_file": pa.array([d.landed_file for d in deliveries]),
            }
        ),
    )
    for lines in _batches(deliveries, lines_of):
        judge.read(lines)
        for number, stored, rejected in repeats.strike():
            deliveries[number].stored += stored
            deliveries[number].rejected += rejected
        for accepted in judge.accepted():
            _count(deliveries, accepted.rows, "stored")
            rows = _with_lineage(accepted.rows, deliveries, landing_seq)
            rows = rows.append_column("first_landed_at", rows.column("ingested_at"))
            spool.add_events(accepted.domain, accepted.group, rows)
        repeats.strike_rejected()
        rejected_rows = judge.rejected()
        _count(deliveries, rejected_rows, "rejected")
        for domain, rows in _by_domain(rejected_rows):
            spool.add_rejected(domain, _with_lineage(rows, deliveries, landing_seq))


def _batches(
    deliveries: Sequence[_Delivery], lines_of: Callable[[int], Iterator[Lines]]
) -> Iterator[pa.Table]:
    """Gather the lines of all new files into batches the judge can take at once."""
    held: list[pa.Table] = []
    row_id = held_rows = 0
    for number, delivery in enumerate(deliveries):
        if delivery.is_known:
            continue
        for lines in _readable(delivery, lines_of(number)):
            count = len(lines.numbers)
            if not count:
                continue
            delivery.delivered += count
            held.append(
                pa.table(
                    [
                        pa.array(range(row_id, row_id + count), pa.int64()),
                        pa.repeat(pa.scalar(number, pa.int64()), count),
                        lines.numbers,
                        lines.texts,
                    ],
                    schema=LINES_SCHEMA,
                )
            )
            row_id += count
            held_rows += count
            if held_rows >= JUDGED_ROWS:
                yield pa.concat_tables(held)
                held, held_rows = [], 0
    if held:
        yield pa.concat_tables(held)


def _readable(delivery: _Delivery, lines: Iterator[Lines]) -> Iterator[Lines]:
    """Read a file as far as it can be read; note why it breaks off."""
    try:
        yield from lines
    except _BROKEN_FILE as error:
        delivery.fault = (
            f"{delivery.landed_file}: broken after {delivery.delivered} lines "
            f"({error}); send the whole file again"
        )


def _count(deliveries: Sequence[_Delivery], rows: pa.Table, what: str) -> None:
    for counted in rows.column("file_number").value_counts().to_pylist():
        delivery = deliveries[counted["values"]]
        setattr(delivery, what, getattr(delivery, what) + counted["counts"])


def _with_lineage(
    rows: pa.Table, deliveries: Sequence[_Delivery], landing_seq: int
) -> pa.Table:
    numbers = rows.column("file_number").combine_chunks()
    ids, names = (
        pa.array([getattr(d, attribute) for d in deliveries], pa.string())
        for attribute in ("landing_id", "landed_file")
    )
    lineage = {
        "landing_seq": pa.repeat(pa.scalar(landing_seq, pa.int64()), rows.num_rows),
        "landing_id": ids.take(numbers),
        "landed_file": names.take(numbers),
    }
    for name, column in lineage.items():
        rows = rows.append_column(name, column)
    return rows.drop_columns(["row_id", "file_number"])


def _by_domain(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Split rejections by the domain that keeps them; the books keep the nameless."""
    if not rows.num_rows:
        return
    rows = rows.append_column("ingested_at", rows.column("rejected_at"))
    domains = pc.fill_null(rows.column("domain"), pipelines.BOOKS)
    for domain in pc.unique(domains).to_pylist():
        yield (
            domain,
            rows.filter(pc.equal(domains, domain)).drop_columns(
                ["domain", "content_hash"]
            ),
        )


def _terms(
    shop: Shop, landed_at: datetime, is_backfill: bool, default_source: str | None
) -> Terms:
    if shop.hash_key is None:
        raise LandingError(
            "POSTORDER_HASH_KEY is not set; it keys the hashes of personal data. Set "
            "it to a long random secret, keep it outside the warehouse, and land again"
        )
    if landed_at.tzinfo is None:
        raise ValueError("landed_at has no zone; pass an aware datetime")
    _check_fingerprint(shop, shop.hash_key)
    return Terms(
        hash_key=shop.hash_key,
        landed_at=landed_at,
        is_backfill=is_backfill,
        default_source=default_source,
    )


def _check_fingerprint(shop: Shop, key: str) -> None:
    """Refuse a key other than the one this shop's hashes were made with."""
    fingerprint = hmac.new(key.encode(), b"postorder", hashlib.sha256).hexdigest()
    path = shop.folder / "hash_key.fingerprint"
    if not path.exists():
        shop.folder.mkdir(parents=True, exist_ok=True)
        path.write_text(fingerprint + "\n", encoding="utf-8")
    elif not hmac.compare_digest(path.read_text("utf-8").strip(), fingerprint):
        raise LandingError(
            f"{shop.folder}: POSTORDER_HASH_KEY is not the key this shop was landed "
            "with, so its hashes would not match those stored. Set the former key. To "
            "rotate it, land all files again into a new, empty folder with the new key"
        )


def _nothing_new(
    shop: Shop, deliveries: Sequence[_Delivery], last_seq: int, landed_at: datetime
) -> Landing:
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        last = connection.execute(
            f"select max(landed_at) from {pipelines.RAW}.landings"
        ).fetchall()[0][0]
    return Landing(last_seq, tuple(d.account() for d in deliveries), last or landed_at)


def _last_ingested(shop: Shop, deliveries: Sequence[_Delivery]) -> datetime | None:
    """Return the latest ``ingested_at`` among the rows of these files."""
    ids = [d.landing_id for d in deliveries if not d.is_known]
    queries = " union all ".join(
        f"select max(ingested_at) as ingested_at from {pipelines.RAW}.{table} "
        "where list_contains($ids, landing_id)"
        for table in pipelines.EVENT_TABLES.values()
    )
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        return cast(
            datetime | None,
            connection.execute(
                f"select max(ingested_at) from ({queries})", {"ids": ids}
            ).fetchall()[0][0],
        )


def _source(name: str) -> SourceModule:
    known = sorted(
        module.name
        for module in pkgutil.iter_modules(ingestion.sources.__path__)
        if module.ispkg
    )
    if name not in known:
        raise LandingError(f"no source named {name!r}; there are {', '.join(known)}")
    return cast(SourceModule, importlib.import_module(f"ingestion.sources.{name}"))


def _spool_source(shop: Shop, source: SourceModule, path: Path) -> list[_Delivery]:
    """Write a source's lines aside and list the files they stem from."""
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute(
            f"copy (select landed_file, line_number, line from "
            f"({source.lines_query()}) as lines "
            f"order by landed_file, line_number, line) "
            f"to {quoted(str(path))} (format parquet)"
        ).fetchall()
    with duckdb.connect(":memory:") as connection:
        rows = connection.execute(
            "select landed_file, sha256(string_agg("
            "sha256(line), '' order by line_number, line)) "
            "from read_parquet($path) group by landed_file order by landed_file",
            {"path": str(path)},
        ).fetchall()
    return [
        _Delivery(
            name, content, hashlib.sha256(f"{name}\0{content}".encode()).hexdigest()
        )
        for name, content in rows
    ]


def _source_lines(path: Path, landed_file: str) -> Iterator[Lines]:
    with duckdb.connect(":memory:") as connection:
        reader = connection.sql(
            "select line_number::bigint as line_number, line::varchar as line "
            f"from read_parquet({quoted(str(path))}) "
            f"where landed_file = {quoted(landed_file)}"
        ).to_arrow_reader(_READ_ROWS)
        for batch in reader:
            yield Lines(batch.column("line_number"), batch.column("line"))


@contextlib.contextmanager
def _scratch(shop: Shop, name: str) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards, also after a crash before."""
    folder = shop.folder / "spool" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _root_cause(error: BaseException) -> BaseException:
    # a source's own error names the file; what it was raised from does not
    while (cause := error.__cause__ or error.__context__) is not None:
        if isinstance(error, LandingError):
            break
        error = cause
    return error
