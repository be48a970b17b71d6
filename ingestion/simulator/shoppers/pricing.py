"""What orders cost, to the last minor unit of the customer's currency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import SKU_PLACE, SKU_PRICE, SKU_TAX
from ingestion.simulator.draws import Draws, Floats, Integers, Mix
from ingestion.simulator.parameters import World
from ingestion.simulator.shoppers.baskets import Basket
from ingestion.simulator.shoppers.markets import list_prices, shipping_abroad
from ingestion.simulator.shoppers.planning import Plan

SHIP, PICKUP, DIGITAL_ONLY = range(3)


@dataclass(frozen=True)
class Bill:
    """Money of a block of orders, minor units; by line, arrays are (line, order).

    Attributes:
        unit_price: Listed price of a unit.
        unit_paid: Price of a unit after discount and with tax.
    """

    unit_price: Integers
    unit_paid: Integers
    discount: Integers
    tax: Integers
    shipping: Integers
    total: Integers


def price(
    plan: Plan,
    world: World,
    basket: Basket,
    market: Integers,
    fulfillment: Integers,
    draws: Draws,
) -> Bill:
    """Price the baskets of a block of orders; exports bear no tax."""
    baskets = world.baskets
    sku, quantity = basket.sku, basket.quantity
    unit = SKU_PRICE[sku]
    unit = np.where(plan.is_export, list_prices(unit, market), unit)
    percent = _discount_percents(plan, world, sku, draws)
    unit_net = unit * (100 - percent) // 100
    unit_tax = np.where(plan.is_export, 0, unit_net * SKU_TAX[sku] // 100)
    goods = (quantity * unit_net).sum(axis=0)
    shipping = np.select(
        [
            fulfillment != SHIP,
            plan.is_export,
            goods < baskets.free_shipping_from_minor,
        ],
        [0, shipping_abroad(market), baskets.shipping_minor],
        0,
    )
    tax = (quantity * unit_tax).sum(axis=0)
    return Bill(
        unit_price=unit,
        unit_paid=unit_net + unit_tax,
        discount=(quantity * (unit - unit_net)).sum(axis=0),
        tax=tax,
        shipping=shipping,
        total=goods + tax + shipping,
    )


def _discount_percents(
    plan: Plan, world: World, sku: Integers, draws: Draws
) -> Integers:
    """Return the rebate on each line: the order's, and the sale's on its goods."""
    baskets = world.baskets
    taste = draws.uniform("order/discount")
    is_first = plan.number == 1
    percent = np.select(
        [is_first & plan.is_deal_seeker, is_first],
        [
            _percents(baskets.deal_seeker_percent, taste),
            _percents(baskets.first_discount_percent, taste),
        ],
        _percents(baskets.discount_percent, taste),
    )
    lines = np.broadcast_to(percent, sku.shape)
    rush = world.shoppers.rush
    if rush is None:
        return lines
    on_sale = np.isin(sku, [SKU_PLACE[name] for name in rush.skus])
    on_sale &= world.during(rush.window, plan.placed)
    return lines + np.where(on_sale, rush.extra_discount_percent, 0)


def _percents(mix: Mix, taste: Floats) -> Integers:
    """Return the percentage, a label of the mix, that each taste picks."""
    percents: Integers = np.array([int(label) for label in mix.labels])
    return percents[mix.codes(taste)]
