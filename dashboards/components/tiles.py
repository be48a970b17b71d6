"""A tile map: one square a region, near where it lies, none larger for its land.

Regions of a country without a layout here are shown as bars by the page instead.
"""

from __future__ import annotations

from collections.abc import Iterable

import altair as alt
import pandas as pd

from dashboards.components.charts import draw

# column and row of each Indian state and territory; the north east and the islands
# stand where they lie
INDIA = {
    "Jammu and Kashmir": ("JK", 2, 0),
    "Ladakh": ("LA", 3, 0),
    "Punjab": ("PB", 2, 1),
    "Himachal Pradesh": ("HP", 3, 1),
    "Chandigarh": ("CH", 1, 1),
    "Rajasthan": ("RJ", 1, 2),
    "Haryana": ("HR", 2, 2),
    "Delhi": ("DL", 3, 2),
    "Uttarakhand": ("UK", 4, 1),
    "Uttar Pradesh": ("UP", 4, 2),
    "Bihar": ("BR", 5, 2),
    "Sikkim": ("SK", 6, 2),
    "Assam": ("AS", 7, 2),
    "Arunachal Pradesh": ("AR", 8, 2),
    "North East": ("NE", 8, 3),
    "Gujarat": ("GJ", 1, 3),
    "Madhya Pradesh": ("MP", 3, 3),
    "Chhattisgarh": ("CG", 4, 3),
    "Jharkhand": ("JH", 5, 3),
    "West Bengal": ("WB", 6, 3),
    "Meghalaya": ("ML", 7, 3),
    "Maharashtra": ("MH", 2, 4),
    "Telangana": ("TS", 3, 4),
    "Odisha": ("OD", 5, 4),
    "Goa": ("GA", 1, 5),
    "Karnataka": ("KA", 2, 5),
    "Andhra Pradesh": ("AP", 3, 5),
    "Kerala": ("KL", 2, 6),
    "Tamil Nadu": ("TN", 3, 6),
    "Puducherry": ("PY", 4, 6),
}

TILE = 46

# below this share of known regions a map would hide more than it shows
ENOUGH = 0.8


def has_tiles(regions: Iterable[str]) -> bool:
    """Tell whether nearly all regions have a place on the map."""
    named = [region for region in regions if region != "unknown"]
    known = sum(region in INDIA for region in named)
    return bool(named) and known >= ENOUGH * len(named)


def tile_map(ranked: pd.DataFrame, *, value: str, title: str) -> None:
    """Draw one tile a region, shaded by a rate; the interval is in its tooltip.

    Args:
        ranked: ``segment``, the value, ``lower``, ``upper`` and ``shipped``.
        value: Column of the rate, from 0 to 1.
        title: What is shaded, with its unit.
    """
    tiles = ranked[ranked["segment"].isin(INDIA)].copy()
    tiles["code"] = [INDIA[region][0] for region in tiles["segment"]]
    tiles["across"] = [INDIA[region][1] for region in tiles["segment"]]
    tiles["down"] = [INDIA[region][2] for region in tiles["segment"]]
    tiles["words"] = [f"{share * 100:.0f} %" for share in tiles[value]]
    base = alt.Chart(tiles).encode(
        x=alt.X("across:O", axis=None, scale=alt.Scale(domain=list(range(1, 9)))),
        y=alt.Y("down:O", axis=None, scale=alt.Scale(domain=list(range(7)))),
        tooltip=[
            alt.Tooltip("segment:N", title="Region"),
            alt.Tooltip(f"{value}:Q", title=title, format=".1%"),
            alt.Tooltip("lower:Q", title="95 % from", format=".1%"),
            alt.Tooltip("upper:Q", title="to", format=".1%"),
            alt.Tooltip("shipped:Q", title="Parcels shipped", format=","),
        ],
    )
    middle = float(tiles[value].max()) * 0.6
    ink = alt.condition(
        f"datum['{value}'] > {middle}", alt.value("white"), alt.value("#0c1118")
    )
    draw(
        (
            base.mark_rect(cornerRadius=4, stroke=None).encode(
                color=alt.Color(
                    f"{value}:Q",
                    title=title,
                    scale=alt.Scale(scheme="oranges", zero=True),
                    legend=alt.Legend(orient="bottom", format=".0%"),
                )
            )
            + base.mark_text(fontWeight="bold", dy=-7).encode(text="code:N", color=ink)
            + base.mark_text(dy=9).encode(text="words:N", color=ink)
        ).properties(height=7 * TILE),
        description=f"{title} by region: "
        + ", ".join(
            f"{region} {share * 100:.1f} %"
            for region, share in zip(tiles["segment"], tiles[value], strict=True)
        ),
    )
