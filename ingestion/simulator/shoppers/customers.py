"""Customers and their whole stories of ordering, a batch at a time, horizon or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ingestion.simulator.catalog import (
    AREAS,
    PRODUCTS,
    SKU_CATEGORY,
    SKU_LIFE,
    SKU_PLACE,
    TEA,
)
from ingestion.simulator.draws import Draws, Flags, Floats, Integers, Mix
from ingestion.simulator.parameters import World
from ingestion.simulator.record.calendar import SATURDAY
from ingestion.simulator.record.moments import DAY, NEVER, when
from ingestion.simulator.shoppers.tastes import SKU_RETURN_FACTOR

FAVORITES = Mix(tuple((product.sku, product.popularity) for product in PRODUCTS))
PLACES = Mix(tuple((area.region, area.share) for area in AREAS))

CLOSE_SECONDS = 2 * DAY
"""Orders closer than this bring something forgotten, not a new supply."""

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Customers:
    """A batch of customers; one row each.

    Attributes:
        customer: Number.
        favorite: SKU of the first order, and of later ones where it runs out.
        is_rushing: Came for the sale.
        is_deal_seeker: Comes for the first rebate.
        pin: Random word of the household, that fixes its address and habits.
    """

    customer: Integers
    favorite: Integers
    is_guest: Flags
    is_rushing: Flags
    is_deal_seeker: Flags
    pin: Words
    area: Integers
    segment: Integers
    is_export: Flags
    has_consented: Flags


def draw_customers(world: World, draws: Draws, rushing_share: float) -> Customers:
    """Draw who the customers of a batch are.

    Args:
        world: The shop.
        draws: Random numbers by customer.
        rushing_share: Share of customers who come for the sale.
    """
    shoppers = world.shoppers
    row = np.arange(draws.count)
    is_guest = draws.chance("customer/guest", shoppers.guest_share)
    shared = np.where(
        is_guest, shoppers.guest_household_share, shoppers.household_share
    )
    is_second = (row % 2 == 1) & draws.chance("customer/household", shared)
    # who moves in with the customer before has that customer's address
    home = row - is_second
    favorite = FAVORITES.codes(draws.uniform("customer/favorite"))
    is_rushing = np.zeros(draws.count, np.bool_)
    if shoppers.rush:
        is_rushing = draws.chance("customer/rushing", rushing_share)
        cheap = np.array([SKU_PLACE[sku] for sku in shoppers.rush.skus])
        taste = draws.uniform("customer/cheap") * len(cheap)
        favorite = np.where(is_rushing, cheap[taste.astype(np.int64)], favorite)
    is_export = draws.chance("customer/export", shoppers.export_share)
    return Customers(
        customer=draws.first + row,
        favorite=favorite,
        is_guest=is_guest,
        is_rushing=is_rushing,
        is_deal_seeker=draws.chance("customer/deals", shoppers.deal_seeker_share),
        pin=draws.words("customer/pin")[home],
        area=PLACES.codes(draws.uniform("customer/area"))[home],
        segment=shoppers.segments.codes(draws.uniform("customer/segment")),
        is_export=is_export[home],
        has_consented=draws.chance(
            "customer/consent", shoppers.marketing_consent_share
        ),
    )


@dataclass(frozen=True)
class Stories:
    """Orders of a batch of customers within the period, by customer and number.

    Attributes:
        row: Row of the customer in the batch.
        number: Which of the customer's orders this is, from 1.
        placed: Seconds from the start.
        following: The customer's next order, beyond the period too; ``NEVER`` where
            there is none.
        previous: The order before; ``NEVER`` for a first one.
        units: Units of the favorite.
    """

    row: Integers
    number: Integers
    placed: Integers
    following: Integers
    previous: Integers
    units: Integers


def live_through(
    world: World, customers: Customers, start: date, draws: Draws
) -> Stories:
    """Draw the moments of all orders of a batch of customers.

    Args:
        world: The shop and its period.
        customers: Who they are.
        start: First day, for weekdays.
        draws: Random numbers by customer.
    """
    shoppers, horizon = world.shoppers, world.days * DAY
    week = _Week(world, start, draws)
    returning = _return_shares(world, customers)
    moment = _first_orders(world, customers, week, draws)
    previous = np.full(draws.count, NEVER)
    bought = np.zeros(draws.count, dtype=np.int64)
    told: list[Stories] = []
    for number in range(1, shoppers.most_orders + 1):
        row = np.flatnonzero(moment < horizon)
        if not len(row):
            break
        is_close = (previous < NEVER) & (moment - previous < CLOSE_SECONDS)
        units = world.baskets.quantity.codes(draws.uniform(f"customer/units/{number}"))
        # something forgotten is bought alone: the supply is what it was
        bought = np.where(is_close, bought, units + 1)
        returns = (moment < horizon) & ~customers.is_guest
        returns &= draws.chance(
            f"customer/again/{number}", returning * _loyalty(world, number)
        )
        returns &= number < shoppers.most_orders
        following = when(
            returns, _next_order(world, customers, moment, bought, number, week, draws)
        )
        told.append(
            Stories(
                row=row,
                number=np.full(len(row), number),
                placed=moment[row],
                following=following[row],
                previous=previous[row],
                units=units[row] + 1,
            )
        )
        previous, moment = moment, following
    return _by_customer(told)


def _return_shares(world: World, customers: Customers) -> Floats:
    """Return how likely each customer comes back after a first order."""
    shoppers = world.shoppers
    share: Floats = np.array(shoppers.return_share)[SKU_CATEGORY[customers.favorite]]
    share = share * SKU_RETURN_FACTOR[customers.favorite]
    factor = np.where(customers.is_deal_seeker, shoppers.deal_seeker_return_factor, 1.0)
    share = share * factor
    if shoppers.rush:
        factor = np.where(customers.is_rushing, shoppers.rush.return_factor, 1.0)
        share = share * factor
    return share


def _loyalty(world: World, number: int) -> float:
    """Return how much likelier a customer comes back after some orders."""
    steps = world.shoppers.loyalty
    return steps[min(number, len(steps)) - 1]


def _first_orders(
    world: World, customers: Customers, week: _Week, draws: Draws
) -> Integers:
    """Return the moment of each customer's first order, beyond the period too."""
    shoppers = world.shoppers
    arrived = shoppers.arrival.at(draws.uniform("customer/arrival")) * world.days
    moment = week.at_some_hour(arrived.astype(np.int64), 0)
    if shoppers.rush:
        window = shoppers.rush.window
        length = window.end(world.days) - window.first(world.days)
        pace = shoppers.rush.pace.at(draws.uniform("customer/pace")) * length
        rushed = window.first(world.days) + pace.astype(np.int64)
        moment = np.where(customers.is_rushing, rushed, moment)
    return moment


def _next_order(
    world: World,
    customers: Customers,
    moment: Integers,
    bought: Integers,
    number: int,
    week: _Week,
    draws: Draws,
) -> Integers:
    """Return when each customer would order next: when the supply ends, or a whim."""
    shoppers = world.shoppers
    favorite = customers.favorite
    luck = draws.uniform(f"customer/life/{number}")
    multiple = np.where(
        SKU_CATEGORY[favorite] == TEA,
        shoppers.tea_multiple.at(luck),
        shoppers.skin_multiple.at(luck),
    )
    supply = SKU_LIFE[favorite] * np.array(shoppers.lasting)[bought - 1] * DAY
    gap = np.where(
        SKU_LIFE[favorite] > 0,
        supply * multiple,
        shoppers.other_gap.at(draws.uniform(f"customer/gap/{number}")),
    )
    known = np.where(moment < NEVER, moment, 0)
    gap = np.maximum(gap, CLOSE_SECONDS + DAY).astype(np.int64)
    later = week.at_some_hour((known + gap) // DAY, number)
    soon = shoppers.close_gap.whole(draws.uniform(f"customer/soon/{number}"))
    is_close = draws.chance(f"customer/close/{number}", shoppers.close_share)
    return np.where(is_close, known + soon, later)


def _by_customer(told: list[Stories]) -> Stories:
    """Join the first orders, the second ones and so on, and sort them by customer."""
    columns = {
        name: np.concatenate([vars(one)[name] for one in told])
        if told
        else np.zeros(0, dtype=np.int64)
        for name in Stories.__annotations__
    }
    order = np.argsort(columns["row"], kind="stable")
    return Stories(**{name: column[order] for name, column in columns.items()})


@dataclass(frozen=True)
class _Week:
    """How days of the week differ: some orders wait for the weekend."""

    world: World
    start: date
    draws: Draws

    def at_some_hour(self, day: Integers, number: int) -> Integers:
        """Return the moment of an order wanted on a day, in seconds from the start."""
        shoppers = self.world.shoppers
        hour = self.draws.uniform(f"customer/hour/{number}")
        second = shoppers.time_of_day.whole(hour)
        weekday = (day + self.start.weekday()) % 7
        share = np.array(shoppers.postponed_share)[weekday]
        patience = self.draws.uniform(f"customer/weekend/{number}")
        to_sunday = patience * 2 < share
        wait = SATURDAY - weekday + to_sunday
        day = np.where(patience < share, day + wait, day)
        is_weekend = (day + self.start.weekday()) % 7 >= SATURDAY
        second = np.where(is_weekend, shoppers.weekend_time_of_day.whole(hour), second)
        return day * DAY + np.minimum(second, DAY - 1)
