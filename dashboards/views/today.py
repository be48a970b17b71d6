"""Today: what needs a person now, then the headline figures and their bias."""

from __future__ import annotations

import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block
from dashboards.components.charts import orders_by_stage_chart
from dashboards.components.links import link_to_order, link_to_orders
from dashboards.components.shown_version import freshness, shown_version
from dashboards.components.words import (
    NEEDS,
    amount,
    count,
    day,
    duration,
    escape,
    months,
    percent,
    plain,
    stage,
    verb,
)
from dashboards.queries import orders, today
from dashboards.queries.reader import store_zone, tables

# beside this many rows a list stops being read
LISTED = 6
ENDED_LISTED = 30

# fewer than this in a denominator say nothing yet
RANKABLE = 30

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
        for order in needy:
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
    if not ended:
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


def show_settlement_times(version: Version) -> None:
    """Show how long money takes, open payments counted as still waiting."""
    with block("How long does captured money take to settle?"):
        times = today.settlement_times(version)
        if times is None or not times.payments:
            st.info("No payment has been captured yet.")
            return
        if not times.settled:
            st.info(NO_SETTLEMENTS)
            return
        half, most = st.columns(2)
        half.metric("Half settled within (p50)", percentile(times.p50_hours))
        most.metric("90 % settled within (p90)", percentile(times.p90_hours))
        for share, hours in (("half", times.p50_hours), ("90 %", times.p90_hours)):
            if hours is None:
                st.markdown(
                    f"Not reached: fewer than {share} of the payments are known to "
                    "settle so far, so this time cannot be said yet."
                )
        st.caption(
            f"{count(times.payments, 'captured payment')} to date: "
            f"{times.settled:,} settled, {times.open:,} still open and counted as "
            f"waiting, {times.competing:,} refunded, voided or disputed first. "
            "Counting settled ones only, which flatters: p90 "
            f"{duration(times.naive_p90_hours)}, mean "
            f"{duration(times.naive_mean_hours)}."
        )


def percentile(hours: float | None) -> str:
    """Return a percentile in words, ``not reached`` where the curve ends before it."""
    return "not reached" if hours is None else duration(hours)


def show_reservation_failures(version: Version) -> None:
    """Show how often stock was not there in the last days of data."""
    with block("How often was stock not there?"):
        failures = today.reservation_failures(version)
        if failures.first_date is None or failures.last_date is None:
            st.info("No reservation has been answered yet.")
            return
        rate = share(failures.lines_failed, failures.lines_requested)
        before = share(failures.lines_failed_before, failures.lines_requested_before)
        st.metric(
            f"Lines failed, {day(failures.first_date)} to {day(failures.last_date)}",
            percent(rate),
            delta=(
                None
                if rate is None or before is None
                else f"{(rate - before) * 100:.1f} points vs the 7 days before"
            ),
            delta_color="inverse",
        )
        st.markdown(
            f"{failures.lines_failed:,} of {count(failures.lines_requested, 'line')} "
            "could not be reserved"
            + (
                "; too few to judge."
                if failures.lines_requested < RANKABLE
                else f" (the 7 days before: {failures.lines_failed_before:,} of "
                f"{failures.lines_requested_before:,})."
            )
        )
        worst = today.failing_stock(version, limit=LISTED)
        if worst:
            st.dataframe(
                {
                    "SKU": [stock.sku for stock in worst],
                    "Location": [stock.location_id for stock in worst],
                    "Failed": [stock.lines_failed for stock in worst],
                    "Asked": [stock.lines_requested for stock in worst],
                },
                hide_index=True,
                alt="SKUs and locations with most failed lines in these 7 days",
            )
        st.caption(
            "In lines: one counts once a day, SKU and location, however often retried."
        )


def share(part: int, whole: int) -> float | None:
    """Return part of whole, ``None`` where there is no whole."""
    return part / whole if whole else None


def show_returns_to_origin(version: Version) -> None:
    """Show the matured RTO rate beside the naive one."""
    with block("How many parcels come back undelivered (RTO)?"):
        rates = today.returns_to_origin(version)
        if rates is None or not rates.shipped:
            st.info("No parcel has been shipped yet.")
            return
        honest, naive = st.columns(2)
        honest.metric(
            "Matured rate",
            percent(rates.matured_rate),
            help="Cumulative incidence: parcels still on their way are not counted "
            "as delivered, and lost ones are not counted as returned.",
        )
        naive.metric(
            "Naive rate",
            percent(rates.naive_rate),
            help="RTO so far over everything shipped. Parcels still on their way "
            "count as if they never came back, so it reads too low.",
        )
        resolved = rates.delivered + rates.rto
        st.markdown(bias_of(rates))
        st.caption(
            f"{count(rates.shipped, 'parcel')} shipped to date, "
            f"{rates.rto:,} returned, {percent(rates.pct_resolved)} with an end. "
            + (
                "The matured rate is read "
                f"{rates.matured_age_days:.0f} days after shipping."
                if rates.matured_age_days is not None
                else "No age has been observed yet."
            )
            + (" Too few ended to compare with." if resolved < RANKABLE else "")
        )


def bias_of(rates: today.ReturnsToOrigin) -> str:
    """Return in words how far the naive rate is from the matured one."""
    if rates.matured_rate is None or rates.naive_rate is None:
        return "How many come back in the end cannot be said yet."
    if not rates.rto:
        return "No parcel has come back."
    gap = (rates.matured_rate - rates.naive_rate) * 100
    if abs(gap) < 0.05:
        return "Both agree: hardly a parcel is still on its way."
    return (
        f"The naive rate reads {abs(gap):.1f} points too "
        f"{'low' if gap > 0 else 'high'}: parcels still on their way can come back."
    )


def show_return_reasons(version: Version) -> None:
    """Show why delivered units come back."""
    with block("Why do customers send things back?"):
        deliveries = today.mature_deliveries(version)
        if deliveries.first_month is None or deliveries.last_month is None:
            st.info(
                "Too early to say: no delivered month is old enough. The return window "
                "and the way back must be over."
            )
            return
        period = months(deliveries.first_month, deliveries.last_month)
        delivered = count(deliveries.units_delivered, "unit")
        reasons = today.top_return_reasons(version, limit=3)
        if not reasons:
            st.success(f"Nothing came back of {delivered} delivered in {period}.")
            return
        rate = share(deliveries.units_returned, deliveries.units_delivered)
        st.markdown(
            f"Most often **{plain(reasons[0].reason)}**: "
            f"{count(reasons[0].units_returned, 'unit')} of the "
            f"{deliveries.units_returned:,} that came back."
        )
        for reason in reasons[1:]:
            st.markdown(
                f"Then {plain(reason.reason)}: {count(reason.units_returned, 'unit')}."
            )
        st.caption(
            f"{percent(rate)} of {delivered} delivered in {period} came back. Younger "
            "months can still come back and are left out."
        )


def show_rejected_lines(version: Version) -> None:
    """Show which landed lines broke the contract."""
    with block("Which lines were refused at landing?"):
        reasons = today.rejected_reasons(version)
        delivered = today.delivered_lines(version)
        if not reasons:
            st.success(f"None of {count(delivered.lines, 'delivered line')}.")
            return
        refused = sum(reason.lines for reason in reasons)
        st.markdown(
            f"**{count(refused, 'line')}** of {delivered.lines:,} delivered "
            f"({percent(share(refused, delivered.lines))}), none replayed since. "
            f"Most often: {plain(reasons[0].reason_code)}."
        )
        st.dataframe(
            {
                "Reason": [plain(reason.reason_code) for reason in reasons],
                "Lines": [reason.lines for reason in reasons],
                "Last": [
                    reason.last_rejected_at.astimezone(store_zone(version)).date()
                    for reason in reasons
                ],
            },
            hide_index=True,
            column_config={"Last": st.column_config.DateColumn(format="D MMM YYYY")},
            alt="Refused lines by reason",
        )


BLOCKS = (
    (show_needy_orders, ("marts.fct_orders", "marts.fct_shipments", "marts.events")),
    (show_stages, ("marts.fct_orders", "marts.fct_shipments")),
    (show_unsettled_payments, ("marts.fct_payments",)),
    (show_settlement_times, ("metrics.settlement_times",)),
    (show_reservation_failures, ("metrics.reservation_failures",)),
    (show_returns_to_origin, ("metrics.rto_rates",)),
    (show_return_reasons, ("metrics.return_reasons",)),
    (show_rejected_lines, ("marts.rejected_events", "marts.landings")),
)

st.title("What needs a person now?")
shown = shown_version()
show_answer(shown)
freshness(shown)

there = tables(shown)
ready = [show for show, needed in BLOCKS if there.issuperset(needed)]
for first, column in enumerate(st.columns(2)):
    with column:
        for show in ready[first::2]:
            show(shown)
