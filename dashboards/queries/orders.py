"""Where the open orders are, and which order an id belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from dagster_project.published import Version
from dashboards.queries.reader import Query, cached, only_row, rows, store_zone

# stages that still lead somewhere; the others are ends
OPEN_STAGES = (
    "placed",
    "payment",
    "review",
    "reservation",
    "address",
    "ready",
    "packing",
    "pickup_ready",
    "shipped",
    "out_for_delivery",
)

# days since an order was placed
AGE_BANDS = ("0-1", "1-3", "3-7", "7-14", "14+")

PAST_PROMISE = "past_promise"
OPEN_EXCEPTION = "open_exception"
STUCK = "stuck"

# Every question about open orders starts from these rows. A promise is the one that
# binds (a revision after it broke rescues nothing) and breaks by the store's calendar
# day; an order's is the earliest of its parcels that are under way.
OPEN_ORDERS = """
with

parcels_under_way as (

    select
        order_id,
        min(effective_promise_at) as promise_at
    from marts.fct_shipments
    where outcome = 'open'
    group by order_id

),

open_orders as (

    select
        orders.order_id,
        orders.stage,
        orders.channel,
        orders.payment_mode,
        orders.currency,
        orders.ordered_amount,
        coalesce(orders.has_open_exception, false) as has_open_exception,
        orders.placed_at,
        orders.last_customer_visible_at,
        parcels_under_way.promise_at,
        stuck.level,
        rhythms.p90_hours as usual_hours,
        date_diff('microsecond', orders.stage_entered_at, $as_of) / 3.6e9
            as in_stage_hours,
        coalesce(
            cast(timezone($zone, parcels_under_way.promise_at) as date)
            < cast(timezone($zone, $as_of) as date),
            false
        ) as is_past_promise,
        date_diff('microsecond', orders.placed_at, $as_of) / 3.6e9 as age_hours
    from marts.fct_orders as orders
    left join parcels_under_way
        on orders.order_id = parcels_under_way.order_id
    left join marts.stuck_orders as stuck
        on orders.order_id = stuck.order_id
    left join metrics.stage_rhythms as rhythms
        on orders.stage = rhythms.stage and rhythms.has_rhythm
    where list_contains($open_stages, orders.stage)

),

filtered_orders as (

    select *
    from open_orders
    where (len($stages) = 0 or list_contains($stages, stage))
        and (len($payment_modes) = 0 or list_contains($payment_modes, payment_mode))
        and (not $only_past_promise or is_past_promise)
        and (not $only_open_exception or has_open_exception)
        and (not $only_stuck or coalesce(level, '') = 'stuck')

)
"""


@dataclass(frozen=True)
class Filters:
    """Which open orders to show; an empty choice means all of them."""

    stages: tuple[str, ...] = ()
    payment_modes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether every open order is shown."""
        return not (self.stages or self.payment_modes or self.needs)


EVERYTHING = Filters()


@dataclass(frozen=True)
class OpenOrdersSummary:
    """Counts of open orders; ages in hours since the order was placed."""

    open_orders: int
    promised_orders: int
    past_promise_orders: int
    exception_orders: int
    stuck_orders: int
    needing_orders: int
    median_age_hours: float | None
    oldest_age_hours: float | None


@dataclass(frozen=True)
class StageCount:
    """Open orders of one stage and one band of age since placing."""

    stage: str
    age_band: str
    orders: int
    oldest_age_hours: float


@dataclass(frozen=True)
class OpenOrder:
    """One open order; its age in hours since it was placed.

    Nine of ten orders leave its stage within ``usual_hours``. Its level is ``watch``
    past them, ``stuck`` past those of 99 in a hundred or past its promise.
    """

    order_id: str
    stage: str
    channel: str | None
    payment_mode: str | None
    currency: str | None
    ordered_amount: Decimal | None
    has_open_exception: bool
    is_past_promise: bool
    level: str | None
    age_hours: float
    in_stage_hours: float | None
    usual_hours: float | None
    placed_at: datetime
    promise_at: datetime | None
    last_customer_visible_at: datetime | None


@dataclass(frozen=True)
class Match:
    """An id that begins with the text searched for, and the order it belongs to."""

    order_id: str
    kind: str
    found_id: str
    stage: str | None
    placed_at: datetime | None


# each kind of id that an order may be found by: its column and where it stands
ID_KINDS = {
    "order": ("order_id", "marts.fct_orders"),
    "payment": ("payment_id", "marts.fct_payments"),
    "parcel": ("shipment_id", "marts.fct_shipments"),
    # a return of several lines has a row each
    "return": (
        "return_id",
        "(select distinct order_id, return_id from marts.fct_returns)",
    ),
    "refund": ("refund_id", "marts.fct_refunds"),
    "ticket": ("ticket_id", "marts.order_contacts"),
    "warranty claim": ("claim_id", "marts.fct_warranty_claims"),
    "claim": ("claim_id", "marts.fct_item_not_received_claims"),
    "customer": ("customer_id", "marts.fct_orders"),
}

KNOWN_IDS = "\nunion all\n".join(
    f"select order_id, '{kind}' as kind, {column} as found_id from {table}"
    for kind, (column, table) in ID_KINDS.items()
)


@dataclass(frozen=True)
class _PaymentMode:
    payment_mode: str


@cached
def open_orders_summary(
    version: Version, filters: Filters = EVERYTHING
) -> OpenOrdersSummary:
    """Count the open orders and those that need a person."""
    return only_row(
        version,
        OpenOrdersSummary,
        OPEN_ORDERS
        + """
        select
            count(*) as open_orders,
            count(promise_at) as promised_orders,
            count(*) filter (where is_past_promise) as past_promise_orders,
            count(*) filter (where has_open_exception) as exception_orders,
            count(*) filter (where level = 'stuck') as stuck_orders,
            count(*) filter (
                where is_past_promise or has_open_exception
            ) as needing_orders,
            median(age_hours) as median_age_hours,
            max(age_hours) as oldest_age_hours
        from filtered_orders
        """,
        open_orders_parameters(version, filters),
    )


@cached
def open_orders_by_stage(
    version: Version, filters: Filters = EVERYTHING
) -> list[StageCount]:
    """Count the open orders by stage and age, in the order of an order's journey."""
    return rows(
        version,
        StageCount,
        OPEN_ORDERS
        + """
        select
            stage,
            $age_bands[
                case
                    when age_hours < 24 then 1
                    when age_hours < 72 then 2
                    when age_hours < 168 then 3
                    when age_hours < 336 then 4
                    else 5
                end
            ] as age_band,
            count(*) as orders,
            max(age_hours) as oldest_age_hours
        from filtered_orders
        group by 1, 2
        order by list_position($open_stages, stage), list_position($age_bands, age_band)
        """,
        open_orders_parameters(version, filters) | {"age_bands": list(AGE_BANDS)},
    )


@cached
def open_orders(
    version: Version, filters: Filters = EVERYTHING, *, limit: int
) -> list[OpenOrder]:
    """List open orders: stuck ones first, then past promise, then the oldest."""
    query = open_orders_query(version, filters)
    return rows(
        version,
        OpenOrder,
        f"{query.sql}\nlimit $limit",
        {**query.parameters, "limit": limit},
    )


def open_orders_query(version: Version, filters: Filters) -> Query:
    """Return the query of all open orders, in the board's order."""
    return Query(
        OPEN_ORDERS
        + """
        select *
        from filtered_orders
        order by
            coalesce(level, '') = 'stuck' desc,
            is_past_promise desc,
            case when is_past_promise then promise_at end,
            placed_at,
            order_id
        """,
        open_orders_parameters(version, filters),
    )


@cached
def payment_modes(version: Version) -> list[str]:
    """List the payment modes that orders have."""
    found = rows(
        version,
        _PaymentMode,
        """
        select payment_mode
        from marts.fct_orders
        where payment_mode is not null
        group by payment_mode
        order by payment_mode
        """,
    )
    return [mode.payment_mode for mode in found]


@cached
def orders_with_id(version: Version, text: str, *, limit: int) -> list[Match]:
    """Find orders by the beginning of any id that is known of them.

    Exact matches come first; letter case does not matter.
    """
    return rows(
        version,
        Match,
        f"""
        with

        known_ids as (

            {KNOWN_IDS}

        ),

        matches as (

            select
                known_ids.order_id,
                known_ids.kind,
                known_ids.found_id,
                orders.stage,
                orders.placed_at
            from known_ids
            left join marts.fct_orders as orders
                on known_ids.order_id = orders.order_id
            where known_ids.order_id is not null
                and starts_with(lower(known_ids.found_id), lower($text))

        )

        select *
        from matches
        order by lower(found_id) != lower($text), found_id, order_id, kind
        limit $limit
        """,
        {"text": text, "limit": limit},
    )


def open_orders_parameters(version: Version, filters: Filters) -> dict[str, object]:
    """Return the values of the parameters that ``OPEN_ORDERS`` names."""
    return {
        "as_of": version.as_of,
        "zone": store_zone(version).key,
        "open_stages": list(OPEN_STAGES),
        "stages": list(filters.stages),
        "payment_modes": list(filters.payment_modes),
        "only_past_promise": PAST_PROMISE in filters.needs,
        "only_open_exception": OPEN_EXCEPTION in filters.needs,
        "only_stuck": STUCK in filters.needs,
    }
