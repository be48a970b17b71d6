"""The talk between the shop and its customers, in the order in which it arises."""

from __future__ import annotations

from ingestion.simulator.allocating import Promise
from ingestion.simulator.claiming import MissingClaim
from ingestion.simulator.contacting import contact_desk, record_contacts
from ingestion.simulator.delivering import Delivery
from ingestion.simulator.draws import Draws
from ingestion.simulator.fulfilling import Fulfillment
from ingestion.simulator.journal import Journal
from ingestion.simulator.notifying import notify_customers, record_messages
from ingestion.simulator.nudging import record_nudges
from ingestion.simulator.placing import Orders
from ingestion.simulator.returning import LineReturn
from ingestion.simulator.reviewing import record_reviews
from ingestion.simulator.surveying import record_surveys


def record_voices(
    orders: Orders,
    promise: Promise,
    fulfillment: Fulfillment,
    delivery: Delivery,
    missing: MissingClaim,
    returns: tuple[LineReturn, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record what a block of customers is told and says.

    Messages come first, because silence is what makes customers ask; contacts come
    before surveys, because who had to ask scores worse.
    """
    messages = notify_customers(orders, promise, fulfillment, delivery, returns, draws)
    contacts = contact_desk(
        orders, promise, fulfillment, delivery, missing, returns, messages, draws
    )
    record_messages(orders, messages, journal)
    record_contacts(orders, contacts, journal)
    record_surveys(
        orders, promise, fulfillment, delivery, returns, contacts, draws, journal
    )
    record_reviews(orders, promise, fulfillment, delivery, returns, draws, journal)
    record_nudges(orders, fulfillment, delivery, draws, journal)
