"""Addresses: how many do not hold, and what shipping them anyway leads to."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.components.blocks import answer, block, in_numbers
from dashboards.components.charts import lines
from dashboards.components.figures import Figure, figures
from dashboards.components.headlines import period_of, share, share_figure
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import DAYS_OF_WEEK, Behind, table
from dashboards.components.words import count, percent
from dashboards.queries import addresses
from dashboards.queries.headlines import headline
from dashboards.queries.reader import frame

st.title("Do the addresses hold?")
shown = shown_version()
require(
    shown,
    "metrics.metric_daily",
    "metrics.address_outcomes",
    "marts.fct_address_validations",
)
last = headline(shown, "address_failure_rate")
if not last.whole:
    answer("No address has been checked yet.")
    st.stop()
failed = frame(shown, addresses.FAILED).iloc[0]
answer(
    f"{percent(share(last.part, last.whole))} of address checks failed, "
    f"{period_of(last)}; {percent(share(failed['corrected'], failed['failed']))} of "
    "all that ever failed were corrected."
)
figures(
    [
        share_figure(
            shown,
            "address_failure_rate",
            "Checks failed",
            "checks",
            good="down",
            opens="Open the failed checks",
        ),
        Figure(
            "Corrected after failing",
            percent(share(failed["corrected"], failed["failed"])),
            f"{int(failed['corrected']):,} of "
            f"{count(int(failed['failed']), 'failed check')}, to date.",
            rows={"of": "corrected_checks"},
            counts=int(failed["corrected"]),
            opens="Open the corrected checks",
        ),
        Figure(
            "Shipped anyway, came back",
            percent(share(failed["rto"], failed["shipped_anyway"]))
            if failed["shipped_anyway"]
            else "none",
            f"{int(failed['rto']):,} returned to origin of "
            f"{int(failed['shipped_anyway']):,} shipped with a failed check; "
            f"{int(failed['delivered']):,} delivered, {int(failed['open']):,} open.",
            rows={"of": "came_back_anyway"},
            counts=int(failed["rto"]),
            opens="Open those that came back",
        ),
    ],
    across=3,
)
with block("How has it moved?"):
    weeks = frame(shown, addresses.BY_WEEK)
    weeks["week"] = pd.to_datetime(weeks["week"])
    lines(
        weeks,
        x="week",
        y="failure_rate",
        x_title="Week of the check",
        y_title="Checks failed, %",
        percent=True,
        young="is_young",
        description="Share of address checks that failed, by week",
    )
    st.caption("Pale points can still change.")
    with in_numbers():
        table(
            shown,
            "address-weeks",
            addresses.BY_WEEK,
            description="Address checks that failed, by week",
            headings={
                "week": "Week of the check, from",
                "failure_rate": "Failed, share",
            },
            noun="week",
            behind=Behind(
                "failed_checks", "failed", ("week", "last_day"), named=DAYS_OF_WEEK
            ),
        )
with block("Which checks?"):
    table(
        shown,
        "address-checks",
        addresses.BY_CHECK,
        description="Address checks and what became of those that failed",
        headings={
            "address_check": "Check",
            "failure_rate": "Failed, share",
            "shipped_anyway_delivered": "Delivered",
            "shipped_anyway_rto": "Came back",
            "shipped_anyway_lost": "Lost",
            "shipped_anyway_open": "Open",
        },
        noun="check",
        behind=Behind("failed_at", "failed", ("address_check",)),
    )
