"""Money going back, and the captured money that reaches the bank."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.payments.paying import Payments, fees, record_rest_capture
from ingestion.simulator.payments.trying import CARD, PAYU, RAZORPAY, STRIPE
from ingestion.simulator.record.calendar import Calendar
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, joined, labels, text
from ingestion.simulator.returns.owing import Debt
from ingestion.simulator.returns.repaying import Till, repay
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.warehouse.fulfilling import Fulfillment


def move_money(
    orders: Orders,
    payments: Payments,
    fulfillment: Fulfillment,
    delivery: Delivery,
    debts: Iterable[Debt],
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
    till = Till(
        taken=(
            (captured, payments.first_part),
            (rest, orders.prepaid_part - payments.first_part),
            *zip(delivery.collected, delivery.cash, strict=True),
        ),
        given=np.zeros(len(stop), dtype=np.int64),
    )
    completed = [
        repay(orders, payments, debt, till, captured, rest, calendar, draws, journal)
        for debt in debts
        if (debt.due < NEVER).any()
    ]
    settled, refunded = _settle(
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
    rest_settled, _ = _settle(
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
    disputed = _dispute(orders, payments, captured, draws, journal)
    journal.truth.record(
        "captures",
        where=captured < NEVER,
        payment_id=payments.payment_id,
        order_id=orders.order_id,
        method=labels(payments.method, orders.world.payments.methods.labels),
        gateway=labels(payments.gateway, orders.world.payments.gateways),
        currency=orders.currency,
        amount_minor=np.where(rest < NEVER, orders.prepaid_part, payments.first_part),
        captured_at=captured,
        settled_at=np.where(rest < NEVER, np.maximum(settled, rest_settled), settled),
        refunded_at=refunded,
        disputed_at=disputed,
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


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
) -> tuple[Integers, Integers]:
    """Settle one capture per order, less what went back before.

    Returns:
        When the bank had all of it, and when nothing was left to settle because all
        of it had gone back.
    """
    settings = orders.world.payments
    key = f"settle/{part}"
    wait = by_segment(
        settings.settlement, payments.gateway, draws.uniform(f"{key}/wait")
    )
    is_kept = draws.chance(f"{key}/kept", 1 - settings.unsettled_share)
    due = calendar.into_banking_days(after(when(is_kept, captured), wait))
    settled = _at_the_bank(due)
    back = np.zeros(len(amount), dtype=np.int64)
    last_back = np.zeros(len(amount), dtype=np.int64)
    for done, value in completed:
        is_before = done < settled
        back += np.where(is_before, value, 0)
        last_back = np.where(is_before, np.maximum(last_back, done), last_back)
    gross = amount - back
    refunded = when((settled < NEVER) & (gross <= 0), last_back)
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
        _at_the_bank(
            calendar.into_banking_days(
                after(
                    settled, settings.payout_retry.whole(draws.uniform(f"{key}/retry"))
                )
            )
        ),
        settled,
    )
    is_split = draws.chance(f"{key}/split", settings.split_settlement_share)
    first = np.where(is_split, gross * settings.split_percent // 100, gross)
    second_at = _at_the_bank(
        calendar.into_banking_days(
            after(
                when(is_split, settled),
                settings.split_wait.whole(draws.uniform(f"{key}/split wait")),
            )
        )
    )
    in_full = orders.nothing
    for number, (at, value) in enumerate(
        ((settled, first), (second_at, gross - first))
    ):
        fee, tax = fees(orders, payments, value)
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
                at=after(
                    when(is_reversed, bank),
                    settings.reversal.whole(draws.uniform(f"{key}/reversal")),
                ),
                **common,
                **slot,
                **payment,
                settlement_id=joined("se-", letter, "-", text(bank // DAY), mark),
                amount_minor=value,
                currency=orders.currency,
                reversal_cause="bank_return",
            )
        in_full = bank if number == 0 else _later(in_full, bank)
    return in_full, refunded


def _later(first: Integers, second: Integers) -> Integers:
    """Return when both parts are there; where there is no second, when the first is.

    A first part may reach the bank after the second.
    """
    return np.where(second < NEVER, np.maximum(first, second), first)


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
) -> Integers:
    """Record chargebacks on cards; return when those began that are lost in the end."""
    settings = orders.world.payments
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
        evidence_due_at=after(
            opened, np.array(settings.evidence_days)[payments.gateway] * DAY
        ),
    )
    is_lost: Flags = draws.chance("dispute/lost", settings.dispute_lost_share)
    journal.record("payments", "dispute_lost", at=when(is_lost, decided), **case)
    journal.record("payments", "dispute_won", at=when(~is_lost, decided), **case)
    return when(is_lost, opened)
