"""Refunds: how long money takes to go back, on our clock and on the bank's."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.components.blocks import answer, block, in_numbers
from dashboards.components.charts import lines
from dashboards.components.figures import Figure, figures
from dashboards.components.headlines import period_of, share, share_figure
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import DAYS_OF_WEEK, Behind, table
from dashboards.components.words import count, percent, verb
from dashboards.queries import refunds
from dashboards.queries.headlines import headline
from dashboards.queries.reader import frame, total
from dashboards.queries.rules import REFUND_HOURS

st.title("How fast does money go back?")
shown = shown_version()
require(
    shown,
    "metrics.metric_daily",
    "metrics.refund_latency",
    "marts.fct_refunds",
    "marts.refund_clocks",
    "marts.pending_money",
)
last = headline(shown, "refund_within_48h_share")
waiting = total(shown, refunds.WAITING)
if not last.whole:
    answer(f"No refund is old enough to judge; {count(waiting, 'claim')} waiting.")
else:
    answer(
        f"{percent(share(last.part, last.whole))} of refunds reached the customer "
        f"within {REFUND_HOURS} hours of being due, {period_of(last)}; "
        f"{count(waiting, 'refund')} {verb(waiting, 'waits', 'wait')} now."
    )
figures(
    [
        share_figure(
            shown,
            "refund_within_48h_share",
            f"Back within {REFUND_HOURS} hours",
            "refunds due",
            good="up",
            bias=f"It counts refunds that have not had their {REFUND_HOURS} hours yet.",
            opens="Open those in time",
        ),
        Figure(
            "Waiting now",
            count(waiting, "refund"),
            "Due and not started, past the day it was expected, or failed.",
            rows={"of": "refunds_waiting"},
            counts=waiting,
            opens="Open those waiting",
        ),
    ],
    across=2,
)
left, right = st.columns(2)
with left, block("Whose clock runs?"):
    st.caption(
        "Medians of finished steps. Merchant: due to started. Bank: started to arrived."
    )
    table(
        shown,
        "refund-clocks",
        refunds.CLOCKS,
        description="Days of each refund clock by cause",
        headings={"merchant_days": "Merchant, days", "bank_days": "Bank, days"},
        noun="cause",
        behind=Behind("refunds", "refunds", ("cause",)),
    )
with right, block("How has it moved?"):
    weeks = frame(shown, refunds.BY_WEEK)
    weeks["week"] = pd.to_datetime(weeks["week"])
    lines(
        weeks,
        x="week",
        y="within_48h_share",
        x_title="Week the refund was due",
        y_title=f"Back within {REFUND_HOURS} hours, %",
        percent=True,
        young="is_young",
        description=f"Share of refunds back within {REFUND_HOURS} hours, by the week "
        "they were due",
    )
    st.caption("Pale points can still change.")
    with in_numbers():
        table(
            shown,
            "refund-weeks",
            refunds.BY_WEEK,
            description=f"Refunds back within {REFUND_HOURS} hours, by week due",
            headings={
                "week": "Week due, from",
                "refunds_in_time": "In time",
                "within_48h_share": f"Within {REFUND_HOURS} hours, share",
            },
            noun="week",
            behind=Behind(
                "refunds_in_time",
                "refunds_in_time",
                ("week", "last_day"),
                named=DAYS_OF_WEEK,
            ),
        )
with block("Which customers wait now?"):
    table(
        shown,
        "refunds-waiting",
        refunds.WAITING,
        description="Refunds owed, late or failed, the oldest first",
        headings={"class": "Claim"},
        noun="refund",
    )
with block("Week by week, open refunds counted as waiting"):
    table(
        shown,
        "refund-latency",
        refunds.LATENCY,
        description="Kaplan-Meier percentiles of refunds by week, cause and clock",
        headings={
            "naive_p90_hours": "Naive p90, hours",
        },
        noun="row",
        behind=Behind("refund_clocks", "refunds", ("week", "cause", "clock")),
    )
