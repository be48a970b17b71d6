"""Stock: what counts say beside the events, demand beside what shipped, backorders."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.components.blocks import answer, block, in_numbers
from dashboards.components.charts import lines
from dashboards.components.figures import Figure, figures
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import count
from dashboards.queries import stock
from dashboards.queries.reader import frame

st.title("Is the stock where we think it is?")
shown = shown_version()
require(
    shown,
    "marts.stock_truth",
    "marts.stock_movements",
    "marts.demand_vs_shipped",
    "marts.backorders",
)
truth = frame(shown, stock.TOTALS).iloc[0]
waiting = frame(shown, stock.BACKORDERS).iloc[0]
days = frame(shown, stock.BY_DAY)
backlog = int(days["backlog"].iloc[-1]) if len(days) else 0
if not truth["counted"] and days.empty:
    answer("Nothing is known of stock yet.")
    st.stop()
answer(
    f"{int(truth['drifting']):,} of {count(int(truth['counted']), 'count')} differ "
    "from what the events add up to, by "
    f"{count(int(truth['drift_units']), 'unit')} in all; "
    f"{count(backlog, 'unit')} are sold and not shipped."
)
figures(
    [
        Figure(
            "Counts that differ",
            count(int(truth["drifting"]), "count"),
            f"Of {int(truth['counted']):,} SKUs and locations counted, by the last "
            "count of each.",
            rows={"of": "drift"},
            counts=int(truth["drifting"]),
            opens="Open the counts",
        ),
        Figure(
            "Refunded, not restocked",
            count(int(truth["refunded_not_restocked"]), "unit"),
            "Money went back, the units did not reach a shelf. Scrapped and missing "
            "ones are not in it.",
            rows={"of": "not_restocked"},
            counts=int(truth["refunded_not_restocked"]),
            opens="Open the return lines",
        ),
        Figure(
            "Open backorders",
            count(int(waiting["open_backorders"] or 0), "line"),
            f"{int(waiting['late_backorders'] or 0):,} past the day expected, "
            f"{int(waiting['untold_backorders'] or 0):,} whose customer was not told."
            if waiting["open_backorders"]
            else "None is open.",
            rows={"of": "backorders"},
            counts=int(waiting["open_backorders"] or 0),
            opens="Open the backorders",
        ),
        Figure(
            "Sold, not shipped",
            count(backlog, "unit"),
            "Closing backlog of the last day: opened, plus asked, less cancelled and "
            "shipped.",
            rows={"of": "backlog"},
            counts=backlog,
            opens="Open the order lines",
        ),
    ]
)
with block("Does supply keep up?"):
    long = days.melt("date", var_name="what", value_name="units")
    long["date"] = pd.to_datetime(long["date"])
    lines(
        long,
        x="date",
        y="units",
        x_title="Store day",
        y_title="Units",
        color="what",
        description="Units asked for, shipped and waiting by day",
    )
    with in_numbers():
        table(
            shown,
            "stock-days",
            stock.BY_DAY,
            description="Units asked for, shipped and waiting by day",
            noun="day",
            behind=Behind("stock_of_day", "backlog", ("date",)),
        )
left, right = st.columns(2)
with left, block("Which counts differ most?"):
    table(
        shown,
        "stock-truth",
        stock.TRUTH,
        description="Stock by SKU and location: counted beside expected",
        headings={"drift": "Drift, units", "rto_unacknowledged": "RTO unacknowledged"},
        noun="place",
        behind=Behind("drift_movements", "drift", ("sku", "location_id")),
    )
with right, block("What waits to be shipped?"):
    table(
        shown,
        "backlog",
        stock.BACKLOG,
        description="Units sold and not shipped on the last day, by SKU",
        noun="SKU",
        behind=Behind("backlog", "closing_backlog", ("sku",)),
    )
with block("Which backorders are open?"):
    table(
        shown,
        "open-backorders",
        stock.OPEN_BACKORDERS,
        description="Open backorders, the oldest first",
        headings={"was_customer_told": "Customer told"},
        noun="backorder",
    )
