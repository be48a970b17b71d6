"""Links between pages: they open in place, and what they show is in their address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from dashboards.access.naming import may_open, may_see, may_see_names
from dashboards.components.shown_version import address_of_version
from dashboards.components.words import escape
from dashboards.queries.row_sets import ROW_SETS

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
    if not may_see_names():
        return
    # a link is one line and is cut where it does not fit; the story wraps below it
    with st.container(gap=None):
        link(ORDER_PAGE, f"**{escape(order_id)}**", order_id=order_id)
        if story:
            st.markdown(escape(story))


def address_of_order(order_id: str) -> str:
    """Return the address of one order's timeline, relative to any page."""
    return f"order?{urlencode({'order_id': order_id} | address_of_version())}"


def address_of_rows(name: str, address: Mapping[str, str]) -> str:
    """Return the address of a set of rows, relative to any page."""
    return f"rows?{urlencode({'of': name} | dict(address) | address_of_version())}"


def link_to_orders(label: str, **filters: str) -> None:
    """Write a link to the board, filtered as its address says."""
    link(ORDERS_PAGE, label, icon=":material/arrow_forward:", **filters)


def link_to_rows(label: str, **which: str) -> None:
    """Write a link to the rows behind a number, where the reader may see them."""
    if not may_show_rows(which["of"]):
        return
    link(ROWS_PAGE, label, icon=":material/table_rows:", **which)


def may_show_rows(name: str) -> bool:
    """Tell whether there is such a set of rows and the reader may see it."""
    return name in ROW_SETS and may_see(re.findall(r"\w+", ROW_SETS[name].columns))


def link(page: str, label: str, *, icon: str | None = None, **address: str) -> None:
    """Write a link to a page that the reader may open; it keeps the moment shown.

    Args:
        page: File of the view.
        label: Markdown.
        icon: A material icon before it.
        address: What stands behind ``?`` in its address.
    """
    if not may_open(page):
        return
    st.page_link(
        page,
        label=f":primary[{label}]",
        icon=icon,
        query_params=(address | address_of_version()) or None,
    )
