"""Payments until the money is taken: tries, approval, review, capture, COD calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.draws import Draws, Flags, Integers, by_segment
from ingestion.simulator.journal import (
    NEVER,
    Fields,
    Journal,
    Partly,
    Text,
    after,
    joined,
    labels,
    when,
)
from ingestion.simulator.parameters import ACCOUNT, PAYMENTS
from ingestion.simulator.placing import COD, PREPAID, SHIP, SHOP, Orders

RAZORPAY, PAYU, STRIPE = range(3)
UPI, CARD = 0, 1
RISK = f"riskdesk:{ACCOUNT}"
DECLINES = {
    "technical": "GATEWAY_TIMEOUT",
    "business": "INSUFFICIENT_FUNDS",
    "customer_abandoned": "USER_DROPPED",
    "fraud": "RISK_DECLINED",
}


def pay_orders(orders: Orders, draws: Draws) -> Payments:
    """Let a block of customers pay, as far as nobody cancels."""
    settings = PAYMENTS
    pays = orders.prepaid_part > 0
    is_export = orders.plan.is_export
    method = settings.methods.codes(draws.uniform("pay/method"))
    method = np.where(is_export, CARD, method)
    gateway = np.where(
        is_export,
        STRIPE,
        np.where(draws.chance("pay/gateway", settings.payu_share), PAYU, RAZORPAY),
    )
    started = after(
        when(pays, orders.placed), 4 + (draws.uniform("pay/start") * 80).astype(int)
    )
    failure = np.array(settings.failure_share)[method] * np.where(
        gateway == PAYU, settings.payu_failure_factor, 1.0
    )
    is_failed = draws.chance("pay/failed", failure)
    is_pending = ~is_failed & draws.chance(
        "pay/pending", np.array(settings.pending_share)[method]
    )
    quick = settings.approval.whole(draws.uniform("pay/approval"))
    slow = settings.pending.whole(draws.uniform("pay/pending wait"))
    answered = after(started, np.where(is_pending, np.maximum(slow, quick + 60), quick))
    failed = when(is_failed, answered)
    pending = after(when(is_pending, started), 45)
    authorized = when(~is_failed, answered)

    is_late_capture = is_failed & (method == UPI)
    is_late_capture &= draws.chance("pay/late capture", settings.late_capture_share)
    is_retried = (
        is_failed
        & ~is_late_capture
        & draws.chance("pay/retried", settings.retried_share)
    )
    retried = after(
        when(is_retried, failed), settings.retry_gap.whole(draws.uniform("pay/gap"))
    )
    is_fallback = (
        is_retried & ~is_export & draws.chance("pay/fallback", settings.fallback_share)
    )
    second_method = np.where(is_fallback, np.where(method == UPI, CARD, UPI), method)
    second_answer = after(
        retried, settings.approval.whole(draws.uniform("pay/second approval"))
    )
    second_ok = draws.chance("pay/second", 1 - settings.retry_failure_share)
    authorized = np.where(is_retried, when(second_ok, second_answer), authorized)
    second_failed = when(is_retried & ~second_ok, second_answer)
    method_used = np.where(is_retried, second_method, method)

    lapses = (method_used == CARD) & draws.chance(
        "pay/lapses", settings.never_captured_share
    )
    captured = after(
        authorized, by_segment(settings.capture, gateway, draws.uniform("pay/capture"))
    )
    capture_failed = when(
        draws.chance("pay/capture failed", settings.capture_failure_share) & ~lapses,
        captured,
    )
    captured = np.where(
        capture_failed < NEVER,
        after(captured, settings.capture_retry.whole(draws.uniform("pay/again"))),
        captured,
    )
    captured = np.where(lapses, NEVER, captured)
    captured = np.where(
        is_late_capture,
        after(failed, settings.late_capture.whole(draws.uniform("pay/late wait"))),
        captured,
    )
    expired = after(
        when(lapses, authorized),
        settings.approval_lapse.whole(draws.uniform("pay/lapse")),
    )
    is_split = (method_used == CARD) & (orders.mode == PREPAID) & orders.has_line[1]
    is_split &= draws.chance("pay/partial", settings.partial_capture_share)
    is_split &= (captured < NEVER) & (orders.fulfillment == SHIP)
    first_part = np.where(
        is_split,
        orders.prepaid_part * settings.partial_capture_percent // 100,
        orders.prepaid_part,
    )

    abandoned = pays & (captured >= NEVER) & ~lapses
    gives_up = after(
        when(abandoned, orders.placed),
        settings.abandoned.whole(draws.uniform("pay/abandoned")),
    )
    closes = draws.chance("pay/closed", settings.abandoned_closed_share)
    unpaid = np.where(lapses, after(expired, 900), when(closes, gives_up))

    is_cod = orders.mode == COD
    confirmed = after(
        when(
            is_cod & draws.chance("cod/confirmed", settings.cod_confirmed_share),
            orders.placed,
        ),
        settings.cod_confirmation.whole(draws.uniform("cod/confirmation")) + 30,
    )
    unconfirmed = after(
        when(
            is_cod
            & (confirmed >= NEVER)
            & draws.chance("cod/dropped", settings.cod_unconfirmed_cancelled_share),
            orders.placed,
        ),
        settings.cod_patience.whole(draws.uniform("cod/patience")),
    )
    passed = np.where(is_cod, confirmed, captured)

    is_large = orders.total > settings.review_large_minor
    reviewed = after(
        when(
            draws.chance(
                "fraud/review",
                np.where(is_large, settings.review_large_share, settings.review_share),
            ),
            np.where(is_cod, orders.placed, authorized),
        ),
        90 + (draws.uniform("fraud/start") * 600).astype(np.int64),
    )
    decided = after(reviewed, settings.review.whole(draws.uniform("fraud/wait")))
    is_rejected = draws.chance("fraud/rejected", settings.rejected_share)
    return Payments(
        gateway=gateway,
        first_method=method,
        method=method_used,
        payment_id=joined(
            labels(gateway, ("pay_", "pu_", "ch_")),
            orders.order_id,
            labels(is_fallback.astype(int), ("", "b")),
        ),
        first_payment_id=joined(
            labels(gateway, ("pay_", "pu_", "ch_")), orders.order_id
        ),
        source=joined(labels(gateway, settings.gateways), f":{ACCOUNT}"),
        started=started,
        pending=pending,
        failed=failed,
        retried=retried,
        is_fallback=is_fallback,
        second_failed=second_failed,
        authorized=authorized,
        is_second=is_retried,
        capture_failed=capture_failed,
        captured=captured,
        first_part=first_part,
        is_split=is_split,
        rest_wait=settings.rest_capture.whole(draws.uniform("pay/rest")),
        expired=expired,
        unpaid=unpaid,
        confirmed=confirmed,
        unconfirmed=unconfirmed,
        passed=passed,
        reviewed=reviewed,
        cleared=when(~is_rejected, decided),
        rejected=when(is_rejected, decided),
    )


def record_payments(
    orders: Orders, payments: Payments, stop: Integers, draws: Draws, journal: Journal
) -> None:
    """Record tries, approvals, captures, reviews and COD calls, until ``stop``."""
    settings = PAYMENTS
    methods = settings.methods.labels
    decline = tuple(DECLINES)
    who: Fields = {"order_id": orders.order_id}
    money: Fields = {"amount_minor": orders.prepaid_part, "currency": orders.currency}
    gateway = labels(payments.gateway, settings.gateways)
    flags: Fields = {
        "is_test": Partly(orders.is_test, orders.is_test),
        "is_synthetic": Partly(orders.is_synthetic, orders.is_synthetic),
    }
    common: Fields = {"source": payments.source, "until": stop}
    first: Fields = {
        **who,
        "payment_id": payments.first_payment_id,
        "payment_method": labels(payments.first_method, methods),
        "gateway": gateway,
    }
    # a second try by the same method keeps the payment; another method opens a new one
    number = np.where(payments.is_second & ~payments.is_fallback, 2, 1)
    last: Fields = {
        **who,
        "payment_id": payments.payment_id,
        "payment_method": labels(payments.method, methods),
        "gateway": gateway,
    }
    journal.record(
        "payments",
        "payment_initiated",
        at=payments.started,
        **common,
        **first,
        attempt_no=1,
        **money,
        **flags,
    )
    journal.record(
        "payments",
        "payment_authorization_delayed",
        at=payments.pending,
        **common,
        **first,
        attempt_no=1,
        **money,
        pending_cause=labels(
            (payments.first_method == len(methods) - 1).astype(int),
            ("upi_delay", "bnpl_approval"),
        ),
    )
    taste = draws.uniform("pay/decline")
    cause = (taste * taste * len(decline)).astype(np.int64)
    error: Fields = {
        "decline_type": labels(cause, decline),
        "error_code": labels(cause, tuple(DECLINES.values())),
        "error_step": "authorization",
    }
    journal.record(
        "payments",
        "payment_authorization_failed",
        at=payments.failed,
        **common,
        **first,
        attempt_no=1,
        **money,
        **error,
    )
    journal.record(
        "payments",
        "payment_retried",
        at=payments.retried,
        where=~payments.is_fallback,
        **common,
        **who,
        payment_id=payments.payment_id,
        attempt_no=2,
        previous_attempt_no=1,
        previous_error_code=labels(cause, tuple(DECLINES.values())),
    )
    journal.record(
        "payments",
        "payment_fallback_used",
        at=payments.retried,
        where=payments.is_fallback,
        source=SHOP,
        until=stop,
        **who,
        attempt_no=2,
        from_method=labels(payments.first_method, methods),
        to_method=labels(payments.method, methods),
        payment_id=payments.payment_id,
    )
    journal.record(
        "payments",
        "payment_initiated",
        at=after(payments.retried, 2),
        slot="2",
        **common,
        **last,
        attempt_no=number,
        **money,
    )
    journal.record(
        "payments",
        "payment_authorization_failed",
        at=payments.second_failed,
        slot="2",
        **common,
        **last,
        attempt_no=number,
        **money,
        **error,
    )
    journal.record(
        "payments",
        "payment_authorized",
        at=payments.authorized,
        **common,
        **last,
        attempt_no=number,
        **money,
        expires_at=Partly(
            after(payments.authorized, 5 * 86400 + 40000), payments.method == CARD
        ),
    )
    journal.record(
        "payments",
        "payment_capture_failed",
        at=payments.capture_failed,
        **common,
        **who,
        payment_id=payments.payment_id,
        attempt_no=number,
        gateway=gateway,
        **money,
        error_code="CAPTURE_TIMEOUT",
    )
    fee, tax = fees(payments, payments.first_part)
    journal.record(
        "payments",
        "payment_captured",
        at=payments.captured,
        **common,
        **last,
        capture_id=joined(payments.payment_id, "-c1"),
        amount_minor=payments.first_part,
        currency=orders.currency,
        is_partial=payments.is_split,
        remaining_minor=Partly(
            orders.prepaid_part - payments.first_part, payments.is_split
        ),
        fee_minor=Partly(fee, fee > 0),
        fee_tax_minor=Partly(tax, fee > 0),
    )
    # an approval not used before a cancellation is let go
    dropped = (payments.authorized < stop) & (payments.captured >= stop)
    journal.record(
        "payments",
        "payment_voided",
        at=after(when(dropped & (payments.expired >= NEVER), stop), 240),
        source=payments.source,
        **who,
        payment_id=payments.payment_id,
        gateway=gateway,
        **money,
        void_cause=labels(
            (payments.rejected < NEVER).astype(int), ("order_cancelled", "fraud")
        ),
    )
    journal.record(
        "payments",
        "payment_authorization_expired",
        at=payments.expired,
        **common,
        **who,
        payment_id=payments.payment_id,
        gateway=gateway,
        **money,
    )

    is_cod = orders.mode != PREPAID
    journal.record(
        "payments",
        "cod_selected",
        at=after(when(is_cod, orders.placed), 3),
        source=SHOP,
        **who,
        amount_minor=orders.total - orders.prepaid_part,
        currency=orders.currency,
        **flags,
    )
    journal.record(
        "payments",
        "cod_confirmed",
        at=payments.confirmed,
        until=stop,
        source=SHOP,
        **who,
        verification_channel=labels(
            (orders.channel == 1).astype(int), ("phone_call", "whatsapp")
        ),
        amount_minor=orders.total,
        currency=orders.currency,
    )
    review = joined("fr-", orders.order_id)
    score = 61 + (draws.uniform("fraud/score") * 38).astype(np.int64)
    journal.record(
        "payments",
        "fraud_review_triggered",
        at=payments.reviewed,
        until=stop,
        source=RISK,
        **who,
        fraud_review_id=review,
        risk_score=score,
        reason_code=labels(
            (draws.uniform("fraud/reason") * 4).astype(np.int64),
            (
                "score_above_limit",
                "velocity",
                "high_value_first_order",
                "identity_mismatch",
            ),
        ),
    )
    by = labels(draws.chance("fraud/by", 0.7).astype(int), ("rule", "agent"))
    journal.record(
        "payments",
        "fraud_review_cleared",
        at=payments.cleared,
        until=stop,
        source=RISK,
        **who,
        fraud_review_id=review,
        decided_by=by,
        risk_score=score,
    )
    journal.record(
        "payments",
        "fraud_rejected",
        at=payments.rejected,
        until=stop,
        source=RISK,
        **who,
        fraud_review_id=review,
        decided_by=by,
        is_after_authorization=orders.mode != COD,
        risk_score=score,
    )


def record_rest_capture(
    orders: Orders, payments: Payments, rest: Integers, journal: Journal
) -> None:
    """Record the second part of a capture taken in two."""
    fee, tax = fees(payments, orders.prepaid_part - payments.first_part)
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
        payment_method=labels(payments.method, PAYMENTS.methods.labels),
        gateway=labels(payments.gateway, PAYMENTS.gateways),
        fee_minor=fee,
        fee_tax_minor=tax,
    )


def fees(payments: Payments, amount: Integers) -> tuple[Integers, Integers]:
    """Return the gateway's fee with its tax, and the tax in it, minor units."""
    points = np.array(PAYMENTS.fee_basis_points)[payments.method]
    bare = amount * points // 10000
    tax = bare * PAYMENTS.fee_tax_percent // 100
    return bare + tax, tax


@dataclass(frozen=True)
class Payments:
    """The payment side of a block of orders; moments are seconds from the start.

    Attributes:
        first_part: Taken by the first capture, minor units.
        rest_wait: Seconds from dispatch to the second capture.
        unpaid: When the shop closes an order that never got paid.
        unconfirmed: When the shop closes a COD order nobody confirmed.
        passed: When the payment gate opens.
    """

    gateway: Integers
    first_method: Integers
    method: Integers
    payment_id: Text
    first_payment_id: Text
    source: Text
    started: Integers
    pending: Integers
    failed: Integers
    retried: Integers
    is_fallback: Flags
    second_failed: Integers
    authorized: Integers
    is_second: Flags
    capture_failed: Integers
    captured: Integers
    first_part: Integers
    is_split: Flags
    rest_wait: Integers
    expired: Integers
    unpaid: Integers
    confirmed: Integers
    unconfirmed: Integers
    passed: Integers
    reviewed: Integers
    cleared: Integers
    rejected: Integers

    @property
    def fraud_passed(self) -> Integers:
        """When the fraud gate opens; at once where nothing is reviewed."""
        return np.where(self.reviewed < NEVER, self.cleared, 0)
