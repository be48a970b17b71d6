"""Navigation between the pages: ``python -m streamlit run dashboards/app.py``."""

from pathlib import Path

import duckdb
import streamlit as st

from dashboards.access import login
from dashboards.access.naming import may_open
from dashboards.components.shown_version import show_frame
from dashboards.queries.reader import VersionGoneError

# a file of our own: the browser would fetch a named icon from another host
ICON = Path(__file__).with_name("icon.svg")

# file, title and icon of each view, by section; the first is where a reader begins
VIEWS = {
    "": [("views/today.py", "Today", "notifications")],
    "Orders": [
        ("views/orders.py", "Board", "view_kanban"),
        ("views/order.py", "One order", "timeline"),
        ("views/customer.py", "One customer", "person"),
        ("views/sweep.py", "Monday sweep", "checklist"),
    ],
    "Money": [
        ("views/settlement.py", "Settlement", "hourglass"),
        ("views/attempts.py", "Attempts", "credit_card"),
        ("views/pending.py", "Pending money", "payments"),
        ("views/books.py", "Books", "balance"),
    ],
    "Delivery and stock": [
        ("views/reservations.py", "Reservations", "inventory"),
        ("views/addresses.py", "Addresses", "home_pin"),
        ("views/promises.py", "Promises", "event"),
        ("views/rto.py", "RTO", "undo"),
        ("views/stock.py", "Stock", "warehouse"),
    ],
    "Customers": [
        ("views/returns.py", "Returns", "assignment_return"),
        ("views/refunds.py", "Refunds", "currency_exchange"),
        ("views/reorders.py", "Reorders", "repeat"),
        ("views/reviews.py", "Reviews", "reviews"),
        ("views/lists.py", "Lists", "group"),
    ],
    "Data health": [
        ("views/sources.py", "Sources", "sensors"),
        ("views/checks.py", "Checks", "rule"),
        ("views/metrics.py", "Metrics", "dictionary"),
        ("views/rows.py", "Rows", "table_rows"),
    ],
}

st.set_page_config(page_title="Postorder", page_icon=ICON, layout="wide")

reader = login.enter()


def page_of(view: str, title: str, icon: str) -> st.Page:
    """Return a view; where the reader may not open it, a page that says so.

    Without one its address would be answered as one that nobody knows.
    """
    is_open = may_open(view)
    return st.Page(
        view if is_open else login.refuse_view,
        title=title,
        icon=f":material/{icon}:",
        url_path=None if is_open else Path(view).stem,
        default=view == "views/today.py",
        visibility="visible" if is_open else "hidden",
    )


page = st.navigation(
    {section: [page_of(*view) for view in views] for section, views in VIEWS.items()},
    position="top",
)

try:
    show_frame(reader)
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
