"""Reviews: when to ask for one."""

from __future__ import annotations

import streamlit as st

from dashboards.components.blocks import answer, block
from dashboards.components.charts import bars
from dashboards.components.figures import figures
from dashboards.components.headlines import share_figure
from dashboards.components.links import link_to_rows
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import count, percent
from dashboards.queries import reviews
from dashboards.queries.reader import frame

st.title("When should we ask for a review?")
shown = shown_version()
require(shown, "metrics.metric_daily", "metrics.review_timing")
timing = frame(shown, reviews.TIMING)
asked = timing[timing["matured_rate"].notna()]
if asked.empty:
    answer("Nobody has been asked long enough ago to say.")
else:
    learned = timing[timing["is_learned"]]
    best = asked.sort_values("matured_rate").iloc[-1]
    if learned.empty:
        answer(
            f"Too early to say: {best['delay_bucket']} days after delivery reads best "
            f"({percent(best['matured_rate'])}), but intervals overlap."
        )
    else:
        bucket = learned.iloc[0]
        answer(
            f"{bucket['delay_bucket']} days after delivery: "
            f"{percent(bucket['matured_rate'])} of those asked answer."
        )
figures(
    [
        share_figure(
            shown,
            "review_response_rate",
            "Asked, and answered",
            "lines asked",
            good="up",
            bias="Those asked lately have not had their 30 days to answer.",
            opens="Open the lines answered",
        )
    ],
    across=2,
)
link_to_rows("Open the reviews written", of="reviews")
with block("How many answer, by the days between delivery and asking?"):
    if asked.empty:
        st.caption("Nobody has been asked long enough ago.")
    else:
        bars(
            asked,
            y="delay_bucket",
            x="matured_rate",
            title="Answered, % of asked, with 95 % interval",
            percent=True,
            interval=("lower", "upper"),
            description="Share of those asked who wrote a review, by delay in days",
        )
        st.caption(
            "An association, not an effect: who was asked early differs from who was "
            f"asked late. {count(int(asked['matured_asked'].sum()), 'line')} asked at "
            "least 30 days ago."
        )
    table(
        shown,
        "review-timing",
        reviews.TIMING,
        description="Asked and answered by delay",
        headings={
            "delay_bucket": "Days after delivery",
            "matured_asked": "Mature asks",
            "matured_responded": "Answered",
            "matured_rate": "Answered, share",
            "organic_rate": "Unasked reviews",
            "is_learned": "Learned",
        },
        noun="delay",
        behind=Behind("asks", "asked", ("delay_bucket",)),
    )
