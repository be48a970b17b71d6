"""Customers who want to be forgotten, and data that got out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ingestion.simulator.draws import Draws
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, after, when
from ingestion.simulator.record.text import Fields, Partly, joined, labels, text
from ingestion.simulator.shoppers.placing import Orders

PRIVACY_DESK = f"privacydesk:{ACCOUNT}"
SCOPES = ("customer", "orders")


def record_erasures(orders: Orders, draws: Draws, journal: Journal) -> None:
    """Record requests for erasure, and those carried out, in time or not."""
    settings = orders.world.privacy
    plan = orders.plan
    asks = (plan.number == 1) & draws.chance("erasure", settings.asked_share)
    asked = after(
        when(asks, orders.placed),
        settings.asked_after.whole(draws.uniform("erasure/asked")),
    )
    is_of_order = plan.is_guest | ~draws.chance(
        "erasure/account", settings.account_share
    )
    request: Fields = {
        "source": PRIVACY_DESK,
        "request_id": joined("pr-", orders.order_id),
        "erasure_scope": labels(is_of_order.astype(np.int64), SCOPES),
        "order_id": Partly(orders.order_id, is_of_order),
        "customer_id": Partly(orders.customer_id, ~is_of_order),
    }
    journal.record(
        "orders",
        "subject_erasure_requested",
        at=asked,
        **request,
        due_at=after(asked, settings.due_days * DAY),
    )
    is_done = draws.chance("erasure/done", 1 - settings.forgotten_share)
    journal.record(
        "orders",
        "subject_erasure_completed",
        at=after(
            when(is_done, asked),
            settings.carried_out.whole(draws.uniform("erasure/carried out")),
        ),
        **request,
        record_count=settings.records.whole(draws.uniform("erasure/records")),
    )


def suffer_breaches(
    world: World, seed: int, journal_of: Callable[[Draws], Journal]
) -> Journal:
    """Record the leaks of the whole period, and who was told of each.

    Args:
        world: The shop and its period.
        seed: Seed of every stream.
        journal_of: Opens the journal of the rows that draws are for.
    """
    settings = world.privacy
    stretch = settings.days_between_breaches
    first_days = np.arange(0, world.days, stretch)
    draws = Draws(seed, 0, len(first_days))
    journal = journal_of(draws)
    length = np.minimum(first_days + stretch, world.days) - first_days
    detected = first_days * DAY + (
        draws.uniform("breach/detected") * length * DAY
    ).astype(np.int64)
    breach: Fields = {
        "source": PRIVACY_DESK,
        "breach_id": joined("br-", text(np.arange(len(first_days)) + 1)),
        "affected_count": settings.affected.whole(draws.uniform("breach/affected")),
    }
    journal.record(
        "orders",
        "breach_detected",
        at=detected,
        feed="prompt",
        **breach,
        data_classes=labels(
            settings.data_classes.codes(draws.uniform("breach/classes")),
            settings.data_classes.labels,
        ),
    )
    for party, told, share in (
        ("regulator", settings.regulator_told, 1.0),
        ("customers", settings.customers_told, 1.0),
        ("partner", settings.partner_told, settings.partner_share),
    ):
        deadline: Fields = {}
        if party == "regulator":
            deadline["due_at"] = after(detected, settings.regulator_hours * 3600)
        journal.record(
            "orders",
            "breach_notified",
            at=after(
                when(draws.chance(f"breach/tells/{party}", share), detected),
                told.whole(draws.uniform(f"breach/told/{party}")),
            ),
            slot=party,
            feed="prompt",
            **breach,
            notified_party=party,
            **deadline,
        )
    return journal
