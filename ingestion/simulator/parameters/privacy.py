# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""Requests to be forgotten, and leaks."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, days, hours


@dataclass(frozen=True)
class Privacy:
    """Requests to be forgotten, and leaks.

    Attributes:
        asked_share: Of customers, after their first order.
        account_share: Of requests by account holders that are about all of the
            account; the others, and all guests, ask about one order.
        due_days: Days the shop grants itself.
        forgotten_share: Of requests never carried out.
        days_between_breaches: One breach in each stretch of so many days.
        regulator_hours: Hours the regulator must be told within.
    """

    asked_share: float = 0.0063
    asked_after: Quantiles = days((0, 0.6), (0.5, 27), (1, 140))
    account_share: float = 0.81
    due_days: int = 32
    carried_out: Quantiles = days((0, 0.3), (0.6, 8), (0.9, 26), (1, 61))
    forgotten_share: float = 0.08
    records: Quantiles = Quantiles(((0, 6), (0.7, 41), (1, 190)))
    days_between_breaches: int = 197
    data_classes: Mix = Mix(
        (("email,phone", 5), ("name,address", 3), ("email", 2), ("order_history", 2))
    )
    affected: Quantiles = Quantiles(((0, 3), (0.7, 90), (1, 2400)))
    regulator_hours: int = 66
    regulator_told: Quantiles = hours((0, 5), (0.7, 44), (1, 101))
    customers_told: Quantiles = hours((0, 9), (0.6, 71), (1, 260))
    partner_told: Quantiles = hours((0, 2), (1, 40))
    partner_share: float = 0.4
