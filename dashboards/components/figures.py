"""Figures: a number with unit, period, maturity and change, and what is behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from dashboards.components.links import link_to_rows
from dashboards.queries.row_sets import Number

GoodWay = Literal["up", "down", "neither"]

# a change is green where it is good, red where it is bad
DELTA_COLORS: dict[GoodWay, Literal["normal", "inverse", "off"]] = {
    "up": "normal",
    "down": "inverse",
    "neither": "off",
}


@dataclass(frozen=True)
class Naive:
    """The figure as it is commonly computed, and why it misleads.

    Attributes:
        value: With its unit.
        bias: One sentence: which way it is wrong, and why.
    """

    value: str
    bias: str


@dataclass(frozen=True)
class Figure:
    """One number as a page shows it.

    Attributes:
        label: What is counted, in a few words.
        value: With its unit.
        basis: What it is of: the counts behind it and their period.
        young: Why it can still change; empty where it is final.
        change: Against the period before, with its unit; empty where there is none.
        good: Which way is better.
        naive: The common way to compute it, one click away.
        rows: Address of the rows behind it, as ``rows`` reads it.
        counts: The number that those rows add up to: the value, or its numerator.
        opens: What the link to the rows says.
    """

    label: str
    value: str
    basis: str
    young: str = ""
    change: str = ""
    good: GoodWay = "neither"
    naive: Naive | None = None
    rows: dict[str, str] = field(default_factory=dict)
    counts: Number = 0
    opens: str = "Open the rows"


def figures(shown: Sequence[Figure], *, across: int = 4) -> None:
    """Show figures side by side; on a phone one below the other."""
    for first in range(0, len(shown), across):
        row = shown[first : first + across]
        for column, figure in zip(st.columns(across), row, strict=False):
            with column:
                show_figure(figure)


def show_figure(figure: Figure) -> None:
    """Show one figure with all that is needed to judge it."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(
            figure.label,
            figure.value,
            delta=figure.change or None,
            delta_color=DELTA_COLORS[figure.good],
        )
        if figure.young:
            st.markdown(f":orange-badge[:material/hourglass_top: {figure.young}]")
        st.caption(figure.basis)
        if figure.naive:
            with st.popover(
                "Naive figure", type="tertiary", icon=":material/help_center:"
            ):
                st.markdown(f"**{figure.naive.value}**, computed the common way.")
                st.markdown(figure.naive.bias)
        if figure.rows:
            link_to_rows(figure.opens, **figure.rows)
