# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Approval, capture, review, settlement."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours, minutes
from ingestion.simulator.parameters.shop import Window


@dataclass(frozen=True)
class PaymentOutage:
    """Hours in which a gateway hardly answers.

    Attributes:
        gateway: Whose.
        window: When.
        failure_share: Tries started there meanwhile that break off at once.
        pending_share: Of the others, those that hang until the gateway is back.
        late_capture_share: Failed UPI tries of the outage whose money is taken after
            all, once the gateway is back.
        switched_share: Second tries that the shop sends to another gateway.
        recovery: From the end of the outage to the answer, and to late captures.
    """

    gateway: str
    window: Window
    failure_share: float
    pending_share: float
    late_capture_share: float = 0.21
    switched_share: float = 0.74
    recovery: Quantiles = minutes((0, 2), (0.5, 26), (0.9, 170), (1, 640))


@dataclass(frozen=True)
class Payments:
    """Approval, capture, review, settlement. Gateways: razorpay, payu, stripe."""

    gateways: tuple[str, ...] = ("razorpay", "payu", "stripe")
    payu_share: float = 0.28
    methods: Mix = Mix(
        (("upi", 54), ("card", 26), ("netbanking", 7), ("wallet", 7), ("bnpl", 6))
    )
    export_methods: Mix = Mix(
        (("upi", 0), ("card", 81), ("netbanking", 0), ("wallet", 13), ("bnpl", 6))
    )
    outage: PaymentOutage | None = None
    failure_share: tuple[float, ...] = (0.11, 0.087, 0.19, 0.062, 0.155)  # by method
    payu_failure_factor: float = 1.45
    again_failure_share: float = 0.16  # added for a second or third try
    # by method
    declines: tuple[Mix, ...] = (
        Mix(
            (
                ("technical", 47),
                ("business", 21),
                ("customer_abandoned", 29),
                ("fraud", 3),
            )
        ),
        Mix(
            (
                ("technical", 18),
                ("business", 46),
                ("customer_abandoned", 25),
                ("fraud", 11),
            )
        ),
        Mix(
            (
                ("technical", 52),
                ("business", 12),
                ("customer_abandoned", 35),
                ("fraud", 1),
            )
        ),
        Mix(
            (
                ("technical", 24),
                ("business", 57),
                ("customer_abandoned", 17),
                ("fraud", 2),
            )
        ),
        Mix(
            (
                ("technical", 9),
                ("business", 63),
                ("customer_abandoned", 19),
                ("fraud", 9),
            )
        ),
    )
    pending_share: tuple[float, ...] = (0.048, 0, 0.02, 0, 0.21)  # by method
    # by method: UPI is answered soon or not for long, BNPL checks for a while and then
    # answers nearly everyone
    pending: tuple[Quantiles, ...] = (
        hours((0, 0.05), (0.6, 0.4), (0.85, 5), (1, 38)),
        hours((0, 0.1), (0.5, 0.5), (1, 4)),
        hours((0, 0.1), (0.4, 0.9), (0.9, 6), (1, 19)),
        hours((0, 0.1), (0.5, 0.3), (1, 2)),
        hours((0, 0.7), (0.15, 2.6), (0.85, 4.1), (1, 9)),
    )
    approval: tuple[Quantiles, ...] = (
        Quantiles(((0, 5), (0.7, 17), (0.9, 95), (1, 540))),  # s
        Quantiles(((0, 11), (0.5, 44), (0.95, 130), (1, 410))),
        Quantiles(((0, 19), (0.5, 73), (0.9, 240), (1, 700))),
        Quantiles(((0, 3), (0.8, 9), (1, 160))),
        Quantiles(((0, 60), (0.1, 150), (0.9, 195), (1, 620))),
    )  # by method
    late_capture_share: float = 0.083  # of failed UPI tries, captured all the same
    late_capture: Quantiles = hours((0, 0.15), (0.6, 1.7), (1, 11))
    most_tries: int = 3
    # by decline: technical, business, abandoned, fraud, gateway down
    retried_share: tuple[float, ...] = (0.79, 0.66, 0.52, 0.27, 0.83)
    fallback_share: tuple[float, ...] = (0.24, 0.56, 0.3, 0.41, 0.33)
    switched_share: float = 0.19  # of tries after a technical decline
    retry_gap: Quantiles = minutes((0, 0.7), (0.6, 4), (0.9, 55), (1, 900))
    # of prepaid orders never paid that could be paid at the door
    to_cod_share: float = 0.31
    to_cod: Quantiles = hours((0, 0.05), (0.6, 0.7), (0.9, 5), (1, 13))
    # of orders with cash due: get a link, and try to pay by it
    link_used_share: float = 0.094
    link_used: Quantiles = hours((0, 0.1), (0.5, 1.1), (0.85, 7), (1, 26))
    abandoned: Quantiles = hours((0, 14), (0.5, 26), (1, 61))
    abandoned_closed_share: float = 0.82
    capture: tuple[Quantiles, ...] = (
        Quantiles(((0, 2), (0.8, 9), (1, 240))),  # razorpay, s
        minutes((0, 3), (0.6, 48), (0.9, 410), (1, 2100)),
        hours((0, 0.1), (0.5, 5), (0.9, 21), (1, 70)),
    )
    capture_failure_share: float = 0.011
    capture_retry: Quantiles = hours((0, 0.4), (0.6, 5), (1, 29))
    never_captured_share: float = 0.007  # of cards; the approval lapses
    approval_hours: tuple[int, ...] = (128, 117, 129)  # by gateway; told as the expiry
    approval_lapse: Quantiles = days((0, 5.4), (1, 6.6))
    partial_capture_share: float = 0.052  # of cards; the rest after dispatch
    partial_capture_percent: int = 65
    rest_capture: Quantiles = hours((0, 1.5), (0.7, 13), (1, 47))
    # settlement, before shifting over closed days
    settlement: tuple[Quantiles, ...] = (
        hours((0, 17), (0.35, 38), (0.7, 55), (0.92, 83), (0.985, 170), (1, 520)),
        hours((0, 21), (0.5, 29), (0.8, 47), (0.95, 140), (1, 640)),
        hours((0, 44), (0.6, 66), (0.9, 118), (1, 290)),
    )
    payout_after_available: Quantiles = hours((0, 15), (0.7, 27), (1, 96))
    unsettled_share: float = 0.006  # forgotten by the gateway
    split_settlement_share: float = 0.019
    split_percent: int = 70  # in the first part
    split_wait: Quantiles = hours((0, 16), (0.6, 25), (0.9, 71), (1, 150))
    failed_payout_share: float = 0.0055
    payout_retry: Quantiles = hours((0, 18), (0.5, 43), (0.9, 98), (1, 210))
    reversed_share: float = 0.004
    reversal: Quantiles = days((0, 0.7), (0.5, 4.3), (0.9, 11), (1, 26))
    fee_basis_points: tuple[int, ...] = (0, 195, 165, 188, 285)  # by method
    abroad_basis_points: int = 135  # on top, at the gateway for exports
    fee_tax_percent: int = 18
    review_share: float = 0.026
    review_large_minor: int = 450000  # paise, from which an order is large
    review_large_share: float = 0.12
    review_tried_share: float = 0.17  # of orders that took three tries
    review_guest_factor: float = 1.7
    review_score_share: float = 0.63  # of reviews without another reason; identity else
    review_rule_share: float = 0.7  # decided by rule, the others by people
    review: Quantiles = hours((0, 0.2), (0.4, 2.6), (0.8, 13), (1, 54))
    # by reason: score, velocity, large first order, identity
    rejected_share: tuple[float, ...] = (0.12, 0.29, 0.09, 0.21)
    cod_confirmed_share: float = 0.925
    cod_confirmation: Quantiles = hours((0, 0.05), (0.5, 1.6), (0.85, 12), (1, 41))
    cod_unconfirmed_cancelled_share: float = 0.71
    cod_patience: Quantiles = hours((0, 43), (0.5, 58), (1, 92))
    void: Quantiles = minutes((0, 0.3), (0.6, 4), (0.9, 95), (1, 1700))
    dispute_share: float = 0.019  # of captured cards
    evidence_days: tuple[int, ...] = (9, 11, 19)  # by gateway
    dispute: Quantiles = days((0, 9), (0.6, 33), (1, 74))
    dispute_decision: Quantiles = days((0, 12), (0.5, 27), (1, 58))
    dispute_lost_share: float = 0.58
