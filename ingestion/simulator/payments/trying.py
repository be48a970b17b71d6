"""Tries to pay: what each is answered, and where and how the next one is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Text, joined, labels
from ingestion.simulator.shoppers.placing import Orders

RAZORPAY, PAYU, STRIPE = range(3)
UPI, CARD, NETBANKING, WALLET, BNPL = range(5)
TECHNICAL, BUSINESS, ABANDONED, FRAUD, DOWN = range(5)
DECLINE_TYPES = ("technical", "business", "customer_abandoned", "fraud", "technical")
ERROR_CODES = (
    "GATEWAY_TIMEOUT",
    "INSUFFICIENT_FUNDS",
    "USER_DROPPED",
    "RISK_DECLINED",
    "GATEWAY_DOWN",
)


@dataclass(frozen=True)
class Try:
    """One try to pay per order; moments are seconds from the start.

    Attributes:
        number: Which try of the order this is, from 1.
        payment: Which payment of the order it belongs to, from 0.
        attempt_no: Which try of that payment it is, from 1.
        started: ``NEVER`` where no such try is made.
        pending: When the gateway says that the answer takes longer.
        answered: When it is approved or refused.
        decline: Why it is refused, a position in ``ERROR_CODES``.
        captured_late: When the money of a refused try is taken all the same.
    """

    number: int
    payment: Integers
    attempt_no: Integers
    method: Integers
    gateway: Integers
    started: Integers
    pending: Integers
    answered: Integers
    is_failed: Flags
    decline: Integers
    captured_late: Integers

    @property
    def failed(self) -> Integers:
        """When it was refused."""
        return when(self.is_failed, self.answered)

    @property
    def authorized(self) -> Integers:
        """When it was approved."""
        return when(~self.is_failed, self.answered)

    def payment_id(self, orders: Orders) -> Text:
        """Return the id of the payment the try belongs to."""
        return payment_id(orders, self.gateway, self.payment)


def payment_id(orders: Orders, gateway: Integers, payment: Integers) -> Text:
    """Return the id of an order's payment: one for tries alike, one after another."""
    return joined(
        labels(gateway, ("pay_", "pu_", "ch_")),
        orders.order_id,
        labels(payment, ("", "b", "c")),
    )


def try_to_pay(orders: Orders, started: Integers, draws: Draws) -> tuple[Try, ...]:
    """Let each customer try to pay, from the first try to the last.

    Args:
        orders: A block of orders.
        started: When each customer first tries; ``NEVER`` who does not.
        draws: Random numbers of the block.
    """
    settings = orders.world.payments
    is_export = orders.plan.is_export
    taste = draws.uniform("pay/method")
    method = np.where(
        is_export, settings.export_methods.codes(taste), settings.methods.codes(taste)
    )
    # a link for an order with cash due leads straight to UPI
    method = np.where(orders.prepaid_part > 0, method, UPI)
    is_payu = draws.chance("pay/gateway", settings.payu_share)
    gateway = np.where(is_export, STRIPE, np.where(is_payu, PAYU, RAZORPAY))
    nothing = np.zeros(len(started), dtype=np.int64)
    tries = [_answer(orders, 1, nothing, nothing + 1, method, gateway, started, draws)]
    for number in range(2, settings.most_tries + 1):
        tries.append(_try_again(orders, tries[-1], number, draws))
    return tuple(tries)


def last_of(tries: tuple[Try, ...], name: str) -> Integers:
    """Return a column of the last try that each customer made."""
    values: Integers = getattr(tries[0], name)
    for one in tries[1:]:
        values = np.where(one.started < NEVER, getattr(one, name), values)
    return values


def _try_again(orders: Orders, before: Try, number: int, draws: Draws) -> Try:
    """Make the next try, where the one before failed and the customer goes on."""
    settings = orders.world.payments
    key = f"pay/{number}"
    is_failed = (before.failed < NEVER) & (before.captured_late >= NEVER)
    goes_on = is_failed & draws.chance(
        f"{key}/retried", np.array(settings.retried_share)[before.decline]
    )
    is_export = orders.plan.is_export
    falls_back = ~is_export & draws.chance(
        f"{key}/fallback", np.array(settings.fallback_share)[before.decline]
    )
    other = settings.methods.codes(draws.uniform(f"{key}/method"))
    other = np.where(
        other == before.method, np.where(before.method == UPI, CARD, UPI), other
    )
    is_at_fault = np.isin(before.decline, (TECHNICAL, DOWN))
    share = np.where(
        before.decline == DOWN,
        settings.outage.switched_share if settings.outage else 0,
        settings.switched_share,
    )
    switches = is_at_fault & ~is_export & draws.chance(f"{key}/switched", share)
    gateway = np.where(
        switches, np.where(before.gateway == PAYU, RAZORPAY, PAYU), before.gateway
    )
    # another method or gateway opens another payment
    is_new = falls_back | switches
    started = after(
        when(goes_on, before.failed),
        settings.retry_gap.whole(draws.uniform(f"{key}/gap")) + 2,
    )
    return _answer(
        orders,
        number,
        before.payment + is_new,
        np.where(is_new, 1, before.attempt_no + 1),
        np.where(falls_back, other, before.method),
        gateway,
        started,
        draws,
    )


def _answer(
    orders: Orders,
    number: int,
    payment: Integers,
    attempt_no: Integers,
    method: Integers,
    gateway: Integers,
    started: Integers,
    draws: Draws,
) -> Try:
    """Draw what the gateway makes of each try."""
    settings = orders.world.payments
    key = f"pay/{number}"
    failure = np.array(settings.failure_share)[method] * np.where(
        gateway == PAYU, settings.payu_failure_factor, 1.0
    )
    if number > 1:
        failure = failure + settings.again_failure_share
    is_failed = draws.chance(f"{key}/failed", failure)
    share = np.array(settings.pending_share)[method]
    is_pending = draws.chance(f"{key}/pending", share)
    decline = np.zeros(len(started), dtype=np.int64)
    cause = draws.uniform(f"{key}/decline")
    for code, mix in enumerate(settings.declines):
        decline = np.where(method == code, mix.codes(cause), decline)
    quick = by_segment(settings.approval, method, draws.uniform(f"{key}/approval"))
    slow = by_segment(settings.pending, method, draws.uniform(f"{key}/slow"))
    wait = np.where(is_pending, np.maximum(slow, quick + 120), quick)
    late_share = np.full(len(started), settings.late_capture_share)
    late = settings.late_capture.whole(draws.uniform(f"{key}/late wait"))
    answered = after(started, wait)
    if settings.outage:
        is_hit = np.equal(gateway, settings.gateways.index(settings.outage.gateway))
        is_hit &= orders.world.during(settings.outage.window, started)
        is_down = is_hit & draws.chance(f"{key}/down", settings.outage.failure_share)
        is_hanging = is_hit & ~is_down
        is_hanging &= draws.chance(f"{key}/hanging", settings.outage.pending_share)
        until = settings.outage.window.end(
            orders.world.days
        ) + settings.outage.recovery.whole(draws.uniform(f"{key}/recovery"))
        decline = np.where(is_down, DOWN, decline)
        is_failed = is_failed & ~is_hanging | is_down
        is_pending = (is_pending | is_hanging) & ~is_down
        answered = np.where(is_down, after(started, quick), answered)
        answered = np.where(is_hanging, np.maximum(until, answered + 120), answered)
        late_share = np.where(is_down, settings.outage.late_capture_share, late_share)
        late = np.where(is_down, np.maximum(until - answered, 0) + late % 600, late)
    failed = when(is_failed, answered)
    is_late = (method == UPI) & draws.chance(f"{key}/late", late_share)
    return Try(
        number=number,
        payment=payment,
        attempt_no=attempt_no,
        method=method,
        gateway=gateway,
        started=started,
        pending=after(when(is_pending, started), 45),
        answered=answered,
        is_failed=is_failed,
        decline=decline,
        captured_late=after(when(is_late, failed), late),
    )
