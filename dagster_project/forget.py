"""Forgets a subject: a tombstone first, then everything that held them is rewritten.

The tombstone is written before anything is erased, and says whether all is swept. Who
is stopped half way has lost nothing: the next command that works on the shop sweeps
again, by the hashes alone, and sweeping twice does no more than once.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime

from dagster_project import gate
from dagster_project.forget_files import erase_from_files
from dagster_project.forget_published import rewrite_published
from ingestion.contract.catalogue import load_catalogue
from ingestion.landing.terms import landing_terms
from ingestion.lock import hold
from ingestion.privacy import tombstones as stones
from ingestion.privacy.erasing import Erased, erase_landed, learn
from ingestion.privacy.identifiers import CUSTOMER
from ingestion.privacy.tombstones import Tombstones
from ingestion.shop import Shop

# what was published is compared with, and what was exported is on record; everything
# else of the control schema, and every model, is of a build, and the next makes it anew
REMEMBERED = (
    "publications",
    "published_figures",
    "published_sweeps",
    "audience_exports",
    "audience_members",
)
LANDED = "raw"


def forget(shop: Shop, customer_id: str, *, now: datetime) -> Erased:
    """Leave a tombstone for a customer, and erase them from the data folder.

    Args:
        shop: Where they are known, or may become so: a tombstone needs nothing landed.
        customer_id: As the source sends it.
        now: The time, UTC.

    Returns:
        What was taken out, and the files of others that hold them still.

    Raises:
        LandingError: The shop's hash key is absent or wrong.
        ShopLockedError: Another process works on the shop.
    """
    with hold(shop, "forget"):
        key = landing_terms(shop, now).hash_key
        known = stones.read(shop, key=key)
        named = known.with_more([(CUSTOMER, customer_id)])
        # also where nothing is new: asked again, everything is swept again
        return _sweep(shop, replace(named, is_swept=False))


def finish(shop: Shop, *, now: datetime) -> Erased | None:
    """Sweep what was forgotten and not yet swept; ``None`` where all is.

    Raises:
        LandingError: The shop's hash key is absent or wrong.
        ShopLockedError: Another process works on the shop.
    """
    if not stones.is_unfinished(shop):
        return None
    with hold(shop, "forget"):
        return _sweep(shop, stones.read(shop, key=landing_terms(shop, now).hash_key))


def _sweep(shop: Shop, known: Tombstones) -> Erased:
    catalogue = load_catalogue()
    stones.write(shop, replace(known, is_swept=False))
    known = learn(shop, catalogue, known)
    stones.write(shop, replace(known, is_swept=False))
    erased = erase_landed(shop, catalogue, known, _is_kept)
    erased.rewritten["published"] = rewrite_published(shop, known)
    erased.rewritten |= _remove_of_builds(shop)
    rewritten, erased.left = erase_from_files(shop, known)
    erased.rewritten |= rewritten
    stones.write(shop, replace(known, is_swept=True))
    return erased


def _is_kept(schema: str, table: str) -> bool:
    """Say whether a table of the warehouse is no build's own."""
    return schema.startswith(LANDED) or table in REMEMBERED


def _remove_of_builds(shop: Shop) -> dict[str, int]:
    """Remove what every build makes anew: dbt's artifacts, a verdict, copies."""
    removed = {}
    for name in ("dbt", "scratch"):
        folder = shop.folder / name
        removed[name] = sum(path.is_file() for path in folder.rglob("*"))
        shutil.rmtree(folder, ignore_errors=True)
    verdict = gate.path_of(shop.working)
    removed["gate"] = int(verdict.exists())
    verdict.unlink(missing_ok=True)
    return removed
