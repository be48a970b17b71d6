"""How one purchase leads to another: gateways, premium goods, pairs bought together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.catalog import PRODUCTS, SKU_PLACE


@dataclass(frozen=True)
class Lead:
    """What a first purchase of one SKU leads to.

    Attributes:
        return_factor: How often its first buyers come back, against other first buyers
            of the category: above one it is a gateway, below a dead end.
        premium_share: Later orders of these buyers that hold something premium.
    """

    return_factor: float = 1.0
    premium_share: float = 0.036


@dataclass(frozen=True)
class Pair:
    """Two SKUs bought together: of orders of either, ``share`` take the other along."""

    one: str
    other: str
    share: float


USUAL_LEAD = Lead()
LEADS = {
    "HOME-TEAPOT": Lead(2.3, 0.27),
    "HOME-CANDLE": Lead(0.61),
    "TEA-KAHWA": Lead(1.34, 0.11),
    "TEA-GREEN": Lead(0.72),
    "SKIN-SERUM": Lead(1.42, 0.21),
    "SKIN-LIP": Lead(0.58),
    "ELEC-KETTLE": Lead(2.6, 0.15),
    "ELEC-CABLE": Lead(0.5),
    "BOOK-TEA": Lead(1.75, 0.14),
    "DIGI-BREW": Lead(1.9),
}

PREMIUM_SKUS = (
    "ELEC-KETTLE",
    "ELEC-BUDS",
    "SKIN-CREAM",
    "HOME-THROW",
    "JACKET-QUILT-M",
    "JACKET-QUILT-L",
)
"""What loyal customers move up to."""

PAIRS = (
    Pair("HOME-TEAPOT", "HOME-CUPS", 0.37),
    Pair("SKIN-SERUM", "SKIN-SUNSCREEN", 0.29),
    Pair("SKIN-CLEANSER", "SKIN-CREAM", 0.21),
    Pair("ELEC-KETTLE", "ELEC-SCALE", 0.33),
    Pair("ELEC-POWER", "ELEC-CABLE", 0.41),
    Pair("TEA-DARJEELING", "BOOK-TEA", 0.16),
)
"""No SKU is in two pairs."""

_LEADS = [LEADS.get(product.sku, USUAL_LEAD) for product in PRODUCTS]
SKU_RETURN_FACTOR = np.array([lead.return_factor for lead in _LEADS])
SKU_PREMIUM_SHARE = np.array([lead.premium_share for lead in _LEADS])
PREMIUM = np.array([SKU_PLACE[sku] for sku in PREMIUM_SKUS])

SKU_PARTNER = np.arange(len(PRODUCTS))
"""Position of the SKU each is paired with; its own where it stands alone."""

SKU_PARTNER_SHARE = np.zeros(len(PRODUCTS))
for _pair in PAIRS:
    _ends = [SKU_PLACE[_pair.one], SKU_PLACE[_pair.other]]
    SKU_PARTNER[_ends] = _ends[::-1]
    SKU_PARTNER_SHARE[_ends] = _pair.share
