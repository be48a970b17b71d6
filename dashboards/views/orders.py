"""The board: where the open orders are, and the order that an id belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dagster_project.published import Version
from dashboards.access.naming import may_see_names
from dashboards.components.blocks import answer, block, search_box
from dashboards.components.charts import orders_by_stage_chart
from dashboards.components.links import address_of_order
from dashboards.components.shown_version import shown_version
from dashboards.components.tables import downloads, table
from dashboards.components.words import (
    HOURS_IN_A_DAY,
    NEEDS,
    count,
    duration,
    escape,
    plain,
    stage,
    verb,
)
from dashboards.queries import orders
from dashboards.queries.reader import store_zone, tables
from dashboards.queries.row_sets import counted, rows_behind

# more rows than this are for a download, not for a screen
ROWS = 500
MATCHES = 20

# a link in a table opens a tab of its own: the board keeps its filters and its place
TIMELINE_COLUMNS = {
    "timeline": st.column_config.LinkColumn(
        "Timeline", display_text="Open", alignment="left", pinned=True
    ),
    "order_id": st.column_config.TextColumn("Order", pinned=True),
}


def show_matches(version: Version, text: str) -> None:
    """List the orders that an id belongs to."""
    matches = orders.orders_with_id(version, text, limit=MATCHES)
    if not matches:
        st.warning(
            "No id of an order, or of anything that belongs to one, begins with "
            f"“{escape(text)}”. "
            "Check the id, or look at the landed files: an order appears once its "
            "first event has been published."
        )
        return
    st.markdown(
        f"{count(len(matches), 'id')} {verb(len(matches), 'begins', 'begin')} with "
        f"“{escape(text)}”"
        + (f"; only the first {MATCHES} are shown." if len(matches) == MATCHES else ".")
    )
    zone = store_zone(version)
    st.dataframe(
        pd.DataFrame(
            {
                "timeline": [address_of_order(match.order_id) for match in matches],
                "order_id": [match.order_id for match in matches],
                "found": [f"{match.kind} {match.found_id}" for match in matches],
                "stage": [
                    stage(match.stage) if match.stage else "Its placing never came"
                    for match in matches
                ],
                "placed": [local(match.placed_at, zone) for match in matches],
            }
        ),
        hide_index=True,
        key="matches",
        placeholder="",
        alt="Orders that the id belongs to",
        column_config={
            **TIMELINE_COLUMNS,
            "found": "Found",
            "stage": "Stage",
            "placed": st.column_config.DatetimeColumn(
                "Placed", format="D MMM YYYY, HH:mm", help=f"Time in {zone.key}"
            ),
        },
    )


def choose_filters(version: Version) -> orders.Filters:
    """Let the reader narrow the board; every choice stands in the page's address."""
    by_stage, by_mode, by_need = st.columns(3)
    with by_stage:
        stages = st.multiselect(
            "Stage",
            orders.OPEN_STAGES,
            format_func=stage,
            key="stage",
            bind="query-params",
            placeholder="All open stages",
        )
    with by_mode:
        modes = st.multiselect(
            "Payment mode",
            orders.payment_modes(version),
            format_func=plain,
            key="payment_mode",
            bind="query-params",
            placeholder="All payment modes",
        )
    with by_need:
        needs = st.pills(
            "Only those that are",
            NEEDS,
            format_func=NEEDS.__getitem__,
            selection_mode="multi",
            key="needs",
            bind="query-params",
        )
    return orders.Filters(tuple(stages), tuple(modes), tuple(needs))


def show_answer(version: Version, filters: orders.Filters) -> None:
    """Say how many open orders there are, how old, and how many need a person."""
    summary = orders.open_orders_summary(version, filters)
    which = "open" if filters.is_empty else "open orders match these filters"
    if not summary.open_orders:
        answer("No order is open." if filters.is_empty else f"No {which}.")
        return
    subject = (
        f"{count(summary.open_orders, 'order')} "
        f"{verb(summary.open_orders, 'is', 'are')} open"
        if filters.is_empty
        else f"{count(summary.open_orders, 'open order')} "
        f"{verb(summary.open_orders, 'matches', 'match')} these filters"
    )
    answer(
        f"{subject}; the oldest was placed {duration(summary.oldest_age_hours)} ago. "
        f"{summary.stuck_orders:,} stuck, "
        f"{summary.past_promise_orders:,} past promise, "
        f"{summary.exception_orders:,} with an open exception."
    )


def show_board(version: Version, filters: orders.Filters) -> None:
    """Show the open orders by stage and age, then one row an order."""
    counts = orders.open_orders_by_stage(version, filters)
    if not counts:
        st.info(
            "Every order has ended: delivered, returned, cancelled or closed."
            if filters.is_empty
            else "Remove a filter to see more orders."
        )
        return
    orders_by_stage_chart(counts)
    if not may_see_names():
        return
    listed = orders.open_orders(version, filters, limit=ROWS)
    total = sum(part.orders for part in counts)
    st.caption(
        f"{'The first ' if total > ROWS else ''}{len(listed):,} of "
        f"{count(total, 'order')}: stuck first, then past promise, then the oldest. "
        "Ages count from placing."
    )
    show_table(version, listed)
    downloads(version, "open-orders", orders.open_orders_query(version, filters))


def show_backlog(version: Version) -> None:
    """List the lines that wait to be shipped, which stock counts as its backlog."""
    if "marts.fct_order_lines" not in tables(version):
        return
    with block("Which lines wait to be shipped?"):
        waiting = rows_behind(version, "backlog", {})
        units = int(counted(version, "backlog", {}).number[""])
        if not units:
            st.success("None: everything that was sold has gone out.")
            return
        st.markdown(
            f"{count(units, 'unit')}, the longest waiting first: sold, not cancelled, "
            "and not handed over."
        )
        table(
            version,
            "backlog-lines",
            waiting,
            description="Order lines that wait to be shipped, the oldest first",
            headings={
                "waiting_units": "Waiting, units",
                "quantity": "Ordered, units",
                "quantity_shipped": "Shipped, units",
                "quantity_cancelled": "Cancelled, units",
            },
            noun="line",
        )


def show_table(version: Version, listed: Sequence[orders.OpenOrder]) -> None:
    """Show one row an order, with a link to its timeline."""
    zone = store_zone(version)
    listing = pd.DataFrame(
        {
            "timeline": [address_of_order(order.order_id) for order in listed],
            "order_id": [order.order_id for order in listed],
            "stage": [stage(order.stage) for order in listed],
            "level": [order.level or "" for order in listed],
            "in_stage": [in_days(order.in_stage_hours) for order in listed],
            "usual": [in_days(order.usual_hours) for order in listed],
            "age": [in_days(order.age_hours) for order in listed],
            "promise": [local(order.promise_at, zone) for order in listed],
            "needs": [needs_of(order) for order in listed],
            "told": [
                days_since(order.last_customer_visible_at, version.as_of)
                for order in listed
            ],
            "amount": [
                None if order.ordered_amount is None else float(order.ordered_amount)
                for order in listed
            ],
            "currency": [order.currency for order in listed],
            "payment_mode": [plain(order.payment_mode) for order in listed],
            "channel": [plain(order.channel) for order in listed],
        }
    )
    st.dataframe(
        listing,
        hide_index=True,
        key="board",
        placeholder="",
        alt="Open orders, stuck first",
        column_config={
            **TIMELINE_COLUMNS,
            "stage": "Stage",
            "level": st.column_config.TextColumn(
                "Pace",
                help="Watch: longer in its stage than 9 of 10 orders. Stuck: than 99 "
                "of 100, or past its promise",
            ),
            "in_stage": st.column_config.NumberColumn("In stage, days", format="%.1f"),
            "usual": st.column_config.NumberColumn(
                "9 of 10 within, days",
                format="%.1f",
                help="Rhythm of the stage over the last 56 days, open orders counted",
            ),
            "age": st.column_config.NumberColumn("Age, days", format="%.1f"),
            "promise": st.column_config.DateColumn(
                "Promised by", format="D MMM YYYY", help=f"Date in {zone.key}"
            ),
            "needs": st.column_config.TextColumn("Needs a person", width="medium"),
            "told": st.column_config.NumberColumn(
                "Last told, days",
                format="%.1f",
                help="Days since the last event that the customer could see",
            ),
            "amount": st.column_config.NumberColumn("Ordered", format="accounting"),
            "currency": "Currency",
            "payment_mode": "Payment mode",
            "channel": "Channel",
        },
    )


def needs_of(order: orders.OpenOrder) -> str:
    """Return why an order needs a person, empty where it does not."""
    return ", ".join(
        words
        for words, applies in (
            ("past promise", order.is_past_promise),
            ("exception", order.has_open_exception),
        )
        if applies
    )


def in_days(hours: float | None) -> float | None:
    """Return hours as days."""
    return None if hours is None else hours / HOURS_IN_A_DAY


def local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return a time as the store's clock shows it, for columns without a zone."""
    return None if at is None else at.astimezone(zone).replace(tzinfo=None)


def days_since(at: datetime | None, now: datetime) -> float | None:
    """Return the days from ``at`` to ``now``."""
    return None if at is None else (now - at).total_seconds() / 86_400


st.title("Where are the open orders?")
shown = shown_version()
first_lines = st.container()
chosen_filters = choose_filters(shown)
with first_lines:
    show_answer(shown, chosen_filters)
searched = (
    search_box(
        "Find an order",
        "Order, customer, payment, parcel, return, refund, claim or ticket id",
        key="search",
    )
    if may_see_names()
    else ""
)
if searched:
    show_matches(shown, searched)
else:
    show_board(shown, chosen_filters)
    if chosen_filters.is_empty:
        show_backlog(shown)
