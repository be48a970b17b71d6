# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Holds, picking, packing, handing over, and second thoughts."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, hours, minutes


@dataclass(frozen=True)
class Holds:
    """Stops on an order, opened by people or systems and closed by people."""

    fraud_share: float = 0.87  # of reviews
    address_share: float = 0.78  # of failed checks
    shortage_share: float = 0.63  # of backordered orders
    payment_after: Quantiles = hours((0, 3.1), (0.5, 8.5), (1, 31))
    by_hand_share: float = 0.011
    by_hand_after: Quantiles = minutes((0, 2), (0.6, 41), (1, 700))
    by_hand: Quantiles = hours((0, 0.3), (0.5, 7), (0.9, 43), (1, 130))
    by_hand_reasons: Mix = Mix(
        (
            ("customer_request", 41),
            ("compliance", 15),
            ("delivery_date_unknown", 12),
            ("other", 32),
        )
    )
    closing: Quantiles = minutes((0, 0.3), (0.7, 11), (0.95, 190), (1, 1300))
    """From the cause gone to the stop lifted, where the work goes on meanwhile."""
    forgotten_share: float = 0.052  # never lifted, though nothing waits for it


@dataclass(frozen=True)
class Floor:
    """Picking, packing and handing over."""

    opens_hour: int = 8
    closes_hour: int = 20
    queue: tuple[Quantiles, ...] = (
        hours((0, 0.2), (0.6, 1.9), (0.9, 6), (1, 17)),
        hours((0, 0.3), (0.6, 2.8), (0.9, 9), (1, 26)),
        hours((0, 0.2), (0.6, 1.5), (0.9, 8), (1, 31)),
        hours((0, 0.8), (0.5, 7), (0.9, 25), (1, 66)),
        hours((0, 0.1), (0.7, 1.2), (1, 9)),
    )  # by location
    # what came in while the floor was closed; worked off through the day
    after_opening: Quantiles = hours((0, 0), (0.35, 2.1), (0.85, 6.4), (1, 10.2))
    queue_load_slope: float = 0.03  # of the wait, per multiple of the usual load
    assigned_share: float = 0.91
    staff: int = 17  # people per location
    duplicate_share: float = 0.0034  # of handoffs, sent twice
    duplicate_after: Quantiles = minutes((0, 0.5), (0.7, 9), (1, 95))
    duplicate_found: Quantiles = hours((0, 0.1), (0.6, 3.2), (1, 29))
    pick: Quantiles = minutes((0, 3), (0.7, 17), (1, 90))
    empty_reported_share: float = 0.44  # of empty shelves, by the picker himself
    empty_reasons: Mix = Mix(
        (("bin_empty", 58), ("wrong_bin", 27), ("lot_or_expiry", 15))
    )
    short_line_share: float = 0.0085  # of second lines in the same box
    short_line_reasons: Mix = Mix((("bin_empty", 49), ("damaged_stock", 51)))
    short_unit_share: float = 0.0135  # of first lines with several units
    check_share: tuple[float, ...] = (0.0061, 0.0084, 0.0072, 0.0173, 0.0045)
    """Lines that fail the check before the box is closed, by location."""
    check_sized_factor: float = 1.75  # the neighboring size lies in the next bin
    check_errors: Mix = Mix(
        (("wrong_item", 46), ("wrong_quantity", 29), ("damaged", 14), ("missing", 11))
    )
    repick: Quantiles = minutes((0, 7), (0.6, 31), (0.9, 110), (1, 260))
    pack: Quantiles = minutes((0, 2), (0.8, 12), (1, 60))
    label: Quantiles = minutes((0, 1), (1, 14))
    print: Quantiles = minutes((0, 0.2), (0.8, 3), (1, 33))
    cutoff_hours: float = 4.4  # before the collection; ready by then goes today
    collection_hour: int = 17
    collection: Quantiles = minutes((0, 0), (0.7, 70), (1, 170))
    missed_collection: tuple[float, ...] = (0.057, 0.031, 0.088, 0.019)  # by carrier
    missed_again: float = 0.23  # of missed collections
    missed_known: Quantiles = minutes((0, 95), (0.7, 170), (1, 290))
    missed_reasons: Mix = Mix(
        (
            ("carrier_no_show", 51),
            ("capacity", 24),
            ("not_ready", 13),
            ("paperwork", 12),
        )
    )
    split_share: float = 0.052  # of orders with several lines, beside forced ones
    split_delay: Quantiles = hours((0, 1), (0.5, 14), (1, 60))
    holds: Holds = Holds()


@dataclass(frozen=True)
class Cancelling:
    """Second thoughts."""

    share: float = 0.047
    moment: Quantiles = hours((0, 0.1), (0.4, 3), (0.75, 15), (0.95, 60), (1, 150))
    after_label_share: float = 0.71  # of wishes between label and collection
    label_cancelled: Quantiles = minutes((0, 1), (0.7, 25), (1, 210))
    line_share: float = 0.034  # of orders with a second line
    unit_share: float = 0.05  # of orders with several units of the first line
    reasons: Mix = Mix(
        (
            ("customer_request", 47),
            ("ordered_by_mistake", 21),
            ("found_cheaper", 15),
            ("delivery_too_slow", 17),
        )
    )
    system_reasons: tuple[str, ...] = (
        "payment_failed",
        "cod_not_confirmed",
        "fraud_rejected",
        "out_of_stock",
        "address_undeliverable",
    )
    stages: tuple[str, ...] = (
        "before_payment",
        "after_payment",
        "reserved",
        "ready",
        "picking",
        "packed",
        "labeled",
    )
