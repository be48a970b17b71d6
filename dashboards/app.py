"""Navigation between the pages: ``python -m streamlit run dashboards/app.py``."""

from pathlib import Path

import duckdb
import streamlit as st

from dashboards.components.shown_version import show_frame
from dashboards.queries.reader import VersionGoneError

# a file of our own: the browser would fetch a named icon from another host
ICON = Path(__file__).with_name("icon.svg")

st.set_page_config(page_title="Postorder", page_icon=ICON, layout="wide")

page = st.navigation(
    {
        "": [
            st.Page(
                "views/today.py",
                title="Today",
                icon=":material/notifications:",
                default=True,
            ),
        ],
        "Orders": [
            st.Page("views/orders.py", title="Board", icon=":material/view_kanban:"),
            st.Page("views/order.py", title="One order", icon=":material/timeline:"),
            st.Page(
                "views/customer.py", title="One customer", icon=":material/person:"
            ),
            st.Page(
                "views/sweep.py", title="Monday sweep", icon=":material/checklist:"
            ),
        ],
        "Money": [
            st.Page(
                "views/settlement.py", title="Settlement", icon=":material/hourglass:"
            ),
            st.Page(
                "views/attempts.py", title="Attempts", icon=":material/credit_card:"
            ),
            st.Page(
                "views/pending.py", title="Pending money", icon=":material/payments:"
            ),
            st.Page("views/books.py", title="Books", icon=":material/balance:"),
        ],
        "Delivery and stock": [
            st.Page(
                "views/reservations.py",
                title="Reservations",
                icon=":material/inventory:",
            ),
            st.Page(
                "views/addresses.py", title="Addresses", icon=":material/home_pin:"
            ),
            st.Page("views/promises.py", title="Promises", icon=":material/event:"),
            st.Page("views/rto.py", title="RTO", icon=":material/undo:"),
            st.Page("views/stock.py", title="Stock", icon=":material/warehouse:"),
        ],
        "Customers": [
            st.Page(
                "views/returns.py", title="Returns", icon=":material/assignment_return:"
            ),
            st.Page(
                "views/refunds.py", title="Refunds", icon=":material/currency_exchange:"
            ),
            st.Page("views/reorders.py", title="Reorders", icon=":material/repeat:"),
            st.Page("views/reviews.py", title="Reviews", icon=":material/reviews:"),
            st.Page("views/lists.py", title="Lists", icon=":material/group:"),
        ],
        "Data health": [
            st.Page("views/sources.py", title="Sources", icon=":material/sensors:"),
            st.Page("views/metrics.py", title="Metrics", icon=":material/dictionary:"),
            st.Page("views/rows.py", title="Rows", icon=":material/table_rows:"),
        ],
    },
    position="top",
)

try:
    show_frame()
    page.run()
except VersionGoneError:
    # a publish retired the version this page had begun to read: begin again
    st.rerun()
except (duckdb.CatalogException, duckdb.BinderException):
    st.error(
        "This version was published by another release and has not all that this page "
        "reads. Choose the latest version, or publish with `postorder run`.",
        icon=":material/error:",
    )
