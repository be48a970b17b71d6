"""Links between pages: they open in place, and what they show is in their address."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from dashboards.components.words import escape

ORDERS_PAGE = "views/orders.py"
ORDER_PAGE = "views/order.py"


def link_to_order(order_id: str, story: str = "") -> None:
    """Write a link to one order's timeline, and below it what there is to say of it.

    Args:
        order_id: The order, as it stands in the marts.
        story: Plain text without markup.
    """
    # a link is one line and is cut where it does not fit; the story wraps below it
    with st.container(gap=None):
        st.page_link(
            ORDER_PAGE,
            label=f":primary[**{escape(order_id)}**]",
            query_params={"order_id": order_id},
        )
        if story:
            st.markdown(escape(story))


def address_of_order(order_id: str) -> str:
    """Return the address of one order's timeline, relative to any page."""
    return f"order?{urlencode({'order_id': order_id})}"


def link_to_orders(label: str, **filters: str) -> None:
    """Write a link to the board, filtered as its address says."""
    st.page_link(
        ORDERS_PAGE,
        label=f":primary[{label}]",
        icon=":material/arrow_forward:",
        query_params=filters or None,
    )
