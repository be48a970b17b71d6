"""How long each layer keeps what it holds, as ``retention.yml`` says."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from ingestion.shop import Shop

FILE: Final = Path(__file__).with_name("retention.yml")


@cache
def days_kept(layer: str) -> int | None:
    """Return the days of a layer; ``None`` where nothing goes by age."""
    declared = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    days = declared[layer]
    return None if days is None else int(days)


def is_over(layer: str, since: datetime, now: datetime) -> bool:
    """Say whether what a layer holds since then has had its days."""
    days = days_kept(layer)
    return days is not None and since < now - timedelta(days=days)


def drop_old_packages(shop: Shop, now: datetime) -> None:
    """Remove what dlt loaded long ago; each package is named by its instant."""
    for package in shop.dlt.glob("*/load/loaded/*"):
        loaded_at = datetime.fromtimestamp(float(package.name), tz=now.tzinfo)
        if is_over("dlt", loaded_at, now):
            shutil.rmtree(package)
