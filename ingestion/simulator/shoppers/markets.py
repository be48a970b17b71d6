"""Countries the shop exports to, their currencies, prices and exchange rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Integers, Mix
from ingestion.simulator.record.moments import DAY
from ingestion.simulator.record.text import Text, joined, text

HOME_CURRENCY = "INR"
RATE_PARTS = 10_000
"""Exchange rates are whole ten-thousandths."""


@dataclass(frozen=True)
class Market:
    """A country and the money its customers pay in.

    Attributes:
        share: Relative weight among customers abroad.
        digits: Minor-unit digits of the currency.
        list_paise: Paise that one minor unit stands for when prices are set.
        step_minor: Prices are whole multiples of it.
        shipping_minor: Flat shipping.
        rate: Rupees for one unit of the currency about which the days vary, in
            ten-thousandths.
    """

    country: str
    currency: str
    share: float
    digits: int
    list_paise: int
    step_minor: int
    shipping_minor: int
    rate: int


HOME = Market("IN", HOME_CURRENCY, 0, 2, 1, 1, 0, RATE_PARTS)
ABROAD = (
    Market("US", "USD", 34, 2, 81, 100, 1200, 861_500),
    Market("AE", "AED", 22, 2, 22, 500, 3500, 234_600),
    Market("GB", "GBP", 14, 2, 108, 50, 950, 1_143_800),
    Market("SG", "SGD", 11, 2, 63, 50, 1400, 668_200),
    Market("DE", "EUR", 7, 2, 93, 50, 1150, 991_700),
    Market("FR", "EUR", 4, 2, 93, 50, 1150, 991_700),
    Market("JP", "JPY", 8, 0, 54, 10, 1800, 5_790),
)
MARKETS = (HOME, *ABROAD)
PLACES_ABROAD = Mix(tuple((market.country, market.share) for market in ABROAD))
COUNTRIES = tuple(market.country for market in MARKETS)
CURRENCIES = tuple(market.currency for market in MARKETS)

_LIST_PAISE = np.array([market.list_paise for market in MARKETS])
_STEP = np.array([market.step_minor for market in MARKETS])
_SHIPPING = np.array([market.shipping_minor for market in MARKETS])
_RATE = np.array([market.rate for market in MARKETS])
_MINOR_UNITS = np.array([10**market.digits for market in MARKETS])


def list_prices(paise: Integers, market: Integers) -> Integers:
    """Return prices in the minor units of each order's market, rounded up to a step.

    Args:
        paise: Prices at home, (line, order).
        market: Position in ``MARKETS`` of each order.
    """
    step = _STEP[market]
    prices: Integers = -(-paise // (_LIST_PAISE[market] * step)) * step
    return prices


def shipping_abroad(market: Integers) -> Integers:
    """Return the flat shipping to each market, in its minor units."""
    return np.asarray(_SHIPPING[market], dtype=np.int64)


def exchange_rates(market: Integers, moments: Integers, draws: Draws) -> Integers:
    """Return the rate of the day for each order, in ten-thousandths of a rupee.

    One fixing a day and currency, within about one percent of the market's rate.
    """
    day = moments // DAY
    last = int(day.max(initial=0)) + 1
    rates = _RATE[market]
    for currency in dict.fromkeys(market.currency for market in ABROAD):
        drift = Draws(draws.seed, 0, last).uniform(f"exchange/{currency}")[day]
        is_here = np.array([one == currency for one in CURRENCIES])[market]
        varied = rates * (0.988 + 0.024 * drift)
        rates = np.where(is_here, varied.astype(np.int64), rates)
    return rates


def rate_text(rates: Integers) -> Text:
    """Write rates in ten-thousandths as decimal numbers, digit by digit."""
    digits = pc.utf8_lpad(text(rates % RATE_PARTS), len(str(RATE_PARTS)) - 1, "0")
    return joined(text(rates // RATE_PARTS), ".", digits)


def in_paise(minor: Integers, market: Integers, rates: Integers) -> Integers:
    """Convert amounts in the market's minor units to paise, rounded down."""
    paise: Integers = minor * rates * 100 // (RATE_PARTS * _MINOR_UNITS[market])
    return paise
