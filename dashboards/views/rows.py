"""The rows behind a number: where every figure's link leads."""

from __future__ import annotations

import streamlit as st

from dashboards.components.blocks import answer
from dashboards.components.columns import label_of
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import table
from dashboards.components.words import count, escape, plain
from dashboards.queries.reader import total
from dashboards.queries.row_sets import ROW_SETS, rows_behind

DAYS = {"from": "from", "to": "to"}


def filters_of(name: str, address: dict[str, str]) -> str:
    """Return in words what the address narrows the set to; empty for all of it."""
    chosen = ROW_SETS[name]
    parts = [
        f"{label_of(column).lower()} {plain(address[column])}"
        for column in chosen.by
        if column in address
    ]
    if chosen.day:
        parts += [
            f"{words} {address[key]}" for key, words in DAYS.items() if key in address
        ]
    return escape(", ".join(parts))


st.title("Which rows are behind this number?")
version = shown_version()
asked = {name: st.query_params[name] for name in st.query_params}
name = asked.get("of", "")
if name not in ROW_SETS:
    answer("Choose a set of rows, or follow the link below any figure.")
    st.selectbox(
        "Rows",
        sorted(ROW_SETS),
        index=None,
        format_func=lambda known: ROW_SETS[known].title,
        key="of",
        bind="query-params",
        placeholder="Choose",
    )
    st.stop()

chosen = ROW_SETS[name]
require(version, chosen.table)
query = rows_behind(version, name, asked)
rows = total(version, query)
narrowed = filters_of(name, asked)
answer(
    f"{count(rows, chosen.noun)}: {chosen.title}{f'; {narrowed}' if narrowed else ''}."
)
table(version, name, query, description=chosen.title, noun=chosen.noun)
st.caption(
    f"Of `{chosen.table}`. An amount is in the currency of its row; currencies are "
    "never added together."
)
