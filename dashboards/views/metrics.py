"""Metrics: what each means, who owns it, what to beware of, and what it says now."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from textwrap import dedent
from typing import Any

import pandas as pd
import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block
from dashboards.components.charts import lines
from dashboards.components.links import link_to_rows
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import table
from dashboards.components.words import count, day, duration, percent, plain
from dashboards.queries import dictionary
from dashboards.queries.reader import frame

UNITS = {"per_100": "per 100 orders"}


def words_of(unit: str) -> str:
    """Return a metric's unit in words."""
    return UNITS.get(unit, unit)


def written(value: float | None, unit: str) -> str:
    """Return a metric's value with its unit."""
    if value is None or value != value:
        return "unknown"
    if unit == "share":
        return percent(value)
    if unit == "hours":
        return duration(value)
    return f"{value:,.1f} {words_of(unit)}".replace(".0 ", " ")


def show_metric(version: Version, metric: Mapping[Hashable, Any]) -> None:
    """Show one metric with its days."""
    name, unit = str(metric["metric"]), str(metric["unit"])
    with block(str(metric["question"])):
        mature, newest = metric["mature_date"], metric["newest_date"]
        for label, on, value in (
            ("Last mature day", mature, metric["mature_value"]),
            ("Newest day", newest, metric["newest_value"]),
        ):
            if isinstance(on, pd.Timestamp):
                st.markdown(
                    f"{label}, {day(on)}: **{written(value, unit)}**"  # type: ignore[arg-type]
                )
        st.markdown(f"{metric['definition']}")
        st.markdown(f"**Beware:** {metric['caveat']}")
        st.caption(
            f"Owner: {plain(str(metric['owner']))}. Grain: {metric['grain']}. Matures "
            f"after {count(int(str(metric['matures_after_days'])), 'day')}. Fed by "
            f"{metric['fed_by']}. Model: {metric['model']}."
        )
        days = frame(version, dictionary.days_of(name))
        if len(days) > 1:
            days["date"] = pd.to_datetime(days["date"])
            lines(
                days,
                x="date",
                y="value",
                x_title=str(metric["grain"]).capitalize(),
                y_title="Share, %" if unit == "share" else words_of(unit).capitalize(),
                percent=unit == "share",
                young="is_young",
                description=f"{metric['question']} By day",
            )
            st.caption("Pale days can still change.")
        sql = dedent(dictionary.days_of(name).sql).strip()
        st.code(sql.replace("$metric", f"'{name}'"), language="sql")
        link_to_rows("Open its days by segment", of="daily", metric=name)


st.title("What does each figure mean?")
shown = shown_version()
require(shown, "metrics.metric_definitions", "metrics.metric_daily")
known = frame(shown, dictionary.METRICS)
answer(
    f"{count(len(known), 'metric')}, each with a definition, an owner and a caveat. "
    "Choose one."
)
names = [str(name) for name in known["metric"]]
chosen = st.selectbox(
    "Metric",
    names,
    index=None,
    format_func=plain,
    # leaving the page drops this from the address, and the rows go by `metric`
    key="chosen_metric",
    bind="query-params",
    placeholder="Choose a metric",
)
if chosen:
    show_metric(shown, known[known["metric"] == chosen].to_dict("records")[0])
with block("All metrics"):
    table(
        shown,
        "metrics",
        dictionary.METRICS,
        description="Every metric with its definition",
        noun="metric",
    )
