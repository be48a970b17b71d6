"""Lists: whom marketing may write to, who is held out, and what came of it."""

from __future__ import annotations

import streamlit as st

from dashboards.components.blocks import answer, block
from dashboards.components.figures import Figure, figures
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import table
from dashboards.components.words import count
from dashboards.queries import lists
from dashboards.queries.reader import frame

NAMES = {
    "review_asks": ("Ask for a review", "line", "audience_review_due"),
    "reorder_asks": (
        "Remind to reorder",
        "customer and product",
        "audience_reorder_due",
    ),
}

st.title("Whom may we write to?")
shown = shown_version()
require(
    shown,
    "marts.audience_review_due",
    "marts.audience_reorder_due",
    "metrics.audience_readouts",
    "marts.audience_exports",
    "marts.privacy_clock",
)
sizes = frame(shown, lists.SIZES).to_dict("records")
people = sum(int(size["people"]) for size in sizes)
held_out = sum(int(size["held_out"]) for size in sizes)
answer(
    f"{count(people, 'entry', 'entries')} on two lists; {held_out:,} of them are held "
    "out, so that the effect of writing can be told."
)
figures(
    [
        Figure(
            NAMES[size["name"]][0],
            f"{int(size['people']) - int(size['held_out']):,} to write to",
            f"{int(size['held_out']):,} more held out. Consented, without an open "
            "problem, and due. `postorder export` writes the file.",
            rows={"of": size["name"], "holdout_group": "treatment"},
            counts=int(size["people"]) - int(size["held_out"]),
            opens="Open the list",
        )
        for size in sizes
    ],
    across=2,
)
with block("What came of writing?"):
    table(
        shown,
        "readouts",
        lists.READOUTS,
        description="Response of those written to beside those held out",
        headings={"is_observed": "Time is over"},
        noun="read-out",
        empty="Nothing yet: no list was exported long enough ago.",
    )
left, right = st.columns(2)
with left, block("Which files were taken out?"):
    table(
        shown,
        "exports",
        lists.EXPORTS,
        description="Lists that were exported",
        noun="export",
        empty="None: no list has been exported yet.",
    )
with right, block("Which requests of customers run?"):
    table(
        shown,
        "privacy",
        lists.PRIVACY,
        description="Erasure requests and breaches with their due time",
        noun="case",
    )
