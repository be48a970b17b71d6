"""Today: what needs a person now, then the headline figures and their bias."""

from __future__ import annotations

import streamlit as st

from dagster_project.published import Version
from dashboards.access.naming import may_see_names
from dashboards.components.blocks import answer, block
from dashboards.components.charts import heat, orders_by_stage_chart
from dashboards.components.figures import figures
from dashboards.components.headlines import count_figure, share_figure
from dashboards.components.known_figures import p90_figure, rto_figure
from dashboards.components.links import link_to_order, link_to_orders, link_to_rows
from dashboards.components.shown_version import shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import (
    NEEDS,
    amount,
    count,
    duration,
    escape,
    plain,
    stage,
    verb,
)
from dashboards.queries import exceptions, orders, today
from dashboards.queries.reader import frame, tables

# beside this many rows a list stops being read
LISTED = 6
ENDED_LISTED = 30

WHICH = "Which they are is for readers with the level *sensitive*."

NO_SETTLEMENTS = (
    "No source reports settlements, so nobody can say which money has arrived. Land "
    "the payout reports of the gateway to see it."
)


def show_answer(version: Version) -> None:
    """Say in one sentence how much work waits, and of which kind."""
    summary = orders.open_orders_summary(version)
    late_payments = sum(
        total.late_payments for total in today.unsettled_totals(version)
    )
    if not summary.open_orders:
        orders_sentence = "No order is open."
    elif not summary.needing_orders:
        orders_sentence = (
            f"No order: {count(summary.open_orders, 'open order')}, none of them past "
            "its promise or with an open exception."
        )
    else:
        late, failed = summary.past_promise_orders, summary.exception_orders
        orders_sentence = (
            f"{summary.needing_orders:,} of "
            f"{count(summary.open_orders, 'open order')} "
            f"{verb(summary.needing_orders, 'needs', 'need')} a person: "
            f"{late:,} {verb(late, 'is', 'are')} past promise, "
            f"{failed:,} {verb(failed, 'has', 'have')} an open exception."
        )
    if not today.settlements_are_reported(version):
        payments_sentence = " Nothing is known of settlements."
    elif late_payments:
        payments_sentence = (
            f" {count(late_payments, 'captured payment')} "
            f"{verb(late_payments, 'is', 'are')} late to settle."
        )
    else:
        payments_sentence = " No captured payment is late to settle."
    ended = len(today.ended_orders_with_exception(version))
    ended_sentence = (
        f" {count(ended, 'ended order')} {verb(ended, 'has', 'have')} one about money."
        if ended
        else ""
    )
    answer(orders_sentence + ended_sentence + payments_sentence)


def show_needy_orders(version: Version) -> None:
    """List the orders a person should open first."""
    with block("Which orders first?"):
        summary = orders.open_orders_summary(version)
        needy = today.needy_orders(version, limit=LISTED)
        if not needy:
            st.success("None: no open order is past its promise or has an exception.")
            show_ended_orders(version)
            return
        st.markdown(
            f"{len(needy):,} of the {count(summary.needing_orders, 'order')}, longest "
            f"past promise first. A promise is known for {summary.promised_orders:,} "
            f"of {summary.open_orders:,} open orders."
        )
        if not may_see_names():
            st.caption(WHICH)
        for order in needy if may_see_names() else []:
            link_to_order(order.order_id, story_of(order))
        past_promise, exceptions = st.columns(2)
        with past_promise:
            link_to_orders("All past their promise", needs=NEEDS[orders.PAST_PROMISE])
        with exceptions:
            link_to_orders("All with an exception", needs=NEEDS[orders.OPEN_EXCEPTION])
        show_ended_orders(version)


def show_ended_orders(version: Version) -> None:
    """List the ended orders whose money is still in trouble, behind one click."""
    ended = today.ended_orders_with_exception(version)
    if not ended or not may_see_names():
        return
    with st.expander(
        f"{count(len(ended), 'ended order')} with an open exception about money"
    ):
        for order in ended[:ENDED_LISTED]:
            link_to_order(
                order.order_id,
                f"{stage(order.stage)} · {order.last_exception or 'open exception'}",
            )
        if len(ended) > ENDED_LISTED:
            st.caption(f"The latest {ENDED_LISTED} of {len(ended):,}.")


def story_of(order: today.NeedyOrder) -> str:
    """Return why an order needs a person, in a few words."""
    parts = []
    if order.is_past_promise and order.days_past_promise is not None:
        parts.append(f"{count(order.days_past_promise, 'day')} past promise")
    parts.append(f"{stage(order.stage)}, placed {duration(order.age_hours)} ago")
    if order.has_open_exception:
        parts.append(
            f"last exception: {order.last_exception}"
            if order.last_exception
            else "open exception"
        )
    return " · ".join(parts)


def show_stages(version: Version) -> None:
    """Show where the open orders stand and how old they are."""
    with block("Where do open orders stand?"):
        counts = orders.open_orders_by_stage(version)
        if not counts:
            st.info("No order is open, so there is nothing to show by stage.")
            return
        summary = orders.open_orders_summary(version)
        st.markdown(
            f"{count(summary.open_orders, 'open order')}; half are older than "
            f"{duration(summary.median_age_hours)}, the oldest was placed "
            f"{duration(summary.oldest_age_hours)} ago."
        )
        orders_by_stage_chart(counts)
        link_to_orders("Open the board")


def show_unsettled_payments(version: Version) -> None:
    """Show captured money that has not reached the bank, by currency."""
    with block("Which captured money has not settled?"):
        totals = today.unsettled_totals(version)
        if not totals:
            st.success("None: every captured payment has settled or ended otherwise.")
            return
        if not today.settlements_are_reported(version):
            st.info(NO_SETTLEMENTS)
            for total in totals:
                st.markdown(
                    f"**{amount(total.outstanding_amount, total.currency)}** captured "
                    f"in {count(total.payments, 'payment')}."
                )
            return
        for total in totals:
            st.markdown(
                f"**{amount(total.outstanding_amount, total.currency)}** in "
                f"{count(total.payments, 'payment')}, {lateness_of(total)}; the oldest "
                f"has waited {duration(total.oldest_age_hours)}."
            )
            link_to_rows(
                f"Open the {count(total.payments, 'payment')}",
                of="unsettled",
                currency=total.currency,
            )
        if not may_see_names():
            st.caption(WHICH)
            return
        st.caption(
            "Longest waiting first. The clock runs from capture; for cash on "
            "delivery, from delivery. Currencies are never added together."
        )
        for payment in today.oldest_unsettled_payments(version, limit=LISTED):
            story = (
                f"{amount(payment.outstanding_amount, payment.currency)} · "
                f"{duration(payment.open_age_hours)} · {plain(payment.method)} by "
                f"{payment.gateway or 'an unknown gateway'}"
                + (" · late" if payment.is_settlement_late else " · not due yet")
            )
            if payment.order_id:
                link_to_order(payment.order_id, story)
            else:
                st.markdown(f"**{escape(payment.payment_id)}** · {escape(story)}")


def lateness_of(total: today.UnsettledTotal) -> str:
    """Return how many payments are late, and how many of those by a week or more."""
    if not total.late_payments:
        return "none past the due date"
    return f"{total.late_payments:,} past the due date" + (
        f" ({total.timed_out_payments:,} by a week or more)"
        if total.timed_out_payments
        else ""
    )


def show_headlines(version: Version) -> None:
    """Show the headline figures, each with its change, maturity and bias."""
    shown = [
        count_figure(
            version,
            "orders",
            "Orders placed",
            good="up",
            opens="Open the orders",
        ),
        share_figure(
            version,
            "reservation_failure_rate",
            "Lines without stock",
            "lines",
            good="down",
            opens="Open the failed lines",
        ),
        share_figure(
            version,
            "promise_kept_original_rate",
            "First promise kept",
            "orders",
            good="up",
            opens="Open the orders kept",
        ),
        share_figure(
            version,
            "unit_return_rate",
            "Units sent back",
            "units delivered",
            good="down",
            bias="Units delivered lately have hardly had the time to come back, so the "
            "rate of the last weeks always looks better than it is.",
            opens="Open what came back",
        ),
        share_figure(
            version,
            "refund_within_48h_share",
            "Refunds within 48 hours",
            "refunds due",
            good="up",
            bias="It counts refunds that have not had their 48 hours yet.",
            opens="Open those in time",
        ),
        share_figure(
            version,
            "retry_recovery_rate",
            "Failed first payments won back",
            "orders",
            good="up",
            bias="It counts orders whose 24 hours to retry are not over.",
            opens="Open those won back",
        ),
    ]
    times = today.settlement_times(version)
    if times and times.settled:
        shown.append(p90_figure(times))
    rates = today.returns_to_origin(version)
    if rates and rates.shipped:
        shown.append(rto_figure(rates))
    st.markdown("### How do the last weeks compare?")
    figures(shown)


def show_exceptions(version: Version) -> None:
    """Show whose exceptions wait, and for how long."""
    with block("Whose exceptions wait?"):
        waiting = frame(version, exceptions.OPEN_BY_OWNER_AND_AGE)
        if waiting.empty:
            st.success("Nobody's: no exception is open.")
            return
        owners = waiting.groupby("owner")["exceptions"].sum().sort_values()
        waiting["owner"] = waiting["owner"].map(plain)
        total = int(owners.sum())
        most = plain(str(owners.index[-1]))
        st.markdown(
            f"{count(total, 'open exception')}; most are for **{escape(most)}** "
            f"({int(owners.iloc[-1]):,})."
        )
        heat(
            waiting,
            x="age",
            y="owner",
            value="exceptions",
            x_title="Days since it was opened",
            y_title="",
            value_title="Open exceptions",
            x_sort=exceptions.AGES,
            y_sort=[plain(str(owner)) for owner in reversed(owners.index)],
            scheme="oranges",
            description="Open exceptions by owner and age: "
            + ", ".join(
                f"{plain(str(name))} {number}" for name, number in owners.items()
            ),
        )
        owner = st.selectbox(
            "Show those for",
            [str(name) for name in reversed(owners.index)],
            index=None,
            format_func=plain,
            # leaving the page drops this from the address, and rows go by `owner`
            key="chosen_owner",
            bind="query-params",
            placeholder="Every owner",
        )
        table(
            version,
            "exceptions",
            exceptions.open_by_kind(owner),
            description="Open exceptions by kind with their next action",
            headings={"exception_name": "Exception", "next_action": "What to do"},
            noun="kind",
            behind=Behind(
                "exceptions", "exceptions", ("exception_name", "owner", "severity")
            ),
        )
        link_to_rows(
            f"Open {'them' if owner else 'all of them'}",
            of="exceptions",
            **({"owner": owner} if owner else {}),
        )


BLOCKS = (
    (show_needy_orders, ("marts.fct_orders", "marts.fct_shipments", "marts.events")),
    (show_exceptions, ("marts.fct_exceptions",)),
    (show_stages, ("marts.fct_orders", "marts.fct_shipments")),
    (show_unsettled_payments, ("marts.fct_payments",)),
)

HEADLINES = ("metrics.metric_daily", "metrics.settlement_times", "metrics.rto_rates")

st.title("What needs a person now?")
shown_now = shown_version()
show_answer(shown_now)

there = tables(shown_now)
ready = [show for show, needed in BLOCKS if there.issuperset(needed)]
for first, column in enumerate(st.columns(2)):
    with column:
        for show in ready[first::2]:
            show(shown_now)
if there.issuperset(HEADLINES):
    show_headlines(shown_now)
