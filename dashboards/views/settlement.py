"""Settlement: how long captured money takes, and which of it is late."""

from __future__ import annotations

import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, choice
from dashboards.components.charts import curves
from dashboards.components.figures import Figure, figures
from dashboards.components.known_figures import interval, p90_figure, percentile
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import count, percent
from dashboards.queries import settlement
from dashboards.queries.reader import frame
from dashboards.queries.today import (
    SettlementTimes,
    settlement_times,
    settlements_are_reported,
)

SHOWN_DAYS = 30
KINDS = {
    "method": "Payment method",
    "gateway": "Gateway or carrier",
    "capture_week": "Capture week",
}


def show_figures(times: SettlementTimes) -> None:
    """Show the percentiles and the rates of delay."""
    basis = (
        f"{count(times.payments, 'captured payment')}: {times.settled:,} settled, "
        f"{times.open:,} still open and counted as waiting, {times.competing:,} "
        "refunded, voided or disputed first."
    )
    figures(
        [
            Figure(
                "Half settled within (p50)",
                percentile(times.p50_hours),
                interval(times.p50_lower_hours, times.p50_upper_hours) + basis,
                rows={"of": "timed_payments"},
                counts=times.payments,
                opens="Open the payments",
            ),
            p90_figure(times),
            Figure(
                "Paid out late",
                percent(times.delay_rate),
                f"{times.late:,} of {times.due:,} payments whose due time has passed.",
                rows={"of": "paid_late"},
                counts=times.late,
                opens="Open the late payments",
            ),
            Figure(
                "Late by a week or more",
                percent(times.timeout_rate),
                f"{times.timed_out:,} of {times.due:,} payments whose due time has "
                "passed.",
                rows={"of": "paid_a_week_late"},
                counts=times.timed_out,
                opens="Open the late payments",
            ),
        ]
    )


def show_curves(version: Version) -> None:
    """Draw how much has settled by age, one curve a segment."""
    with block("How does it grow with the days since capture?"):
        kind = choice("By", KINDS, key="by")
        if curves(
            frame(version, settlement.curves(kind, days=SHOWN_DAYS)),
            "Days since capture (cash on delivery: since delivery)",
            "Share settled, %",
            description="Share of captured money settled by days since capture, by "
            + KINDS[kind].lower(),
        ):
            st.caption(
                "The six largest segments; the band is the 95 % interval. Refunds, "
                "voids and disputes before settlement compete and end a curve below "
                "100 %."
            )
        table(
            version,
            f"settlement-by-{kind}",
            settlement.times(kind),
            description=f"Days to settlement by {KINDS[kind].lower()}",
            headings={
                "segment": KINDS[kind],
                "naive_p90_days": "Naive p90, days",
                "delay_rate": "Late",
                "timeout_rate": "Late by a week",
                "competing": "Ended otherwise",
            },
            noun="segment",
            behind=Behind(
                "timed_payments", "payments", ("segment",), named={"segment": kind}
            ),
        )


st.title("How long until captured money is in the bank?")
shown = shown_version()
require(
    shown,
    "metrics.settlement_times",
    "metrics.settlement_curves",
    "marts.fct_payments",
    "marts.events",
)
found = settlement_times(shown)
if found is None or not found.payments:
    answer("No payment has been captured yet.")
    st.stop()
if not settlements_are_reported(shown):
    answer("Nobody knows: no source reports settlements.")
    st.info("Land the payout reports of the gateway to see it.")
    st.stop()
answer(
    f"Half of it within {percentile(found.p50_hours)}, nine tenths within "
    f"{percentile(found.p90_hours)}."
    if found.p90_hours is not None
    else f"Half of it within {percentile(found.p50_hours)}; nine tenths are not "
    "reached yet."
)
show_figures(found)
show_curves(shown)
with block("Why does money come late?"):
    table(
        shown,
        "delays-by-cause",
        settlement.DELAYS_BY_CAUSE,
        description="Payments that are or were late to settle, by what is known of why",
        headings={
            "late_payments": "Late, in all",
            "timed_out_payments": "By a week",
            "open_payments": "Still open",
            "oldest_days": "Oldest open, days",
        },
        noun="cause",
        behind=Behind("late", "late_payments", ("cause",)),
    )
with block("What is late now?"):
    table(
        shown,
        "late-by-gateway",
        settlement.LATE_BY_GATEWAY,
        description="Payments past their due date by gateway and currency",
        headings={"gateway": "Gateway or carrier", "timed_out_payments": "By a week"},
        noun="gateway",
        behind=Behind(
            "late",
            "late_payments",
            ("gateway", "currency"),
            also={"exit": "open"},
        ),
    )
