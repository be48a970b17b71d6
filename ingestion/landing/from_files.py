"""Event files into the raw tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ingestion.contract.catalogue import load_catalogue
from ingestion.files import Lines, find_files, read_lines
from ingestion.judge.batches import READ_ROWS
from ingestion.landing.accounts import Delivery, Landing
from ingestion.landing.core import land, scratch
from ingestion.landing.terms import landing_terms
from ingestion.lock import hold
from ingestion.shop import Shop


def land_files(
    paths: Sequence[Path | str],
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
        paths: What :func:`ingestion.files.find_files` takes: files, folders and
            patterns, on disk and in an S3-compatible store.
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
    with hold(shop, "land"), scratch(shop, "objects") as copies:
        terms = landing_terms(
            shop, landed_at, is_backfill=backfill, default_source=default_source
        )
        files = find_files(paths, scratch=copies)
        deliveries = [
            Delivery(
                file.landed_file,
                file.content_hash,
                file.landing_id,
                fault=file.refusal and f"{file.landed_file}: {file.refusal}",
            )
            for file in files
        ]

        def lines_of(number: int) -> Iterator[Lines]:
            return read_lines(files[number], catalogue, limit=READ_ROWS)

        return land(shop, catalogue, terms, deliveries, lines_of)
