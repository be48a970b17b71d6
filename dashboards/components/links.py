"""Links between pages: they open in place, and what they show is in their address."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from dashboards.components.shown_version import address_of_version
from dashboards.components.words import escape

ORDERS_PAGE = "views/orders.py"
ORDER_PAGE = "views/order.py"
CUSTOMER_PAGE = "views/customer.py"
ROWS_PAGE = "views/rows.py"


def link_to_order(order_id: str, story: str = "") -> None:
    """Write a link to one order's timeline, and below it what there is to say of it.

    Args:
        order_id: The order, as it stands in the marts.
        story: Plain text without markup.
    """
    # a link is one line and is cut where it does not fit; the story wraps below it
    with st.container(gap=None):
        link(ORDER_PAGE, f"**{escape(order_id)}**", order_id=order_id)
        if story:
            st.markdown(escape(story))


def address_of_order(order_id: str) -> str:
    """Return the address of one order's timeline, relative to any page."""
    return f"order?{urlencode({'order_id': order_id} | address_of_version())}"


def link_to_orders(label: str, **filters: str) -> None:
    """Write a link to the board, filtered as its address says."""
    link(ORDERS_PAGE, label, icon=":material/arrow_forward:", **filters)


def link_to_rows(label: str, **which: str) -> None:
    """Write a link to the rows behind a number, as ``rows`` finds them."""
    link(ROWS_PAGE, label, icon=":material/table_rows:", **which)


def link(page: str, label: str, *, icon: str | None = None, **address: str) -> None:
    """Write a link to a page; it keeps the moment that is shown.

    Args:
        page: File of the view.
        label: Markdown.
        icon: A material icon before it.
        address: What stands behind ``?`` in its address.
    """
    st.page_link(
        page,
        label=f":primary[{label}]",
        icon=icon,
        query_params=(address | address_of_version()) or None,
    )
