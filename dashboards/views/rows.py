"""The rows behind a number: where every figure's link leads."""

from __future__ import annotations

from datetime import date

import streamlit as st

from dashboards.components.blocks import answer
from dashboards.components.columns import label_of
from dashboards.components.links import may_show_rows
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import table
from dashboards.components.words import amount, count, day, escape, listed, plain
from dashboards.queries.reader import total
from dashboards.queries.row_sets import ROW_SETS, Counted, counted, rows_behind

DAYS = ("from", "to")


def filters_of(name: str, address: dict[str, str]) -> str:
    """Return in words what the address narrows the set to; empty for all of it."""
    chosen = ROW_SETS[name]
    parts = [
        f"{label_of(column).lower()} {plain(address[column])}"
        for column in chosen.by
        if column in address
    ]
    if chosen.day:
        parts.append(
            " ".join(f"{key} {day_of(address[key])}" for key in DAYS if key in address)
        )
    parts += [
        f"{label_of(limit).lower()} at most {address[limit]}"
        for limit in chosen.most
        if limit in address
    ]
    return escape(", ".join(filter(None, parts)))


def day_of(text: str) -> str:
    """Return a day of an address in words; what is none as it stands."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def sum_of(name: str, found: Counted, rows: int) -> str:
    """Return in words what the rows add up to, with the number they are a part of."""
    chosen = ROW_SETS[name]
    in_rows = count(rows, chosen.noun)
    if chosen.unit == "currency":
        sums = [amount(value, unit) for unit, value in found.number.items()]
        return f"{listed(sums)} in {in_rows}" if sums else in_rows
    if found.whole is not None:
        in_rows += f", of {found.whole:,.0f} {chosen.whole_noun}"
    if not chosen.unit:
        return in_rows
    return f"{count(round(found.number['']), chosen.unit)} in {in_rows}"


st.title("Which rows are behind this number?")
version = shown_version()
asked = {name: st.query_params[name] for name in st.query_params}
name = asked.get("of", "")
if not may_show_rows(name) or not asked.keys() >= set(ROW_SETS[name].needs):
    answer("Choose a set of rows, or follow the link below any figure.")
    st.selectbox(
        "Rows",
        [
            known
            for known in sorted(filter(may_show_rows, ROW_SETS))
            if not ROW_SETS[known].needs
        ],
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
said = sum_of(name, counted(version, name, asked), rows)
answer(f"{said}: {chosen.title}{f'; {narrowed}' if narrowed else ''}.")
table(version, name, query, description=chosen.title, noun=chosen.noun)
st.caption(
    f"Of `{chosen.table}`. An amount is in the currency of its row; currencies are "
    "never added together."
)
