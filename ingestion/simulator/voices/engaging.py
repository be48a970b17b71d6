"""The talk between the shop and its customers, in the order in which it arises."""

from __future__ import annotations

from ingestion.simulator.draws import Draws
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.returns.claiming import MissingClaim
from ingestion.simulator.returns.returning import LineReturn
from ingestion.simulator.road.delivering import Delivery
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.voices.contacting import contact_desk, record_contacts
from ingestion.simulator.voices.notifying import notify_customers, record_messages
from ingestion.simulator.voices.nudging import record_nudges
from ingestion.simulator.voices.reviewing import record_reviews
from ingestion.simulator.voices.surveying import record_surveys
from ingestion.simulator.warehouse.allocating import Promise
from ingestion.simulator.warehouse.fulfilling import Fulfillment


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
