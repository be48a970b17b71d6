"""The Monday sweep: the three lists that a week begins with."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.components.blocks import answer, block
from dashboards.components.figures import Figure, figures
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import amount, count, day, listed
from dashboards.queries import sweep
from dashboards.queries.reader import frame

QUESTIONS = {
    "stuck": ("Stuck orders", "past their stage's rhythm, or their promise"),
    "pending_money": ("Money pending", "owed to us or to customers"),
    "stock_drift": ("Stock drift", "counted beside what events add up to"),
}


def rows_of(question: str, unit: str) -> dict[str, str]:
    """Return the address of the rows behind a number of the sweep."""
    if question == "stuck":
        return {"of": "stuck", "level": "stuck"}
    if question == "pending_money":
        return {"of": "pending", "currency": unit}
    return {"of": "drifting_units"}


def said(unit: str, value: float) -> str:
    """Return a value of the sweep with its unit."""
    if unit == "orders":
        return count(int(value), "order")
    if unit == "units":
        return count(int(value), "unit")
    return amount(value, unit)


st.title("What does the week begin with?")
version = shown_version()
require(
    version,
    "marts.weekly_sweep",
    "marts.stuck_orders",
    "marts.pending_money",
    "marts.stock_movements",
)
found = frame(version, sweep.SWEEP)
if found.empty:
    answer("Nothing: no week has been swept yet.")
    st.stop()

lines = found.to_dict("records")
told = [
    f"{said(line['unit'], line['value'])} {QUESTIONS[line['question']][1]}"
    for line in lines
]
answer(f"{listed(told)}; week of {day(found['week'].iloc[0])}.")
figures(
    [
        Figure(
            QUESTIONS[line["question"]][0],
            said(line["unit"], line["value"]),
            f"{QUESTIONS[line['question']][1].capitalize()}.",
            change=f"{line['value'] - line['previous_value']:+,.0f} {line['unit']} "
            "vs the week before"
            if pd.notna(line["previous_value"])
            else "",
            good="down",
            rows=rows_of(line["question"], line["unit"]),
            counts=line["value"],
        )
        for line in lines
    ],
    across=3,
)
with block("Which orders are stuck?"):
    st.caption(
        "Longest past first. *Watch* is past p90 of its stage, *stuck* past p99."
    )
    table(
        version,
        "stuck-orders",
        sweep.STUCK,
        description="Orders slower than the rhythm of their stage",
        headings={"usual_days": "9 of 10 leave within, days"},
        noun="order",
    )
with block("Which money is pending?"):
    table(
        version,
        "pending-money",
        sweep.PENDING,
        description="Open claims on money by class and currency",
        headings={"class": "Claim", "total_amount": "Together"},
        noun="kind",
        behind=Behind("pending", "total_amount", ("class", "currency")),
    )
with block("Where do the shelves say something else?"):
    table(
        version,
        "stock-drift",
        sweep.DRIFT,
        description="Stock counts that differ from what the events add up to",
        headings={"drift": "Drift, units"},
        noun="count",
        behind=Behind("drift_movements", "drift", ("sku", "location_id")),
    )
