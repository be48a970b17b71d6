"""One customer: their orders, and what they saw happen."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, search_box
from dashboards.components.events import sentence_of
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import table
from dashboards.components.words import count, day, escape, plain, verb
from dashboards.queries import customer as one_customer
from dashboards.queries.reader import frame, store_zone

EVENTS = 100


def show_customer(version: Version, customer_id: str) -> None:
    """Show one customer, or say in plain words that nobody has that id."""
    person = one_customer.customer(version, customer_id)
    found = frame(version, one_customer.orders_of(customer_id))
    orders = len(found)
    if person is None and not orders:
        answer(f"There is no customer “{escape(customer_id)}”.")
        st.info(
            "A customer's id is the one that the shop gives in its events. Find an "
            "order first: it links to its customer."
        )
        return
    zone = store_zone(version)
    since = (
        f", the first on {day(person.first_order_at.astimezone(zone))}"
        if person and person.first_order_at
        else ""
    )
    troubled = int(found["has_open_exception"].fillna(value=False).sum())
    delivered = person.delivered_order_count if person else 0
    answer(
        f"{count(orders, 'order')}{since}; {delivered:,} "
        f"{verb(delivered, 'was', 'were')} delivered."
        + (
            f" {count(troubled, 'order')} {verb(troubled, 'has', 'have')} an open "
            "exception."
            if troubled
            else ""
        )
    )
    if person:
        consent = "may" if person.marketing_consent else "may not"
        st.caption(
            f"{'A guest' if person.is_guest else 'An account'}, segment "
            f"{escape(plain(person.segment))}; marketing {consent} write."
        )
    with block("Which orders?"):
        table(
            version,
            "orders-of-customer",
            one_customer.orders_of(customer_id),
            description="Orders of the customer, the last placed first",
            noun="order",
        )
    with block("What did they see happen?"):
        events = one_customer.timeline(version, customer_id, limit=EVENTS)
        st.markdown(
            f"{'The latest ' if len(events) == EVENTS else ''}"
            f"{count(len(events), 'event')}. Times are in {escape(zone.key)}."
        )
        for on, happened in groupby(
            events, key=lambda event: event.occurred_at.astimezone(zone).date()
        ):
            st.markdown(
                f"**{day(on)}**\n\n"
                + "\n".join(
                    f"- {sentence_of(event, zone)} :gray[{escape(event.order_id)}]"
                    for event in happened
                )
            )


wanted = st.query_params.get("customer_id", "").strip()
question, finder = st.columns([3, 1], vertical_alignment="bottom")
with question:
    st.title(f"Who is customer {escape(wanted)}?" if wanted else "Who is a customer?")
shown = shown_version()
require(shown, "marts.dim_customers", "marts.fct_orders", "marts.events")
with finder:
    typed = search_box("Customer id", "Type a customer id", key="customer_id")
if typed:
    show_customer(shown, typed)
else:
    answer("Type a customer id, or open an order and follow its customer.")
