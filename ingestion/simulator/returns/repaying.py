"""Refunds on two clocks: until the shop sends the money, and until the bank has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Integers, by_segment
from ingestion.simulator.payments.paying import Payments
from ingestion.simulator.record.calendar import Calendar
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, joined, labels
from ingestion.simulator.returns.owing import (
    CANCELLATION,
    CAUSES,
    GOODWILL,
    PRICE,
    Debt,
)
from ingestion.simulator.shoppers.placing import PREPAID, SHOP, Orders

CARD_OR_ACCOUNT, TRANSFER, CREDIT = range(3)
DESTINATIONS = ("original_method", "bank_transfer", "store_credit")
CREDITED_SECONDS = 5
REST_FIRST_SECONDS = 3600
"""From a second capture to the first refund of its order."""


def repay(
    orders: Orders,
    payments: Payments,
    debt: Debt,
    till: Till,
    captured: Integers,
    rest: Integers,
    calendar: Calendar,
    draws: Draws,
    journal: Journal,
) -> tuple[Integers, Integers]:
    """Refund one kind of debt, as far as the till has it.

    Args:
        orders: The block.
        payments: What it paid.
        debt: What is owed.
        till: What was taken; the refund is taken out of it.
        captured: When money was captured.
        rest: When the second part of it was.
        calendar: Working days and banking days.
        draws: Random numbers of the block.
        journal: Where to record.

    Returns:
        When the money was back by way of the gateway, and how much.
    """
    settings = orders.world.refunds
    started = _start(orders, debt, rest, calendar, draws)
    amount = till.give(np.where(started < NEVER, started, debt.due), started, debt)
    started = when(amount > 0, started)
    way = np.where(
        (captured < NEVER) & ((orders.mode == PREPAID) | (debt.cause == CANCELLATION)),
        CARD_OR_ACCOUNT,
        TRANSFER,
    )
    if debt.cause == GOODWILL:
        is_credit = draws.chance("refund/credit", settings.store_credit_share)
        way = np.where(is_credit, CREDIT, way)
    failed, done = _bank(orders, payments, debt, started, way, calendar, draws)
    told = by_segment(
        settings.told,
        np.where(way == CARD_OR_ACCOUNT, payments.gateway, len(settings.told) - 1),
        draws.uniform(f"refund/{debt.name}/told"),
    )
    expected = np.where(way == CREDIT, started, after(started, told))
    _record(
        orders, payments, debt, amount, started, expected, failed, done, way, journal
    )
    return when(way == CARD_OR_ACCOUNT, done), amount


def _start(
    orders: Orders,
    debt: Debt,
    rest: Integers,
    calendar: Calendar,
    draws: Draws,
) -> Integers:
    """Return when the shop orders the money back; some of it is forgotten."""
    settings = orders.world.refunds
    key = f"refund/{debt.name}"
    is_kept = draws.chance(f"{key}/kept", 1 - settings.forgotten_share[debt.cause])
    wait = settings.start[debt.cause].whole(draws.uniform(f"{key}/wait")) + 30
    started = after(when(is_kept, debt.due), wait)
    by_hand = draws.chance(f"{key}/by hand", settings.by_hand_share[debt.cause])
    started = np.where(
        by_hand,
        calendar.into_hours(
            started,
            settings.opens_hour,
            settings.closes_hour,
            settings.after_opening.whole(draws.uniform(f"{key}/opening")),
        ),
        started,
    )
    # money still to be taken cannot be given back
    return np.where(
        (started < NEVER) & (rest < NEVER),
        np.maximum(started, rest + REST_FIRST_SECONDS),
        started,
    )


def _bank(
    orders: Orders,
    payments: Payments,
    debt: Debt,
    started: Integers,
    way: Integers,
    calendar: Calendar,
    draws: Draws,
) -> tuple[Integers, Integers]:
    """Return when each refund failed, and when it arrived after all."""
    settings = orders.world.refunds
    key = f"refund/{debt.name}"
    by_gateway = way == CARD_OR_ACCOUNT
    route = np.where(by_gateway, payments.gateway, len(settings.bank) - 1)
    by_bank = calendar.into_banking_days(
        after(started, by_segment(settings.bank, route, draws.uniform(f"{key}/bank")))
    )
    at_once = after(started, settings.instant.whole(draws.uniform(f"{key}/at once")))
    is_instant = by_gateway & draws.chance(
        f"{key}/instant", np.array(settings.instant_share)[payments.gateway]
    )
    arrived = np.where(is_instant, at_once, by_bank)
    is_failed = (way != CREDIT) & draws.chance(
        f"{key}/failed", np.array(settings.failed_share)[route]
    )
    is_stuck = draws.chance(f"{key}/stuck", settings.stuck_share)
    again = calendar.into_banking_days(
        after(arrived, settings.again.whole(draws.uniform(f"{key}/again")))
    )
    done = np.where(is_failed, when(~is_stuck, again), arrived)
    return when(is_failed, arrived), np.where(
        way == CREDIT, after(started, CREDITED_SECONDS), done
    )


def _record(
    orders: Orders,
    payments: Payments,
    debt: Debt,
    amount: Integers,
    started: Integers,
    expected: Integers,
    failed: Integers,
    done: Integers,
    way: Integers,
    journal: Journal,
) -> None:
    """Record a refund as the shop and the gateway tell it, and keep its truth."""
    by_gateway = way == CARD_OR_ACCOUNT
    refund_id = joined("rf-", orders.order_id, f"-{debt.name}")
    whole = np.where(orders.mode == PREPAID, orders.prepaid_part, orders.total)
    is_partial = amount < whole
    money: Fields = {"amount_minor": amount, "currency": orders.currency}
    payment: Fields = {"payment_id": Partly(payments.payment_id, by_gateway)}
    slot: Fields = {"slot": debt.name}
    source = pc.if_else(pa.array(by_gateway), payments.source, pa.scalar(SHOP))
    journal.record(
        "payments",
        "refund_initiated",
        at=started,
        source=SHOP,
        **slot,
        order_id=orders.order_id,
        refund_id=refund_id,
        **payment,
        **money,
        refund_cause=CAUSES[debt.cause],
        is_partial=is_partial,
        refund_destination=labels(way, DESTINATIONS),
        expected_at=expected,
        **debt.trail,
    )
    journal.record(
        "payments",
        "refund_failed",
        at=failed,
        source=source,
        **slot,
        order_id=orders.order_id,
        refund_id=refund_id,
        **payment,
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
        **payment,
        **money,
        is_partial=is_partial,
        attempt_no=1 + (failed < NEVER).astype(np.int64),
    )
    # a courtesy is owed from the moment it is granted, which is when it starts
    is_courtesy = debt.cause in (GOODWILL, PRICE)
    journal.truth.record(
        "refunds",
        where=(debt.due < NEVER) & (amount > 0),
        refund_id=refund_id,
        order_id=orders.order_id,
        cause=CAUSES[debt.cause],
        destination=labels(way, DESTINATIONS),
        due_at=started if is_courtesy else debt.due,
        initiated_at=started,
        completed_at=done,
        amount_minor=amount,
        currency=orders.currency,
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


@dataclass
class Till:
    """What each order has paid, and what of it is left to give back.

    Attributes:
        taken: Moments and sums, minor units.
        given: Promised back so far, minor units.
    """

    taken: tuple[tuple[Integers, Integers], ...]
    given: Integers

    def give(self, at: Integers, started: Integers, debt: Debt) -> Integers:
        """Take a debt out of the till, as far as there is anything.

        The rest is measured against all that was promised before, whenever it is paid,
        so that at no moment more has gone back than was taken by then.

        Args:
            at: When the till is looked into.
            started: When the money leaves; ``NEVER`` leaves it in the till.
            debt: What is owed.
        """
        taken = np.zeros(len(at), dtype=np.int64)
        for moment, value in self.taken:
            taken += np.where((moment < NEVER) & (moment <= at), value, 0)
        amount: Integers = np.clip(taken - self.given, 0, debt.amount)
        self.given = self.given + np.where(started < NEVER, amount, 0)
        return amount
