# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Routing, reservation, backorders, address checks, promises."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours, minutes


@dataclass(frozen=True)
class Stock:
    """Routing, reservation, backorders."""

    routing: Quantiles = Quantiles(((0, 2), (0.9, 25), (1, 400)))  # s
    reserving: Quantiles = Quantiles(((0, 3), (0.9, 40), (1, 700)))  # s
    failure_share: tuple[float, ...] = (0.041, 0.024, 0.029, 0.052, 0.033, 0.018, 0)
    short_skus_every: int = 7  # each such SKU in the catalog is often short
    short_factor: float = 2.9
    load_slope: float = 0.55  # per multiple of the usual hourly load
    location_factor: tuple[float, ...] = (0.8, 1.0, 1.15, 1.7, 1.3)
    reasons: Mix = Mix(
        (
            ("out_of_stock", 44),
            ("insufficient_quantity", 14),
            ("already_allocated", 17),
            ("sync_lag", 13),
            ("location_mismatch", 6),
            ("system_error", 6),
        )
    )
    fallback_share: float = 0.72
    fallback: Quantiles = minutes((0, 2), (0.6, 19), (0.95, 210), (1, 900))
    fallback_failure_share: float = 0.22
    backorder_wait: Quantiles = days((0, 1.4), (0.5, 6.5), (0.85, 14), (1, 33))
    backorder_guess: Quantiles = days((0, 3.2), (0.6, 7.4), (1, 12))
    backorder_dropped_share: float = 0.24
    backorder_patience: Quantiles = days((0, 2.2), (0.6, 6), (1, 13))
    backorder_told_share: float = 0.83
    backorder_told: Quantiles = hours((0, 0.1), (0.6, 5.5), (0.9, 21), (1, 57))
    backorder_other_date_share: float = 0.17  # of messages; not the date in the books
    backorder_sooner_share: float = 0.37  # of other dates
    backorder_other_date: Quantiles = days((0, 1), (0.7, 3), (1, 8))
    shelf_empty_share: float = 0.009
    shelf_recovery: Quantiles = hours((0, 5), (0.6, 21), (1, 64))


@dataclass(frozen=True)
class Addresses:
    """Address checks: normalization, serviceability, carrier, review by a person."""

    check: Quantiles = Quantiles(((0, 3), (0.9, 50), (1, 900)))  # s
    failure_share: tuple[float, ...] = (
        0.026,
        0.037,
        0.029,
        0.044,
        0.031,
        0.079,
        0.058,
        0.112,
        0.124,
    )  # by area
    checks: Mix = Mix(
        (("normalization", 52), ("serviceability", 23), ("carrier_compatibility", 25))
    )
    review_share: float = 0.023
    review: Quantiles = hours((0, 0.5), (0.6, 6), (1, 33))
    refused_share: float = 0.31  # of reviews
    corrected_share: tuple[float, ...] = (0.91, 0.43, 0.97, 0.58)  # by check
    correction: tuple[Quantiles, ...] = (
        hours((0, 0.4), (0.5, 9), (0.9, 46), (1, 110)),
        hours((0, 3), (0.5, 31), (0.9, 83), (1, 160)),
        hours((0, 0.2), (0.7, 2.6), (1, 27)),
        hours((0, 1), (0.5, 17), (0.9, 68), (1, 130)),
    )  # by check
    patience: tuple[Quantiles, ...] = (
        days((0, 2.5), (1, 8)),
        hours((0, 4), (0.6, 27), (1, 115)),
        days((0, 1.2), (1, 4)),
        days((0, 1.7), (1, 6)),
    )  # by check


@dataclass(frozen=True)
class Promises:
    """What the customer is told; revised at a gate, on the floor, on the road."""

    transit_days: tuple[int, ...] = (5, 9, 13)  # by distance
    export_days: int = 11
    pickup_days: int = 2
    location_days: tuple[int, ...] = (0, 0, 0, 1, 0)  # more, where the floor is slow
    cutoff_hour: int = 13  # after which an order counts as the next day's
    address_days: Mix = Mix((("0", 34), ("1", 45), ("2", 21)))
    """More, by how the couriers know the address; the same for all of its orders."""
    revised_after: Quantiles = hours((0, 4), (0.7, 16), (1, 50))
    floor_revised_share: float = 0.37  # of orders that missed the dispatch
    floor_revised: Quantiles = hours((0, 0.1), (0.6, 1.3), (1, 11))
    long_wait_hours: int = 19  # on the floor; blamed on capacity, not on the cut-off
    road_revised_share: tuple[float, ...] = (0.016, 0.46)  # in time, late
    road_revised: Quantiles = Quantiles(((0, 0.15), (0.5, 0.7), (1, 0.97)))
    """Share of the road behind the parcel when the carrier admits the delay."""
    weather_share: float = 0.38  # of revisions on the road
    extra_days: Mix = Mix((("1", 40), ("2", 35), ("4", 18), ("6", 7)))
    told_share: tuple[float, ...] = (0.88, 0.74, 0.66)  # by where it was revised
    told_late_share: float = 0.36  # of delays at a gate that no message told at once
    told_after: tuple[Quantiles, ...] = (
        hours((0, 3), (0.5, 14), (0.9, 58), (1, 140)),
        hours((0, 0.1), (0.6, 2), (0.9, 17), (1, 44)),
        hours((0, 0.2), (0.5, 6), (0.85, 31), (1, 79)),
    )  # by where it was revised
    other_date_share: tuple[float, ...] = (0.024, 0.043, 0.118)  # message and page
    wrong_days: Mix = Mix((("-1", 44), ("-2", 17), ("1", 25), ("3", 14)))
    hidden_share: float = 0.07  # revised in the books, not on the order page
