"""Money going back, and the captured money that reaches the bank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingestion.simulator.calendar import Calendar
from ingestion.simulator.delivering import Delivery
from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.fulfilling import PARCELS, Fulfillment, refund_due
from ingestion.simulator.journal import (
    DAY,
    NEVER,
    Fields,
    Journal,
    Partly,
    Text,
    after,
    joined,
    labels,
    text,
    when,
)
from ingestion.simulator.parameters import PAYMENTS, RETURNS
from ingestion.simulator.paying import (
    CARD,
    PAYU,
    RAZORPAY,
    STRIPE,
    Payments,
    fees,
    record_rest_capture,
)
from ingestion.simulator.placing import COD, PREPAID, SHOP, Orders
from ingestion.simulator.returning import LineReturn, return_line_id

RETURN, CANCELLATION, RTO, NOT_RECEIVED = range(4)
CAUSES = ("return", "cancellation", "rto", "item_not_received")


def move_money(
    orders: Orders,
    payments: Payments,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
    calendar: Calendar,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record second captures, refunds, settlements and disputes of a block."""
    stop = fulfillment.cancellation.at
    captured = when(payments.captured < stop, payments.captured)
    rest = after(
        when(payments.is_split & (captured < NEVER), fulfillment.shipped.min(axis=0)),
        payments.rest_wait,
    )
    record_rest_capture(orders, payments, rest, journal)
    completed: list[tuple[Integers, Integers]] = []
    for claim in _claims(orders, payments, fulfillment, delivery, returns):
        completed.append(
            _refund(orders, payments, claim, captured, rest, draws, journal)
        )
    _settle(
        orders,
        payments,
        captured,
        payments.first_part,
        "first",
        completed,
        calendar,
        draws,
        journal,
    )
    _settle(
        orders,
        payments,
        rest,
        orders.prepaid_part - payments.first_part,
        "rest",
        [],
        calendar,
        draws,
        journal,
    )
    _dispute(orders, payments, captured, draws, journal)


def _claims(
    orders: Orders,
    payments: Payments,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
) -> Iterator[Claim]:
    """List what may be owed back: one sum per order and occasion."""
    stop = fulfillment.cancellation.at
    prepaid = orders.mode == PREPAID
    lines_back = np.zeros(len(stop), dtype=np.int64)
    for line in (0, 1):
        at = fulfillment.line_cancelled[line]
        amount = fulfillment.cancelled_units[line] * orders.unit_paid[line]
        # a part is owed only from what has been taken
        amount = np.minimum(amount, np.maximum(payments.first_part - lines_back, 0))
        owed = prepaid & (payments.captured < at) & (amount > 0)
        lines_back += np.where(owed & (at < NEVER), amount, 0)
        yield Claim(f"c{line + 1}", CANCELLATION, when(owed, at), amount)
    whole = np.maximum(refund_due(payments, stop) - lines_back, 0)
    yield Claim("c", CANCELLATION, when(whole > 0, stop), whole)
    for number in range(PARCELS):
        parcel = delivery.parcels[number]
        worth = (fulfillment.goods[number] * orders.unit_paid).sum(axis=0)
        yield Claim(f"o{number + 1}", RTO, when(prepaid, parcel.returned), worth)
        yield Claim(
            f"l{number + 1}",
            NOT_RECEIVED,
            after(when(prepaid, parcel.lost), DAY),
            worth,
        )
    worth = (fulfillment.goods[0] * orders.unit_paid).sum(axis=0)
    yield Claim("p", CANCELLATION, when(prepaid, delivery.pickup_expired), worth)
    for line, one in enumerate(returns):
        yield Claim(
            f"r{line + 1}",
            RETURN,
            one.refund_due,
            one.quantity * orders.unit_paid[line],
            return_line_id(orders, line),
        )


def _refund(
    orders: Orders,
    payments: Payments,
    claim: Claim,
    captured: Integers,
    rest: Integers,
    draws: Draws,
    journal: Journal,
) -> tuple[Integers, Integers]:
    """Refund one kind of claim; return when it arrived and how much."""
    settings = RETURNS
    key = f"refund/{claim.name}"
    wait = settings.refund_start[claim.cause].whole(draws.uniform(f"{key}/wait")) + 30
    is_kept = draws.chance(f"{key}/kept", 1 - settings.refund_forgotten_share)
    started = after(when(is_kept, claim.due), wait)
    # money still to be taken cannot be given back
    started = np.where(
        (started < NEVER) & (rest < NEVER), np.maximum(started, rest + 3600), started
    )
    by_gateway = (captured < NEVER) & (orders.mode == PREPAID) | (
        claim.cause == CANCELLATION
    )
    route = np.where(by_gateway, payments.gateway, PAYU)
    arrived = after(
        started, by_segment(settings.refund_bank, route, draws.uniform(f"{key}/bank"))
    )
    is_bounced = draws.chance(f"{key}/bounced", settings.refund_failed_share)
    bounced = when(is_bounced, arrived)
    again = after(bounced, settings.refund_again.whole(draws.uniform(f"{key}/again")))
    done = np.where(is_bounced, again, arrived)
    refund_id = joined("rf-", orders.order_id, f"-{claim.name}")
    is_partial = claim.amount < orders.prepaid_part
    is_partial = np.where(orders.mode == COD, claim.amount < orders.total, is_partial)
    money: Fields = {"amount_minor": claim.amount, "currency": orders.currency}
    who: Fields = {
        "order_id": orders.order_id,
        "refund_id": refund_id,
        "payment_id": Partly(payments.payment_id, by_gateway),
    }
    slot: Fields = {"slot": claim.name}
    source = joined(
        labels(by_gateway.astype(int), ("shop:", "")),
        labels(np.where(by_gateway, payments.gateway, 3), (*PAYMENTS.gateways, "")),
        labels(by_gateway.astype(int), ("", ":")),
        SHOP.split(":")[1],
    )
    trail: Fields = {}
    if claim.return_line_id is not None:
        trail["return_line_id"] = claim.return_line_id
    journal.record(
        "payments",
        "refund_initiated",
        at=started,
        source=SHOP,
        **slot,
        **who,
        **money,
        refund_cause=CAUSES[claim.cause],
        is_partial=is_partial,
        refund_destination=labels(
            by_gateway.astype(int), ("bank_transfer", "original_method")
        ),
        expected_at=after(started, 6 * DAY),
        **trail,
    )
    journal.record(
        "payments",
        "refund_failed",
        at=bounced,
        source=source,
        **slot,
        **who,
        **money,
        error_code="ACCOUNT_CLOSED",
        attempt_no=1,
    )
    journal.record(
        "payments",
        "refund_completed",
        at=done,
        source=source,
        **slot,
        refund_id=refund_id,
        payment_id=who["payment_id"],
        **money,
        is_partial=is_partial,
        attempt_no=1 + is_bounced.astype(np.int64),
    )
    return when(by_gateway, done), claim.amount


def _settle(
    orders: Orders,
    payments: Payments,
    captured: Integers,
    amount: Integers,
    part: str,
    completed: list[tuple[Integers, Integers]],
    calendar: Calendar,
    draws: Draws,
    journal: Journal,
) -> None:
    """Settle one capture per order, less what went back before."""
    settings = PAYMENTS
    key = f"settle/{part}"
    wait = by_segment(
        settings.settlement, payments.gateway, draws.uniform(f"{key}/wait")
    )
    is_kept = draws.chance(f"{key}/kept", 1 - settings.unsettled_share)
    due = calendar.into_banking_days(after(when(is_kept, captured), wait))
    settled = _at_the_bank(due)
    back = np.zeros(len(amount), dtype=np.int64)
    for done, value in completed:
        back += np.where(done < settled, value, 0)
    gross = amount - back
    settled = when(gross > 0, settled)
    gross = np.maximum(gross, 0)
    slot: Fields = {"slot": part}
    common: Fields = {"source": payments.source, "feed": "batch"}
    gateway = labels(payments.gateway, settings.gateways)
    letter = labels(payments.gateway, ("rp", "pu", "st"))
    payment: Fields = {"payment_id": payments.payment_id}

    fails = draws.chance(f"{key}/fails", settings.failed_payout_share)
    journal.record(
        "payments",
        "payment_settlement_failed",
        at=when(fails, settled),
        **common,
        **slot,
        **payment,
        payout_id=joined("po-", letter, "-", text(settled // DAY)),
        error_code="BANK_RETURNED",
        amount_minor=gross,
        currency=orders.currency,
    )
    settled = np.where(
        fails,
        _at_the_bank(calendar.into_banking_days(after(settled, 2 * DAY))),
        settled,
    )
    is_split = draws.chance(f"{key}/split", settings.split_settlement_share)
    first = np.where(is_split, gross * 7 // 10, gross)
    second_at = _at_the_bank(
        calendar.into_banking_days(after(when(is_split, settled), DAY))
    )
    for number, (at, value) in enumerate(
        ((settled, first), (second_at, gross - first))
    ):
        fee, tax = fees(payments, value)
        money: Fields = {
            "gross_minor": value,
            "fee_minor": fee,
            "fee_tax_minor": tax,
            "net_minor": value - fee,
            "currency": orders.currency,
            "gateway": gateway,
        }
        bank = at
        # parts of one payment may reach the bank in one run
        mark = f"-{part[0]}{number + 1}" if part == "rest" or number else ""
        for gateways, basis in (
            ((PAYU, STRIPE), "gateway_available"),
            ((RAZORPAY, PAYU, STRIPE), "bank_payout"),
        ):
            when_settled = at
            if basis == "bank_payout":
                lag = settings.payout_after_available.whole(
                    draws.uniform(f"{key}/payout/{number}")
                )
                later = _at_the_bank(calendar.into_banking_days(after(at, lag)))
                later = np.maximum(later, after(at, 4 * 3600))
                bank = np.where(payments.gateway == RAZORPAY, at, later)
                when_settled = bank
            day = text(when_settled // DAY)
            journal.record(
                "payments",
                "payment_settled",
                at=when_settled,
                where=np.isin(payments.gateway, gateways),
                **common,
                slot=f"{part}{number}{basis}",
                **payment,
                settlement_id=joined("se-", letter, "-", day, mark),
                settlement_basis=basis,
                **money,
                payout_id=Partly(
                    joined("po-", letter, "-", day),
                    np.full(len(at), basis == "bank_payout"),
                ),
            )
        if number == 0:
            is_reversed = draws.chance(f"{key}/reversed", settings.reversed_share)
            journal.record(
                "payments",
                "payment_settlement_reversed",
                at=after(when(is_reversed, bank), 6 * DAY + 7000),
                **common,
                **slot,
                **payment,
                settlement_id=joined("se-", letter, "-", text(bank // DAY), mark),
                amount_minor=value,
                currency=orders.currency,
                reversal_cause="bank_return",
            )


def _at_the_bank(moments: Integers) -> Integers:
    """Move moments to the batch run late in the morning."""
    run = moments // DAY * DAY + 11 * 3600 + moments % 5400
    return np.where(moments >= NEVER, NEVER, run)


def _dispute(
    orders: Orders,
    payments: Payments,
    captured: Integers,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record chargebacks on cards and how they end."""
    settings = PAYMENTS
    is_disputed = (payments.method == CARD) & draws.chance(
        "dispute", settings.dispute_share
    )
    opened = after(
        when(is_disputed, captured), settings.dispute.whole(draws.uniform("dispute/at"))
    )
    decided = after(
        opened, settings.dispute_decision.whole(draws.uniform("dispute/decision"))
    )
    case: Fields = {
        "source": payments.source,
        "payment_id": payments.payment_id,
        "dispute_id": joined("dp-", orders.order_id),
        "amount_minor": payments.first_part,
        "currency": orders.currency,
    }
    journal.record(
        "payments",
        "dispute_opened",
        at=opened,
        **case,
        reason_code=labels(
            (draws.uniform("dispute/reason") * 3).astype(np.int64),
            ("not_received", "unauthorized", "not_as_described"),
        ),
        evidence_due_at=after(opened, 11 * DAY),
    )
    is_lost: Flags = draws.chance("dispute/lost", settings.dispute_lost_share)
    journal.record("payments", "dispute_lost", at=when(is_lost, decided), **case)
    journal.record("payments", "dispute_won", at=when(~is_lost, decided), **case)


@dataclass(frozen=True)
class Claim:
    """One sum per order that may be owed back, and from when."""

    name: str
    cause: int
    due: Integers
    amount: Integers
    return_line_id: Text | None = None
