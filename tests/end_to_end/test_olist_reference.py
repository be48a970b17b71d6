"""Published marts on the Olist export give the figures computed from it with pandas.

The reference reads naive local clocks and counts every order. Marts are in UTC and
count by their own definitions, so where the two differ both numbers stand here, each
with its query and with the reason. What the reference lacks is computed in this file
from the export itself, in Python, and never from the warehouse.
"""

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest

from dagster_project import published
from dagster_project.run import run
from ingestion.shop import Shop

ZONE = "America/Sao_Paulo"
FOUR_DIGITS = 5e-5

Connection = duckdb.DuckDBPyConnection
Triangle = dict[str, dict[str, int]]


@dataclass(frozen=True)
class ExportedOrder:
    """One order as the export tells it, joined by hand."""

    order_id: str
    person: str
    status: str
    paid: Decimal
    purchased: datetime
    approved: datetime | None
    handed_over: datetime | None
    delivered: datetime | None

    @property
    def is_counted(self) -> bool:
        """Paid, and not wholly cancelled: what went to the carrier was not."""
        is_paid = self.approved is not None and self.paid > 0
        is_cancelled = self.status == "canceled" and self.handed_over is None
        return is_paid and not is_cancelled


def read_rows(folder: Path, stem: str) -> list[dict[str, str]]:
    with gzip.open(folder / f"{stem}.csv.gz", "rt", encoding="utf-8") as text:
        return list(csv.DictReader(text))


def read_export(folder: Path) -> list[ExportedOrder]:
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for row in read_rows(folder, "olist_order_payments_dataset"):
        paid[row["order_id"]] += Decimal(row["payment_value"])
    people = {
        row["customer_id"]: row["customer_unique_id"]
        for row in read_rows(folder, "olist_customers_dataset")
    }

    def at(text: str) -> datetime | None:
        return datetime.fromisoformat(text) if text else None

    return [
        ExportedOrder(
            order_id=row["order_id"],
            person=people[row["customer_id"]],
            status=row["order_status"],
            paid=paid[row["order_id"]],
            purchased=datetime.fromisoformat(row["order_purchase_timestamp"]),
            approved=at(row["order_approved_at"]),
            handed_over=at(row["order_delivered_carrier_date"]),
            delivered=at(row["order_delivered_customer_date"]),
        )
        for row in read_rows(folder, "olist_orders_dataset")
    ]


def elapsed_hours(start: datetime, end: datetime) -> float:
    """Return the hours that passed between two times on the clocks of Sao Paulo.

    An hour that the clocks showed twice is read as the first, as the contract does.
    """
    first, last = (
        at.replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC) for at in (start, end)
    )
    return (last - first).total_seconds() / 3600


def cohort_triangle(orders: list[ExportedOrder]) -> Triangle:
    """Count the people of each first month by the months in which they ordered."""
    months: dict[str, set[int]] = defaultdict(set)
    for order in orders:
        months[order.person].add(order.purchased.year * 12 + order.purchased.month - 1)
    triangle: dict[str, Counter[str]] = defaultdict(Counter)
    for active in months.values():
        first = min(active)
        cohort = f"{first // 12}-{first % 12 + 1:02}"
        triangle[cohort].update(str(month - first) for month in active)
    return {cohort: dict(ages) for cohort, ages in triangle.items()}


@pytest.fixture(scope="session")
def olist_folder(shared: Path) -> Path:
    return shared / "data" / "olist_15k"


@pytest.fixture(scope="session")
def reference(shared: Path) -> dict:
    figures = shared / "data" / "reference_figures.json"
    return json.loads(figures.read_text(encoding="utf-8"))["olist_15k"]


@pytest.fixture(scope="session")
def exported(olist_folder: Path) -> list[ExportedOrder]:
    return read_export(olist_folder)


@pytest.fixture(scope="session")
def olist_shop(olist_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop that landed the export as history, built it, judged it and published."""
    shop = Shop(
        folder=tmp_path_factory.mktemp("olist_shop"),
        timezone=ZONE,
        hash_key="a key for tests",
    )
    run(shop, [olist_folder], source="olist", backfill=True)
    return shop


@pytest.fixture(scope="session")
def marts(olist_shop: Shop) -> Iterator[Connection]:
    """The published database, as every reader opens it."""
    _, connection = published.connect_current(olist_shop.published)
    with connection:
        yield connection


# Population: every landed line of the export. No filter.
LANDED_LINES = """
    select
        sum(delivered)::bigint as delivered,
        sum(accepted)::bigint as accepted,
        sum(duplicates)::bigint as duplicates,
        sum(conflicts)::bigint as conflicts,
        sum(rejected)::bigint as rejected

    from marts.landings
"""


def test_no_line_of_the_export_is_lost_or_refused(marts):
    assert marts.sql(LANDED_LINES).fetchall() == [(151_502, 151_502, 0, 0, 0)]
    assert marts.sql("select count(*) from marts.rejected_events").fetchall() == [(0,)]
    sent = "select count(*) from marts.events where source <> 'warehouse:derived'"
    assert marts.sql(sent).fetchall() == [(151_502,)]


# Population: every placed order. No filter.
ORDERS_BY_STATUS = """
    select source_status, count(*) as orders
    from marts.fct_orders
    group by source_status
"""


def test_every_order_is_there_with_olists_own_status(marts, reference):
    orders = dict(marts.sql(ORDERS_BY_STATUS).fetchall())

    assert orders == reference["status"]
    assert sum(orders.values()) == reference["orders"] == 15_000


# Population: orders where both steps happened; disorders, negative, included. Hours on
# the clock on the wall, and hours that passed.
LAGS = """
    with

    orders as (

        select
            order_id,
            {start} as started_at,
            {end} as ended_at,
            {start} at time zone '{zone}' as started_local,
            {end} at time zone '{zone}' as ended_local

        from marts.fct_orders
        where {start} is not null and {end} is not null

    )

    select
        order_id,
        epoch(ended_local - started_local) / 3600 as local_hours,
        epoch(ended_at - started_at) / 3600 as passed_hours

    from orders
"""

STEPS = {
    "hours_purchase_to_approved": ("placed_at", "authorized_at"),
    "hours_approved_to_carrier": ("authorized_at", "first_shipped_at"),
    "hours_carrier_to_delivered": ("first_shipped_at", "first_delivered_at"),
    "hours_purchase_to_delivered": ("placed_at", "first_delivered_at"),
}
EXPORTED = {
    "placed_at": "purchased",
    "authorized_at": "approved",
    "first_shipped_at": "handed_over",
    "first_delivered_at": "delivered",
}


def lags_of(marts: Connection, figure: str) -> duckdb.DuckDBPyRelation:
    start, end = STEPS[figure]
    return marts.sql(LAGS.format(start=start, end=end, zone=ZONE))


@pytest.mark.parametrize("figure", STEPS)
def test_a_lag_on_the_local_clock_is_that_of_the_reference(marts, reference, figure):
    found = lags_of(marts, figure).aggregate(
        """
        count(*),
        avg(local_hours),
        median(local_hours),
        quantile_cont(local_hours, 0.9),
        count(*) filter (where local_hours < 0),
        count(*) filter (where local_hours = 0)
        """
    )

    (orders, mean, median, p90, negative, zero) = found.fetchall()[0]
    expected = reference[figure]
    assert orders == expected["n"]
    assert mean == pytest.approx(expected["mean"], abs=FOUR_DIGITS)
    assert median == pytest.approx(expected["median"], abs=FOUR_DIGITS)
    assert p90 == pytest.approx(expected["p90"], abs=FOUR_DIGITS)
    assert (negative, zero) == (expected["negative"], expected["zero"])


@pytest.mark.parametrize("figure", STEPS)
def test_a_lag_in_utc_is_the_time_that_passed(marts, exported, figure):
    start, end = (EXPORTED[column] for column in STEPS[figure])
    spells = {
        order.order_id: elapsed_hours(getattr(order, start), getattr(order, end))
        for order in exported
        if getattr(order, start) and getattr(order, end)
    }

    lags = lags_of(marts, figure)

    passed = dict(lags.project("order_id, passed_hours").fetchall())
    assert passed == pytest.approx(spells, abs=1e-9)
    (median, p90) = lags.aggregate(
        "median(passed_hours), quantile_cont(passed_hours, 0.9)"
    ).fetchall()[0]
    hours = list(spells.values())
    assert median == pytest.approx(np.quantile(hours, 0.5), abs=FOUR_DIGITS)
    assert p90 == pytest.approx(np.quantile(hours, 0.9), abs=FOUR_DIGITS)


@pytest.mark.parametrize(
    ("figure", "orders"),
    [
        ("hours_purchase_to_approved", 17),
        ("hours_approved_to_carrier", 264),
        ("hours_carrier_to_delivered", 657),
        ("hours_purchase_to_delivered", 938),
    ],
)
def test_the_two_clocks_differ_by_the_hour_of_a_change_of_clocks(marts, figure, orders):
    differences = (
        lags_of(marts, figure)
        .aggregate("round(passed_hours - local_hours, 9) as hours, count(*)", "hours")
        .fetchall()
    )

    moved = {hours: count for hours, count in differences if hours != 0}
    assert set(moved) <= {-1.0, 1.0}
    assert sum(moved.values()) == orders


# Population: parcels that were delivered. A day is a store day of Sao Paulo.
LATE_AMONG_DELIVERED = """
    select
        count(*) as parcels,
        count(*) filter (where not is_on_time_original) as late_by_day,
        count(*) filter (where not is_on_time_original_timestamp) as late_by_instant

    from marts.fct_shipments
    where delivered_at is not null
"""

# Population: every parcel that was handed over. An undelivered one past its promise is
# a miss in the mart, and is no row of the reference.
LATE_AMONG_SHIPPED = """
    select
        count(*) as parcels,
        count(*) filter (where not is_on_time_original) as late_by_day,
        count(*) filter (where not is_on_time_original_timestamp) as late_by_instant

    from marts.fct_shipments
    where shipped_at is not null
"""


def test_late_parcels_are_those_of_the_reference_by_day_and_by_instant(
    marts, reference
):
    promise = reference["promise"]
    delivered = promise["with_delivered_ts"]
    late_by_day = delivered - promise["kept_calendar_day_compare"]
    late_by_instant = delivered - promise["kept_timestamp_compare"]

    found = marts.sql(LATE_AMONG_DELIVERED).fetchall()

    assert found == [(delivered, late_by_day, late_by_instant)]
    assert found == [(14_552, 957, 1_156)]


def test_a_parcel_that_never_came_is_late_too(marts):
    # 170 parcels were handed over and never delivered; all are past their promise
    assert marts.sql(LATE_AMONG_SHIPPED).fetchall() == [
        (14_552 + 170, 957 + 170, 1_156 + 170)
    ]


# Population: every placed order; a comparison needs both times.
DISORDERS = """
    select
        count(*) filter (where first_shipped_at < authorized_at),
        count(*) filter (where first_delivered_at < first_shipped_at),
        count(*) filter (where authorized_at < placed_at),
        count(*) filter (where first_shipped_at < placed_at)

    from marts.fct_orders
"""


def test_steps_in_disorder_are_kept_and_not_repaired(marts, reference):
    disorder = reference["disorder"]

    assert marts.sql(DISORDERS).fetchall() == [
        (
            disorder["carrier_before_approved"],
            disorder["delivered_before_carrier"],
            disorder["approved_before_purchase"],
            disorder["carrier_before_purchase"],
        )
    ]
    assert marts.sql(DISORDERS).fetchall() == [(206, 2, 0, 31)]


# Population: every placed order of a known customer, paid or not. Months are those of
# the store's clock.
TRIANGLE_OF_EVERY_ORDER = f"""
    with

    active_months as (

        select distinct
            customer_id,
            date_trunc('month', placed_at at time zone '{ZONE}') as month

        from marts.fct_orders
        where not is_guest

    ),

    cohorts as (

        select
            customer_id,
            month,
            min(month) over (partition by customer_id) as cohort_month

        from active_months

    )

    select
        strftime(cohort_month, '%Y-%m') as cohort,
        date_diff('month', cohort_month, month)::varchar as age,
        count(*) as customers

    from cohorts
    group by all
"""

# Population: orders that count (paid, not wholly cancelled). Cells of a month that is
# over; the month of the clock, 2018-10, is not.
TRIANGLE_OF_COUNTED_ORDERS = """
    select
        strftime(cohort_month, '%Y-%m') as cohort,
        age::bigint::varchar as age,
        active_customers

    from metrics.cohort_retention
    where age_mode = 'calendar_month' and is_observed and active_customers > 0
"""


def triangle_of(marts: Connection, query: str) -> Triangle:
    triangle: Triangle = defaultdict(dict)
    for cohort, age, customers in marts.sql(query).fetchall():
        triangle[cohort][age] = customers
    return dict(triangle)


def test_the_triangle_of_every_order_is_that_of_the_reference(
    marts, exported, reference
):
    found = triangle_of(marts, TRIANGLE_OF_EVERY_ORDER)

    assert found == reference["cohort_triangle"] == cohort_triangle(exported)


def test_the_triangle_of_the_mart_counts_only_orders_that_count(marts, exported):
    found = triangle_of(marts, TRIANGLE_OF_COUNTED_ORDERS)

    counted = [order for order in exported if order.is_counted]
    assert len(counted) == 14_890
    assert found == cohort_triangle(counted)
    # the orders of these months were cancelled before they left, or have no payment
    assert not {"2016-09", "2018-09", "2018-10"} & found.keys()


# Population: every customer with an order, beside those with an order that counts.
REPEAT_CUSTOMERS = """
    select
        count(*) as customers,
        count(*) filter (where order_count >= 2) as repeated,
        count(*) filter (where counted_order_count >= 1) as counted_customers,
        count(*) filter (where counted_order_count >= 2) as counted_repeated

    from marts.dim_customers
    where not is_guest
"""


def test_repeat_customers_are_those_of_the_reference_and_fewer_where_paid(
    marts, reference
):
    repeat = reference["repeat"]

    # 110 orders do not count: 102 cancelled before they left, 7 delivered without an
    # approval and 1 without a payment
    assert marts.sql(REPEAT_CUSTOMERS).fetchall() == [
        (repeat["customers"], repeat["customers_2plus"], 14_796, 91)
    ]
    assert (repeat["customers"], repeat["customers_2plus"]) == (14_904, 93)


# Population: every payment row of the export, approved or not.
PAID = """
    select count(*), sum(amount), count(distinct order_id)
    from marts.events
    where event_name = 'payment_initiated' and currency = 'BRL'
"""


def test_what_was_paid_sums_to_the_cent(marts, reference):
    payments = reference["payments"]

    assert marts.sql(PAID).fetchall() == [
        (
            payments["rows"],
            Decimal(str(payments["value_total"])),
            payments["orders"],
        )
    ]


# Population: orders with a payment whose items the export has; nothing was promised
# beyond items and freight.
PAID_AGAINST_ITEMS = """
    with paid as (
        select order_id, sum(amount) as paid_amount
        from marts.events
        where event_name = 'payment_initiated'
        group by order_id
    ),
    lost as (
        select order_id
        from marts.fct_order_lines
        where sku = 'unknown'
    )
    select
        count(*),
        count(*) filter (where abs(paid_amount - ordered_amount) > 0.01),
        count(*) filter (where abs(paid_amount - ordered_amount) > 1)
    from marts.fct_orders
    inner join paid using (order_id)
    anti join lost using (order_id)
"""

# Population: payment rows of the export by order; a payment's id ends with its number.
SEQUENCES = """
    select
        count(*),
        count(*) filter (where payments >= 2),
        count(*) filter (where not has_first),
        max(last_number)
    from (
        select
            order_id,
            count(distinct payment_id) as payments,
            bool_or(payment_id = order_id || ':1') as has_first,
            max(cast(split_part(payment_id, ':', 2) as integer)) as last_number
        from marts.fct_payment_attempts
        where payment_id not like '%:unknown'
        group by order_id
    )
"""

# An order approved without a payment has one that nobody told of.
UNPAID = """
    select
        count(*),
        count(*) filter (where payment_id = order_id || ':unknown')
    from marts.fct_orders
    left join marts.fct_payment_attempts using (order_id)
    where payment_id is null or payment_id like '%:unknown'
"""


def test_payments_differ_from_items_and_freight_where_the_reference_says(
    marts, reference
):
    payments = reference["payments"]

    assert marts.sql(PAID_AGAINST_ITEMS).fetchall() == [
        (
            payments["orders_with_both"],
            payments["paid_ne_items_gt_0.01"],
            payments["paid_ne_items_gt_1"],
        )
    ]


def test_a_payment_missing_from_a_sequence_is_missed(marts, reference):
    payments = reference["payments"]

    assert marts.sql(SEQUENCES).fetchall() == [
        (
            payments["orders"],
            payments["orders_2plus_payment_rows"],
            payments["orders_missing_sequential_1"],
            payments["max_sequential"],
        )
    ]
    unpaid = payments["orders_without_payment"]
    assert marts.sql(UNPAID).fetchall() == [(unpaid, unpaid)]


# Population: orders whose stage the cancellation or the shortage decided.
CANCELLED_AND_BLOCKED = """
    select
        count(*) filter (where is_cancelled) as cancelled,
        count(*) filter (
            where source_status = 'canceled' and not is_cancelled
        ) as cancelled_after_they_left,
        count(*) filter (
            where source_status = 'unavailable' and has_open_exception
        ) as blocked

    from marts.fct_orders
"""


def test_orders_cancelled_after_they_left_keep_their_parcels(marts):
    # a cancellation covers what had not left: 11 of the 113 had left whole
    assert marts.sql(CANCELLED_AND_BLOCKED).fetchall() == [(102, 11, 89)]


# Population: asks for a review of orders that were delivered, whichever ask it was.
# A day is a store day; negative: the survey was sent before the parcel came.
DAYS_TO_THE_ASK = f"""
    select
        (asks.occurred_at at time zone '{ZONE}')::date
        - (orders.first_delivered_at at time zone '{ZONE}')::date as days,
        count(*) as asks

    from marts.events as asks
    inner join marts.fct_orders as orders
        on asks.order_id = orders.order_id
    where asks.event_name = 'review_requested'
        and orders.first_delivered_at is not null
    group by days
"""

# Population: delivered lines that were asked about, by their first ask.
ASKED_BY_BUCKET = """
    select delay_bucket, asked
    from metrics.review_timing
"""


def test_surveys_were_sent_when_the_reference_says_735_before_delivery(
    marts, reference
):
    timing = reference["reviews"]["delivered_day_to_review_creation_days"]

    days = dict(marts.sql(DAYS_TO_THE_ASK).fetchall())

    before = sum(asks for day, asks in days.items() if day < 0)
    assert (before, sum(days.values())) == (timing["negative"], timing["n"])
    assert (before, sum(days.values())) == (735, 14_518)
    assert days[0] == timing["zero"]
    spread = np.repeat(list(days), list(days.values()))
    assert float(np.mean(spread)) == pytest.approx(timing["mean"], abs=FOUR_DIGITS)
    assert np.quantile(spread, 0.9) == timing["p90"]


def test_review_timing_counts_a_line_once_by_its_first_ask(
    marts, olist_folder, exported
):
    delivered = {
        order.order_id: order.delivered.date() for order in exported if order.delivered
    }
    first: dict[str, datetime] = {}
    for row in read_rows(olist_folder, "olist_order_reviews_dataset"):
        asked = datetime.fromisoformat(row["review_creation_date"])
        order_id = row["order_id"]
        first[order_id] = min(asked, first.get(order_id, asked))
    days = [
        (asked.date() - delivered[order_id]).days
        for order_id, asked in first.items()
        if order_id in delivered
    ]

    asked = dict(marts.sql(ASKED_BY_BUCKET).fetchall())

    # orders surveyed twice are one each, so there are fewer
    assert asked["before"] == len([day for day in days if day < 0]) < 735
    assert (asked["0"], asked["1"]) == (days.count(0), days.count(1))
    assert sum(asked.values()) == len(days) < 14_518


def test_ratings_are_those_of_the_reference(marts, reference):
    reviews = reference["reviews"]

    ((rows, orders, mean),) = marts.sql(
        "select count(*), count(distinct order_id), avg(rating) from marts.fct_reviews"
    ).fetchall()

    assert (rows, orders) == (reviews["rows"], reviews["orders_with_review"])
    assert mean == pytest.approx(reviews["mean_score"], abs=5e-7)
