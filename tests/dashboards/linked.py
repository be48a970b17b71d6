"""The numbers that the pages of a published shop show, beside the rows they open to."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import streamlit as st

from dagster_project import published
from dagster_project.published import Version
from dashboards.components.figures import Figure, show_figure
from dashboards.components.tables import Behind, addresses_behind
from dashboards.components.words import amount
from dashboards.queries import rto, settlement
from dashboards.queries.reader import total
from dashboards.queries.row_sets import ROW_SETS, Counted, counted, rows_behind
from tests.dashboards.small_shop import APP, open_page

# sums of frames are floats of exact decimals with four digits
CENT = 0.005


# what else a view shows at the choice of its reader
CHOICES = {
    "reorders": [{"age": mode} for mode in ("calendar_month", "30_day")],
    "rto": [{"by": kind} for kind in rto.SEGMENT_TYPES],
    "settlement": [{"by": kind} for kind in settlement.SEGMENT_TYPES],
}


@dataclass(frozen=True)
class Shown:
    """What the pages show: each with the view it stands in."""

    figures: list[tuple[str, Figure]] = field(default_factory=list)
    tables: list[tuple[str, pd.DataFrame, Behind]] = field(default_factory=list)


def shown_by(folder: Path) -> Shown:
    """Open every view over a shop's data folder and return what opens to rows."""
    seen = Shown()
    main = sys.modules["__main__"]
    with patch.dict(os.environ, POSTORDER_DATA=str(folder)):
        st.cache_data.clear()
        st.cache_resource.clear()
        for path in sorted((APP.parent / "views").glob("[a-z]*.py")):
            if not re.search(r"\b(figures|Behind)\(", path.read_text(encoding="utf-8")):
                continue
            for number, choice in enumerate(CHOICES.get(path.stem, [{}])):
                _note(seen, path, choice, has_figures=not number)
    sys.modules["__main__"] = main
    return seen


def _note(
    seen: Shown, path: Path, choice: dict[str, str], *, has_figures: bool
) -> None:
    """Open one view and note what it shows."""

    def note_figure(figure: Figure) -> None:
        if has_figures:
            seen.figures.append((path.stem, figure))
        show_figure(figure)

    def note_table(found: pd.DataFrame, behind: Behind) -> list[str | None]:
        seen.tables.append((path.stem, found, behind))
        return addresses_behind(found, behind)

    with (
        patch("dashboards.components.figures.show_figure", note_figure),
        patch("dashboards.components.tables.addresses_behind", note_table),
    ):
        page = open_page(f"views/{path.name}", **choice)
    assert not page.exception, path.stem


def dishonest(folder: Path, seen: Shown) -> list[str]:
    """Return each number that its rows do not add up to, figures before tables."""
    version = published.current(folder / "published")
    assert version is not None
    return [
        f"{view}, {figure.label}: {fault}"
        for view, figure in seen.figures
        if (fault := fault_of(version, figure))
    ] + [
        f"{view}, {behind.counts} of {behind.of}: {fault}"
        for view, found, behind in seen.tables
        if (fault := fault_of_table(version, found, behind))
    ]


def fault_of_table(version: Version, found: pd.DataFrame, behind: Behind) -> str:
    """Return the first row whose number is not that of its rows; empty for none."""
    for row in found.to_dict("records"):
        if pd.isna(row[behind.counts]):
            continue
        address = behind.address(row)
        number = added(counted(version, behind.of, address))
        if abs(number - float(row[behind.counts])) > CENT:
            return f"opens to {number}, counts {row[behind.counts]}, at {address}"
    return ""


def added(found: Counted) -> float:
    """Return what rows add up to."""
    return sum(float(part) for part in found.number.values())


def fault_of(version: Version, figure: Figure) -> str:
    """Return what is wrong with the rows behind a figure; empty where nothing is."""
    address = dict(figure.rows)
    name = address.pop("of", "")
    if name not in ROW_SETS:
        return "opens to nothing"
    found = counted(version, name, address)
    number = added(found)
    if abs(number - float(figure.counts)) > CENT:
        return f"opens to {number}, counts {figure.counts}"
    rows = total(version, rows_behind(version, name, address))
    if ROW_SETS[name].number == "count(*)" and rows != number:
        return f"shows {rows} rows, counts {number}"
    if not is_said(figure, list(found.number)):
        return f"does not say {figure.counts}"
    if found.whole is not None and not has(figure, f"{found.whole:,.0f}"):
        return f"does not say of how many, {found.whole}"
    return ""


def is_said(figure: Figure, units: list[str]) -> bool:
    """Tell whether a figure shows the number that its rows add up to."""
    if units and units[0]:
        return figure.value == amount(figure.counts, units[0])
    return has(figure, f"{figure.counts:,.0f}")


def has(figure: Figure, number: str) -> bool:
    """Tell whether a number stands in a figure, and not as a part of another."""
    said = f"{figure.value} {figure.basis}"
    return bool(re.search(rf"(?<![\d.,]){re.escape(number)}(?![\d.,]*\d)", said))
