"""Orders as the shop takes them: baskets, money, who and where; consents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.catalog import AREAS, DIGITAL, SKU_CATEGORY, STORE
from ingestion.simulator.draws import Draws, Flags, Integers
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, NEVER, after, when
from ingestion.simulator.record.text import (
    Fields,
    Partly,
    Raw,
    Text,
    joined,
    labels,
    text,
)
from ingestion.simulator.shoppers.baskets import LINES, SKUS, fill_baskets
from ingestion.simulator.shoppers.habits import habit
from ingestion.simulator.shoppers.markets import (
    COUNTRIES,
    CURRENCIES,
    HOME_CURRENCY,
    PLACES_ABROAD,
    exchange_rates,
    in_paise,
    rate_text,
)
from ingestion.simulator.shoppers.planning import Plan
from ingestion.simulator.shoppers.pricing import DIGITAL_ONLY, PICKUP, SHIP, price

FIRST_ORDER_NUMBER = 100001
SHOP = f"shop:{ACCOUNT}"
PREPAID, COD, PARTIAL_COD = range(3)
MODES = ("prepaid", "cod", "partial_cod")
FULFILLMENTS = ("ship", "pickup", "digital")


def place_orders(plan: Plan, world: World, draws: Draws) -> Orders:
    """Fill the baskets of a block of orders and price them to the last minor unit."""
    baskets = world.baskets
    count = len(plan)
    metro = np.array([area.is_metro for area in AREAS])
    is_digital = draws.chance("order/digital", baskets.digital_share)
    is_digital = np.where(
        plan.number == 1, SKU_CATEGORY[plan.favorite] == DIGITAL, is_digital
    )
    is_pickup = draws.chance("order/pickup", baskets.pickup_share)
    is_pickup &= metro[plan.area] & ~plan.is_export & ~is_digital
    fulfillment = np.select([is_digital, is_pickup], [DIGITAL_ONLY, PICKUP], SHIP)
    market = np.where(plan.is_export, PLACES_ABROAD.codes(habit(plan, "market")) + 1, 0)
    basket = fill_baskets(plan, world, is_digital, draws)
    bill = price(plan, world, basket, market, fulfillment, draws)
    mode = _modes(plan, world, fulfillment, draws)
    deposit = bill.total * baskets.partial_cod_deposit_percent // 10000 * 100
    habitual = baskets.channels.codes(habit(plan, "channel"))
    order_id = order_ids(draws.first + np.arange(count, dtype=np.int64))
    # a household is a PIN code and a door; the same word gives both
    digits = (plan.pin % np.uint64(40)).astype(np.int64)
    prefixes = [area.prefixes for area in AREAS]
    prefix = np.array(
        [[int(pair[0]), int(pair[-1])] for pair in prefixes], dtype=np.int64
    )[plan.area, digits % 2]
    return Orders(
        world=world,
        plan=plan,
        order_id=order_id,
        line_id=tuple(joined(order_id, f"-{line + 1}") for line in range(LINES)),
        customer_id=joined("cust-", text(50001 + plan.customer)),
        placed=plan.placed,
        sku=basket.sku,
        quantity=basket.quantity,
        unit_price=bill.unit_price,
        unit_paid=bill.unit_paid,
        discount=bill.discount,
        tax=bill.tax,
        shipping=bill.shipping,
        total=bill.total,
        prepaid_part=np.select(
            [mode == PREPAID, mode == PARTIAL_COD], [bill.total, deposit]
        ),
        mode=mode,
        placed_mode=mode,
        fulfillment=fulfillment,
        market=market,
        currency=labels(market, CURRENCIES),
        rate=exchange_rates(market, plan.placed, draws),
        channel=np.where(
            draws.chance("order/habit", baskets.habit_share),
            habitual,
            baskets.channels.codes(draws.uniform("order/channel")),
        ),
        postal_code=text(prefix * 10000 + digits * 7 + 1),
        country=labels(market, COUNTRIES),
        home=np.where(
            fulfillment == PICKUP,
            STORE,
            np.array([area.home for area in AREAS])[plan.area],
        ),
        distance=np.array([area.distance for area in AREAS])[plan.area],
        is_test=draws.chance("order/test", baskets.test_share),
        is_synthetic=draws.chance("order/synthetic", baskets.synthetic_share),
    )


def _modes(plan: Plan, world: World, fulfillment: Integers, draws: Draws) -> Integers:
    """Choose how each order is to be paid; cash only at a door in the country."""
    baskets = world.baskets
    appetite = draws.uniform("order/mode")
    can_cod = (fulfillment == SHIP) & ~plan.is_export
    return np.select(
        [
            can_cod & (appetite < np.array(baskets.cod_share)[plan.area]),
            can_cod & (appetite > 1 - baskets.partial_cod_share),
        ],
        [COD, PARTIAL_COD],
        PREPAID,
    )


def order_ids(rows: Integers) -> Text:
    """Return the id of the order in each row of the plan."""
    return joined("AU", text(FIRST_ORDER_NUMBER + rows))


def record_orders(orders: Orders, draws: Draws, journal: Journal) -> None:
    """Record the placing, the confirmation and the consents of a block."""
    _keep_orders(orders, journal)
    _record_repeats(orders, draws, journal)
    plan = orders.plan
    shoppers, baskets = orders.world.shoppers, orders.world.baskets
    known = Partly(orders.customer_id, ~plan.is_guest)
    segment = labels(plan.segment, shoppers.segments.labels)
    journal.record(
        "orders",
        "order_placed",
        at=orders.placed,
        source=SHOP,
        order_id=orders.order_id,
        customer_id=known,
        customer_segment=Partly(segment, ~plan.is_guest),
        channel=labels(orders.channel, baskets.channels.labels),
        is_guest=plan.is_guest,
        payment_mode=labels(orders.placed_mode, MODES),
        fulfillment_type=labels(orders.fulfillment, FULFILLMENTS),
        currency=orders.currency,
        total_minor=orders.total,
        discount_minor=Partly(orders.discount, orders.discount > 0),
        tax_minor=orders.tax,
        shipping_minor=orders.shipping,
        **in_home_currency(orders, orders.total),
        postal_code=Partly(orders.postal_code, ~plan.is_export),
        country_code=orders.country,
        lines=Raw(line_list(orders, orders.quantity, has_price=True)),
        is_test=Partly(orders.is_test, orders.is_test),
        is_synthetic=Partly(orders.is_synthetic, orders.is_synthetic),
    )
    journal.record(
        "orders",
        "order_confirmation_sent",
        at=after(orders.placed, 20 + (draws.uniform("order/told") * 70).astype(int)),
        source=SHOP,
        order_id=orders.order_id,
        message_id=joined(orders.order_id, "-M1"),
        message_channel=labels(
            (orders.channel == 1).astype(int), ("email", "whatsapp")
        ),
        template_code="order_confirmation",
    )
    consent = when(
        plan.has_consented & (plan.number == 1) & ~plan.is_guest, orders.placed
    )
    journal.record(
        "orders",
        "consent_granted",
        at=after(consent, -35),
        where=orders.placed > 35,
        source=SHOP,
        customer_id=orders.customer_id,
        consent_purpose="marketing",
        legal_basis="consent",
        policy_version="2026-01",
    )
    for purpose in ("review_requests", "reorder_reminders"):
        journal.record(
            "orders",
            "consent_granted",
            at=after(consent, -33),
            where=(orders.placed > 35)
            & draws.chance(f"consent/{purpose}", shoppers.other_consent_share),
            source=SHOP,
            slot=purpose,
            customer_id=orders.customer_id,
            consent_purpose=purpose,
            legal_basis="consent",
            policy_version="2026-01",
        )
    leaving = draws.uniform("consent/leaving")
    share = shoppers.consent_withdrawn_share
    journal.record(
        "orders",
        "consent_withdrawn",
        at=after(consent, shoppers.consent_kept.whole(leaving / share)),
        where=leaving < share,
        source=SHOP,
        customer_id=orders.customer_id,
        consent_purpose="marketing",
    )


def _record_repeats(orders: Orders, draws: Draws, journal: Journal) -> None:
    """Record orders of the same goods again, as far as the shop recognizes them."""
    plan = orders.plan
    is_repeat = (plan.number > 1) & ~plan.is_guest & plan.brings_favorite
    share = orders.world.shoppers.recognized_share
    journal.record(
        "orders",
        "reorder_placed",
        at=after(orders.placed, 60 + (draws.uniform("repeat/told") * 500).astype(int)),
        where=is_repeat & draws.chance("repeat/recognized", share),
        source=SHOP,
        order_id=orders.order_id,
        customer_id=orders.customer_id,
        previous_order_id=order_ids(plan.previous),
        sku=labels(orders.sku[0], SKUS),
        gap_days=(orders.placed - plan.previous_placed) // DAY,
    )


def _keep_orders(orders: Orders, journal: Journal) -> None:
    """Keep who ordered what when, and when next, whoever hears of it."""
    plan = orders.plan
    journal.truth.record(
        "orders",
        order_id=orders.order_id,
        customer_id=Partly(orders.customer_id, ~plan.is_guest),
        household=text(plan.pin),
        sku=labels(orders.sku[0], SKUS),
        placed_at=orders.placed,
        next_order_at=plan.following,
        is_first=plan.number == 1,
        is_test=orders.is_test,
        is_synthetic=orders.is_synthetic,
    )


def in_home_currency(orders: Orders, amount: Integers) -> Fields:
    """Return what an amount of an export is worth to the shop, as envelope fields."""
    is_export = orders.plan.is_export
    return {
        "shop_amount_minor": Partly(
            in_paise(amount, orders.market, orders.rate), is_export
        ),
        "shop_currency": Partly(HOME_CURRENCY, is_export),
        "fx_rate": Partly(Raw(rate_text(orders.rate)), is_export),
    }


def line_list(orders: Orders, quantity: Integers, *, has_price: bool = False) -> Text:
    """Write the ``lines`` of each order: those with a quantity above zero."""
    pieces = []
    for line in range(LINES):
        piece = joined(
            ',{"order_line_id":"',
            orders.line_id[line],
            '","sku":"',
            labels(orders.sku[line], SKUS),
            '","quantity":',
            text(quantity[line]),
        )
        if has_price:
            piece = joined(piece, ',"unit_price_minor":', text(orders.unit_price[line]))
        pieces.append(
            pc.if_else(pa.array(quantity[line] > 0), joined(piece, "}"), pa.scalar(""))
        )
    return joined("[", pc.utf8_slice_codeunits(joined(*pieces), 1), "]")


@dataclass(frozen=True)
class Orders:
    """A block of orders; arrays by line are (line, order).

    Attributes:
        world: The shop they are placed in.
        plan: Who orders when.
        quantity: Units; 0 where the order has no such line.
        unit_price: Listed price of a unit, minor units.
        unit_paid: Price of a unit after discount and with tax, minor units.
        total: What the customer owes, minor units.
        prepaid_part: What is due before shipping, minor units.
        mode: How the order is paid in the end.
        placed_mode: How it was to be paid when it was placed.
        market: Position in ``MARKETS``.
        rate: Rupees for one unit of the currency, in ten-thousandths.
        home: Location that serves the order first.
        distance: 0 next door to 2 far.
    """

    world: World
    plan: Plan
    order_id: Text
    line_id: tuple[Text, ...]
    customer_id: Text
    placed: Integers
    sku: Integers
    quantity: Integers
    unit_price: Integers
    unit_paid: Integers
    discount: Integers
    tax: Integers
    shipping: Integers
    total: Integers
    prepaid_part: Integers
    mode: Integers
    placed_mode: Integers
    fulfillment: Integers
    market: Integers
    currency: Text
    rate: Integers
    channel: Integers
    postal_code: Text
    country: Text
    home: Integers
    distance: Integers
    is_test: Flags
    is_synthetic: Flags

    @property
    def has_line(self) -> Flags:
        """Whether the order has the line."""
        return np.greater(self.quantity, 0)

    @property
    def needs_stock(self) -> Flags:
        """Whether goods have to be reserved."""
        return np.not_equal(self.fulfillment, DIGITAL_ONLY)

    @property
    def nothing(self) -> Integers:
        """A moment per order that never comes."""
        return np.full(len(self.placed), NEVER, dtype=np.int64)
