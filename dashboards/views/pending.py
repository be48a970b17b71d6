"""Pending money: what is owed to us, and what we owe."""

from __future__ import annotations

import streamlit as st

from dashboards.components.blocks import answer, block
from dashboards.components.figures import Figure, figures
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import table
from dashboards.components.words import amount, count, heading, listed, plain
from dashboards.queries import pending
from dashboards.queries.reader import frame

# claims by who owes: customers wait for the first, we for the others
OWED_BY_US = ("refund_owed", "refund_late", "refund_failed", "overpaid")

SAYS = {
    "refund_owed": "Due to customers and not started.",
    "refund_late": "Started, and past the day it was expected.",
    "refund_failed": "Sent and came back; owed again.",
    "capture_expiring": "Authorized, and lapses within 48 hours or has lapsed.",
    "settlement_late": "Captured, past its due date, not in the bank.",
    "cod_not_remitted": "Collected at the door, not remitted by the carrier.",
    "overpaid": "Taken from customers beyond what they owe.",
    "partial_due": "Paid in part; the rest is due.",
}

st.title("Which money is owed?")
shown = shown_version()
require(shown, "marts.pending_money")
claims = frame(shown, pending.BY_CLASS)
if claims.empty:
    answer("None: no claim on money is open.")
    st.stop()
sides = []
for is_ours, words in ((True, "we owe customers"), (False, "is owed to us")):
    side = claims[claims["class"].isin(OWED_BY_US) == is_ours]
    for currency, part in side.groupby("currency", sort=False):
        sides.append(f"{amount(part['total_amount'].sum(), str(currency))} {words}")
answer(f"{listed(sides)}, in {count(int(claims['claims'].sum()), 'claim')}.")
figures(
    [
        Figure(
            heading(plain(claim["class"])),
            amount(claim["total_amount"], claim["currency"]),
            f"{SAYS.get(claim['class'], '')} {count(int(claim['claims']), 'claim')}, "
            f"half older than {claim['median_age_days']:.1f} days, the oldest "
            f"{claim['oldest_days']:.0f} days.",
            rows={
                "of": "pending",
                "class": claim["class"],
                "currency": claim["currency"],
            },
            counts=claim["total_amount"],
            opens=f"Open the {count(int(claim['claims']), 'claim')}",
        )
        for claim in claims.to_dict("records")
    ]
)
with block("Which are the oldest?"):
    st.caption("Currencies are never added together.")
    table(
        shown,
        "pending-claims",
        pending.OLDEST,
        description="Open claims on money, the oldest first",
        headings={"class": "Claim"},
        noun="claim",
    )
