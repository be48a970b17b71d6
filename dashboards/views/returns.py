"""Returns: why units come back, of which products, and what is kept by exchange."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.components.blocks import answer, block, in_numbers
from dashboards.components.charts import bars, lines
from dashboards.components.figures import Figure, figures
from dashboards.components.headlines import share, share_figure
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import count, listed, months, percent, plain
from dashboards.queries import returns
from dashboards.queries.reader import frame
from dashboards.queries.today import mature_deliveries

st.title("Why do customers send things back?")
shown = shown_version()
require(
    shown,
    "metrics.metric_daily",
    "metrics.return_reason_shares",
    "metrics.return_reasons",
    "metrics.return_rates",
    "metrics.exchange_outcomes",
    "marts.fct_warranty_claims",
)
deliveries = mature_deliveries(shown)
reasons = frame(shown, returns.REASONS)
known = reasons[reasons["reason_share"].notna()]
if deliveries.first_month is None or deliveries.last_month is None:
    answer("Too early to say: no delivered month is old enough.")
    st.info("The return window and the way back must be over.")
    st.stop()
rate = share(deliveries.units_returned, deliveries.units_delivered)
delivered = f"delivered in {months(deliveries.first_month, deliveries.last_month)}"
if known.empty:
    answer(f"{percent(rate)} of units {delivered} came back; no reason is known.")
else:
    most = known["reason_share"].max()
    named = [plain(reason) for reason in known[known["reason_share"] == most]["reason"]]
    answer(
        f"Most often {listed([f'“{reason}”' for reason in named])}: {percent(most)} "
        f"{'each ' if len(named) > 1 else ''}of "
        f"{count(deliveries.units_returned, 'unit')} that came back of "
        f"{deliveries.units_delivered:,} {delivered} ({percent(rate)})."
    )
exchanges = frame(shown, returns.EXCHANGES)
resolved = int(exchanges["resolved_lines"].sum()) if len(exchanges) else 0
exchanged = int(exchanges["exchanged_lines"].sum()) if len(exchanges) else 0
figures(
    [
        share_figure(
            shown,
            "unit_return_rate",
            "Units that come back",
            "units delivered",
            good="down",
            bias="Units delivered lately have hardly had the time to come back, so the "
            "rate of the last weeks always looks better than it is.",
            opens="Open what came back",
        ),
        Figure(
            "Exchanged instead of refunded",
            percent(share(exchanged, resolved)),
            f"{exchanged:,} of {count(resolved, 'resolved return line')}, to date.",
            good="up",
            rows={"of": "exchanged"},
            counts=exchanged,
            opens="Open the exchanges",
        ),
    ],
    across=2,
)
left, right = st.columns(2)
with left, block("Which reasons?"):
    if known.empty:
        st.caption("No reason is known of a month that is old enough.")
    else:
        seen = known.head(10).copy()
        seen["reason"] = seen["reason"].map(plain)
        bars(
            seen,
            y="reason",
            x="reason_share",
            title="Units returned, %, 95 % interval",
            percent=True,
            interval=("lower", "upper"),
            description="Reasons of returned units, mature months only",
        )
        st.caption("Months old enough only. Younger ones can still come back.")
    with in_numbers():
        table(
            shown,
            "reasons",
            returns.REASONS,
            description="Reasons of returned units, mature months only",
            headings={
                "reason_share": "Share",
                "naive_share": "Naive share, young months too",
            },
            noun="reason",
            behind=Behind("came_back_for", "units_returned", ("reason",)),
        )
with right, block("How has it moved?"):
    by_month = frame(shown, returns.BY_MONTH)
    by_month["delivered_month"] = pd.to_datetime(by_month["delivered_month"])
    lines(
        by_month,
        x="delivered_month",
        y="return_rate",
        x_title="Month of delivery",
        y_title="Units that came back, %",
        percent=True,
        young="is_young",
        description="Share of delivered units that came back, by month of delivery",
    )
    st.caption("Pale months are too young: they will rise.")
    with in_numbers():
        table(
            shown,
            "returns-by-month",
            returns.BY_MONTH,
            description="Delivered units that came back, by month of delivery",
            headings={
                "delivered_month": "Month of delivery",
                "return_rate": "Came back, share",
            },
            noun="month",
            behind=Behind(
                "came_back",
                "units_returned",
                ("delivered_month", "last_day"),
                named={"delivered_month": "from", "last_day": "to"},
            ),
        )
with block("Which products?"):
    table(
        shown,
        "returns-by-product",
        returns.PRODUCTS,
        description="Return rate by product, mature months, those that can be ranked "
        "first",
        headings={"reason": "Most often"},
        noun="SKU",
        behind=Behind("came_back_in_mature_months", "units_returned", ("sku",)),
    )
with block("What is kept by exchange?"):
    table(
        shown,
        "exchanges",
        returns.EXCHANGES,
        description="Exchanges by month and currency",
        headings={
            "retained_share": "Revenue retained",
        },
        noun="month",
        behind=Behind("exchanged", "exchanged_lines", ("month", "currency")),
    )
with block("What is claimed under warranty?"):
    table(
        shown,
        "warranty",
        returns.WARRANTY,
        description="Warranty claims by product and fault",
        noun="row",
        behind=Behind("claims", "claims", ("sku", "fault")),
    )
