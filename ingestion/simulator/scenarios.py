"""Worlds to be told apart: an everyday shop, and six in which something happens."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingestion.errors import SimulationError
from ingestion.simulator.draws import Mix, Quantiles
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.delivery import Meltdown
from ingestion.simulator.parameters.payments import PaymentOutage
from ingestion.simulator.parameters.returns import Abuse
from ingestion.simulator.parameters.shop import Window
from ingestion.simulator.parameters.shoppers import Rush
from ingestion.simulator.parameters.transport import Outage


@dataclass(frozen=True)
class Scenario:
    """A world, and what in it should become visible where.

    Attributes:
        world: The shop.
        shows: A paragraph for whoever looks at the marts afterwards.
    """

    world: World
    shows: str


EVERYDAY = World()

MELTDOWN = Meltdown(
    carrier="xpressbees",
    window=Window(0.86, 0, 11.5 * 24),
    transit_factor=2.3,
    failure_factor=1.7,
    lost_factor=5,
    silent_share=0.38,
    standstill_hours=23,
    stranded_share=0.46,
)

SCENARIOS: dict[str, Scenario] = {
    "everyday": Scenario(
        EVERYDAY,
        "An ordinary shop: a little of everything goes wrong, nothing stands out."
        " What to compare the others with.",
    ),
    "flash_sale": Scenario(
        replace(
            EVERYDAY,
            shoppers=replace(
                EVERYDAY.shoppers,
                rush=Rush(
                    window=Window(0.81, 20, 4),
                    share=0.17,
                    skus=("ELEC-BUDS", "TEE-INDIGO-M", "TEE-INDIGO-L", "KURTA-BLOCK-M"),
                    extra_discount_percent=35,
                ),
            ),
            # the crowd is a hundred times the usual, shelves short five times as often
            stock=replace(EVERYDAY.stock, load_slope=0.047),
            floor=replace(EVERYDAY.floor, queue_load_slope=0.06),
        ),
        "Four hours of a sale, four fifths into the period, bring every sixth order."
        " Reservations fail several times as often on that day, many of them after the"
        " money was captured (oversold_lines in metrics.reservation_failures, the tenth"
        " decile of metrics.reservation_failures_by_load), orders wait on the floor for"
        " days (stage ready and packing in marts.fct_orders), and that day's buyers"
        " rarely come back (metrics.cohort_retention).",
    ),
    "courier_meltdown": Scenario(
        replace(
            EVERYDAY,
            delivery=replace(EVERYDAY.delivery, meltdown=MELTDOWN),
        ),
        "From six sevenths of the period on, XpressBees falls apart for eleven days."
        " On the first it hands nothing over: attempts fail, promises break and parcels"
        " turn back that same day (marts.fct_delivery_attempts, metrics.promise_kept,"
        " marts.stuck_orders). Then its parcels are slow, unscanned, attempted in vain"
        " and lost. Orders shipped with it pile up on the Today page; the carrier's"
        " matured return rate climbs while the naive one still looks harmless, because"
        " most of its parcels are open (metrics.rto_rates, marts.fct_shipments).",
    ),
    "gateway_outage": Scenario(
        replace(
            EVERYDAY,
            payments=replace(
                EVERYDAY.payments,
                outage=PaymentOutage(
                    gateway="razorpay",
                    window=Window(0.9, 17, 9),
                    failure_share=0.83,
                    pending_share=0.55,
                ),
            ),
        ),
        "One evening nine tenths into the period Razorpay hardly answers for nine"
        " hours. Authorizations fail technically or hang, customers retry elsewhere,"
        " some UPI money is taken although the try had failed (payment exceptions in"
        " marts.events, stage payment in marts.fct_orders), and fewer of that day's"
        " orders get paid at all (marts.fct_payments).",
    ),
    "webhook_silent": Scenario(
        replace(
            EVERYDAY,
            transport=replace(
                EVERYDAY.transport,
                outages=(
                    Outage("shiprocket", Window(0.92, 3, 61), recovered_share=0.31),
                    Outage("razorpay", Window(0.95, 11, 19), recovered_share=0),
                ),
            ),
        ),
        "Nothing happens to the shop; its systems fall silent. Two and a half days of"
        " Shiprocket reach us to a third and late, nineteen hours of Razorpay never."
        " Counts by source and hour in marts.events drop to nothing, deliveries arrive"
        " without attempts, and captured payments look like orders that nobody paid"
        " (stage payment in marts.fct_orders): a fault of the feed, not of the shop.",
    ),
    "returns_fraud": Scenario(
        replace(EVERYDAY, returns=replace(EVERYDAY.returns, abuse=Abuse())),
        "One customer in twenty shares an address with eight others who send worn"
        " clothes and empty boxes back and claim parcels that were handed over."
        " Returns rise in all categories with inspections that contradict the reason"
        " given (marts.fct_returns), goods are refunded and not restocked, and claims"
        " of parcels not received gather at few address hashes (marts.events).",
    ),
    "festive_peak": Scenario(
        replace(
            EVERYDAY,
            shoppers=replace(
                EVERYDAY.shoppers,
                arrival=Quantiles(((0, 0), (0.42, 0.62), (0.83, 0.74), (1, 1))),
            ),
            baskets=replace(
                EVERYDAY.baskets,
                line_count=Mix((("1", 39), ("2", 33), ("3", 19), ("4", 9))),
            ),
            floor=replace(
                EVERYDAY.floor,
                queue_load_slope=0.61,
                missed_collection=(0.19, 0.12, 0.27, 0.06),
            ),
        ),
        "Two fifths of the period's new customers come within an eighth of it, with"
        " fuller baskets. Stock runs short with the load, parcels leave later, more of"
        " them split, promises are revised and broken, and the late first attempts come"
        " back (metrics.reservation_failures, metrics.rto_rates by ship week,"
        " marts.fct_shipments).",
    ),
}


def world_of(
    scenario: str,
    *,
    late: float | None = None,
    duplicated: float | None = None,
    missing: float | None = None,
    corrupted: float | None = None,
) -> World:
    """Return the world of a scenario, with other rates of transport where given.

    Args:
        scenario: Name of a scenario.
        late: Share of the facts reported late.
        duplicated: Share of the facts reported twice.
        missing: Share of the facts never reported.
        corrupted: Share of the lines written that break the contract.

    Raises:
        SimulationError: The scenario is unknown, or a share not between 0 and 1.
    """
    if scenario not in SCENARIOS:
        known = ", ".join(SCENARIOS)
        raise SimulationError(f"there is no scenario {scenario!r}; known are {known}")
    world = SCENARIOS[scenario].world
    rates = world.transport.at_rates(
        late=late, duplicated=duplicated, missing=missing, corrupted=corrupted
    )
    return replace(world, transport=rates)
