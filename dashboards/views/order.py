"""One order: where it stands, its money, and everything that happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import streamlit as st

from dagster_project.published import Version
from dashboards.components.blocks import answer, block, search_box
from dashboards.components.events import sentence_of
from dashboards.components.links import (
    CUSTOMER_PAGE,
    link,
    link_to_order,
    link_to_orders,
)
from dashboards.components.shown_version import shown_version
from dashboards.components.words import (
    amount,
    count,
    day,
    duration,
    escape,
    moment,
    plain,
    stage,
)
from dashboards.queries import order as one_order
from dashboards.queries import orders
from dashboards.queries.reader import store_zone, tables
from dashboards.queries.today import settlements_are_reported

MATCHES = 10


def show_unknown(version: Version, text: str) -> None:
    """Say that no such order exists, and offer those the id may have meant."""
    matches = orders.orders_with_id(version, text, limit=MATCHES)
    answer(f"There is no order “{escape(text)}”.")
    if matches:
        st.markdown("Did you mean one of these?")
        for match in matches:
            found = "" if match.kind == "order" else f"{match.kind} {match.found_id}"
            link_to_order(match.order_id, found)
    else:
        st.info(
            "No order, payment, parcel or return id begins with it either. An order "
            "appears here once its first event has been published."
        )


def show_answer(
    version: Version, order: one_order.Order, parcels: Sequence[one_order.Parcel]
) -> None:
    """Say where the order stands and whether its promise holds."""
    zone = store_zone(version)
    age = (version.as_of - order.placed_at).total_seconds() / 3600
    sentence = f"{stage(order.stage)}. Placed {duration(age)} ago"
    answer(f"{sentence}; {promise_of(parcels, version.as_of, zone)}.")
    if order.has_open_exception:
        st.badge("Open exception", icon=":material/error:", color="red")


def promise_of(
    parcels: Sequence[one_order.Parcel], now: datetime, zone: ZoneInfo
) -> str:
    """Return what was promised and whether it was kept, by the store's calendar day."""
    promises = [
        parcel.effective_promise_at for parcel in parcels if parcel.effective_promise_at
    ]
    if not promises:
        return "no delivery date is known to have been promised"
    last = max(promises)
    text = f"promised by {day(last.astimezone(zone))}"
    if any(parcel.is_past_promise for parcel in parcels):
        late = (now.astimezone(zone).date() - last.astimezone(zone).date()).days
        return f"{text}, {count(late, 'day')} past it" if late > 0 else f"{text}, late"
    if any(parcel.is_on_time_current is False for parcel in parcels):
        return f"{text}, not kept"
    if all(parcel.is_on_time_current for parcel in parcels):
        return f"{text}, kept"
    return f"{text}, not due yet"


def show_money(order: one_order.Order) -> None:
    """Show the order's money: ordered, captured, settled, refunded."""
    sums = (
        ("ordered", order.ordered_amount),
        ("captured", order.captured_amount),
        ("settled (gross)", order.settled_amount),
        ("refunded", order.refunded_amount),
    )
    st.markdown(
        " · ".join(
            f"**{escape(amount(value, order.currency))}** {what}"
            for what, value in sums
        )
    )


def show_timeline(events: Sequence[one_order.TimelineEvent], zone: ZoneInfo) -> None:
    """Show every event as a sentence under its day, oldest first."""
    with block("What happened?"):
        exceptions = sum(event.is_exception for event in events)
        st.markdown(
            f"{count(len(events), 'event')}, {count(exceptions, 'exception')}. "
            f"Times are in {escape(zone.key)}."
        )
        for on, happened in groupby(
            events, key=lambda event: event.occurred_at.astimezone(zone).date()
        ):
            st.markdown(
                f"**{day(on)}**\n\n"
                + "\n".join(f"- {sentence_of(event, zone)}" for event in happened)
            )


def show_things(question: str, none: str, things: Iterable[Mapping[str, str]]) -> None:
    """Show the things that belong to an order, one line of named facts each."""
    with block(question):
        shown_any = False
        for thing in things:
            shown_any = True
            st.markdown(
                "  \n".join(
                    f"**{escape(text)}**" if name == "" else f"{name}: {escape(text)}"
                    for name, text in thing.items()
                    if text
                )
            )
        if not shown_any:
            st.markdown(none)


def show_gates(gates: one_order.Gates | None, zone: ZoneInfo) -> None:
    """Show which gates an order has passed before it may be packed."""
    with block("Which gates has it passed?"):
        if gates is None:
            st.markdown("Nothing is known of its gates.")
            return
        for name, passed_at, reason in gates.each():
            if passed_at:
                text = f":green[:material/check_circle:] **{name}**, "
                text += escape(moment(passed_at, zone))
            elif reason:
                text = f":red[:material/block:] **{name}**: {escape(plain(reason))}"
            else:
                text = f":gray[:material/remove: {name}: does not apply]"
            st.markdown(text)
        if gates.gate_blocking:
            st.caption(f"It waits for the {escape(plain(gates.gate_blocking))} gate.")
        if gates.shipped_before_ready:
            st.badge("Shipped before it was ready", color="orange")


def promise_facts(promise: one_order.Promise, zone: ZoneInfo) -> dict[str, str]:
    """Return what there is to know of a promise."""
    by = day(promise.promise_max_at.astimezone(zone)) if promise.promise_max_at else "?"
    kind = (
        "First promise" if promise.is_original else f"Promise {promise.promise_number}"
    )
    if promise.is_current:
        kind += ", current"
    return {
        "": f"{kind}: by {by}",
        "Made": moment(promise.promised_at, zone) if promise.promised_at else "",
        "Why": plain(promise.reason_code) if promise.reason_code else "",
        "Told": moment(promise.told_at, zone) if promise.told_at else "not known",
        "Mark": "made after the one before had broken"
        if promise.was_broken_before_revision
        else "",
    }


def refund_facts(refund: one_order.Refund, zone: ZoneInfo) -> dict[str, str]:
    """Return what there is to know of a refund."""
    return {
        "": f"{amount(refund.amount, refund.currency)} · {plain(refund.cause)}",
        "Due": moment(refund.due_at, zone) if refund.due_at else "",
        "Started": moment(refund.initiated_at, zone)
        if refund.initiated_at
        else "not yet",
        "Arrived": moment(refund.completed_at, zone)
        if refund.completed_at
        else "not yet",
        "Failed": moment(refund.failed_at, zone) if refund.failed_at else "",
    }


def line_facts(line: one_order.Line) -> dict[str, str]:
    """Return what there is to know of an order line."""
    moved = {
        "shipped": line.quantity_shipped,
        "delivered": line.quantity_delivered,
        "returned": line.quantity_returned,
        "cancelled": line.quantity_cancelled,
    }
    return {
        "": f"{count(line.quantity or 0, 'unit')} of {line.sku or 'an unknown SKU'}",
        "Price": f"{amount(line.unit_price, line.currency)} a unit, "
        f"{amount(line.ordered_amount, line.currency)} together",
        "Units": ", ".join(f"{units} {what}" for what, units in moved.items() if units)
        or "none moved yet",
    }


def payment_facts(
    payment: one_order.Payment, zone: ZoneInfo, *, is_settling: bool
) -> dict[str, str]:
    """Return what there is to know of a payment.

    Args:
        payment: One payment of the order.
        zone: The store's zone.
        is_settling: Whether any source says when money arrives; else none is late.
    """
    waits = payment.exit == "open" and payment.captured_at and is_settling
    return {
        "": f"{payment.payment_id} · {plain(payment.exit)}",
        "Paid by": f"{plain(payment.method)}, {payment.gateway or 'unknown gateway'}",
        "Captured": dated(
            amount(payment.captured_amount, payment.currency),
            payment.captured_at,
            zone,
        ),
        "Settled (gross)": dated(
            amount(payment.settled_gross_amount, payment.currency),
            payment.settled_at,
            zone,
        ),
        "Waiting": f"{duration(payment.open_age_hours)} since capture" if waits else "",
        "Due": moment(payment.settlement_due_at, zone)
        + (", late" if payment.is_settlement_late else "")
        if waits and payment.settlement_due_at
        else "",
    }


def parcel_facts(parcel: one_order.Parcel, zone: ZoneInfo) -> dict[str, str]:
    """Return what there is to know of a parcel."""
    outcome = plain(parcel.outcome) if parcel.shipped_at else "not shipped yet"
    promised = ""
    if parcel.effective_promise_at:
        promised = day(parcel.effective_promise_at.astimezone(zone))
        if (
            parcel.original_promise_at
            and parcel.original_promise_at != parcel.effective_promise_at
        ):
            original = day(parcel.original_promise_at.astimezone(zone))
            promised += f" (first {original})"
        if parcel.is_past_promise or parcel.is_on_time_current is False:
            promised += ", not kept"
    return {
        "": f"{parcel.shipment_id} · {outcome}",
        "Carrier": parcel.carrier or "unknown",
        "Shipped": moment(parcel.shipped_at, zone) if parcel.shipped_at else "",
        "Promised by": promised,
        "Attempts": str(parcel.attempt_count or ""),
        "Ended": moment(parcel.outcome_at, zone) if parcel.outcome_at else "",
    }


def return_facts(line: one_order.ReturnLine, zone: ZoneInfo) -> dict[str, str]:
    """Return what there is to know of a return line."""
    return {
        "": f"{line.return_id or line.return_line_id} · "
        f"{plain(line.outcome) if line.outcome else 'under way'}",
        "What": f"{plain(line.kind)} of {count(line.quantity or 0, 'unit')} of "
        f"{line.sku or 'an unknown SKU'}",
        "Reason": plain(line.reason_code),
        "Asked for": moment(line.initiated_at, zone) if line.initiated_at else "",
        "Received": moment(line.received_at, zone) if line.received_at else "not yet",
        "Refund": amount(line.refund_amount, line.currency)
        if line.refund_amount is not None
        else "",
    }


def dated(text: str, at: datetime | None, zone: ZoneInfo) -> str:
    """Return text with the time it stands for; empty where it never happened."""
    return f"{text}, {moment(at, zone)}" if at else ""


def show_order(version: Version, order_id: str) -> None:
    """Show one order, or say in plain words that it is not known."""
    zone = store_zone(version)
    order = one_order.order(version, order_id)
    events = one_order.timeline(version, order_id)
    if order is None and not events:
        show_unknown(version, order_id)
        return
    parcels = one_order.parcels(version, order_id)
    is_settling = settlements_are_reported(version)
    known = tables(version)
    if order is None:
        answer("Its placing never came, so where it stands is not known.")
    else:
        show_answer(version, order, parcels)
        show_money(order)
        if order.customer_id:
            link(
                CUSTOMER_PAGE,
                f"Customer {escape(order.customer_id)}",
                icon=":material/person:",
                customer_id=order.customer_id,
            )
    story, things = st.columns([3, 2])
    with story:
        show_timeline(events, zone)
    with things:
        if "marts.order_readiness" in known:
            show_gates(one_order.gates(version, order_id), zone)
        show_things(
            "What was ordered?",
            "No line is known.",
            (line_facts(line) for line in one_order.lines(version, order_id)),
        )
        show_things(
            "How was it paid?",
            "Cash on delivery: nothing has been collected at the door yet."
            if order and order.payment_mode == "cod"
            else "No payment is known.",
            (
                payment_facts(payment, zone, is_settling=is_settling)
                for payment in one_order.payments(version, order_id)
            ),
        )
        show_things(
            "Where are its parcels?",
            "No parcel is known.",
            (parcel_facts(parcel, zone) for parcel in parcels),
        )
        if "marts.fct_delivery_promises" in known:
            show_things(
                "What was promised?",
                "No delivery date is known to have been promised.",
                (
                    promise_facts(promise, zone)
                    for promise in one_order.promises(version, order_id)
                ),
            )
        show_things(
            "What comes back?",
            "No return is known.",
            (return_facts(line, zone) for line in one_order.returns(version, order_id)),
        )
        if "marts.fct_refunds" in known:
            show_things(
                "What goes back to the customer?",
                "No refund is known.",
                (
                    refund_facts(refund, zone)
                    for refund in one_order.refunds(version, order_id)
                ),
            )


wanted = st.query_params.get("order_id", "").strip()
question, finder = st.columns([3, 1], vertical_alignment="bottom")
with question:
    st.title(f"Where is order {escape(wanted)}?" if wanted else "Where is one order?")
shown = shown_version()
with finder:
    typed = search_box("Order id", "Type an order id", key="order_id")
if typed:
    show_order(shown, typed)
else:
    answer("Type an order id, or choose an order on the board.")
    link_to_orders("Open the board")
