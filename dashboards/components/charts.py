"""Charts that more than one page shows; colors stand for the same thing everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import altair as alt
import pandas as pd
import streamlit as st

from dashboards.components.words import STAGES, count, plain, stage
from dashboards.queries.orders import AGE_BANDS, StageCount

# young to old; each stands out from a white and from a dark ground
AGE_COLORS = ("#6f9bd1", "#3f6fb5", "#d9a13b", "#d9702b", "#c2362f")

# letters that a phone shows beside each other, and those a symbol takes
LEGEND_LETTERS = 42
SYMBOL_LETTERS = 4

# what a color says, on either ground
HONEST = "#3f7fd1"
NAIVE = "#8b95a3"
BAD = "#c2362f"
WARNING = "#d9822b"
GOOD = "#3a9a5f"

# things without an order or a verdict: told apart by anyone who sees colors otherwise
SERIES = ("#3f7fd1", "#d9822b", "#2f9e8f", "#b0579b", "#8b95a3", "#a58a1f", "#7468c9")

BAR_HEIGHT = 28
# what a share with its decimal takes, in pixels
CELL_WIDTH = 36
HEIGHT = 340


def draw(chart: alt.TopLevelMixin, *, description: str) -> None:
    """Draw a chart with a description for readers who do not see it."""
    st.altair_chart(cast("alt.Chart", chart), alt=description)


def columns_of(names: pd.Series) -> int:
    """Return how many names of a legend stand beside each other on a phone."""
    longest = int(names.astype(str).str.len().max() or 0)
    return max(1, min(4, LEGEND_LETTERS // (longest + SYMBOL_LETTERS)))


def bars(
    table: pd.DataFrame,
    *,
    y: str,
    x: str,
    title: str,
    description: str,
    color: str = HONEST,
    percent: bool = False,
    interval: tuple[str, str] | None = None,
    sort: Sequence[str] | None = None,
) -> None:
    """Draw one bar a row, with its interval where it has one.

    Args:
        table: One row a bar.
        y: Column of the names.
        x: Column of the values.
        title: Of the value axis, with its unit.
        description: What the chart shows, with its extremes.
        color: By meaning.
        percent: Whether values are shares from 0 to 1.
        interval: Columns of the lower and upper end.
        sort: Order of the names; by default the order of the rows.
    """
    axis = alt.Axis(format=".0%") if percent else alt.Axis(tickCount=6)
    names = alt.Y(
        f"{y}:N",
        sort=list(sort) if sort else list(table[y]),
        title=None,
        axis=alt.Axis(labelLimit=200),
    )
    shown = alt.Tooltip(f"{x}:Q", title=title, format=".1%" if percent else ",.1f")
    layers = [
        alt.Chart(table)
        .mark_bar(color=color)
        .encode(
            x=alt.X(f"{x}:Q", title=title, axis=axis),
            y=names,
            tooltip=[alt.Tooltip(f"{y}:N"), shown],
        )
    ]
    if interval:
        layers.append(
            alt.Chart(table)
            .mark_rule(color=NAIVE, strokeWidth=3)
            .encode(
                x=alt.X(f"{interval[0]}:Q", title=title),
                x2=f"{interval[1]}:Q",
                y=names,
            )
        )
    draw(
        alt.layer(*layers).properties(height=alt.Step(BAR_HEIGHT)),
        description=description,
    )


def lines(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    x_title: str,
    y_title: str,
    description: str,
    color: str | None = None,
    band: tuple[str, str] | None = None,
    percent: bool = False,
    steps: bool = False,
    young: str | None = None,
) -> None:
    """Draw lines over time or age, with a band of uncertainty where there is one.

    Args:
        table: One row a point.
        x: Column of the time or age.
        y: Column of the value.
        x_title: Of the axis, with its unit.
        y_title: Of the axis, with its unit.
        description: What the chart shows.
        color: Column that tells the lines apart.
        band: Columns of the lower and upper end.
        percent: Whether values are shares from 0 to 1.
        steps: Whether a value holds until the next one.
        young: Column that is true where a value can still change; drawn pale.
    """
    kind = "T" if pd.api.types.is_datetime64_any_dtype(table[x]) else "Q"
    across = alt.X(f"{x}:{kind}", title=x_title, axis=_axis_of(table[x]))
    axis = alt.Axis(format=".0%") if percent else alt.Axis()
    up = alt.Y(f"{y}:Q", title=y_title, axis=axis)
    by = (
        alt.Color(
            f"{color}:N",
            scale=alt.Scale(range=list(SERIES)),
            legend=alt.Legend(
                orient="bottom",
                title=None,
                columns=columns_of(table[color]),
                symbolOpacity=1,
            ),
        )
        if color
        else alt.value(HONEST)
    )
    layers = []
    if band:
        layers.append(
            alt.Chart(table)
            .mark_area(opacity=0.18, interpolate="step-after" if steps else "linear")
            .encode(
                x=across,
                y=alt.Y(f"{band[0]}:Q", title=y_title, axis=axis),
                y2=f"{band[1]}:Q",
                color=by,
            )
        )
    pale = (
        alt.condition(f"datum['{young}']", alt.value(0.3), alt.value(1.0))
        if young
        else alt.value(1.0)
    )
    mark = alt.Chart(table).mark_line(interpolate="step-after" if steps else "linear")
    tips = [
        alt.Tooltip(f"{x}:{kind}", title=x_title),
        alt.Tooltip(f"{y}:Q", title=y_title, format=".1%" if percent else ",.1f"),
        *([alt.Tooltip(f"{color}:N")] if color else []),
    ]
    layers.append(mark.encode(x=across, y=up, color=by, tooltip=tips))
    if young:
        layers.append(
            alt.Chart(table)
            .mark_circle(size=42)
            .encode(x=across, y=up, color=by, opacity=pale, tooltip=tips)
        )
    draw(alt.layer(*layers).properties(height=HEIGHT), description=description)


def _axis_of(places: pd.Series) -> alt.Axis:
    """Return an axis that names months where every place is the first of one."""
    if pd.api.types.is_datetime64_any_dtype(places) and (places.dt.day == 1).all():
        return alt.Axis(tickCount={"interval": "month", "step": 1}, format="%b %Y")
    return alt.Axis()


def curves(table: pd.DataFrame, age: str, share: str, *, description: str) -> bool:
    """Draw a ``share`` by ``days`` for each ``segment``; tell whether there is any.

    Args:
        table: These three, and the interval of the share, ``lower`` to ``upper``.
        age: Title of the days.
        share: Title of the share.
        description: What the chart shows, before its intervals are named.
    """
    if table.empty:
        st.caption("No segment is big enough to draw.")
        return False
    lines(
        table.assign(segment=table["segment"].map(plain)),
        x="days",
        y="share",
        x_title=age,
        y_title=share,
        color="segment",
        band=("lower", "upper"),
        percent=True,
        steps=True,
        description=f"{description}, with 95 % intervals",
    )
    return True


def heat(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    value: str,
    x_title: str,
    y_title: str,
    value_title: str,
    description: str,
    percent: bool = False,
    x_sort: Sequence[str | int] | None = None,
    y_sort: Sequence[str | int] | None = None,
    scheme: Literal["blues", "oranges"] = "blues",
) -> None:
    """Draw a grid of shaded cells with their values; a missing value stays blank.

    Args:
        table: One row a cell.
        x: Column of the cells' places across.
        y: Column of their places down.
        value: Column that is shaded and written.
        x_title: Of the axis, with its unit.
        y_title: Of the axis; empty where its names say it.
        value_title: What is shaded, with its unit.
        description: What the grid shows.
        percent: Whether values are shares from 0 to 1.
        x_sort: Places across, empty ones too; by default those with a value.
        y_sort: Places down, likewise.
        scheme: Of colors, by meaning.
    """
    base = alt.Chart(table.dropna(subset=[value])).encode(
        x=alt.X(
            f"{x}:O",
            title=x_title,
            scale=alt.Scale(domain=list(x_sort)) if x_sort else alt.Undefined,
            axis=alt.Axis(labelAngle=0),
        ),
        y=alt.Y(
            f"{y}:O",
            title=y_title or None,
            scale=alt.Scale(domain=list(y_sort)) if y_sort else alt.Undefined,
        ),
        tooltip=[
            alt.Tooltip(f"{y}:N", title=y_title or y),
            alt.Tooltip(f"{x}:N", title=x_title or x),
            alt.Tooltip(
                f"{value}:Q", title=value_title, format=".1%" if percent else ",.0f"
            ),
        ],
    )
    middle = float(table[value].max() or 0) * 0.55
    scale = 100 if percent else 1
    cells = base.mark_rect().encode(
        color=alt.Color(
            f"{value}:Q", scale=alt.Scale(scheme=scheme, domainMin=0), legend=None
        )
    )
    ink = alt.condition(
        f"datum['{value}'] > {middle}", alt.value("white"), alt.value("#0c1118")
    )
    wide = f"bandwidth('x') > {CELL_WIDTH}"
    words = base.mark_text(fontSize=12).encode(
        text=alt.Text(f"{value}:Q", format=".1%" if percent else ",.0f"),
        color=ink,
        opacity=alt.condition(wide, alt.value(1), alt.value(0)),
    )
    # a phone's cells hold two figures; the title says of what
    short_words = (
        base.transform_calculate(rounded=f"round(datum['{value}'] * {scale})")
        .mark_text(fontSize=10)
        .encode(
            text=alt.Text("rounded:Q"),
            color=ink,
            opacity=alt.condition(wide, alt.value(0), alt.value(1)),
        )
    )
    draw(
        (cells + words + short_words).properties(
            height=alt.Step(BAR_HEIGHT + 4),
            title=alt.TitleParams(value_title, anchor="start", fontSize=12),
        ),
        description=description,
    )


def orders_by_stage_chart(counts: Sequence[StageCount]) -> None:
    """Draw open orders as one bar a stage, in journey order, split by age.

    Args:
        counts: At least one stage and age band with orders.
    """
    table = pd.DataFrame(
        {
            "Stage": [stage(part.stage) for part in counts],
            "Days since placed": [part.age_band for part in counts],
            "Orders": [part.orders for part in counts],
            "band": [AGE_BANDS.index(part.age_band) for part in counts],
        }
    )
    journey = [words for words in STAGES.values() if words in set(table["Stage"])]
    chart = (
        alt.Chart(table, height=alt.Step(BAR_HEIGHT))
        .mark_bar()
        .encode(
            x=alt.X(
                "Orders:Q",
                title="Open orders",
                axis=alt.Axis(tickMinStep=1, tickCount=8),
            ),
            y=alt.Y(
                "Stage:N",
                sort=journey,
                title=None,
                axis=alt.Axis(labelLimit=220),
            ),
            color=alt.Color(
                "Days since placed:N",
                scale=alt.Scale(domain=list(AGE_BANDS), range=list(AGE_COLORS)),
                legend=alt.Legend(
                    orient="bottom", columns=3, title="Days since placed"
                ),
            ),
            order=alt.Order("band:Q"),
            tooltip=["Stage", "Days since placed", "Orders"],
        )
    )
    by_stage = table.groupby("Stage", sort=False)["Orders"].sum()
    draw(
        chart,
        description="Open orders by stage: "
        + ", ".join(
            f"{words} {count(int(by_stage[words]), 'order')}" for words in journey
        ),
    )
