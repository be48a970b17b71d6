"""RTO: how many parcels come back undelivered, and where that can be compared."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, choice
from dashboards.components.charts import bars, curves, lines
from dashboards.components.figures import Figure, figures
from dashboards.components.known_figures import rto_figure
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.tiles import has_tiles, tile_map
from dashboards.components.words import count, percent, plain
from dashboards.queries import rto
from dashboards.queries.reader import frame
from dashboards.queries.rules import RANKABLE_FROM
from dashboards.queries.today import ReturnsToOrigin, returns_to_origin

KINDS = {
    "payment_mode": "Payment mode",
    "carrier": "Carrier",
    "region": "Region",
    "attempts": "Delivery attempts",
    "ship_week": "Ship week",
    "pincode": "Postal code",
}

# what a parcel's row calls what it is segmented by
COLUMNS = {
    "region": "destination_region",
    "attempts": "attempt_count",
    "pincode": "destination_pincode",
}

FATES = {
    "cif_delivered": "delivered",
    "cif_rto": "returned",
    "cif_lost": "lost",
    "open_share": "still on the way",
}


def show_figures(rates: ReturnsToOrigin) -> None:
    """Show the matured rate beside what is known so far."""
    figures(
        [
            rto_figure(rates),
            Figure(
                "Come back so far",
                count(rates.rto, "parcel"),
                f"Of {count(rates.shipped, 'parcel')} shipped to date; "
                f"{rates.delivered:,} delivered.",
                rows={"of": "returned_parcels"},
                counts=rates.rto,
                opens="Open the returned parcels",
            ),
            Figure(
                "Have an end",
                percent(rates.pct_resolved),
                f"{rates.resolved:,} of {count(rates.shipped, 'parcel')} shipped: "
                "delivered, returned or lost. The others can still come back.",
                rows={"of": "ended_parcels"},
                counts=rates.resolved,
                opens="Open those with an end",
            ),
        ],
        across=3,
    )


def show_segments(version: Version) -> None:
    """Compare segments: curves by age, then rates with intervals where rankable."""
    with block("Where do they come back from?"):
        kind = choice("By", KINDS, key="by")
        what = KINDS[kind].lower()
        ranked = frame(version, rto.rankable(kind))
        left, right = st.columns(2)
        with left:
            st.markdown("**Share returned by age**")
            curves(
                frame(version, rto.curves(kind)),
                "Days since shipping",
                "Returned to origin, %",
                description=f"Share of parcels returned by age and {what}",
            )
        with right:
            st.markdown("**Ranked, with 95 % intervals**")
            if ranked.empty:
                st.caption(
                    f"Nothing can be ranked: no segment has {RANKABLE_FROM} parcels "
                    "ended."
                )
            elif kind == "region" and has_tiles(ranked["segment"]):
                tile_map(ranked, value="shrunk_rate", title="RTO rate, %")
            else:
                ranked = ranked.head(12)
                ranked["segment"] = ranked["segment"].map(plain)
                bars(
                    ranked,
                    y="segment",
                    x="shrunk_rate",
                    title="RTO rate drawn towards the shop's, %",
                    percent=True,
                    interval=("lower", "upper"),
                    description=f"RTO rate by {what}, segments big enough to rank",
                )
        table(
            version,
            f"rto-by-{kind}",
            rto.rates(kind),
            description=f"RTO rates by {what}",
            headings={
                "segment": KINDS[kind],
                "rto": "Returned",
                "resolved_share": "Ended",
                "matured_rate": "Matured rate",
                "shrunk_rate": "Rate to rank by",
                "naive_rate": "Naive rate",
            },
            noun="segment",
            behind=Behind(
                "parcels",
                "shipped",
                ("segment",),
                named={"segment": COLUMNS.get(kind, kind)},
            ),
        )
        st.caption(
            f"Ranked only from {RANKABLE_FROM} ended parcels on, by a rate drawn "
            "towards the shop's the fewer they are; intervals that overlap are no "
            "difference."
        )


def show_fate(version: Version) -> None:
    """Draw where parcels are by the days since they were shipped."""
    with block("What becomes of a parcel?"):
        fate = frame(version, rto.FATE).rename(columns=FATES)
        long = fate.melt("age_days", var_name="what", value_name="share")
        lines(
            pd.DataFrame(long),
            x="age_days",
            y="share",
            x_title="Days since shipping",
            y_title="Share of parcels, %",
            color="what",
            percent=True,
            steps=True,
            description="Share of parcels delivered, returned, lost and still on the "
            "way by days since shipping",
        )


st.title("How many parcels come back undelivered (RTO)?")
shown = shown_version()
require(
    shown,
    "metrics.rto_rates",
    "metrics.rto_curves",
    "metrics.rto_costs",
    "marts.rto_parcels",
)
found = returns_to_origin(shown)
if found is None or not found.shipped:
    answer("No parcel has been shipped yet.")
    st.stop()
answer(
    f"{percent(found.matured_rate)} in the end; {percent(found.naive_rate)} so far."
    if found.matured_rate is not None
    else "How many come back in the end cannot be said yet."
)
show_figures(found)
show_segments(shown)
show_fate(shown)
with block("What do they cost?"):
    table(
        shown,
        "rto-costs",
        rto.COSTS,
        description="Cost of returned parcels by payment mode and currency",
        headings={
            "rto": "Returned",
            "costed_rto": "With a known cost",
            "cost_per_rto_amount": "Cost a parcel",
            "cost_coverage": "Known share",
        },
        noun="payment mode",
        behind=Behind("returned_at_a_cost", "rto", ("payment_mode", "currency")),
    )
