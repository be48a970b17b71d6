"""Charts that more than one page shows; colors stand for the same thing everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards.components.words import STAGES, count, stage
from dashboards.queries.orders import AGE_BANDS, StageCount

# young to old; each stands out from a white and from a dark ground
AGE_COLORS = ("#6f9bd1", "#3f6fb5", "#d9a13b", "#d9702b", "#c2362f")

BAR_HEIGHT = 28


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
    st.altair_chart(
        chart,
        alt="Open orders by stage: "
        + ", ".join(
            f"{words} {count(int(by_stage[words]), 'order')}" for words in journey
        ),
    )
