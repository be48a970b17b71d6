"""A source's own tables, and the events that its select reads from them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

import duckdb
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

import ingestion.sources
from ingestion.contract.catalogue import load_catalogue
from ingestion.errors import LandingError
from ingestion.files import Lines, landing_id
from ingestion.judge.batches import READ_ROWS
from ingestion.judge.text import quoted
from ingestion.landing import pipelines, raw
from ingestion.landing.accounts import Delivery, Landing
from ingestion.landing.core import land, scratch
from ingestion.landing.forgotten import Forgotten
from ingestion.landing.terms import landing_terms
from ingestion.lock import hold
from ingestion.shop import Shop


class SourceModule(Protocol):
    """What a module of :mod:`ingestion.sources` offers."""

    SCHEMA: str
    DECLARED: dict[str, dict[str, str]]

    def resources(self, folder: Path, *, hash_key: str) -> list[DltResource]:
        """Make the dlt resources of the source's own tables."""

    def lines_query(self) -> str:
        """Return the select of landed_file, line_number and line."""


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
        terms = landing_terms(shop, landed_at, is_backfill=backfill)
        try:
            forgotten = Forgotten(shop, catalogue, key=terms.hash_key)
            tables = [
                forgotten.leave_out(table)
                for table in source.resources(folder, hash_key=terms.hash_key)
            ]
            pipelines.load_source(shop, name, source.SCHEMA, tables)
        except PipelineStepFailed as error:
            cause = _root_cause(error)
            if isinstance(cause, LandingError):
                raise cause from error
            raise LandingError(f"{folder}: {cause}") from error
        with scratch(shop, "source") as folder_of_lines:
            spooled = folder_of_lines / "lines.parquet"
            deliveries = _spool_source(shop, source, spooled)

            def lines_of(number: int) -> Iterator[Lines]:
                return _source_lines(spooled, deliveries[number].landed_file)

            return land(shop, catalogue, terms, deliveries, lines_of)


def _source(name: str) -> SourceModule:
    known = sorted(
        module.name
        for module in pkgutil.iter_modules(ingestion.sources.__path__)
        if module.ispkg
    )
    if name not in known:
        raise LandingError(f"no source named {name!r}; there are {', '.join(known)}")
    return cast(SourceModule, importlib.import_module(f"ingestion.sources.{name}"))


def _spool_source(shop: Shop, source: SourceModule, path: Path) -> list[Delivery]:
    """Write a source's lines aside and list the files they stem from."""
    with raw.opened(shop) as connection:
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
        Delivery(name, content, landing_id(name, content)) for name, content in rows
    ]


def _source_lines(path: Path, landed_file: str) -> Iterator[Lines]:
    with duckdb.connect(":memory:") as connection:
        reader = connection.sql(
            "select line_number::bigint as line_number, line::varchar as line "
            f"from read_parquet({quoted(str(path))}) "
            f"where landed_file = {quoted(landed_file)}"
        ).to_arrow_reader(READ_ROWS)
        for batch in reader:
            yield Lines(batch.column("line_number"), batch.column("line"))


def _root_cause(error: BaseException) -> BaseException:
    # a source's own error names the file; what it was raised from does not
    while (cause := error.__cause__ or error.__context__) is not None:
        if isinstance(error, LandingError):
            break
        error = cause
    return error
