# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""What the shop tells its customers, and what they say to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ingestion.simulator.draws import Mix, Quantiles, days, hours, minutes

TOLD_SHARE: Mapping[str, float] = MappingProxyType(
    {
        "shipment_shipped": 0.945,
        "shipment_out_for_delivery": 0.83,
        "shipment_delivered": 0.77,
        "delivery_promise_revised": 0.97,
        "order_cancelled": 0.88,
        "return_approved": 0.91,
        "refund_initiated": 0.86,
    }
)


@dataclass(frozen=True)
class Messages:
    """Messages about a status.

    Attributes:
        told_share: Share of the changes told, by topic.
        delay: From the change to the message.
        early_share: Of parcels called shipped when their label is printed.
        premature_share: Of parcels called delivered while still on the vehicle.
        premature: From the vehicle scan to such a message.
        bad_number_share: Of customers; nothing reaches them by phone.
        bounced_share: Of messages, whoever they are for.
    """

    told_share: Mapping[str, float] = field(default_factory=lambda: TOLD_SHARE)
    channels: Mix = Mix((("whatsapp", 51), ("email", 33), ("sms", 16)))
    delay: Quantiles = minutes((0, 0.3), (0.8, 5), (0.97, 75), (1, 1100))
    early_share: float = 0.037
    premature_share: float = 0.016
    premature: Quantiles = minutes((0, 5), (0.7, 50), (1, 140))
    bad_number_share: float = 0.026
    bounced_share: float = 0.0085


@dataclass(frozen=True)
class Voices:
    """Contacts.

    Attributes:
        quiet_share: Of customers who never ask where an order is.
        patience: Silence after which the others ask. The hazard rises with the hours.
        late_haste: Length of an hour of silence after the promise, as patience goes.
        again_share: Of those still waiting who ask a second time.
        unanswered_share: Of contacts never closed.
        returning_share: Of returns that begin with a contact.
        claiming_share: Of claims that a parcel did not come, opened in a talk.
        refund_patience: From the shop's receipt of a return to a question about money.
        other_share: Of orders, for all other reasons.
    """

    quiet_share: float = 0.62
    patience: Quantiles = hours(
        (0, 9), (0.016, 34), (0.05, 61), (0.14, 101), (0.33, 163), (0.72, 290), (1, 700)
    )
    late_haste: float = 0.34
    again_share: float = 0.43
    again: Quantiles = hours((0, 4), (0.5, 29), (0.9, 97), (1, 230))
    unanswered_share: float = 0.06
    length: Quantiles = hours((0, 0.2), (0.6, 4), (0.95, 52), (1, 150))
    cost_minor: int = 3200
    cost_per_hour_minor: int = 11
    channels: Mix = Mix((("chat", 34), ("whatsapp", 29), ("email", 26), ("phone", 11)))
    returning_share: float = 0.19
    returning: Quantiles = hours((0, 0.1), (0.7, 4), (1, 22))
    claiming_share: float = 0.61
    claiming: Quantiles = minutes((0, 2), (0.7, 19), (1, 55))
    refund_patience: Quantiles = hours((0, 16), (0.05, 55), (0.2, 130), (1, 1300))
    other_share: float = 0.057
    other_delay: Quantiles = hours((0, 0.3), (0.6, 13), (1, 80))
    other_reasons: Mix = Mix(
        (
            ("product_question", 33),
            ("order_change", 28),
            ("cancellation", 13),
            ("payment_issue", 12),
            ("promise_mismatch", 6),
            ("other", 8),
        )
    )


@dataclass(frozen=True)
class Surveys:
    """Scores.

    Attributes:
        delivery_share: Of delivered orders that answer how likely they recommend.
        ticket_share: Of closed contacts that score the help.
        return_share: Of ended returns that score how it went.
        recommend: Likeliness to recommend, 0 to 10, of orders that went well.
        content: Score of 1 to 5 where nothing went wrong.
        late_penalty: Points of ten that a late parcel costs, and one more each day.
        most_late_points: The most that lateness costs.
        contact_penalty: Points of ten lost with every contact before.
    """

    delivery_share: float = 0.094
    delivery_delay: Quantiles = days((0, 0.6), (0.6, 2.2), (1, 8))
    ticket_share: float = 0.23
    ticket_delay: Quantiles = hours((0, 0.1), (0.7, 3), (1, 60))
    return_share: float = 0.12
    return_delay: Quantiles = hours((0, 1), (0.6, 20), (1, 120))
    recommend: Mix = Mix(
        (("10", 37), ("9", 24), ("8", 17), ("7", 9), ("6", 5), ("5", 5), ("2", 3))
    )
    content: Mix = Mix((("5", 49), ("4", 31), ("3", 12), ("2", 4), ("1", 4)))
    late_penalty: int = 2
    most_late_points: int = 4
    contact_penalty: int = 2
    slow_return: int = 6 * 86400  # s from parcel to outcome, above which a star is lost


@dataclass(frozen=True)
class Reviews:
    """Reviews, asked for and not.

    Attributes:
        asked_share: Of delivered lines of customers who may be asked.
        ask_delay: From delivery to the ask.
        days: First of each stretch of whole days since delivery, by the calendar.
        answered_share: Share answered, by category and stretch. Whoever is asked
            the next day answers less than on the day itself; later the share climbs
            to a peak, around a week for most, and decays. Each category has its own.
        eager_share: Of customers who answer more often than the rest.
        eager_factor: How much more often than the share above.
        reluctant_factor: How much less often the others do.
        unasked_share: Of delivered lines that nobody asked about until then.
    """

    asked_share: float = 0.46
    ask_delay: Quantiles = days(
        (0, 0.1), (0.12, 0.9), (0.27, 1.9), (0.6, 8), (0.9, 21), (1, 44)
    )
    days: tuple[int, ...] = (0, 1, 2, 4, 6, 9, 13, 19, 27)
    answered_share: tuple[tuple[float, ...], ...] = (
        (0.091, 0.058, 0.121, 0.182, 0.174, 0.119, 0.078, 0.049, 0.031),
        (0.057, 0.034, 0.071, 0.118, 0.193, 0.162, 0.097, 0.058, 0.036),
        (0.046, 0.027, 0.048, 0.079, 0.148, 0.196, 0.129, 0.074, 0.043),
        (0.079, 0.047, 0.096, 0.151, 0.193, 0.144, 0.087, 0.053, 0.034),
        (0.072, 0.045, 0.099, 0.164, 0.159, 0.109, 0.071, 0.046, 0.029),
        (0.038, 0.022, 0.041, 0.066, 0.121, 0.173, 0.117, 0.071, 0.041),
        (0.138, 0.079, 0.142, 0.127, 0.092, 0.066, 0.051, 0.041, 0.027),
    )
    eager_share: float = 0.29
    eager_factor: float = 1.86
    reluctant_factor: float = 0.64
    answer_delay: Quantiles = hours((0, 0.1), (0.6, 9), (1, 120))
    unasked_share: float = 0.013
    stars: Mix = Mix((("5", 52), ("4", 24), ("3", 11), ("2", 6), ("1", 7)))


@dataclass(frozen=True)
class Nudges:
    """Reminders that something runs low, by the staff's guess of its life.

    Attributes:
        share: Of the deliveries that could be followed by one.
        lead: How long before the guessed end it goes out.
        sent_hour: Hour of the day.
        holdout_share: Of customers who get none, to compare.
    """

    share: float = 0.88
    lead: Quantiles = days((0, 1.2), (0.5, 3.4), (1, 6.1))
    sent_hour: Quantiles = hours((0, 10.1), (0.6, 11.6), (1, 18.4))
    holdout_share: float = 0.135
    model_version: str = "shelf-life-2"
