"""Payments until the money is taken: tries, approval, review, capture, cash instead."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.payments.trying import (
    BNPL,
    CARD,
    DECLINE_TYPES,
    ERROR_CODES,
    STRIPE,
    UPI,
    Try,
    last_of,
    payment_id,
    try_to_pay,
)
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, Text, joined, labels
from ingestion.simulator.shoppers.markets import in_paise
from ingestion.simulator.shoppers.placing import (
    COD,
    PREPAID,
    SHOP,
    Orders,
    in_home_currency,
)
from ingestion.simulator.shoppers.pricing import SHIP

RISK = f"riskdesk:{ACCOUNT}"
SCORE, VELOCITY, LARGE_FIRST, IDENTITY = range(4)
REVIEW_REASONS = (
    "score_above_limit",
    "velocity",
    "high_value_first_order",
    "identity_mismatch",
)


def pay_orders(orders: Orders, draws: Draws) -> Payments:
    """Let a block of customers pay, as far as nobody cancels."""
    settings = orders.world.payments
    is_ahead = orders.prepaid_part > 0
    has_link = (orders.mode == COD) & draws.chance("cod/link", settings.link_used_share)
    started = after(
        when(is_ahead | has_link, orders.placed),
        np.where(
            is_ahead,
            4 + (draws.uniform("pay/start") * 80).astype(np.int64),
            settings.link_used.whole(draws.uniform("cod/link used")),
        ),
    )
    due = np.where(is_ahead, orders.prepaid_part, np.where(has_link, orders.total, 0))
    tries = try_to_pay(orders, started, draws)
    method, gateway = last_of(tries, "method"), last_of(tries, "gateway")
    authorized = last_of(tries, "authorized")

    can_lapse = (method == CARD) & is_ahead
    lapses = can_lapse & draws.chance("pay/lapses", settings.never_captured_share)
    captured, capture_failed = _capture(
        orders,
        when(~lapses, authorized),
        gateway,
        last_of(tries, "captured_late"),
        draws,
    )
    expired = after(
        when(lapses, authorized),
        settings.approval_lapse.whole(draws.uniform("pay/lapse")),
    )
    is_split = (method == CARD) & (orders.mode == PREPAID) & orders.has_line[1]
    is_split &= draws.chance("pay/partial", settings.partial_capture_share)
    is_split &= (captured < NEVER) & (orders.fulfillment == SHIP)
    first_part = np.where(is_split, due * settings.partial_capture_percent // 100, due)

    is_unpaid = is_ahead & (captured >= NEVER) & ~lapses
    to_cod = _switch_to_cash(orders, is_unpaid, last_of(tries, "answered"), draws)
    closes = draws.chance("pay/closed", settings.abandoned_closed_share)
    unpaid = after(
        when(is_unpaid & closes & (to_cod >= NEVER), orders.placed),
        settings.abandoned.whole(draws.uniform("pay/abandoned")),
    )
    unpaid = np.where(lapses, after(expired, 900), unpaid)

    asked = np.minimum(when(orders.mode == COD, orders.placed), to_cod)
    confirmed, unconfirmed = _confirm(orders, asked, draws)
    has_cash_due = (asked < NEVER) & (captured >= NEVER)
    reviewed, reason = _review(orders, tries, np.minimum(asked, authorized), draws)
    decided = after(reviewed, settings.review.whole(draws.uniform("fraud/wait")))
    is_rejected = draws.chance(
        "fraud/rejected", np.array(settings.rejected_share)[reason]
    )
    return Payments(
        tries=tries,
        due=due,
        gateway=gateway,
        method=method,
        payment_id=payment_id(orders, gateway, last_of(tries, "payment")),
        source=joined(labels(gateway, settings.gateways), f":{ACCOUNT}"),
        authorized=authorized,
        capture_failed=capture_failed,
        captured=captured,
        first_part=first_part,
        is_split=is_split,
        rest_wait=settings.rest_capture.whole(draws.uniform("pay/rest")),
        expired=expired,
        unpaid=unpaid,
        to_cod=to_cod,
        to_prepaid=after(when(orders.mode == COD, captured), 3),
        # an order paid ahead by its link needs nobody's word any more
        confirmed=when(confirmed < captured, confirmed),
        unconfirmed=when(captured >= NEVER, unconfirmed),
        passed=np.where(has_cash_due, confirmed, captured),
        reviewed=reviewed,
        review_reason=reason,
        cleared=when(~is_rejected, decided),
        rejected=when(is_rejected, decided),
    )


def _capture(
    orders: Orders,
    authorized: Integers,
    gateway: Integers,
    captured_late: Integers,
    draws: Draws,
) -> tuple[Integers, Integers]:
    """Return when the money of each order is taken, and when that failed before."""
    settings = orders.world.payments
    captured = after(
        authorized, by_segment(settings.capture, gateway, draws.uniform("pay/capture"))
    )
    failed = when(
        draws.chance("pay/capture failed", settings.capture_failure_share), captured
    )
    again = after(failed, settings.capture_retry.whole(draws.uniform("pay/again")))
    captured = np.where(failed < NEVER, again, captured)
    return np.minimum(captured, captured_late), failed


def change_modes(orders: Orders, payments: Payments) -> Orders:
    """Return the orders as they are paid in the end: cash became UPI, or UPI cash."""
    mode = np.select(
        [payments.to_prepaid < NEVER, payments.to_cod < NEVER],
        [PREPAID, COD],
        orders.placed_mode,
    )
    prepaid_part = np.select(
        [mode == COD, mode == orders.placed_mode],
        [0, orders.prepaid_part],
        orders.total,
    )
    return replace(orders, mode=mode, prepaid_part=prepaid_part)


def record_payments(
    orders: Orders, payments: Payments, stop: Integers, draws: Draws, journal: Journal
) -> None:
    """Record tries, approvals, captures, reviews and COD calls, until ``stop``."""
    before = None
    for one in payments.tries:
        _record_try(orders, payments, one, before, stop, journal)
        before = one
    _keep_tries(orders, payments, stop, journal)
    _record_capture(orders, payments, stop, journal)
    _record_release(orders, payments, stop, draws, journal)
    _record_cash(orders, payments, stop, journal)
    _record_review(orders, payments, stop, draws, journal)


def _switch_to_cash(
    orders: Orders, is_unpaid: Flags, answered: Integers, draws: Draws
) -> Integers:
    """Return when those who could not pay ahead agree to pay at the door instead."""
    settings = orders.world.payments
    can_switch = (orders.mode == PREPAID) & (orders.fulfillment == SHIP)
    can_switch &= is_unpaid & ~orders.plan.is_export
    can_switch &= draws.chance("cod/instead", settings.to_cod_share)
    return after(
        when(can_switch, answered),
        settings.to_cod.whole(draws.uniform("cod/instead at")) + 40,
    )


def _confirm(
    orders: Orders, asked: Integers, draws: Draws
) -> tuple[Integers, Integers]:
    """Return when customers with cash due confirm, and when the shop stops waiting."""
    settings = orders.world.payments
    is_confirmed = draws.chance("cod/confirmed", settings.cod_confirmed_share)
    confirmed = after(
        when(is_confirmed, asked),
        settings.cod_confirmation.whole(draws.uniform("cod/confirmation")) + 30,
    )
    is_dropped = ~is_confirmed & draws.chance(
        "cod/dropped", settings.cod_unconfirmed_cancelled_share
    )
    unconfirmed = after(
        when(is_dropped, asked),
        settings.cod_patience.whole(draws.uniform("cod/patience")),
    )
    return confirmed, unconfirmed


def _review(
    orders: Orders, tries: tuple[Try, ...], begins: Integers, draws: Draws
) -> tuple[Integers, Integers]:
    """Return when risk looks at each order, if it does, and for what reason."""
    settings = orders.world.payments
    worth = in_paise(orders.total, orders.market, orders.rate)
    is_large = worth > settings.review_large_minor
    is_tried = tries[-1].started < NEVER
    share = np.select(
        [is_tried, is_large],
        [settings.review_tried_share, settings.review_large_share],
        settings.review_share,
    )
    guest_factor = np.where(orders.plan.is_guest, settings.review_guest_factor, 1.0)
    is_reviewed = draws.chance("fraud/review", share * guest_factor)
    other = np.where(
        draws.chance("fraud/reason", settings.review_score_share),
        SCORE,
        IDENTITY,
    )
    reason = np.select(
        [is_tried, is_large & (orders.plan.number == 1)], [VELOCITY, LARGE_FIRST], other
    )
    reviewed = after(
        when(is_reviewed, begins),
        90 + (draws.uniform("fraud/start") * 600).astype(np.int64),
    )
    return reviewed, reason


def _record_try(
    orders: Orders,
    payments: Payments,
    one: Try,
    before: Try | None,
    stop: Integers,
    journal: Journal,
) -> None:
    """Record one try as its gateway tells it, and the change of way before it."""
    settings = orders.world.payments
    methods = settings.methods.labels
    gateway = labels(one.gateway, settings.gateways)
    common: Fields = {
        "source": joined(gateway, f":{ACCOUNT}"),
        "until": stop,
        "slot": str(one.number),
        "order_id": orders.order_id,
        "payment_id": one.payment_id(orders),
        "attempt_no": one.attempt_no,
    }
    means: Fields = {
        "payment_method": labels(one.method, methods),
        "gateway": gateway,
        "amount_minor": payments.due,
        "currency": orders.currency,
    }
    if before:
        _record_change(orders, one, before, common, means, journal)
    journal.record(
        "payments",
        "payment_initiated",
        at=one.started,
        where=one.attempt_no == 1,
        **common,
        **means,
        is_test=Partly(orders.is_test, orders.is_test),
        is_synthetic=Partly(orders.is_synthetic, orders.is_synthetic),
    )
    journal.record(
        "payments",
        "payment_authorization_delayed",
        at=one.pending,
        **common,
        **means,
        pending_cause=labels(
            np.select([one.method == UPI, one.method == BNPL], [0, 1], 2),
            ("upi_delay", "bnpl_approval", "bank_confirmation"),
        ),
    )
    journal.record(
        "payments",
        "payment_authorization_failed",
        at=one.failed,
        **common,
        **means,
        decline_type=labels(one.decline, DECLINE_TYPES),
        error_code=labels(one.decline, ERROR_CODES),
        error_step="authorization",
    )
    journal.record(
        "payments",
        "payment_authorized",
        at=one.authorized,
        **common,
        **means,
        expires_at=Partly(
            after(
                one.authorized, np.array(settings.approval_hours)[one.gateway] * 3600
            ),
            one.method == CARD,
        ),
    )


def _record_change(
    orders: Orders,
    one: Try,
    before: Try,
    common: Fields,
    means: Fields,
    journal: Journal,
) -> None:
    """Record how a further try follows from the one before.

    A payment tried again is not initiated again. Another gateway alone has no event
    of its own: a new payment begins there.
    """
    methods = orders.world.payments.methods.labels
    previous = labels(before.decline, ERROR_CODES)
    journal.record(
        "payments",
        "payment_retried",
        at=one.started,
        where=one.attempt_no > 1,
        **common,
        **means,
        previous_attempt_no=one.attempt_no - 1,
        previous_error_code=previous,
    )
    journal.record(
        "payments",
        "payment_fallback_used",
        at=after(one.started, -2),
        where=one.method != before.method,
        **{**common, "source": SHOP, "attempt_no": one.number},
        from_method=labels(before.method, methods),
        to_method=labels(one.method, methods),
        previous_error_code=previous,
    )


def _keep_tries(
    orders: Orders, payments: Payments, stop: Integers, journal: Journal
) -> None:
    """Keep every try made, whoever hears of it, and when its money came after all."""
    settings = orders.world.payments
    money = np.minimum(payments.authorized, payments.captured)
    money = when(money < stop, money)
    for one in payments.tries:
        failed = when(one.failed < stop, one.failed)
        journal.truth.record(
            "attempts",
            where=one.started < stop,
            payment_id=one.payment_id(orders),
            attempt_no=one.attempt_no,
            order_id=orders.order_id,
            method=labels(one.method, settings.methods.labels),
            gateway=labels(one.gateway, settings.gateways),
            started_at=one.started,
            answered_at=when(one.answered < stop, one.answered),
            is_failed=failed < NEVER,
            recovered_at=when(failed < NEVER, money),
            is_test=orders.is_test,
            is_synthetic=orders.is_synthetic,
        )


def _record_capture(
    orders: Orders, payments: Payments, stop: Integers, journal: Journal
) -> None:
    """Record the first capture, and a failure before it."""
    settings = orders.world.payments
    gateway = labels(payments.gateway, settings.gateways)
    common: Fields = {
        "source": payments.source,
        "until": stop,
        "order_id": orders.order_id,
        "payment_id": payments.payment_id,
        "gateway": gateway,
        "currency": orders.currency,
    }
    journal.record(
        "payments",
        "payment_capture_failed",
        at=payments.capture_failed,
        **common,
        attempt_no=last_of(payments.tries, "attempt_no"),
        amount_minor=payments.due,
        error_code="CAPTURE_TIMEOUT",
    )
    fee, tax = fees(orders, payments, payments.first_part)
    journal.record(
        "payments",
        "payment_captured",
        at=payments.captured,
        **common,
        payment_method=labels(payments.method, settings.methods.labels),
        capture_id=joined(payments.payment_id, "-c1"),
        amount_minor=payments.first_part,
        is_partial=payments.is_split,
        remaining_minor=Partly(payments.due - payments.first_part, payments.is_split),
        fee_minor=Partly(fee, fee > 0),
        fee_tax_minor=Partly(tax, fee > 0),
        **in_home_currency(orders, payments.first_part),
    )


def _record_release(
    orders: Orders, payments: Payments, stop: Integers, draws: Draws, journal: Journal
) -> None:
    """Record approvals let go, by a cancellation or by their age."""
    common: Fields = {
        "source": payments.source,
        "order_id": orders.order_id,
        "payment_id": payments.payment_id,
        "gateway": labels(payments.gateway, orders.world.payments.gateways),
        "amount_minor": payments.due,
        "currency": orders.currency,
    }
    dropped = (payments.authorized < stop) & (payments.captured >= stop)
    journal.record(
        "payments",
        "payment_voided",
        at=after(
            when(dropped & (payments.expired >= NEVER), stop),
            orders.world.payments.void.whole(draws.uniform("pay/void")),
        ),
        **common,
        void_cause=labels(
            (payments.rejected < NEVER).astype(int), ("order_cancelled", "fraud")
        ),
    )
    journal.record(
        "payments",
        "payment_authorization_expired",
        at=payments.expired,
        until=stop,
        **common,
    )


def _record_cash(
    orders: Orders, payments: Payments, stop: Integers, journal: Journal
) -> None:
    """Record who is to pay at the door, who confirms it and who changes over."""
    methods = labels(payments.method, orders.world.payments.methods.labels)
    common: Fields = {
        "source": SHOP,
        "order_id": orders.order_id,
        "currency": orders.currency,
    }
    has_cash = orders.placed_mode != PREPAID
    journal.record(
        "payments",
        "cod_selected",
        at=after(when(has_cash, orders.placed), 3),
        **common,
        amount_minor=orders.total
        - np.where(orders.placed_mode == COD, 0, payments.due),
        is_test=Partly(orders.is_test, orders.is_test),
        is_synthetic=Partly(orders.is_synthetic, orders.is_synthetic),
    )
    common |= {"until": stop, "amount_minor": orders.total}
    journal.record(
        "payments",
        "prepaid_converted_to_cod",
        at=payments.to_cod,
        **common,
        from_method=methods,
        to_method="cod",
    )
    journal.record(
        "payments",
        "cod_confirmed",
        at=payments.confirmed,
        **common,
        verification_channel=labels(
            (orders.channel == 1).astype(int), ("phone_call", "whatsapp")
        ),
    )
    journal.record(
        "payments",
        "cod_converted_to_prepaid",
        at=payments.to_prepaid,
        **common,
        from_method="cod",
        to_method=methods,
        payment_id=payments.payment_id,
    )


def _record_review(
    orders: Orders, payments: Payments, stop: Integers, draws: Draws, journal: Journal
) -> None:
    """Record what risk looked at and how it decided."""
    common: Fields = {
        "source": RISK,
        "until": stop,
        "order_id": orders.order_id,
        "fraud_review_id": joined("fr-", orders.order_id),
        "risk_score": 61 + (draws.uniform("fraud/score") * 38).astype(np.int64),
    }
    reason = labels(payments.review_reason, REVIEW_REASONS)
    journal.record(
        "payments",
        "fraud_review_triggered",
        at=payments.reviewed,
        **common,
        reason_code=reason,
    )
    by = labels(
        draws.chance("fraud/by", orders.world.payments.review_rule_share).astype(int),
        ("rule", "agent"),
    )
    journal.record(
        "payments",
        "fraud_review_cleared",
        at=payments.cleared,
        **common,
        decided_by=by,
    )
    journal.record(
        "payments",
        "fraud_rejected",
        at=payments.rejected,
        **common,
        decided_by=by,
        reason_code=reason,
        is_after_authorization=payments.authorized < payments.rejected,
    )


def record_rest_capture(
    orders: Orders, payments: Payments, rest: Integers, journal: Journal
) -> None:
    """Record the second part of a capture taken in two."""
    fee, tax = fees(orders, payments, orders.prepaid_part - payments.first_part)
    journal.record(
        "payments",
        "payment_captured",
        at=rest,
        source=payments.source,
        slot="rest",
        order_id=orders.order_id,
        payment_id=payments.payment_id,
        capture_id=joined(payments.payment_id, "-c2"),
        amount_minor=orders.prepaid_part - payments.first_part,
        currency=orders.currency,
        is_partial=True,
        remaining_minor=0,
        payment_method=labels(payments.method, orders.world.payments.methods.labels),
        gateway=labels(payments.gateway, orders.world.payments.gateways),
        fee_minor=fee,
        fee_tax_minor=tax,
    )


def fees(
    orders: Orders, payments: Payments, amount: Integers
) -> tuple[Integers, Integers]:
    """Return the gateway's fee with its tax, and the tax in it, minor units."""
    settings = orders.world.payments
    points = np.array(settings.fee_basis_points)[payments.method]
    points = points + (payments.gateway == STRIPE) * settings.abroad_basis_points
    bare = amount * points // 10000
    tax = bare * settings.fee_tax_percent // 100
    return bare + tax, tax


@dataclass(frozen=True)
class Payments:
    """The payment side of a block of orders; moments are seconds from the start.

    Gateway, method and id are those of the last try.

    Attributes:
        due: Asked for online, minor units.
        to_cod: When an order that could not be paid ahead is changed to cash.
        to_prepaid: When an order with cash due turns out to be paid by its link.
        first_part: Taken by the first capture, minor units.
        rest_wait: Seconds from dispatch to the second capture.
        unpaid: When the shop closes an order that never got paid.
        unconfirmed: When the shop closes a COD order nobody confirmed.
        passed: When the payment gate opens.
    """

    tries: tuple[Try, ...]
    due: Integers
    gateway: Integers
    method: Integers
    payment_id: Text
    source: Text
    authorized: Integers
    capture_failed: Integers
    captured: Integers
    first_part: Integers
    is_split: Flags
    rest_wait: Integers
    expired: Integers
    unpaid: Integers
    to_cod: Integers
    to_prepaid: Integers
    confirmed: Integers
    unconfirmed: Integers
    passed: Integers
    reviewed: Integers
    review_reason: Integers
    cleared: Integers
    rejected: Integers

    @property
    def fraud_passed(self) -> Integers:
        """When the fraud gate opens; at once where nothing is reviewed."""
        return np.where(self.reviewed < NEVER, self.cleared, 0)
