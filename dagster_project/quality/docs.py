"""Writes the last validation as one page that needs no network.

Great Expectations' own Data Docs load styles and fonts from public hosts; this page has
all it needs in itself.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dagster_project import gate
from dagster_project.gate import Failure, GateError, Verdict
from ingestion.shop import Shop

TEMPLATE: Final = "docs.html.j2"


def path_of(shop: Shop) -> Path:
    """Return where a shop's page stands; forgetting a subject masks it there."""
    return shop.folder / "quality" / "index.html"


def write_docs(shop: Shop) -> Path:
    """Write the page of the shop's last validation, replacing the one before.

    Raises:
        GateError: Nothing was validated yet.
    """
    verdict = gate.last_verdict(shop.working)
    if verdict is None:
        raise GateError("nothing was validated here yet; `postorder validate` judges")
    path = path_of(shop)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".making")
    draft.write_text(page_of(verdict), encoding="utf-8")
    draft.replace(path)
    return path


def page_of(verdict: Verdict) -> str:
    """Return a verdict as HTML: what failed with its rows, then every expectation."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": lambda at: f"{at:%Y-%m-%d %H:%M} UTC"}
    return environment.get_template(TEMPLATE).render(
        verdict=verdict,
        broken=[
            *((each, "blocking") for each in verdict.failures),
            *((each, "warning") for each in verdict.warnings),
        ],
        suites=[
            (name, list(judged))
            for name, judged in groupby(verdict.judged, key=lambda each: each.suite)
        ],
        columns=_columns,
    )


def _columns(failure: Failure) -> list[str]:
    """Return the columns of the rows that show a failure."""
    return list(failure.rows[0]) if failure.rows else []
