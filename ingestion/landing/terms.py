"""On which terms a shop lands: its clock, and the key of its hashes."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from ingestion.errors import LandingError
from ingestion.judge.judge import Terms
from ingestion.shop import Shop


def landing_terms(
    shop: Shop,
    landed_at: datetime,
    *,
    is_backfill: bool = False,
    default_source: str | None = None,
) -> Terms:
    """Return the judge's terms for a landing into a shop.

    Raises:
        LandingError: The shop's hash key is absent, or another than before.
        ValueError: ``landed_at`` has no zone.
    """
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
