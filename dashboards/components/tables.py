"""Tables: what stands behind a figure, to read, to follow to an order, to take away."""

from __future__ import annotations

import io
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
import streamlit as st

from dagster_project.published import Version
from dashboards.access.login import freshness
from dashboards.access.naming import may_see, may_see_names
from dashboards.components.columns import config_of, shown
from dashboards.components.links import (
    address_of_order,
    address_of_rows,
    may_show_rows,
)
from dashboards.components.words import count
from dashboards.queries.reader import Query, arrow, frame, store_zone, total

# more rows than this are for a download, not for a screen
ROWS = 300

# how an address limits rows to the days of a week
DAYS_OF_WEEK = {"week": "from", "last_day": "to"}

# a spreadsheet runs a cell that begins with one of these
FORMULA = "^[=+\\-@\\t\\r]"


@dataclass(frozen=True)
class Behind:
    """Where each row of a table leads: to the rows that one of its numbers counts.

    Attributes:
        of: Name of the set.
        counts: Column of the table that the rows of the set add up to.
        by: Columns of the table that narrow the set.
        named: What the address calls those of them that it knows by another name.
        also: What the address says of every row.
    """

    of: str
    counts: str
    by: Sequence[str]
    named: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)

    def address(self, row: Mapping[Hashable, Any]) -> dict[str, str]:
        """Return what the address of the rows behind one row says."""
        return {
            self.named.get(column, column): written(row[column]) for column in self.by
        } | dict(self.also)


def written(value: Any) -> str:
    """Return a value as an address says it, and as the database writes it."""
    if pd.isna(value):
        return "unknown"
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return str(value).lower() if isinstance(value, bool) else str(value)


def table(
    version: Version,
    name: str,
    query: Query,
    *,
    description: str,
    headings: Mapping[str, str] | None = None,
    noun: str = "row",
    empty: str = "",
    behind: Behind | None = None,
) -> int:
    """Show the rows of a query, with their timelines and downloads; return how many.

    Rows that name an order or a customer are counted only, for who may not see them.

    Args:
        version: The version to read.
        name: Of the downloaded file, and of the table on its page.
        query: Its column names decide units and wording.
        description: What the table holds, for readers who do not see it.
        headings: Headings that say more than a column's name does.
        noun: What one row is, in the singular.
        empty: What to say where there is no row.
        behind: Where its rows lead, where they lead to others.
    """
    rows = total(version, query)
    if not rows:
        st.caption(empty or f"No {noun}.")
        return 0
    if not _may_show(version, query):
        st.caption(
            f"{count(rows, noun)}. Which they are is for readers with the level "
            "*sensitive*."
        )
        return rows
    zone = store_zone(version)
    found = frame(version, query, limit=ROWS)
    seen = guarded(shown(found, zone))
    config = config_of(seen, zone, headings or {})
    if behind and may_show_rows(behind.of):
        seen.insert(0, "rows_behind", addresses_behind(found, behind))
        config["rows_behind"] = st.column_config.LinkColumn(
            "Rows", display_text="Open", pinned=True
        )
    if "order_id" in seen:
        seen.insert(
            0,
            "timeline",
            [
                address_of_order(order_id) if isinstance(order_id, str) else None
                for order_id in seen["order_id"]
            ],
        )
        # a link in a table opens a tab of its own: the page keeps its place
        config["timeline"] = st.column_config.LinkColumn(
            "Timeline", display_text="Open", pinned=True
        )
        config["order_id"] = st.column_config.TextColumn("Order", pinned=True)
    st.dataframe(
        seen,
        hide_index=True,
        key=name,
        placeholder="",
        alt=description,
        column_config=config,
    )
    first = f"The first {ROWS:,} of " if rows > ROWS else ""
    downloads(version, name, query, caption=f"{first}{count(rows, noun)}.")
    return rows


def addresses_behind(found: pd.DataFrame, behind: Behind) -> list[str | None]:
    """Return where each row of a table leads; nowhere where it counts nothing."""
    return [
        None
        if pd.isna(row[behind.counts])
        else address_of_rows(behind.of, behind.address(row))
        for row in found.to_dict("records")
    ]


def downloads(version: Version, name: str, query: Query, *, caption: str = "") -> None:
    """Offer every row of a query as CSV and as Parquet, to who may see them.

    Args:
        version: The version to read.
        name: Of the files.
        query: What they hold.
        caption: What the table above holds.
    """
    if not _may_show(version, query):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if caption:
            st.caption(caption, width="content")
        _download(version, name, query, "CSV", "csv", "text/csv", as_csv)
        _download(
            version,
            name,
            query,
            "Parquet",
            "parquet",
            "application/vnd.apache.parquet",
            as_parquet,
        )


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which no text begins as a formula does."""
    for name in table.columns:
        column = table[name]
        if pd.api.types.is_string_dtype(column) or column.dtype == object:
            is_formula = column.astype("string").str.match(FORMULA).fillna(False)
            if is_formula.any():
                table[name] = column.where(~is_formula.astype(bool), "'" + column)
    return table


def as_csv(rows: pa.Table) -> bytes:
    """Return rows as CSV that a spreadsheet opens without running any of it."""
    for at, name in enumerate(rows.column_names):
        column = rows.column(at)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            safe = pc.replace_substring_regex(
                column, pattern="^([=+\\-@\\t\\r])", replacement="'\\1"
            )
            rows = rows.set_column(at, name, safe)
    target = io.BytesIO()
    pa_csv.write_csv(rows, target)
    return target.getvalue()


def as_parquet(rows: pa.Table) -> bytes:
    """Return rows as Parquet, with the exact values and types of the marts."""
    target = io.BytesIO()
    pa_parquet.write_table(rows, target)
    return target.getvalue()


def _may_show(version: Version, query: Query) -> bool:
    """Tell whether the reader may see the rows of a query."""
    return may_see_names() or may_see(map(str, frame(version, query, limit=0).columns))


def _download(
    version: Version,
    name: str,
    query: Query,
    label: str,
    ending: str,
    mime: str,
    write: Callable[[pa.Table], bytes],
) -> None:
    """Offer every row of a query as a file."""
    offer(
        label,
        f"{name}-{version.name}.{ending}",
        mime,
        lambda: write(arrow(version, query)),
    )


def offer(label: str, name: str, mime: str, make: Callable[[], bytes]) -> None:
    """Offer a file; it is made when it is asked for.

    Args:
        label: What the button says.
        name: Of the file, unique on its page.
        mime: Its type.
        make: Returns what it holds.
    """
    require_fresh = freshness()

    def made() -> bytes:
        # asked for after the page was drawn: the reader's time may be over by then
        require_fresh()
        return make()

    st.download_button(
        label,
        data=made,
        file_name=name,
        mime=mime,
        key=name,
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
