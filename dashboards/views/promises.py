"""Promises: kept as first made, kept as last made, moved, padded, and mistold."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, in_numbers
from dashboards.components.charts import lines
from dashboards.components.figures import figures
from dashboards.components.headlines import days_of, period_of, share, share_figure
from dashboards.components.links import link_to_rows
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import DAYS_OF_WEEK, Behind, table
from dashboards.components.words import percent
from dashboards.queries import promises
from dashboards.queries.headlines import headline
from dashboards.queries.reader import frame
from dashboards.queries.rules import RANKABLE_FROM

WORDS = {
    "kept_original": "first promise kept",
    "kept_current": "last promise kept",
    "revised": "promise moved",
}

BIAS = (
    "It lets every revision count, in the shop's favor: a promise moved in time counts "
    "as kept. The first promise is what the customer bought."
)


def show_weeks(version: Version) -> None:
    """Draw kept and moved promises by week."""
    with block("How has it moved?"):
        weeks = frame(version, promises.BY_WEEK).rename(columns=WORDS)
        long = weeks.melt(
            ["week", "is_young"],
            list(WORDS.values()),
            var_name="what",
            value_name="share",
        )
        long["week"] = pd.to_datetime(long["week"])
        lines(
            long,
            x="week",
            y="share",
            x_title="Week of the original promise",
            y_title="Share of orders promised, %",
            color="what",
            percent=True,
            young="is_young",
            description="Share of promises kept and moved, by week",
        )
        st.caption("Pale points hold promises that are not due yet.")
        with in_numbers():
            table(
                version,
                "promise-weeks",
                promises.BY_WEEK,
                description="Promises kept and moved, by week",
                headings={
                    "week": "Week of the original promise, from",
                    "kept_original": "Kept at first, share",
                    "kept_current": "Kept at last, share",
                    "revised": "Moved, share",
                },
                noun="week",
                behind=Behind(
                    "promised", "promised", ("week", "last_day"), named=DAYS_OF_WEEK
                ),
            )


st.title("Do we keep what we promise?")
shown = shown_version()
require(
    shown,
    "metrics.metric_daily",
    "metrics.promise_kept",
    "marts.message_conflicts",
    "marts.promised_orders",
)
first = headline(shown, "promise_kept_original_rate")
current = headline(shown, "promise_kept_current_rate")
if not first.whole:
    answer("No promise has come due yet.")
    st.stop()
answer(
    f"{percent(share(first.part, first.whole))} of orders came by their first promise, "
    f"{percent(share(current.part, current.whole))} by the one that stood when it was "
    f"due, {period_of(first)}."
)
figures(
    [
        share_figure(
            shown,
            "promise_kept_original_rate",
            "First promise kept",
            "orders",
            good="up",
            opens="Open the orders kept",
        ),
        share_figure(
            shown,
            "promise_kept_current_rate",
            "Last promise kept",
            "orders",
            good="up",
            bias=BIAS,
            opens="Open the orders kept",
        ),
        share_figure(
            shown,
            "promise_revision_rate",
            "Promise moved",
            "orders",
            good="down",
            opens="Open the orders moved",
        ),
    ],
    across=3,
)
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(
        "An order counts once, by its last parcel, when both its promises are due.",
        width="content",
    )
    link_to_rows("Open the orders promised", of="promised", **days_of(first))
show_weeks(shown)
with block("Which carriers?"):
    st.caption("Unknown: collected at a counter, downloaded, or not sent at all.")
    table(
        shown,
        "promises-by-carrier",
        promises.BY_CARRIER,
        description="Promises kept by carrier, the worst that can be compared first",
        headings={
            "kept_original_rate": "First promise kept",
            "kept_current_rate": "Last promise kept",
            "first_attempt_on_time_rate": "First attempt on time",
            "revision_rate": "Moved",
            "kept_to_the_minute_rate": "Kept to the minute",
        },
        noun="carrier",
        behind=Behind("promised", "promised", ("carrier",)),
    )
with block("Which lanes?"):
    st.caption(
        f"Lanes with at least {RANKABLE_FROM} promises, to date, the worst first."
    )
    table(
        shown,
        "promises-by-lane",
        promises.BY_LANE,
        description="Promises kept by lane and carrier",
        headings={
            "kept_original_rate": "First promise kept",
            "kept_current_rate": "Last promise kept",
            "revision_rate": "Moved",
        },
        noun="lane",
        behind=Behind("promised", "promised", ("lane", "carrier")),
    )
with block("How padded are they?"):
    st.caption("Days from delivery to the first promise: above 0, it came early.")
    table(
        shown,
        "padding",
        promises.PADDING,
        description="Days between delivery and the first promise, by carrier",
        noun="carrier",
        behind=Behind("padded", "orders", ("carrier",)),
    )
with block("Were customers told what was true?"):
    table(
        shown,
        "messages",
        promises.MESSAGES,
        description="Messages that said something else than was true then",
        noun="kind",
        behind=Behind(
            "messages",
            "messages",
            ("kind", "subject", "channel"),
        ),
    )
