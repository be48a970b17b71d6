"""Judged rows on disk between the judge and the pipelines, in Parquet."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from types import TracebackType
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract.catalogue import Catalogue
from ingestion.landing import raw
from ingestion.landing.pipelines import Spooled

_WAITING: Final = 2  # tables on their way to disk; more only add to memory


class Spool:
    """Writes each raw table's rows to files of one schema each.

    A batch that brings a column its table's file lacks begins another file; DuckDB
    fills the gap by name.
    """

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        """Spool into an empty folder, which somebody else removes."""
        self._folder = folder
        fields = {name: field.type.dlt for name, field in catalogue.fields.items()}
        self._event_types = {**fields, **raw.STORED}
        self._domains: dict[str, str] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._files: dict[str, dict[Path, int]] = {}
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._room = BoundedSemaphore(_WAITING)
        self._failed: Future[None] | None = None

    def __enter__(self) -> Spool:
        """Return the spool; leaving closes its files."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        self.close()

    def add_events(self, domain: str, group: str, rows: pa.Table) -> None:
        """Keep accepted rows of one event group."""
        types = {name: self._event_types[name] for name in rows.column_names}
        self._behind(domain, raw.group_table(group), rows, types)

    def add_rejected(self, rows: pa.Table) -> None:
        """Keep rejections."""
        self._behind(raw.BOOKS, raw.REJECTED, rows, raw.REJECTED_COLUMNS)

    def close(self) -> None:
        """Finish the files; they are read from here on.

        Raises:
            OSError: A row could not be written.
        """
        self._writing.shutdown()
        self._raise_failure()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def tables(self, domain: str) -> dict[str, Spooled]:
        """Return what a domain's pipeline has to load, by raw table."""
        return {
            table: Spooled(self._columns[table], self._files[table])
            for table, its_domain in self._domains.items()
            if its_domain == domain
        }

    def _behind(
        self, domain: str, table: str, rows: pa.Table, types: Mapping[str, str]
    ) -> None:
        """Write while the judge goes on; wait when too far behind."""
        self._room.acquire()
        self._raise_failure()
        written = self._writing.submit(self._add, domain, table, rows, types)
        written.add_done_callback(self._note)

    def _note(self, written: Future[None]) -> None:
        if written.exception() is not None:
            self._failed = written
        self._room.release()

    def _raise_failure(self) -> None:
        if self._failed is not None:
            self._failed.result()

    def _add(
        self, domain: str, table: str, rows: pa.Table, types: Mapping[str, str]
    ) -> None:
        self._domains[table] = domain
        columns = self._columns.setdefault(table, {})
        if not types.keys() <= columns.keys() or table not in self._writers:
            columns.update(types)
            self._begin(table)
        path = next(reversed(self._files[table]))
        self._files[table][path] += rows.num_rows
        schema = raw.arrow_schema(columns)
        self._writers[table].write_table(_filled(rows, schema))

    def _begin(self, table: str) -> None:
        if table in self._writers:
            self._writers[table].close()
        files = self._files.setdefault(table, {})
        path = self._folder / f"{table}.{len(files)}.parquet"
        files[path] = 0
        self._writers[table] = pq.ParquetWriter(
            path,
            raw.arrow_schema(self._columns[table]),
            compression="lz4",
            use_dictionary=False,
            write_statistics=False,
        )


def _filled(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Bring rows to a schema; a column they lack is null."""
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)
