"""What the shop sells, where it keeps it and who carries it; the reference seeds.

The seeds written from here are what a shop's staff would know: product lives are
rounded guesses and one SKU was forgotten, so coverage has something to show.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SIZES = ("S", "M", "L", "XL")
FORGOTTEN_SKU = "HOME-THROW"
"""Sold, but missing from the product seed."""


def catalog_seeds(folder: Path) -> list[Path]:
    """Write products, locations, carriers and regions as CSV; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[tuple[str, ...], list[tuple[object, ...]]]] = {
        "products": (
            ("sku", "product_name", "category", "is_consumable", "expected_life_days"),
            [
                (
                    product.sku,
                    product.name,
                    product.category,
                    str(product.life_days > 0).lower(),
                    product.guessed_life_days or "",
                )
                for product in PRODUCTS
                if product.sku != FORGOTTEN_SKU
            ],
        ),
        "locations": (
            ("location_id", "location_name", "city", "region", "node_type"),
            [
                (place.location_id, place.name, place.city, place.region, place.kind)
                for place in LOCATIONS
            ],
        ),
        "carriers": (
            ("carrier", "carrier_name"),
            [(carrier.carrier, carrier.name) for carrier in CARRIERS],
        ),
        "regions": (
            ("postal_prefix", "region"),
            [(prefix, area.region) for area in AREAS for prefix in area.prefixes],
        ),
    }
    paths = []
    for name, (header, rows) in tables.items():
        path = folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        paths.append(path)
    return paths


@dataclass(frozen=True)
class Product:
    """One SKU.

    Attributes:
        price_minor: Price of one unit before tax, paise.
        tax_percent: Goods and services tax.
        popularity: Relative weight in baskets.
        life_days: Days a unit really lasts its buyer; 0 where it does not run out.
        guessed_life_days: What the staff believe; 0 where it does not run out.
        size: Position in ``SIZES``; -1 where it has none.
    """

    sku: str
    name: str
    category: str
    price_minor: int
    tax_percent: int
    popularity: float
    life_days: int = 0
    guessed_life_days: int = 0
    size: int = -1


@dataclass(frozen=True)
class Location:
    """A place that holds stock, and the place that stands in for it."""

    location_id: str
    name: str
    city: str
    region: str
    kind: str
    fallback: int


@dataclass(frozen=True)
class Carrier:
    """A courier company."""

    carrier: str
    name: str


@dataclass(frozen=True)
class Area:
    """A delivery region.

    Attributes:
        prefixes: First two digits of its PIN codes.
        share: Relative weight among customers.
        home: Position in ``LOCATIONS`` of the warehouse that serves it.
        distance: 0 next door, 1 in reach, 2 far from its warehouse.
        is_metro: Has a store to collect from.
    """

    region: str
    prefixes: tuple[str, ...]
    share: float
    home: int
    distance: int
    is_metro: bool


def _sized(
    stem: str, name: str, price_minor: int, popularity: float
) -> tuple[Product, ...]:
    """Return a garment in every size; the middle sizes sell most."""
    return tuple(
        Product(
            f"{stem}-{size}",
            f"{name}, {size}",
            "apparel",
            price_minor,
            5,
            popularity * weight,
            size=position,
        )
        for position, (size, weight) in enumerate(
            zip(SIZES, (0.20, 0.34, 0.30, 0.16), strict=True)
        )
    )


PRODUCTS: tuple[Product, ...] = (
    *_sized("TEE-INDIGO", "Indigo T-shirt", 64900, 9),
    *_sized("TEE-SAND", "Sand T-shirt", 64900, 7),
    *_sized("KURTA-BLOCK", "Block-print kurta", 149900, 8),
    *_sized("KURTA-LINEN", "Linen kurta", 219900, 5),
    *_sized("JACKET-QUILT", "Quilted jacket", 389900, 2),
    *_sized("TROUSER-COTTON", "Cotton trousers", 129900, 5),
    Product("TEA-ASSAM", "Assam tea 250 g", "tea", 32900, 5, 9, 24, 28),
    Product("TEA-DARJEELING", "Darjeeling tea 100 g", "tea", 54900, 5, 6, 19, 21),
    Product("TEA-MASALA", "Masala chai 250 g", "tea", 34900, 5, 8, 27, 28),
    Product("TEA-GREEN", "Green tea 100 g", "tea", 29900, 5, 5, 34, 42),
    Product("TEA-TULSI", "Tulsi infusion 50 g", "tea", 24900, 5, 3, 22, 21),
    Product("TEA-KAHWA", "Kahwa 100 g", "tea", 44900, 5, 2, 38, 42),
    Product("SKIN-SERUM", "Vitamin C serum", "skin_care", 69900, 18, 6, 41, 45),
    Product("SKIN-SUNSCREEN", "Sunscreen SPF 50", "skin_care", 49900, 18, 7, 47, 60),
    Product("SKIN-CLEANSER", "Rice-water cleanser", "skin_care", 39900, 18, 6, 36, 35),
    Product("SKIN-CREAM", "Night cream", "skin_care", 89900, 18, 4, 63, 60),
    Product("SKIN-LIP", "Lip balm", "skin_care", 19900, 18, 5, 52, 60),
    Product("SKIN-OIL", "Almond hair oil", "skin_care", 34900, 18, 4, 33, 35),
    Product("ELEC-BUDS", "Wireless earbuds", "electronics", 249900, 18, 4),
    Product("ELEC-POWER", "Power bank 10,000 mAh", "electronics", 129900, 18, 4),
    Product("ELEC-LAMP", "Desk lamp", "electronics", 179900, 18, 2),
    Product("ELEC-KETTLE", "Gooseneck kettle", "electronics", 329900, 18, 2),
    Product("ELEC-SCALE", "Kitchen scale", "electronics", 99900, 18, 2),
    Product("ELEC-CABLE", "USB-C cable", "electronics", 44900, 18, 4),
    Product("ELEC-SPEAKER", "Travel speaker", "electronics", 219900, 18, 2),
    Product("HOME-TEAPOT", "Stoneware teapot", "home", 159900, 12, 3),
    Product("HOME-CUPS", "Set of four cups", "home", 119900, 12, 4),
    Product("HOME-THROW", "Cotton throw", "home", 189900, 12, 3),
    Product("HOME-CUSHION", "Cushion cover", "home", 59900, 12, 4),
    Product("HOME-CANDLE", "Sandalwood candle", "home", 49900, 12, 4),
    Product("HOME-TRAY", "Mango-wood tray", "home", 99900, 12, 2),
    Product("BOOK-TEA", "The Tea Road", "books", 49900, 5, 3),
    Product("BOOK-COOK", "Weeknight Thalis", "books", 79900, 5, 3),
    Product("BOOK-CRAFT", "Block Printing at Home", "books", 59900, 5, 2),
    Product("DIGI-YOGA", "Yoga course", "digital", 99900, 18, 2),
    Product("DIGI-BREW", "Brewing class", "digital", 59900, 18, 1),
    Product("DIGI-AUDIO", "The Tea Road, audio", "digital", 39900, 18, 1),
    Product("DIGI-PATTERN", "Sewing patterns", "digital", 29900, 18, 1),
)

LOCATIONS: tuple[Location, ...] = (
    Location("WH-BLR", "Bengaluru warehouse", "Bengaluru", "South", "warehouse", 2),
    Location("WH-DEL", "Gurugram warehouse", "Gurugram", "North", "warehouse", 2),
    Location("WH-BOM", "Bhiwandi warehouse", "Mumbai", "West", "warehouse", 0),
    Location("WH-CCU", "Kolkata partner", "Kolkata", "East", "third_party", 1),
    Location("ST-BLR", "Indiranagar store", "Bengaluru", "South", "store", 0),
)
STORE = 4
"""Position of the store, where pickups wait."""

CARRIERS: tuple[Carrier, ...] = (
    Carrier("delhivery", "Delhivery"),
    Carrier("bluedart", "Blue Dart"),
    Carrier("xpressbees", "XpressBees"),
    Carrier("dhl_express", "DHL Express"),
)
EXPORT_CARRIER = 3

AREAS: tuple[Area, ...] = (
    Area("Karnataka", ("56", "57"), 21, 0, 0, True),
    Area("Tamil Nadu", ("60", "62"), 11, 0, 1, False),
    Area("Maharashtra", ("40", "41"), 20, 2, 0, False),
    Area("Gujarat", ("38", "39"), 8, 2, 1, False),
    Area("Delhi", ("11",), 15, 1, 0, False),
    Area("Uttar Pradesh", ("20", "22"), 11, 1, 1, False),
    Area("West Bengal", ("70", "71"), 8, 3, 0, False),
    Area("North East", ("78", "79"), 3, 3, 2, False),
    Area("Kashmir", ("18", "19"), 3, 1, 2, False),
)

CATEGORIES: tuple[str, ...] = (
    "apparel",
    "tea",
    "skin_care",
    "electronics",
    "home",
    "books",
    "digital",
)

SKU_CATEGORY = np.array([CATEGORIES.index(product.category) for product in PRODUCTS])
SKU_PRICE = np.array([product.price_minor for product in PRODUCTS], dtype=np.int64)
SKU_TAX = np.array([product.tax_percent for product in PRODUCTS], dtype=np.int64)
SKU_LIFE = np.array([product.life_days for product in PRODUCTS], dtype=np.int64)
SKU_SIZE = np.array([product.size for product in PRODUCTS], dtype=np.int64)
SKU_PLACE = {product.sku: place for place, product in enumerate(PRODUCTS)}
DIGITAL = CATEGORIES.index("digital")
TEA = CATEGORIES.index("tea")
APPAREL = CATEGORIES.index("apparel")
