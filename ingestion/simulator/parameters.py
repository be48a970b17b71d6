# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Every number that shapes the simulated shop, with its unit.

Durations are quantile tables by segment, because real delays differ in shape, not only
in scale. None of these numbers is a threshold of any report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ingestion.simulator.draws import Mix, Quantiles, days, hours, minutes

ACCOUNT = "aurora"
LOCAL_OFFSET_SECONDS = 19800
"""The shop's zone, Asia/Kolkata, has kept one offset since 1945."""

HOLIDAYS = (
    date(2026, 3, 4),
    date(2026, 3, 26),
    date(2026, 4, 3),
    date(2026, 4, 14),
    date(2026, 5, 1),
    date(2026, 5, 27),
    date(2026, 6, 26),
)
"""Days without banking, beside weekends."""


@dataclass(frozen=True)
class Feed:
    """How a kind of system reports its facts.

    Attributes:
        delay: Seconds from fact to report.
        late: Seconds of a late report.
        late_share: Share reported late.
        repeated_share: Share delivered a second time, word for word.
        polled_share: Share reported again by a poll, under another delivery.
        copy_lag: Seconds from the first report to the copy.
    """

    delay: Quantiles
    late: Quantiles
    late_share: float
    repeated_share: float
    polled_share: float
    copy_lag: Quantiles


FEEDS = {
    "webhook": Feed(
        delay=Quantiles(((0, 1), (0.7, 4), (0.95, 40), (1, 600))),
        late=hours((0, 1), (0.6, 7), (0.9, 31), (1, 88)),
        late_share=0.012,
        repeated_share=0.009,
        polled_share=0.011,
        copy_lag=hours((0, 0.3), (0.8, 4), (1, 26)),
    ),
    "scan": Feed(
        delay=minutes((0, 1), (0.6, 14), (0.95, 70), (1, 300)),
        late=hours((0, 5), (0.5, 14), (0.9, 52), (1, 130)),
        late_share=0.021,
        repeated_share=0.012,
        polled_share=0.017,
        copy_lag=hours((0, 0.5), (0.8, 6), (1, 40)),
    ),
    "batch": Feed(
        delay=minutes((0, 1), (0.5, 8), (1, 17)),
        late=hours((0, 2), (0.7, 9), (1, 44)),
        late_share=0.006,
        repeated_share=0.004,
        polled_share=0,
        copy_lag=hours((0, 0.2), (1, 2)),
    ),
    "prompt": Feed(
        delay=Quantiles(((0, 1), (1, 20))),
        late=hours((0, 1), (1, 2)),
        late_share=0,
        repeated_share=0,
        polled_share=0,
        copy_lag=hours((0, 1), (1, 2)),
    ),
}


@dataclass(frozen=True)
class Shoppers:
    """Who buys, when, and how often again."""

    # share of the period -> share of new customers; the step is a sale of a few days
    arrival: Quantiles = Quantiles(
        ((0, 0), (0.27, 0.31), (0.38, 0.345), (0.72, 0.70), (1, 1))
    )
    time_of_day: Quantiles = hours(
        (0, 0.2), (0.08, 7), (0.25, 11), (0.5, 15), (0.72, 19.5), (0.95, 22.8), (1, 24)
    )
    guest_share: float = 0.15  # of customers; guests never come back
    # by category of the product they favor
    return_share: tuple[float, ...] = (0.27, 0.64, 0.52, 0.12, 0.21, 0.26, 0.18)
    # gap as a multiple of the product's life where it runs out
    life_multiple: Quantiles = Quantiles(
        ((0, 0.45), (0.2, 0.82), (0.5, 1.04), (0.8, 1.38), (0.95, 2.1), (1, 3.6))
    )
    other_gap: Quantiles = days((0, 4), (0.3, 19), (0.6, 41), (0.9, 97), (1, 170))
    most_orders: int = 9
    segments: Mix = Mix((("new", 62), ("regular", 29), ("gold", 9)))
    export_share: float = 0.031
    marketing_consent_share: float = 0.61
    consent_withdrawn_share: float = 0.074


@dataclass(frozen=True)
class Baskets:
    """What goes into one order. Money in paise; dollars in cents."""

    line_count: Mix = Mix((("1", 58), ("2", 27), ("3", 11), ("4", 4)))
    quantity: Mix = Mix((("1", 84), ("2", 13), ("3", 3)))
    discount_percent: Mix = Mix((("0", 71), ("5", 9), ("10", 14), ("15", 6)))
    free_shipping_from_minor: int = 79900
    shipping_minor: int = 4900
    export_shipping_minor: int = 1200
    paise_per_cent: int = 81
    digital_share: float = 0.042
    pickup_share: float = 0.34  # of orders from a city with a store
    channels: Mix = Mix(
        (("web", 41), ("mobile", 43), ("marketplace", 14), ("phone", 2))
    )
    cod_share: tuple[float, ...] = (
        0.29,
        0.33,
        0.31,
        0.38,
        0.36,
        0.52,
        0.47,
        0.56,
        0.49,
    )  # by area
    partial_cod_share: float = 0.043
    partial_cod_deposit_percent: int = 20
    test_share: float = 0.004
    synthetic_share: float = 0.003


@dataclass(frozen=True)
class Payments:
    """Approval, capture, review, settlement. Gateways: razorpay, payu, stripe."""

    gateways: tuple[str, ...] = ("razorpay", "payu", "stripe")
    payu_share: float = 0.28
    methods: Mix = Mix(
        (("upi", 54), ("card", 26), ("netbanking", 7), ("wallet", 7), ("bnpl", 6))
    )
    failure_share: tuple[float, ...] = (0.11, 0.087, 0.19, 0.062, 0.155)  # by method
    payu_failure_factor: float = 1.45
    pending_share: tuple[float, ...] = (0.048, 0, 0.02, 0, 0.21)  # by method
    pending: Quantiles = hours((0, 0.08), (0.5, 0.9), (0.9, 9), (1, 38))
    approval: Quantiles = Quantiles(((0, 6), (0.5, 31), (0.9, 140), (1, 540)))  # s
    late_capture_share: float = 0.083  # of failed UPI tries, captured all the same
    late_capture: Quantiles = hours((0, 0.15), (0.6, 1.7), (1, 11))
    retried_share: float = 0.68
    retry_gap: Quantiles = minutes((0, 0.7), (0.6, 4), (0.9, 55), (1, 900))
    fallback_share: float = 0.37  # of second tries, by another method
    retry_failure_share: float = 0.27
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
    approval_lapse: Quantiles = days((0, 5.4), (1, 6.6))
    partial_capture_share: float = 0.052  # of cards; the rest after dispatch
    partial_capture_percent: int = 65
    rest_capture: Quantiles = days((0, 1.2), (0.7, 4.5), (1, 9))
    # settlement, before shifting over closed days
    settlement: tuple[Quantiles, ...] = (
        hours((0, 17), (0.35, 38), (0.7, 55), (0.92, 83), (0.985, 170), (1, 520)),
        hours((0, 21), (0.5, 29), (0.8, 47), (0.95, 140), (1, 640)),
        hours((0, 44), (0.6, 66), (0.9, 118), (1, 290)),
    )
    payout_after_available: Quantiles = hours((0, 15), (0.7, 27), (1, 96))
    unsettled_share: float = 0.006  # forgotten by the gateway
    split_settlement_share: float = 0.019
    failed_payout_share: float = 0.0055
    reversed_share: float = 0.004
    fee_basis_points: tuple[int, ...] = (0, 195, 165, 188, 285)  # by method
    fee_tax_percent: int = 18
    review_share: float = 0.034
    review_large_minor: int = 450000
    review_large_share: float = 0.11
    review: Quantiles = hours((0, 0.2), (0.4, 2.6), (0.8, 13), (1, 54))
    rejected_share: float = 0.14
    cod_confirmed_share: float = 0.925
    cod_confirmation: Quantiles = hours((0, 0.05), (0.5, 1.6), (0.85, 12), (1, 41))
    cod_unconfirmed_cancelled_share: float = 0.71
    cod_patience: Quantiles = hours((0, 43), (0.5, 58), (1, 92))
    dispute_share: float = 0.019  # of captured cards
    dispute: Quantiles = days((0, 9), (0.6, 33), (1, 74))
    dispute_decision: Quantiles = days((0, 12), (0.5, 27), (1, 58))
    dispute_lost_share: float = 0.58


@dataclass(frozen=True)
class Stock:
    """Routing, reservation, backorders."""

    routing: Quantiles = Quantiles(((0, 2), (0.9, 25), (1, 400)))  # s
    reserving: Quantiles = Quantiles(((0, 3), (0.9, 40), (1, 700)))  # s
    failure_share: tuple[float, ...] = (0.041, 0.024, 0.029, 0.052, 0.033, 0.018, 0)
    short_skus_every: int = 7  # each such SKU in the catalog is often short
    short_factor: float = 2.9
    load_slope: float = 0.55  # per multiple of the usual hourly load
    location_factor: tuple[float, ...] = (0.8, 1.0, 1.15, 1.7, 1.3)
    reasons: Mix = Mix(
        (
            ("out_of_stock", 44),
            ("insufficient_quantity", 14),
            ("already_allocated", 17),
            ("sync_lag", 13),
            ("location_mismatch", 6),
            ("system_error", 6),
        )
    )
    fallback_share: float = 0.72
    fallback: Quantiles = minutes((0, 2), (0.6, 19), (0.95, 210), (1, 900))
    fallback_failure_share: float = 0.22
    backorder_wait: Quantiles = days((0, 1.4), (0.5, 6.5), (0.85, 14), (1, 33))
    backorder_dropped_share: float = 0.24
    backorder_patience: Quantiles = days((0, 2.2), (0.6, 6), (1, 13))
    shelf_empty_share: float = 0.009
    shelf_recovery: Quantiles = hours((0, 5), (0.6, 21), (1, 64))


@dataclass(frozen=True)
class Addresses:
    """Address checks."""

    check: Quantiles = Quantiles(((0, 3), (0.9, 50), (1, 900)))  # s
    failure_share: tuple[float, ...] = (
        0.026,
        0.037,
        0.029,
        0.044,
        0.031,
        0.079,
        0.058,
        0.112,
        0.124,
    )  # by area
    checks: Mix = Mix(
        (("normalization", 52), ("serviceability", 23), ("carrier_compatibility", 25))
    )
    corrected_share: float = 0.84
    correction: Quantiles = hours((0, 0.4), (0.5, 9), (0.9, 46), (1, 110))
    given_up: Quantiles = days((0, 2.5), (1, 8))
    review_share: float = 0.023
    review: Quantiles = hours((0, 0.5), (0.6, 6), (1, 33))


@dataclass(frozen=True)
class Promises:
    """What the customer is told."""

    transit_days: tuple[int, ...] = (4, 6, 9)  # by distance
    export_days: int = 12
    revised_after: Quantiles = hours((0, 4), (0.7, 16), (1, 50))
    told_share: float = 0.86
    carrier_revised_share: float = 0.045
    extra_days: Mix = Mix((("1", 40), ("2", 35), ("4", 18), ("6", 7)))


@dataclass(frozen=True)
class Floor:
    """Picking, packing and handing over."""

    opens_hour: int = 8
    closes_hour: int = 20
    queue: tuple[Quantiles, ...] = (
        hours((0, 0.2), (0.6, 1.9), (0.9, 6), (1, 17)),
        hours((0, 0.3), (0.6, 2.8), (0.9, 9), (1, 26)),
        hours((0, 0.2), (0.6, 1.5), (0.9, 8), (1, 31)),
        hours((0, 0.8), (0.5, 7), (0.9, 25), (1, 66)),
        hours((0, 0.1), (0.7, 1.2), (1, 9)),
    )  # by location
    pick: Quantiles = minutes((0, 3), (0.7, 17), (1, 90))
    pack: Quantiles = minutes((0, 2), (0.8, 12), (1, 60))
    label: Quantiles = minutes((0, 1), (1, 14))
    collection_hour: int = 17
    collection: Quantiles = minutes((0, 0), (0.7, 70), (1, 170))
    missed_collection_share: float = 0.061
    split_share: float = 0.052  # of orders with several lines, beside forced ones
    split_delay: Quantiles = hours((0, 1), (0.5, 14), (1, 60))


@dataclass(frozen=True)
class Cancelling:
    """Second thoughts."""

    share: float = 0.047
    moment: Quantiles = hours((0, 0.1), (0.4, 3), (0.75, 15), (0.95, 60), (1, 150))
    line_share: float = 0.034  # of orders with a second line
    unit_share: float = 0.05  # of orders with several units of the first line
    reasons: Mix = Mix(
        (
            ("customer_request", 47),
            ("ordered_by_mistake", 21),
            ("found_cheaper", 15),
            ("delivery_too_slow", 17),
        )
    )
    system_reasons: tuple[str, ...] = (
        "payment_failed",
        "cod_not_confirmed",
        "fraud_rejected",
        "out_of_stock",
        "address_undeliverable",
    )
    stages: tuple[str, ...] = (
        "before_payment",
        "after_payment",
        "reserved",
        "ready",
        "picking",
        "packed",
    )


@dataclass(frozen=True)
class Delivery:
    """On the road; carriers in catalog order, distances 0 to 2."""

    carrier_weights: tuple[Mix, ...] = (
        Mix((("0", 48), ("1", 24), ("2", 28))),
        Mix((("0", 41), ("1", 17), ("2", 42))),
        Mix((("0", 68), ("1", 25), ("2", 7))),
    )  # by distance
    transit: tuple[tuple[Quantiles, ...], ...] = (
        (
            hours((0, 19), (0.5, 41), (0.9, 74), (1, 190)),
            hours((0, 13), (0.5, 26), (0.9, 50), (1, 120)),
            hours((0, 17), (0.4, 36), (0.8, 82), (1, 260)),
        ),
        (
            hours((0, 31), (0.5, 70), (0.9, 122), (1, 300)),
            hours((0, 24), (0.5, 47), (0.9, 84), (1, 200)),
            hours((0, 33), (0.4, 72), (0.8, 150), (1, 380)),
        ),
        (
            hours((0, 60), (0.5, 129), (0.9, 226), (1, 420)),
            hours((0, 41), (0.5, 93), (0.9, 170), (1, 330)),
            hours((0, 66), (0.5, 160), (0.9, 290), (1, 500)),
        ),
    )  # by distance, carrier
    export_transit: Quantiles = hours((0, 84), (0.5, 150), (0.9, 260), (1, 500))
    first_hour: Quantiles = hours((0, 9.2), (0.5, 13.3), (1, 19.8))
    scanned_share: float = 0.22
    lost_share: tuple[float, ...] = (0.0043, 0.0017, 0.0088, 0.002)  # by carrier
    damaged_share: float = 0.0035
    lost_after: Quantiles = days((0, 8), (0.6, 16), (1, 27))
    failure_cod: tuple[float, ...] = (0.345, 0.52, 0.63)  # by attempt
    failure_prepaid: tuple[float, ...] = (0.105, 0.23, 0.31)
    late_failure_factor: float = 1.55  # first attempt after the promise
    carrier_failure_factor: tuple[float, ...] = (1.0, 0.78, 1.24, 0.7)
    given_up_cod: tuple[float, ...] = (0.31, 0.52, 1.0)  # after a failed attempt
    given_up_prepaid: tuple[float, ...] = (0.025, 0.09, 1.0)
    next_attempt: Quantiles = hours((0, 19), (0.6, 25), (0.9, 50), (1, 98))
    reasons_cod: Mix = Mix(
        (
            ("customer_unavailable", 30),
            ("customer_refused", 21),
            ("cod_not_ready", 17),
            ("phone_unreachable", 16),
            ("address_incomplete", 7),
            ("no_attempt_made", 9),
        )
    )
    reasons_prepaid: Mix = Mix(
        (
            ("customer_unavailable", 49),
            ("customer_rescheduled", 17),
            ("address_incorrect", 12),
            ("premises_closed", 12),
            ("no_attempt_made", 10),
        )
    )
    action_share: float = 0.64
    action: Quantiles = hours((0, 0.5), (0.7, 6), (1, 15))
    recall: Quantiles = hours((0, 1), (0.5, 9), (0.9, 40), (1, 90))
    homeward: tuple[Quantiles, ...] = (
        days((0, 1.5), (0.6, 4.2), (1, 11)),
        days((0, 2.6), (0.6, 6.8), (1, 15)),
        days((0, 5), (0.6, 11.5), (1, 26)),
    )  # by distance
    acknowledged_share: float = 0.88
    acknowledgement: Quantiles = hours((0, 2), (0.6, 17), (1, 110))
    false_delivery_share: float = 0.027  # of parcels that go back
    wrong_delivery_share: float = 0.006  # reported delivered, then retracted
    cod_collection: Quantiles = minutes((0, 0), (0.9, 6), (1, 60))
    remittance: tuple[Quantiles, ...] = (
        days((0, 4.2), (0.7, 7.6), (0.95, 12), (1, 29)),
        days((0, 2.8), (0.8, 5.6), (1, 13)),
        days((0, 6), (0.6, 9.3), (0.9, 19), (1, 46)),
        days((0, 4), (1, 8)),
    )  # by carrier
    remittance_weekdays: tuple[int, ...] = (1, 4, 2, 0)  # by carrier, 0 is Monday
    remittance_fee_basis_points: int = 155
    pickup_wait: Quantiles = hours((0, 1), (0.5, 22), (0.85, 90), (1, 260))
    pickup_flagged_days: int = 4
    pickup_expiry_days: int = 9


@dataclass(frozen=True)
class Returns:
    """What comes back, and the money that follows."""

    share: tuple[float, ...] = (0.168, 0.017, 0.041, 0.094, 0.066, 0.032, 0)
    size_factor: tuple[float, ...] = (1.45, 0.85, 0.9, 1.6)  # by size
    late_factor: float = 1.35
    asked_after: Quantiles = days((0, 0.3), (0.5, 3.6), (0.85, 11), (1, 27))
    reasons: tuple[Mix, ...] = (
        Mix(
            (
                ("size_too_small", 31),
                ("size_too_large", 19),
                ("color", 12),
                ("style", 10),
                ("poor_quality", 9),
                ("changed_mind", 13),
                ("arrived_late", 6),
            )
        ),
        Mix((("damaged_in_transit", 50), ("wrong_item", 30), ("changed_mind", 20))),
        Mix((("not_as_described", 38), ("damaged_in_transit", 30), ("wrong_item", 32))),
        Mix(
            (
                ("defective", 52),
                ("missing_part", 15),
                ("better_price", 14),
                ("changed_mind", 19),
            )
        ),
        Mix((("damaged_in_transit", 41), ("color", 26), ("changed_mind", 33))),
        Mix((("damaged_in_transit", 60), ("gift", 40))),
        Mix((("other", 1),)),
    )  # by category
    small_size_shift: float = 0.2  # S and M run small, L and XL run large
    decision: Quantiles = hours((0, 0.1), (0.5, 3), (0.9, 27), (1, 70))
    denied_share: float = 0.056
    cancelled_share: float = 0.031
    sent: Quantiles = days((0, 0.4), (0.5, 2.3), (0.9, 6), (1, 14))
    never_sent_share: float = 0.065
    transit: Quantiles = days((0, 1.2), (0.6, 4.1), (1, 12))
    inspection: Quantiles = hours((0, 1), (0.6, 19), (0.95, 71), (1, 190))
    mismatch_share: float = 0.13
    exchange_share: float = 0.52  # of returns over fit
    exchange: Quantiles = days((0, 0.5), (0.7, 4), (1, 12))
    resolution: Quantiles = hours((0, 0.3), (0.6, 11), (0.95, 60), (1, 150))
    restock: Quantiles = hours((0, 1), (0.7, 15), (1, 96))
    never_restocked_share: float = 0.085
    refund_start: tuple[Quantiles, ...] = (
        hours((0, 0.2), (0.55, 9), (0.9, 52), (1, 210)),
        minutes((0, 4), (0.7, 160), (0.95, 1900), (1, 7000)),
        hours((0, 5), (0.6, 31), (1, 160)),
        hours((0, 10), (0.6, 70), (1, 300)),
    )  # return, cancellation, rto, not received
    refund_forgotten_share: float = 0.021
    refund_bank: tuple[Quantiles, ...] = (
        hours((0, 0.5), (0.4, 19), (0.8, 70), (1, 170)),
        hours((0, 20), (0.5, 62), (0.9, 130), (1, 260)),
        hours((0, 30), (0.5, 92), (0.9, 190), (1, 420)),
    )  # by gateway; bank transfers as the second
    refund_failed_share: float = 0.019
    refund_again: Quantiles = days((0, 0.6), (0.7, 3), (1, 8))


@dataclass(frozen=True)
class Voices:
    """Contacts, reviews."""

    waiting_contact_share: float = 0.27  # of parcels past their promise
    other_contact_share: float = 0.031
    contact_delay: Quantiles = hours((0, 2), (0.6, 21), (1, 80))
    contact_length: Quantiles = hours((0, 0.2), (0.6, 4), (0.95, 52), (1, 150))
    unanswered_share: float = 0.06
    asked_share: float = 0.44
    ask_delay: Quantiles = days((0, 0.5), (0.3, 4), (0.6, 9), (0.9, 18), (1, 41))
    # share answered by whole days since delivery: 0-1, 2-5, 6-12, later
    answered_share: tuple[float, ...] = (0.055, 0.112, 0.171, 0.083)
    answer_delay: Quantiles = hours((0, 0.1), (0.6, 9), (1, 120))
    unasked_share: float = 0.013
    stars: Mix = Mix((("5", 52), ("4", 24), ("3", 11), ("2", 6), ("1", 7)))


SHOPPERS = Shoppers()
BASKETS = Baskets()
PAYMENTS = Payments()
STOCK = Stock()
ADDRESSES = Addresses()
PROMISES = Promises()
FLOOR = Floor()
CANCELLING = Cancelling()
DELIVERY = Delivery()
RETURNS = Returns()
VOICES = Voices()
