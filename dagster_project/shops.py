"""Which shop a folder holds: the embedded sample or somebody's own, never both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ingestion.shop import Shop

MARKER = "shop.json"

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
SAMPLE_DOMAINS = ("orders", "payments", "returns")
SAMPLE_TIMEZONE = "Asia/Kolkata"

# The sample's people are invented, so their hashes protect nobody.
SAMPLE_HASH_KEY = "the embedded sample has no secrets"

Kind = Literal["sample", "own"]


class ShopError(Exception):
    """Input does not belong into this folder."""


def shop_from(environment: Mapping[str, str], *, is_sample: bool = False) -> Shop:
    """Return the shop that the environment names.

    The sample brings its own time zone and hash key, where the environment gives none.

    Args:
        environment: ``POSTORDER_DATA``, ``POSTORDER_TIMEZONE``, ``POSTORDER_HASH_KEY``.
        is_sample: Whether an empty folder is about to receive the sample.
    """
    shop = Shop.from_environment(environment)
    kind = kind_of(shop)
    if kind == "sample" or (kind is None and is_sample):
        return replace(
            shop,
            timezone=environment.get("POSTORDER_TIMEZONE", SAMPLE_TIMEZONE),
            hash_key=shop.hash_key or SAMPLE_HASH_KEY,
        )
    return shop


def kind_of(shop: Shop) -> Kind | None:
    """Return what a folder holds; ``None`` where nothing has landed yet."""
    try:
        kind = json.loads((shop.folder / MARKER).read_text(encoding="utf-8"))["holds"]
    except FileNotFoundError:
        return "own" if shop.working.exists() else None
    return "sample" if kind == "sample" else "own"


def claim(shop: Shop, kind: Kind) -> None:
    """Note what a folder holds.

    Raises:
        ShopError: It holds the other kind.
    """
    require(shop, kind)
    if not (shop.folder / MARKER).exists():
        shop.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"holds": kind}) + "\n"
        (shop.folder / MARKER).write_text(text, encoding="utf-8")


def require(shop: Shop, kind: Kind) -> None:
    """Raise where input of a kind would mix with the other.

    Raises:
        ShopError: It holds the other kind.
    """
    held = kind_of(shop)
    if held not in (None, kind):
        holds, comes = (
            ("the embedded sample", "your own events")
            if held == "sample"
            else ("a shop of its own", "the embedded sample")
        )
        raise ShopError(
            f"{shop.folder} holds {holds}, and {comes} would mix with it; set "
            "POSTORDER_DATA to another folder"
        )
