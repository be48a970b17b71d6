"""Reorders: who buys again, when, after what, and what a customer is worth."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, choice, in_numbers
from dashboards.components.charts import heat
from dashboards.components.figures import Figure, Naive, figures
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import count, percent
from dashboards.queries import reorders
from dashboards.queries.reader import frame

MODES = {"calendar_month": "Calendar months", "30_day": "30-day periods"}

BIAS = (
    "Everyone who ever bought twice, over everyone who ever bought. Customers of last "
    "week count as lost, so a growing shop looks worse the faster it grows."
)


def show_cohorts(version: Version) -> None:
    """Draw the cohort triangle; cells nobody has watched stay blank."""
    with block("Which customers come back, by the month they came?"):
        mode = choice("Age in", MODES, key="age")
        cells = frame(version, reorders.cohorts(mode))
        if cells["retention_rate"].notna().sum() == 0:
            st.caption("No cohort has been watched for a whole period yet.")
            return
        cells["cohort"] = [
            f"{cohort} ({customers:,})"
            for cohort, customers in zip(
                cells["cohort"], cells["cohort_customers"], strict=True
            )
        ]
        heat(
            cells,
            x="age",
            y="cohort",
            value="retention_rate",
            x_title=f"Age, {MODES[mode].lower()}",
            y_title="",
            value_title="Customers who ordered, %",
            percent=True,
            x_sort=sorted(set(cells["age"])),
            y_sort=sorted(set(cells["cohort"])),
            description="Share of each cohort that ordered again, by age",
        )
        st.caption(
            "Down: month of the first order (customers). Blank: not watched yet. "
            "Guests are in no cohort."
        )
        with in_numbers():
            table(
                version,
                "cohorts",
                reorders.watched_cells(mode),
                description="Customers of each cohort who ordered, by age",
                headings={
                    "cohort": "Month of first order",
                    "age": f"Age, {MODES[mode].lower()}",
                    "active_customers": "Ordered",
                    "retention_rate": "Share",
                },
                noun="cell",
                behind=Behind(
                    "cohort_orders",
                    "active_customers",
                    ("cohort", "age"),
                    also={"age_mode": mode},
                ),
            )


def basis_of(line: dict[Hashable, Any]) -> str:
    """Return the counts behind the chance of a second order within a horizon."""
    so_far = (
        f"{int(line['second_orders']):,} of "
        f"{count(int(line['customers']), 'first buyer')} so far"
    )
    if not line["is_observed"]:
        return f"{so_far}. Nobody has been watched that long yet."
    interval = (
        f"95 % interval {percent(line['lower'])} to {percent(line['upper'])}; "
        if line["lower"] == line["lower"]
        else ""
    )
    return f"{interval}{so_far}, {int(line['at_risk']):,} watched that long."


st.title("Who buys again?")
shown = shown_version()
require(
    shown,
    "metrics.second_order",
    "metrics.cohort_retention",
    "metrics.replenishment_clock",
    "metrics.gateway_products",
    "metrics.product_affinity",
    "metrics.customer_value",
    "marts.order_contributions",
)
horizons = frame(shown, reorders.SECOND_ORDER)
seen = horizons[horizons["is_observed"] & horizons["probability"].notna()]
if seen.empty:
    answer("Too early to say: no customer has been watched long enough.")
else:
    longest = seen.iloc[-1]
    answer(
        f"{percent(longest['probability'])} of first buyers order again within "
        f"{int(longest['horizon_days'])} days."
    )
figures(
    [
        Figure(
            f"Second order within {int(line['horizon_days'])} days",
            percent(line["probability"])
            if line["is_observed"] and line["probability"] == line["probability"]
            else "too early",
            basis_of(line),
            young="" if line["is_observed"] else "not watched yet",
            naive=Naive(percent(line["naive_rate"]), BIAS)
            if line["is_observed"]
            else None,
            rows={
                "of": "second_orders",
                "within_days": str(int(line["horizon_days"])),
            },
            counts=int(line["second_orders"]),
            opens="Open the second orders",
        )
        for line in horizons.to_dict("records")[:4]
    ]
)
show_cohorts(shown)
with block("What runs out, and when?"):
    st.caption("Days after which 35 % and 50 % have bought it again; open gaps count.")
    table(
        shown,
        "replenishment",
        reorders.CALENDAR,
        description="Days to the next purchase of each product",
        headings={"naive_p50_days": "Naive p50, days"},
        noun="SKU",
        empty="No product has been bought again by 35 % of its buyers yet.",
        behind=Behind("bought_again", "gaps", ("basis", "learned_from")),
    )
left, right = st.columns(2)
with left, block("Which first product brings them back?"):
    table(
        shown,
        "gateways",
        reorders.GATEWAYS,
        description="Chance of a second order by the first product",
        headings={
            "shrunk_rate": "Order again",
            "shop_rate": "All of the shop",
        },
        noun="SKU",
        behind=Behind("first_buyers", "first_buyers", ("sku",)),
    )
with right, block("What is bought together?"):
    table(
        shown,
        "affinity",
        reorders.AFFINITY,
        description="Pairs of products bought together more often than by chance",
        headings={"sku_a": "SKU", "sku_b": "With", "lift_lower": "At least"},
        noun="pair",
        behind=Behind("bought_together", "baskets", ("sku_a", "sku_b")),
    )
with block("What is a customer worth?"):
    st.caption(
        "Contribution: captured, less refunds, chargebacks, fees and the costs that "
        "are known. A currency is never added to another."
    )
    table(
        shown,
        "customer-value",
        reorders.VALUE,
        description="Contribution by cohort, age and currency",
        headings={
            "age": "Age, months",
            "cost_coverage": "Costs known",
            "cumulative_per_customer_amount": "Per customer so far",
        },
        noun="row",
        behind=Behind(
            "contributions", "contribution_amount", ("cohort_month", "age", "currency")
        ),
    )
