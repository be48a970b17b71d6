"""The figures that the pages of a published shop show, beside the rows they open to."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from unittest.mock import patch

import streamlit as st

from dagster_project import published
from dagster_project.published import Version
from dashboards.components.figures import Figure, show_figure
from dashboards.components.words import amount
from dashboards.queries.reader import total
from dashboards.queries.row_sets import ROW_SETS, counted, rows_behind
from tests.dashboards.small_shop import APP, open_page

# sums of frames are floats of exact decimals with four digits
CENT = 0.005


def figures_of(folder: Path) -> list[tuple[str, Figure]]:
    """Open every view over a shop's data folder and return the figures it shows."""
    seen: list[tuple[str, Figure]] = []
    main = sys.modules["__main__"]
    with patch.dict(os.environ, POSTORDER_DATA=str(folder)):
        st.cache_data.clear()
        st.cache_resource.clear()
        for path in sorted((APP.parent / "views").glob("[a-z]*.py")):

            def note(figure: Figure, view: str = path.stem) -> None:
                seen.append((view, figure))
                show_figure(figure)

            if "figures(" not in path.read_text(encoding="utf-8"):
                continue
            with patch("dashboards.components.figures.show_figure", note):
                page = open_page(f"views/{path.name}")
            assert not page.exception, path.stem
    sys.modules["__main__"] = main
    return seen


def dishonest(folder: Path, seen: list[tuple[str, Figure]]) -> list[str]:
    """Return each figure whose rows do not add up to a number that it shows."""
    version = published.current(folder / "published")
    assert version is not None
    return [
        f"{view}, {figure.label}: {fault}"
        for view, figure in seen
        if (fault := fault_of(version, figure))
    ]


def fault_of(version: Version, figure: Figure) -> str:
    """Return what is wrong with the rows behind a figure; empty where nothing is."""
    address = dict(figure.rows)
    name = address.pop("of", "")
    if name not in ROW_SETS:
        return "opens to nothing"
    found = counted(version, name, address)
    number = sum(float(part) for part in found.number.values())
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
