"""Scores customers give: after delivery, after a contact, after a return."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Integers, Mix
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import Fields, Partly, joined, labels
from ingestion.simulator.returns.returning import LineReturn, return_line_id
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.voices.contacting import DESK, Contact, ticket_id
from ingestion.simulator.voices.reviewing import line_received
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import Fulfillment

RECOMMEND_MAX, CONTENT_MAX = 10, 5


def record_surveys(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    returns: tuple[LineReturn, ...],
    contacts: tuple[Contact, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the scores of a block: worse when late, worse with every contact."""
    who: Fields = {
        "source": DESK,
        "order_id": orders.order_id,
        "customer_id": Partly(orders.customer_id, ~orders.plan.is_guest),
    }
    _record_recommendations(
        orders, promise, fulfillment, delivery, contacts, draws, journal, who
    )
    _record_ticket_scores(orders, contacts, draws, journal, who)
    _record_return_scores(orders, returns, contacts, draws, journal, who)


def _record_recommendations(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    contacts: tuple[Contact, ...],
    draws: Draws,
    journal: Journal,
    who: Fields,
) -> None:
    settings = orders.world.surveys
    got = line_received(orders, fulfillment, delivery, 0)
    at = after(
        when(draws.chance("survey/delivery", settings.delivery_share), got),
        settings.delivery_delay.whole(draws.uniform("survey/delivery delay")),
    )
    late_days = np.where(got < NEVER, got - promise.due, 0) // DAY
    is_late = (got < NEVER) & (got > promise.due) & orders.needs_stock
    late = np.where(is_late, settings.late_penalty + late_days, 0)
    lost = np.minimum(late, settings.most_late_points)
    lost = lost + settings.contact_penalty * _contacts_before(contacts, at)
    journal.record(
        "orders",
        "csat_recorded",
        at=at,
        slot="delivery",
        **who,
        survey_id=joined("sv-", orders.order_id, "-d"),
        survey_type="nps",
        score=np.maximum(_drawn(settings.recommend, draws, "survey/nps") - lost, 0),
        score_scale_max=RECOMMEND_MAX,
    )


def _record_ticket_scores(
    orders: Orders,
    contacts: tuple[Contact, ...],
    draws: Draws,
    journal: Journal,
    who: Fields,
) -> None:
    """Record what customers think of the help with their first contact that closed."""
    settings = orders.world.surveys
    closed = np.stack([contact.closed for contact in contacts])
    first = closed.argmin(axis=0)
    at = after(
        when(draws.chance("survey/ticket", settings.ticket_share), closed.min(axis=0)),
        settings.ticket_delay.whole(draws.uniform("survey/ticket delay")),
    )
    earlier = np.maximum(_contacts_before(contacts, at) - 1, 0)
    names = [contact.name for contact in contacts]
    journal.record(
        "orders",
        "csat_recorded",
        at=at,
        slot="ticket",
        **who,
        survey_id=joined("sv-", orders.order_id, "-t"),
        survey_type="csat",
        score=_of_five(
            orders, draws, "survey/ticket score", settings.contact_penalty * earlier
        ),
        score_scale_max=CONTENT_MAX,
        ticket_id=ticket_id(orders, labels(first, names)),
    )


def _record_return_scores(
    orders: Orders,
    returns: tuple[LineReturn, ...],
    contacts: tuple[Contact, ...],
    draws: Draws,
    journal: Journal,
    who: Fields,
) -> None:
    """Record what customers think of their first return that ended."""
    settings = orders.world.surveys
    ended = np.stack([np.minimum(one.resolved, one.denied) for one in returns])
    first = ended.argmin(axis=0)
    row = np.arange(len(first))
    at = after(
        when(draws.chance("survey/return", settings.return_share), ended.min(axis=0)),
        settings.return_delay.whole(draws.uniform("survey/return delay")),
    )
    received = np.stack([one.received for one in returns])[first, row]
    is_slow = ended.min(axis=0) > after(received, settings.slow_return)
    is_denied = np.stack([one.denied for one in returns])[first, row] < NEVER
    lost = 2 * is_slow + 4 * is_denied
    lost = lost + settings.contact_penalty * _contacts_before(contacts, at)
    line_ids = [return_line_id(orders, line) for line in range(len(returns))]
    journal.record(
        "orders",
        "csat_recorded",
        at=at,
        slot="return",
        **who,
        survey_id=joined("sv-", orders.order_id, "-r"),
        survey_type="csat",
        score=_of_five(orders, draws, "survey/return score", lost),
        score_scale_max=CONTENT_MAX,
        return_line_id=pc.choose(pa.array(first), *line_ids),
    )


def _of_five(orders: Orders, draws: Draws, stream: str, lost: Integers) -> Integers:
    """Return scores of 1 to 5; ``lost`` counts points of ten."""
    content = _drawn(orders.world.surveys.content, draws, stream)
    score: Integers = np.maximum(content - lost // 2, 1)
    return score


def _drawn(mix: Mix, draws: Draws, stream: str) -> Integers:
    """Return one number per order of a mix whose labels are numbers."""
    numbers = np.array([int(label) for label in mix.labels])
    drawn: Integers = numbers[mix.codes(draws.uniform(stream))]
    return drawn


def _contacts_before(contacts: tuple[Contact, ...], at: Integers) -> Integers:
    """Count the contacts each customer had made by a moment."""
    made: Integers = np.stack([contact.at < at for contact in contacts]).sum(axis=0)
    return made
