"""Payment attempts: how many go through, and how many failed ones are won back."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, in_numbers
from dashboards.components.charts import lines
from dashboards.components.figures import Figure, Naive, figures
from dashboards.components.headlines import period_of, share, share_figure
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import DAYS_OF_WEEK, Behind, table
from dashboards.components.words import count, percent
from dashboards.queries import attempts
from dashboards.queries.headlines import headline
from dashboards.queries.reader import frame

PAID = {"first_try": "at the first try", "in_the_end": "in the end"}


def show_weeks(version: Version) -> None:
    """Draw the share paid at the first try and in the end, week by week."""
    weeks = frame(version, attempts.BY_WEEK).rename(columns=PAID)
    table_long = weeks.melt(
        ["week", "is_young"], list(PAID.values()), var_name="paid", value_name="share"
    )
    table_long["week"] = pd.to_datetime(table_long["week"])
    with block("How has it moved?"):
        lines(
            table_long,
            x="week",
            y="share",
            x_title="Week of the first attempt",
            y_title="Share of orders paid, %",
            color="paid",
            percent=True,
            young="is_young",
            description="Share of orders paid at the first try and in the end, by week",
        )
        st.caption("Pale points can still change.")
        with in_numbers():
            table(
                version,
                "attempt-weeks",
                attempts.BY_WEEK,
                description="Orders paid at the first try and in the end, by week",
                headings={
                    "week": "Week of the first attempt, from",
                    "orders_paid": "Paid in the end",
                    "first_try": "At the first try, share",
                    "in_the_end": "In the end, share",
                },
                noun="week",
                behind=Behind(
                    "paid_in_the_end",
                    "orders_paid",
                    ("week", "last_day"),
                    named=DAYS_OF_WEEK,
                ),
            )


st.title("How many tries to pay go through?")
shown = shown_version()
require(shown, "metrics.payment_success", "marts.fct_payment_attempts")
totals = frame(shown, attempts.TOTALS).iloc[0]
if not totals["attempts"]:
    answer("Nobody has tried to pay yet.")
    st.stop()
success = share(totals["succeeded_orders"], totals["orders"])
first = share(totals["first_attempt_authorized"], totals["orders"])
won_back = headline(shown, "retry_recovery_rate")
answer(
    f"{percent(first)} of orders paid at the first try, {percent(success)} in the end, "
    "to date; "
    + (
        f"{percent(share(won_back.part, won_back.whole))} of failed first tries were "
        f"won back within a day, {period_of(won_back)}."
        if won_back.whole
        else "whether failed first tries are won back cannot be said yet."
    )
)
figures(
    [
        share_figure(
            shown,
            "attempt_success_rate",
            "Attempts authorized",
            "attempts",
            good="up",
            bias="The last day's attempts are still pending and count as failed.",
            opens="Open the authorized attempts",
        ),
        share_figure(
            shown,
            "retry_recovery_rate",
            "Failed first tries won back",
            "orders",
            good="up",
            bias="It counts orders whose 24 hours to retry are not over.",
            opens="Open those won back",
        ),
        Figure(
            "Orders paid in the end",
            percent(success),
            f"{int(totals['succeeded_orders']):,} of {int(totals['orders']):,} orders "
            "with an attempt, to date.",
            naive=Naive(
                percent(share(totals["authorized"], totals["attempts"])),
                "Of attempts, not of orders: an order that needed two tries counts as "
                "one failure, though its money came.",
            ),
            rows={"of": "paid_in_the_end"},
            counts=int(totals["succeeded_orders"]),
            opens="Open the orders paid",
        ),
        Figure(
            "Orders that failed at first",
            count(int(totals["failed_orders"]), "order"),
            f"Of {int(totals['orders']):,} with an attempt; "
            f"{int(totals['recovered_orders']):,} paid within 24 hours, "
            f"{int(totals['retry_eligible_orders']):,} have had the time to.",
            rows={"of": "failed_first"},
            counts=int(totals["failed_orders"]),
            opens="Open the failed first attempts",
        ),
    ]
)
show_weeks(shown)
with block("Where do they fail?"):
    table(
        shown,
        "success-by-method",
        attempts.BY_METHOD,
        description="Payment success by method and gateway",
        headings={
            "attempt_success_rate": "Attempts authorized",
            "first_attempt_success_rate": "Paid at first try",
            "order_success_rate": "Paid in the end",
            "retry_recovery_rate": "Won back",
        },
        noun="row",
        behind=Behind("attempts", "attempts", ("method", "gateway")),
    )
with block("Why?"):
    table(
        shown,
        "declines",
        attempts.DECLINES,
        description="Failed attempts by error code",
        headings={"recovered_share": "Recovered later"},
        noun="error",
        behind=Behind(
            "attempts",
            "failed_attempts",
            ("error_code", "decline_type"),
            also={"outcome": "failed"},
        ),
    )
