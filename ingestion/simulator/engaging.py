"""What customers say: contacts when they wait, reviews when they have it."""

from __future__ import annotations

import numpy as np

from ingestion.simulator.allocating import Promise
from ingestion.simulator.delivering import Delivery
from ingestion.simulator.draws import Draws
from ingestion.simulator.fulfilling import Fulfillment
from ingestion.simulator.journal import (
    DAY,
    Fields,
    Journal,
    after,
    joined,
    labels,
    when,
)
from ingestion.simulator.parameters import ACCOUNT, VOICES
from ingestion.simulator.placing import SHIP, SHOP, SKUS, Orders

DESK = f"helpdesk:{ACCOUNT}"
REVIEWS = f"reviews:{ACCOUNT}"


def record_voices(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record support contacts and reviews of a block."""
    settings = VOICES
    got = delivery.line_delivered(fulfillment, 0)
    delay = settings.contact_delay.whole(draws.uniform("contact/delay"))
    asks = after(
        when(
            (orders.fulfillment == SHIP)
            & (fulfillment.cancellation.at > promise.due)
            & draws.chance("contact/waiting", settings.waiting_contact_share),
            promise.due,
        ),
        delay,
    )
    asks = when(asks < got, asks)
    other = after(
        when(
            draws.chance("contact/other", settings.other_contact_share), orders.placed
        ),
        delay,
    )
    length = settings.contact_length.whole(draws.uniform("contact/length"))
    is_closed = draws.chance("contact/closed", 1 - settings.unanswered_share)
    topics = ("order_change", "product_question", "refund_status")
    topic = (draws.uniform("contact/topic") * len(topics)).astype(np.int64)
    for kind, at in (("w", asks), ("q", other)):
        reason = "wismo" if kind == "w" else labels(topic, topics)
        ticket = joined("tk-", orders.order_id, f"-{kind}")
        journal.record(
            "orders",
            "support_contact_opened",
            at=at,
            source=DESK,
            slot=kind,
            ticket_id=ticket,
            order_id=orders.order_id,
            contact_reason=reason,
            contact_channel=labels(
                (draws.uniform(f"contact/channel/{kind}") * 3).astype(np.int64),
                ("chat", "whatsapp", "email"),
            ),
        )
        journal.record(
            "orders",
            "support_contact_closed",
            at=after(when(is_closed, at), length),
            source=DESK,
            slot=kind,
            ticket_id=ticket,
            contact_reason=reason,
            cost_minor=3200 + length // 360,
            currency="INR",
        )

    has_consented = orders.plan.has_consented & ~orders.plan.is_guest
    asked = after(
        when(has_consented & draws.chance("review/asked", settings.asked_share), got),
        settings.ask_delay.whole(draws.uniform("review/delay")),
    )
    line: Fields = {
        "order_id": orders.order_id,
        "order_line_id": orders.line_id[0],
        "sku": labels(orders.sku[0], SKUS),
    }
    journal.record(
        "orders",
        "review_requested",
        at=asked,
        source=SHOP,
        **line,
        ask_no=1,
        message_channel="email",
        delivered_at=got,
    )
    waited = np.where(asked < journal.horizon, (asked - got) // DAY, 0)
    share = np.array(settings.answered_share)[
        np.searchsorted(np.array([1, 5, 12]), waited, side="left")
    ]
    answered = after(
        when(draws.chance("review/answered", share), asked),
        settings.answer_delay.whole(draws.uniform("review/answer")) + 120,
    )
    unasked = after(
        when(
            draws.chance("review/unasked", settings.unasked_share) & (asked > got), got
        ),
        settings.ask_delay.whole(draws.uniform("review/own")),
    )
    stars = 5 - settings.stars.codes(draws.uniform("review/stars"))
    stars = np.where(got > promise.due, np.maximum(stars - 1, 1), stars)
    for is_solicited, at in (
        (True, answered),
        (False, when(answered > unasked, unasked)),
    ):
        journal.record(
            "orders",
            "review_submitted",
            at=at,
            source=REVIEWS,
            slot=str(is_solicited),
            **line,
            rating=stars,
            is_solicited=is_solicited,
            review_id=joined("rv-", orders.line_id[0], "" if is_solicited else "-u"),
        )
