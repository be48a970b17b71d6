"""Navigation between the pages: ``python -m streamlit run dashboards/app.py``."""

from pathlib import Path

import streamlit as st

from dashboards.queries.reader import VersionGoneError

# a file of our own: the browser would fetch a named icon from another host
ICON = Path(__file__).with_name("icon.svg")

st.set_page_config(page_title="Postorder", page_icon=ICON, layout="wide")

page = st.navigation(
    [
        st.Page(
            "views/today.py",
            title="Today",
            icon=":material/notifications:",
            default=True,
        ),
        st.Page("views/orders.py", title="Orders", icon=":material/view_kanban:"),
        st.Page("views/order.py", title="One order", icon=":material/timeline:"),
    ],
    position="top",
)

try:
    page.run()
except VersionGoneError:
    # a publish retired the version this page had begun to read: begin again
    st.rerun()
