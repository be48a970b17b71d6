# ruff: noqa: RUF009 - the tables are frozen, so sharing a default is safe
"""The systems under the shop: calls, webhooks, workflows, checks, exceptions made."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.simulator.draws import Mix, Quantiles, hours, minutes


@dataclass(frozen=True)
class System:
    """A system the shop talks to.

    Attributes:
        name: First part of the source's name.
        endpoint: Path that the shop calls there.
        calls: Calls, and webhooks, for each order placed in the hour.
        failing_share: Of calls.
        expected_event: What its webhooks mostly tell.
    """

    name: str
    endpoint: str
    calls: float
    failing_share: float
    expected_event: str


SYSTEMS = (
    System("razorpay", "v1/payments", 1.9, 0.0011, "payment_captured"),
    System("payu", "v2/transactions", 0.8, 0.0027, "payment_authorized"),
    System("stripe", "v1/charges", 0.1, 0.0008, "payment_captured"),
    System("shiprocket", "v1/courier/track", 6.2, 0.0031, "shipment_out_for_delivery"),
    System("wms", "v3/fulfillments", 2.7, 0.0009, "item_packed"),
    System("addresscheck", "v1/normalize", 1.1, 0.0046, "address_validated"),
    System("returns", "v1/requests", 0.3, 0.0017, "return_initiated"),
    System("helpdesk", "v2/tickets", 0.4, 0.0013, "support_contact_opened"),
    System("marketplace", "v4/orders", 0.5, 0.0052, "order_status_changed"),
)


@dataclass(frozen=True)
class Platform:
    """The systems under the shop.

    Attributes:
        bad_hour_share: Of hours, for each system by itself.
        bad_hour_factor: How much more often calls fail then.
        outage_failing_share: Of hours with an outage in which some call fails.
        call_again_share: Of failed calls whose second try fails as well.
        undelivered_share: Of webhooks outside of outages.
        outage_reports: Webhooks a silent system owes for each order placed meanwhile.
        outage_noticed: From an outage's end to the count of what was not delivered.
        expected_count: Events that a planted run should produce.
        clean_run_share: Of planted runs that find everything.
        run_hour: Hour of the planted run.
        sweep_weekday: 0 is Monday.
        sweep_done_share: Of the weekly checks that somebody does.
        found: Items a check finds for each thousand orders of its week, by type.
        overridden_share: Of orders for which somebody sets a rule aside.
        hold_above_minor: Total above which a workflow tags an order.
        flow_share: Of other orders that a workflow acts on.
        portal_share: Of returns whose eligibility the portal logs.
    """

    systems: tuple[System, ...] = SYSTEMS
    bad_hour_share: float = 0.009
    bad_hour_factor: float = 31.0
    outage_failing_share: float = 0.94
    errors: Mix = Mix(
        (
            ("503", 43),
            ("504", 26),
            ("429", 17),
            ("500", 11),
            ("401", 3),
        )
    )
    call_again_share: float = 0.29
    call_again: Quantiles = Quantiles(((0, 2), (0.8, 31), (1, 130)))  # s
    undelivered_share: float = 0.0011
    undelivered_count: Quantiles = Quantiles(((0, 1), (0.8, 2.2), (1, 9)))
    outage_reports: float = 3.4
    outage_noticed: Quantiles = minutes((0, 3), (0.7, 22), (1, 95))
    expected_count: int = 138
    run_hour: int = 4
    clean_run_share: float = 0.93
    missed_of_run: Quantiles = Quantiles(((0, 1), (0.8, 4), (1, 37)))
    sweep_weekday: int = 0
    sweep_started: Quantiles = hours((0, 9.3), (0.7, 10.6), (1, 15.8))
    sweep_done_share: float = 0.955
    found: tuple[tuple[str, Quantiles], ...] = (
        ("stuck_orders", Quantiles(((0, 6), (0.6, 14), (1, 39)))),
        ("pending_money", Quantiles(((0, 9), (0.6, 22), (1, 57)))),
        ("stock_truth", Quantiles(((0, 2), (0.6, 7), (1, 23)))),
        ("event_audit", Quantiles(((0, 0), (0.5, 2), (1, 16)))),
        ("privacy_audit", Quantiles(((0, 0), (0.7, 0.9), (1, 5)))),
    )
    oldest_age: Quantiles = hours((0, 31), (0.6, 88), (1, 390))
    pending_minor: int = 118000  # for each item of pending money found
    overridden_share: float = 0.0115
    override_delay: Quantiles = hours((0, 0.2), (0.6, 3), (1, 29))
    override_rules: Mix = Mix(
        (
            ("discount_limit", 37),
            ("free_shipping_from", 24),
            ("express_upgrade", 19),
            ("customer_limit", 13),
            ("price_match", 7),
        )
    )
    hold_above_minor: int = 620000
    flow_share: float = 0.022
    flow_delay: Quantiles = Quantiles(((0, 2), (0.9, 19), (1, 240)))  # s
    flow_actions: Mix = Mix(
        (("note_added", 46), ("tag_added", 35), ("task_created", 19))
    )
    portal_share: float = 0.88
