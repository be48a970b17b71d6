"""The books: what was owed, captured, settled and refunded, and what is left over."""

from __future__ import annotations

import streamlit as st

from dagster_project.certificate import page
from dagster_project.certificate.figures import last_day_of, today_of
from dagster_project.published import Version
from dashboards.components.blocks import answer, block
from dashboards.components.figures import Figure, figures
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, offer, table
from dashboards.components.words import amount, count
from dashboards.queries import books, certificate
from dashboards.queries.reader import frame


def show_day(version: Version) -> None:
    """Show the accounts over a day that the reader chooses; offer its certificate."""
    with block("What did a day close with?"):
        day = st.date_input(
            "Store day",
            last_day_of(version),
            max_value=today_of(version),
            key="day",
            bind="query-params",
            required=True,
            format="YYYY-MM-DD",
            width=200,
        )
        certified = certificate.certified(version, day)
        st.markdown(page.verdict_of(certified))
        table(
            version,
            "accounts",
            certificate.accounts_on(day),
            description=f"Each account on {day}, from opening to closing balance",
            headings={
                "opening_amount": "Opening",
                "debit_amount": "Debit",
                "credit_amount": "Credit",
                "closing_amount": "Closing",
            },
            noun="account",
            behind=Behind(
                "entries",
                "closing_amount",
                ("account", "currency"),
                also={"to": str(day)},
            ),
        )
        st.caption(
            "The certificate is a page to print and to sign: these balances, what "
            "stands in clearing and why, and refunds by both dates."
        )
        with st.container(horizontal=True):
            offer(
                "Certificate",
                f"certificate-{day}-{version.name}.html",
                "text/html",
                lambda: page.page_of(certified).encode(),
            )
            offer(
                "Its figures, JSON",
                f"certificate-{day}-{version.name}.json",
                "application/json",
                lambda: page.json_of(certified).encode(),
            )


st.title("Do the books close?")
shown = shown_version()
require(
    shown, "marts.reconciliation", "marts.fct_ledger_entries", "marts.ledger_clearing"
)
sums = frame(shown, books.BY_CURRENCY)
ledger = frame(shown, books.LEDGER).iloc[0]
if sums.empty:
    answer("There is nothing to close: no order has been placed.")
    st.stop()
unexplained = int(sums["unexplained_orders"].sum())
balanced = (
    f"all {int(ledger['entries']):,} entries balance"
    if not ledger["unbalanced"]
    else f"{int(ledger['unbalanced']):,} of {int(ledger['entries']):,} entries do not "
    "balance"
)
answer(
    f"{'Yes' if not unexplained and not ledger['unbalanced'] else 'No'}: {balanced}, "
    + (
        "and every residual of an order has a cause."
        if not unexplained
        else f"and {count(unexplained, 'order')} leave money that nothing explains."
    )
)
line = sums.to_dict("records")[0]
currency = line["currency"]
figures(
    [
        Figure(
            "Owed by orders",
            amount(line["owed_amount"], currency),
            f"{count(int(line['orders']), 'order')}: ordered, less what was "
            "called off before capture.",
            rows={"of": "owed", "currency": currency},
            counts=line["owed_amount"],
            opens="Open the orders",
        ),
        Figure(
            "Settled (gross)",
            amount(line["settled_amount"], currency),
            f"Fees {amount(line['fee_amount'], currency)}; captured "
            f"{amount(line['captured_amount'], currency)}.",
            rows={"of": "settled", "currency": currency},
            counts=line["settled_amount"],
            opens="Open the orders",
        ),
        Figure(
            "Outstanding",
            amount(line["outstanding_amount"], currency),
            "Captured and not settled, or still expected to be paid.",
            rows={"of": "outstanding", "currency": currency},
            counts=line["outstanding_amount"],
            opens="Open the orders",
        ),
        Figure(
            "Residual",
            amount(line["residual_amount"], currency),
            f"Left over in {count(int(line['orders_with_residual']), 'order')}, "
            f"{int(line['unexplained_orders']):,} of them without a cause.",
            rows={"of": "residuals", "currency": currency},
            counts=line["residual_amount"],
            opens="Open the residuals",
        ),
    ]
)
if len(sums) > 1:
    with block("And currency by currency?"):
        table(
            shown,
            "books-by-currency",
            books.BY_CURRENCY,
            description="The books by currency",
            noun="row",
            behind=Behind("owed", "owed_amount", ("currency",)),
        )
left, right = st.columns(2)
with left, block("Why is something left over?"):
    table(
        shown,
        "residuals",
        books.RESIDUALS,
        description="Residuals of orders by cause and currency",
        headings={"residual_cause": "Cause", "residual_amount": "Left over"},
        noun="cause",
        behind=Behind(
            "residuals",
            "residual_amount",
            ("residual_cause", "currency"),
        ),
    )
with right, block("What stands in clearing?"):
    table(
        shown,
        "clearing",
        books.CLEARING,
        description="Balances of the clearing account by cause",
        headings={"is_mature": "Overdue"},
        noun="cause",
        behind=Behind("clearing", "balance_amount", ("cause", "currency", "is_mature")),
    )
show_day(shown)
