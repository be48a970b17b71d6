"""Reservations: how often stock is not there, and where, when, under which load."""

from __future__ import annotations

import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, in_numbers
from dashboards.components.charts import bars, heat
from dashboards.components.figures import figures
from dashboards.components.headlines import (
    count_figure,
    period_of,
    share,
    share_figure,
)
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import percent
from dashboards.queries import reservations
from dashboards.queries.headlines import headline
from dashboards.queries.reader import frame
from dashboards.queries.rules import RANKABLE_FROM

HEADINGS = {"line_failure_rate": "Lines failed, share"}

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def show_hours(version: Version) -> None:
    """Show the failure rate of each hour of the week."""
    with block("When? By hour of the week"):
        hours = frame(version, reservations.BY_HOUR)
        hours["weekday"] = [WEEKDAYS[int(day)] for day in hours["day"]]
        if hours["line_failure_rate"].notna().sum() == 0:
            st.caption(
                f"No hour of the week has the {RANKABLE_FROM} lines it takes to "
                "compare."
            )
            return
        heat(
            hours,
            x="hour",
            y="weekday",
            value="line_failure_rate",
            x_title="Hour of the day, store time",
            y_title="",
            value_title="Lines failed, %",
            percent=True,
            y_sort=WEEKDAYS,
            scheme="oranges",
            description="Share of lines failed by hour of the week",
        )
        st.caption(f"Hours with fewer than {RANKABLE_FROM} lines stay blank.")
        with in_numbers():
            table(
                version,
                "failures-by-hour",
                reservations.HOURS,
                description="Failures by hour of the week",
                headings=HEADINGS
                | {"begins": "Hour", "hour_of_week": "From Monday, hours"},
                noun="hour",
                behind=Behind("failed_in_hour", "lines_failed", ("hour_of_week",)),
            )


def show_load(version: Version) -> None:
    """Show whether failures grow with how much is asked at once."""
    with block("Under which load?"):
        load = frame(version, reservations.BY_LOAD)
        load["tenth"] = [f"{int(decile)}" for decile in load["load_decile"]]
        bars(
            load,
            y="tenth",
            x="line_failure_rate",
            title="Lines failed, %, with 95 % interval",
            percent=True,
            interval=("lower", "upper"),
            description="Share of lines failed by tenth of load, quietest hours first",
        )
        st.caption(
            "Hours of the shop in ten equal groups: 1 the quietest, 10 the busiest."
        )
        with in_numbers():
            table(
                version,
                "failures-by-load",
                reservations.BY_LOAD,
                description="Failures by tenth of load",
                headings=HEADINGS | {"load_decile": "Tenth of load"},
                noun="tenth",
                behind=Behind("failed_under_load", "lines_failed", ("load_decile",)),
            )


st.title("How often is stock not there?")
shown = shown_version()
require(
    shown,
    "metrics.metric_daily",
    "metrics.reservation_failures",
    "metrics.reservation_failures_by_load",
    "metrics.reservation_failures_by_hour",
)
last = headline(shown, "reservation_failure_rate")
if not last.whole:
    answer("No reservation has been answered yet.")
    st.stop()
answer(
    f"{percent(share(last.part, last.whole))} of the lines asked for could not be "
    f"reserved, {period_of(last)}."
)
figures(
    [
        share_figure(
            shown,
            "reservation_failure_rate",
            "Lines failed",
            "lines",
            good="down",
            opens="Open the failed lines",
        ),
        count_figure(
            shown,
            "oversold_lines",
            "Oversold: paid for, no stock",
            good="down",
            opens="Open the lines",
        ),
    ],
    across=2,
)
st.caption("In lines: one counts once a day, SKU and location, however often retried.")
left, right = st.columns(2)
with left, block("Where? By location"):
    bars(
        frame(shown, reservations.BY_LOCATION),
        y="location_id",
        x="line_failure_rate",
        title="Lines failed to date, %",
        percent=True,
        description="Share of lines failed by location",
    )
    with in_numbers():
        table(
            shown,
            "failures-by-location",
            reservations.BY_LOCATION,
            description="Failures by location",
            headings=HEADINGS,
            noun="location",
            behind=Behind("failed_lines", "lines_failed", ("location_id",)),
        )
with right:
    show_load(shown)
show_hours(shown)
with block("Which SKUs?"):
    table(
        shown,
        "failing-stock",
        reservations.WORST,
        description="Failures by SKU and location, to date",
        headings=HEADINGS
        | {
            "attempt_failure_rate": "Attempts failed",
            "unit_failure_rate": "Units failed",
            "fallback_success_lines": "Saved by fallback",
        },
        noun="place",
        behind=Behind("failed_lines", "lines_failed", ("sku", "location_id")),
    )
