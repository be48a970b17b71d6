"""Orders as the shop takes them: baskets, money, who and where; consents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.catalog import (
    AREAS,
    DIGITAL,
    PRODUCTS,
    SKU_CATEGORY,
    SKU_LIFE,
    SKU_PRICE,
    SKU_TAX,
    STORE,
)
from ingestion.simulator.draws import Draws, Flags, Integers, Mix
from ingestion.simulator.journal import (
    NEVER,
    Journal,
    Partly,
    Raw,
    Text,
    after,
    joined,
    labels,
    text,
    when,
)
from ingestion.simulator.parameters import ACCOUNT, BASKETS, SHOPPERS
from ingestion.simulator.planning import Plan

LINES = 4
"""Most lines of an order."""

FIRST_ORDER_NUMBER = 100001
SHOP = f"shop:{ACCOUNT}"
SKUS = tuple(product.sku for product in PRODUCTS)
PREPAID, COD, PARTIAL_COD = range(3)
MODES = ("prepaid", "cod", "partial_cod")
SHIP, PICKUP, DIGITAL_ONLY = range(3)
FULFILLMENTS = ("ship", "pickup", "digital")
COUNTRIES = ("US", "AE", "GB", "SG")
CURRENCIES = ("INR", "USD")

PHYSICAL_SKUS = np.flatnonzero(SKU_CATEGORY != DIGITAL)
DIGITAL_SKUS = np.flatnonzero(SKU_CATEGORY == DIGITAL)


def _popularity(skus: Integers) -> Mix:
    return Mix(tuple((SKUS[sku], PRODUCTS[sku].popularity) for sku in skus))


PHYSICAL = _popularity(PHYSICAL_SKUS)
DIGITAL_GOODS = _popularity(DIGITAL_SKUS)


def place_orders(plan: Plan, draws: Draws) -> Orders:
    """Fill the baskets of a block of orders and price them to the last minor unit."""
    count = len(plan)
    is_export = plan.is_export
    is_digital = (SKU_CATEGORY[plan.favorite] == DIGITAL) & (plan.number == 1)
    is_digital |= draws.chance("order/digital", BASKETS.digital_share)
    metro = np.array([area.is_metro for area in AREAS])
    is_pickup = draws.chance("order/pickup", BASKETS.pickup_share)
    is_pickup &= metro[plan.area] & ~is_export & ~is_digital
    fulfillment = np.select([is_digital, is_pickup], [DIGITAL_ONLY, PICKUP], SHIP)

    wanted = BASKETS.line_count.codes(draws.uniform("order/lines")) + 1
    sku = np.zeros((LINES, count), dtype=np.int64)
    quantity = np.zeros((LINES, count), dtype=np.int64)
    for line in range(LINES):
        taste = draws.uniform(f"order/sku/{line}")
        chosen = np.where(
            is_digital,
            DIGITAL_SKUS[DIGITAL_GOODS.codes(taste)],
            PHYSICAL_SKUS[PHYSICAL.codes(taste)],
        )
        if line == 0:
            fits = (SKU_CATEGORY[plan.favorite] == DIGITAL) == is_digital
            chosen = np.where(fits, plan.favorite, chosen)
        units = BASKETS.quantity.codes(draws.uniform(f"order/quantity/{line}")) + 1
        units = np.where(SKU_LIFE[chosen] > 0, units, np.minimum(units, 2))
        units = np.where(is_digital, 1, units)
        taken = (sku[:line] == chosen).any(axis=0)
        sku[line] = chosen
        quantity[line] = np.where((line < wanted) & ~taken, units, 0)

    unit = SKU_PRICE[sku]
    unit = np.where(is_export, -(-unit // (BASKETS.paise_per_cent * 100)) * 100, unit)
    percents = np.array([int(label) for label in BASKETS.discount_percent.labels])
    percent = percents[BASKETS.discount_percent.codes(draws.uniform("order/discount"))]
    unit_net = unit * (100 - percent) // 100
    unit_tax = np.where(is_export, 0, unit_net * SKU_TAX[sku] // 100)
    goods = (quantity * unit_net).sum(axis=0)
    shipping = np.where(
        fulfillment != SHIP,
        0,
        np.where(
            is_export,
            BASKETS.export_shipping_minor,
            np.where(
                goods < BASKETS.free_shipping_from_minor, BASKETS.shipping_minor, 0
            ),
        ),
    )
    tax = (quantity * unit_tax).sum(axis=0)

    appetite = draws.uniform("order/mode")
    cod_share = np.array(BASKETS.cod_share)[plan.area]
    can_cod = (fulfillment == SHIP) & ~is_export
    mode = np.where(
        can_cod & (appetite < cod_share),
        COD,
        np.where(
            can_cod & (appetite > 1 - BASKETS.partial_cod_share), PARTIAL_COD, PREPAID
        ),
    )
    total = goods + tax + shipping
    deposit = total * BASKETS.partial_cod_deposit_percent // 10000 * 100
    number = text(FIRST_ORDER_NUMBER + draws.first + np.arange(count, dtype=np.int64))
    order_id = joined("AU", number)
    # a household is a PIN code and a door; the same word gives both
    digits = (plan.pin % np.uint64(40)).astype(np.int64)
    prefixes = [area.prefixes for area in AREAS]
    prefix = np.array(
        [[int(pair[0]), int(pair[-1])] for pair in prefixes], dtype=np.int64
    )[plan.area, digits % 2]
    return Orders(
        plan=plan,
        order_id=order_id,
        line_id=tuple(joined(order_id, f"-{line + 1}") for line in range(LINES)),
        customer_id=joined("cust-", text(50001 + plan.customer)),
        placed=plan.placed,
        sku=sku,
        quantity=quantity,
        unit_price=unit,
        unit_paid=unit_net + unit_tax,
        discount=(quantity * (unit - unit_net)).sum(axis=0),
        tax=tax,
        shipping=shipping,
        total=total,
        prepaid_part=np.select(
            [mode == PREPAID, mode == PARTIAL_COD], [total, deposit]
        ),
        mode=mode,
        fulfillment=fulfillment,
        currency=labels(is_export.astype(np.int64), CURRENCIES),
        channel=BASKETS.channels.codes(draws.uniform("order/channel")),
        postal_code=text(prefix * 10000 + digits * 7 + 1),
        country=labels(
            np.where(is_export, digits % len(COUNTRIES) + 1, 0), ("IN", *COUNTRIES)
        ),
        home=np.where(
            fulfillment == PICKUP,
            STORE,
            np.array([area.home for area in AREAS])[plan.area],
        ),
        distance=np.array([area.distance for area in AREAS])[plan.area],
        is_test=draws.chance("order/test", BASKETS.test_share),
        is_synthetic=draws.chance("order/synthetic", BASKETS.synthetic_share),
    )


def record_orders(orders: Orders, draws: Draws, journal: Journal) -> None:
    """Record the placing, the confirmation and the consents of a block."""
    plan = orders.plan
    known = Partly(orders.customer_id, ~plan.is_guest)
    segment = labels(plan.segment, SHOPPERS.segments.labels)
    journal.record(
        "orders",
        "order_placed",
        at=orders.placed,
        source=SHOP,
        order_id=orders.order_id,
        customer_id=known,
        customer_segment=Partly(segment, ~plan.is_guest),
        channel=labels(orders.channel, BASKETS.channels.labels),
        is_guest=plan.is_guest,
        payment_mode=labels(orders.mode, MODES),
        fulfillment_type=labels(orders.fulfillment, FULFILLMENTS),
        currency=orders.currency,
        total_minor=orders.total,
        discount_minor=Partly(orders.discount, orders.discount > 0),
        tax_minor=orders.tax,
        shipping_minor=orders.shipping,
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
            where=(orders.placed > 35) & draws.chance(f"consent/{purpose}", 0.83),
            source=SHOP,
            slot=purpose,
            customer_id=orders.customer_id,
            consent_purpose=purpose,
            legal_basis="consent",
            policy_version="2026-01",
        )
    leaving = draws.uniform("consent/leaving")
    share = SHOPPERS.consent_withdrawn_share
    journal.record(
        "orders",
        "consent_withdrawn",
        at=after(consent, (leaving / share * 60 * 86400).astype(np.int64) + 86400),
        where=leaving < share,
        source=SHOP,
        customer_id=orders.customer_id,
        consent_purpose="marketing",
    )


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
        plan: Who orders when.
        quantity: Units; 0 where the order has no such line.
        unit_price: Listed price of a unit, minor units.
        unit_paid: Price of a unit after discount and with tax, minor units.
        total: What the customer owes, minor units.
        prepaid_part: What is due before shipping, minor units.
        home: Location that serves the order first.
        distance: 0 next door to 2 far.
    """

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
    fulfillment: Integers
    currency: Text
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
