# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Every number that shapes the simulated shop, with its unit.

Durations are quantile tables by segment, because real delays differ in shape, not only
in scale. None of these numbers is a threshold of any report.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Flags, Integers
from ingestion.simulator.parameters.claims import Claims, Warranties
from ingestion.simulator.parameters.delivery import Delivery
from ingestion.simulator.parameters.floor import Cancelling, Floor
from ingestion.simulator.parameters.payments import Payments
from ingestion.simulator.parameters.platform import Platform
from ingestion.simulator.parameters.privacy import Privacy
from ingestion.simulator.parameters.refunds import Refunds
from ingestion.simulator.parameters.returns import Returns
from ingestion.simulator.parameters.shop import Window
from ingestion.simulator.parameters.shoppers import Baskets, Shoppers
from ingestion.simulator.parameters.stock import Addresses, Promises, Stock
from ingestion.simulator.parameters.stockroom import Stockroom
from ingestion.simulator.parameters.transport import Transport
from ingestion.simulator.parameters.voices import (
    Messages,
    Nudges,
    Reviews,
    Surveys,
    Voices,
)


@dataclass(frozen=True)
class World:
    """One shop and everyone it deals with; a scenario is a world of its own.

    Attributes:
        days: Length of the simulated period, in which windows are placed.
    """

    shoppers: Shoppers = Shoppers()
    baskets: Baskets = Baskets()
    payments: Payments = Payments()
    stock: Stock = Stock()
    stockroom: Stockroom = Stockroom()
    addresses: Addresses = Addresses()
    promises: Promises = Promises()
    floor: Floor = Floor()
    cancelling: Cancelling = Cancelling()
    delivery: Delivery = Delivery()
    returns: Returns = Returns()
    claims: Claims = Claims()
    warranties: Warranties = Warranties()
    refunds: Refunds = Refunds()
    messages: Messages = Messages()
    voices: Voices = Voices()
    surveys: Surveys = Surveys()
    reviews: Reviews = Reviews()
    nudges: Nudges = Nudges()
    privacy: Privacy = Privacy()
    platform: Platform = Platform()
    transport: Transport = Transport()
    days: int = 1

    def during(self, window: Window, moments: Integers) -> Flags:
        """Tell which moments lie in a window of the period."""
        return window.holds(moments, self.days)
