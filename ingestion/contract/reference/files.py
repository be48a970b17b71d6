"""Every file written from the catalogue, by its place in the repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ingestion.contract.catalogue import Catalogue
from ingestion.contract.reference.events import events_page
from ingestion.contract.reference.fields import fields_page
from ingestion.contract.reference.models import (
    currency_macro,
    raw_sources,
    return_reason_groups,
)
from ingestion.contract.reference.rejections import rejections_page
from ingestion.contract.reference.stories import stories_page


def files(catalogue: Catalogue) -> Mapping[str, str]:
    """Return path from the root of the repository -> text."""
    return {
        "docs/events.md": events_page(catalogue),
        "docs/fields.md": fields_page(catalogue),
        "docs/rejections.md": rejections_page(catalogue),
        "docs/stories.md": stories_page(catalogue),
        "dbt_project/models/staging/_raw__contract.yml": raw_sources(catalogue),
        "dbt_project/macros/dispatch/currencies.sql": currency_macro(catalogue),
        "dbt_project/seeds/return_reason_groups.csv": return_reason_groups(catalogue),
    }


def write(catalogue: Catalogue, root: Path) -> None:
    """Write every file below the root of a repository."""
    for name, text in files(catalogue).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
