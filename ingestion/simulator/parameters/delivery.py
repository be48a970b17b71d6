# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""On the road, at the counter, and the cash from the door."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours, minutes
from ingestion.simulator.parameters.shop import Window


@dataclass(frozen=True)
class Meltdown:
    """A time in which a carrier falls apart: slow, late, forgetful.

    Attributes:
        carrier: Its name; parcels that it takes inside the window suffer.
        window: When they are taken.
        transit_factor: How much longer the road is.
        failure_factor: How much likelier an attempt fails.
        lost_factor: How much likelier a parcel is lost.
        silent_share: Share of its parcels that nobody scans on the way.
        standstill_hours: How long, from the window's beginning, it hands nothing over,
            of what it took before neither: every attempt is in vain.
        stranded_share: Share of the parcels due meanwhile that wait another day in the
            hub instead.
    """

    carrier: str
    window: Window
    transit_factor: float
    failure_factor: float
    lost_factor: float
    silent_share: float
    standstill_hours: float
    stranded_share: float


@dataclass(frozen=True)
class Delivery:
    """On the road; carriers in catalog order, distances 0 to 2."""

    carrier_weights: tuple[Mix, ...] = (
        Mix((("0", 48), ("1", 24), ("2", 28))),
        Mix((("0", 41), ("1", 17), ("2", 42))),
        Mix((("0", 68), ("1", 25), ("2", 7))),
    )  # by distance
    transit: tuple[tuple[Quantiles, ...], ...] = (
        (
            hours((0, 19), (0.5, 41), (0.9, 69), (1, 190)),
            hours((0, 13), (0.5, 26), (0.9, 50), (1, 120)),
            hours((0, 17), (0.4, 36), (0.8, 71), (1, 260)),
        ),
        (
            hours((0, 31), (0.5, 70), (0.9, 115), (1, 300)),
            hours((0, 24), (0.5, 47), (0.9, 84), (1, 200)),
            hours((0, 33), (0.4, 72), (0.8, 134), (1, 380)),
        ),
        (
            hours((0, 60), (0.5, 129), (0.9, 226), (1, 420)),
            hours((0, 41), (0.5, 93), (0.9, 170), (1, 330)),
            hours((0, 66), (0.5, 160), (0.9, 290), (1, 500)),
        ),
    )  # by distance, carrier
    export_transit: Quantiles = hours((0, 84), (0.5, 150), (0.9, 260), (1, 500))
    first_hour: Quantiles = hours((0, 9.2), (0.5, 13.3), (1, 19.8))
    sunday_share: float = 0.17  # of Sunday's parcels, brought on that day
    backlog_share: float = 0.36  # of the others, for which Monday's vehicles are full
    scanned_share: float = 0.22
    lost_share: tuple[float, ...] = (0.0043, 0.0017, 0.0088, 0.002)  # by carrier
    damaged_share: float = 0.0035
    lost_after: Quantiles = days((0, 8), (0.6, 16), (1, 27))
    found_share: float = 0.13  # of lost ones
    found: Quantiles = days((0, 0.8), (0.6, 6), (1, 21))
    found_silently_share: float = 0.42  # of found ones; turn up at the door
    destroyed_share: float = 0.41  # of damaged ones; the others come back
    destroyed: Quantiles = days((0, 0.6), (0.7, 4.3), (1, 12))
    # by how it is paid: ahead, at the door, a deposit ahead and the rest at the door
    failure: tuple[tuple[float, ...], ...] = (
        (0.105, 0.23, 0.31),
        (0.345, 0.52, 0.63),
        (0.19, 0.37, 0.46),
    )  # by attempt
    # first attempt after the promise; who has not paid has also lost interest
    late_failure_factor: tuple[float, ...] = (1.34, 1.58, 1.47)
    carrier_failure_factor: tuple[float, ...] = (1.0, 0.78, 1.24, 0.7)
    given_up: tuple[tuple[float, ...], ...] = (
        (0.025, 0.09, 1.0),
        (0.31, 0.52, 1.0),
        (0.17, 0.34, 1.0),
    )  # by attempt that failed
    next_attempt: Quantiles = hours((0, 19), (0.6, 25), (0.9, 50), (1, 98))
    reasons_cod: Mix = Mix(
        (
            ("customer_unavailable", 30),
            ("customer_refused", 21),
            ("cod_not_ready", 17),
            ("phone_unreachable", 16),
            ("address_incomplete", 7),
            ("no_attempt_made", 9),
        )
    )
    reasons_prepaid: Mix = Mix(
        (
            ("customer_unavailable", 49),
            ("customer_rescheduled", 17),
            ("address_incorrect", 12),
            ("premises_closed", 12),
            ("no_attempt_made", 10),
        )
    )
    action_share: float = 0.64
    reattempt_share: float = 0.36  # of actions that could have mended the cause
    action: Quantiles = hours((0, 0.5), (0.7, 6), (1, 15))
    recall: Quantiles = hours((0, 1), (0.5, 9), (0.9, 40), (1, 90))
    homeward: tuple[Quantiles, ...] = (
        days((0, 1.5), (0.6, 4.2), (1, 11)),
        days((0, 2.6), (0.6, 6.8), (1, 15)),
        days((0, 5), (0.6, 11.5), (1, 26)),
    )  # by distance
    home_failure_share: tuple[float, ...] = (0.063, 0.052, 0.071, 0.14, 0.22)
    """First tries to bring a parcel back that fail, by location."""
    home_reasons: Mix = Mix(
        (
            ("premises_closed", 46),
            ("access_restricted", 17),
            ("capacity", 24),
            ("no_attempt_made", 13),
        )
    )
    way_back_minor: tuple[int, ...] = (7400, 8500, 9600)  # paise, by distance
    home_again: Quantiles = hours((0, 17), (0.6, 27), (0.9, 70), (1, 118))
    acknowledged_share: float = 0.88
    acknowledgement: Quantiles = hours((0, 2), (0.6, 17), (1, 110))
    false_delivery_share: float = 0.027  # of parcels that go back
    wrong_delivery_share: float = 0.007  # reported delivered, then retracted
    wrong_out_share: float = 0.005  # reported out for delivery, then retracted
    # from the shipping of a parcel to its wrong scan, and on to the retraction
    wrong_scan: Quantiles = hours((0, 1.5), (0.5, 9), (0.9, 27), (1, 52))
    retraction: Quantiles = minutes((0, 7), (0.5, 110), (0.9, 680), (1, 1900))
    door_upi_share: float = 0.31  # of cash due, paid by UPI at the door
    cod_collection: Quantiles = minutes((0, 0), (0.9, 6), (1, 60))
    remittance: tuple[Quantiles, ...] = (
        days((0, 4.2), (0.7, 7.6), (0.95, 12), (1, 29)),
        days((0, 2.8), (0.8, 5.6), (1, 13)),
        days((0, 6), (0.6, 9.3), (0.9, 19), (1, 46)),
        days((0, 4), (1, 8)),
    )  # by carrier
    remittance_weekdays: tuple[int, ...] = (1, 4, 2, 0)  # by carrier, 0 is Monday
    remittance_fee_basis_points: int = 155
    pickup_wait: Quantiles = hours((0, 1), (0.5, 22), (0.85, 90), (1, 260))
    pickup_opens_hour: int = 10
    pickup_closes_hour: int = 21
    pickup_after_opening: Quantiles = hours((0, 0.1), (0.4, 3), (1, 10.6))
    pickup_flagged_days: int = 4
    pickup_expiry_days: int = 9
    meltdown: Meltdown | None = None
