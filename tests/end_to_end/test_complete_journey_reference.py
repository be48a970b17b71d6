"""Published marts on the Complete Journey give the figures computed with pandas.

The reference counts every basket. Marts count orders that were paid: 478 baskets came
to nothing and begin and end no gap. Both numbers stand here; what the reference lacks
is computed from the baskets themselves, without the warehouse.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from dagster_project import published
from dagster_project.run import run
from ingestion.shop import Shop

pytestmark = pytest.mark.deep

FOUR_DIGITS = 5e-5
DAY = np.timedelta64(1, "D")

Connection = duckdb.DuckDBPyConnection
Triangle = dict[str, dict[int, int]]
Visits = dict[str, np.ndarray]


@pytest.fixture(scope="session")
def reference(shared: Path) -> dict:
    figures = shared / "data" / "reference_figures.json"
    return json.loads(figures.read_text(encoding="utf-8"))["completejourney"]


@pytest.fixture(scope="session")
def baskets(shared: Path) -> list[tuple[str, np.datetime64, float]]:
    (path,) = (shared / "data" / "completejourney").glob("baskets*.parquet")
    table = pq.read_table(path, columns=["household_id", "ts", "sales_value"])
    households, times, values = (column.to_numpy() for column in table.columns)
    return list(zip(map(str, households), times, values, strict=True))


@pytest.fixture(scope="session")
def paid_visits(baskets) -> Visits:
    """When each household bought something that cost something, in order."""
    visits = defaultdict(list)
    for household, at, value in baskets:
        if value > 0:
            visits[household].append(at)
    return {household: np.sort(times) for household, times in visits.items()}


@pytest.fixture(scope="session")
def marts(shared: Path, tmp_path_factory) -> Iterator[Connection]:
    """The published database of a shop that landed the export as history."""
    shop = Shop(
        folder=tmp_path_factory.mktemp("complete_journey_shop"),
        hash_key="a key for tests",
    )
    folder = shared / "data" / "completejourney"
    run(shop, [folder], source="complete_journey", backfill=True)
    _, connection = published.connect_current(shop.published)
    with connection:
        yield connection


def cohort_triangle(visits: Visits) -> Triangle:
    """Count the households of each first month by the months in which they bought."""
    triangle: dict[str, Counter[int]] = defaultdict(Counter)
    for times in visits.values():
        months = np.unique(times.astype("datetime64[M]"))
        ages = (months - months[0]).astype(int)
        triangle[str(months[0])].update(ages.tolist())
    return {cohort: dict(ages) for cohort, ages in triangle.items()}


# Population: every basket, of nothing or not; every one is somebody's.
BASKETS = """
    select
        count(*),
        count(distinct customer_id),
        sum(ordered_amount),
        count(*) filter (where is_guest),
        count(*) filter (where not is_counted)

    from marts.fct_orders
"""


def test_no_basket_is_lost_and_they_sum_to_the_cent(marts, baskets, reference):
    ((orders, households, amount, guests, uncounted),) = marts.sql(BASKETS).fetchall()

    assert (orders, households, guests) == (
        reference["baskets"],
        reference["households"],
        0,
    )
    assert float(amount) == reference["sales_value"]
    assert uncounted == len([1 for _, _, value in baskets if value == 0]) == 478
    assert marts.sql("select count(*) from marts.rejected_events").fetchall() == [(0,)]


# Population: every basket but the first of each household, paid for or not.
GAPS_OF_EVERY_BASKET = """
    with

    gaps as (

        select
            epoch(placed_at - lag(placed_at) over (
                partition by customer_id order by placed_at
            )) / 86400 as gap_days

        from marts.fct_orders

    )

    select count(gap_days), median(gap_days), quantile_cont(gap_days, 0.9)
    from gaps
"""

# Population: baskets that count, but for the first of each household. Completed gaps.
CLOSED_GAPS = """
    select count(*), median(gap_days), quantile_cont(gap_days, 0.9)
    from marts.fct_reorder_gaps
    where not is_open
"""


def test_gaps_between_all_baskets_are_those_of_the_reference(marts, reference):
    expected = reference["days_between_baskets"]

    ((gaps, median, p90),) = marts.sql(GAPS_OF_EVERY_BASKET).fetchall()

    assert gaps == expected["n"] == 153_379
    assert median == pytest.approx(expected["median"], abs=FOUR_DIGITS)
    assert p90 == pytest.approx(expected["p90"], abs=FOUR_DIGITS)


def test_gaps_of_the_mart_leave_out_baskets_that_came_to_nothing(
    marts, paid_visits, reference
):
    days = np.concatenate([np.diff(times) / DAY for times in paid_visits.values()])

    ((gaps, median, p90),) = marts.sql(CLOSED_GAPS).fetchall()

    assert gaps == len(days) == 152_901
    assert median == pytest.approx(np.quantile(days, 0.5), abs=FOUR_DIGITS)
    assert p90 == pytest.approx(np.quantile(days, 0.9), abs=FOUR_DIGITS)
    # fewer visits lie further apart
    assert median > reference["days_between_baskets"]["median"]


def test_each_household_has_one_open_gap_and_it_runs_to_the_clock(marts, paid_visits):
    clock = max(times[-1] for times in paid_visits.values())
    open_days = {
        household: (clock - times[-1]) / DAY for household, times in paid_visits.items()
    }

    found = marts.sql(
        "select customer_id, gap_days from marts.fct_reorder_gaps where is_open"
    ).fetchall()

    assert dict(found) == pytest.approx(open_days, abs=1e-9)
    assert len(found) == len(open_days)


# Population: every basket, by month of UTC, which is this shop's store time.
TRIANGLE_OF_EVERY_BASKET = """
    with

    active_months as (

        select distinct
            customer_id,
            date_trunc('month', placed_at at time zone 'UTC') as month

        from marts.fct_orders

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
        date_diff('month', cohort_month, month) as age,
        count(*) as customers

    from cohorts
    group by all
"""

# Population: baskets that count. Cells of a month that is over.
TRIANGLE_OF_COUNTED_BASKETS = """
    select strftime(cohort_month, '%Y-%m') as cohort, age, active_customers
    from metrics.cohort_retention
    where age_mode = 'calendar_month' and is_observed and active_customers > 0
"""


def triangle_of(marts: Connection, query: str) -> Triangle:
    triangle: Triangle = defaultdict(dict)
    for cohort, age, customers in marts.sql(query).fetchall():
        triangle[cohort][age] = customers
    return dict(triangle)


def test_the_triangle_of_every_basket_is_that_of_the_reference(marts, reference):
    expected = {
        cohort: dict(enumerate(row)) for cohort, row in reference["cohort"].items()
    }

    assert triangle_of(marts, TRIANGLE_OF_EVERY_BASKET) == expected


def test_the_triangle_of_the_mart_ends_with_the_last_month_that_is_over(
    marts, paid_visits
):
    found = triangle_of(marts, TRIANGLE_OF_COUNTED_BASKETS)

    # the export runs four hours into 2018 by UTC, and that month is not over
    year = {
        household: times[times < np.datetime64("2018-01-01")]
        for household, times in paid_visits.items()
    }
    assert found == cohort_triangle(year)


def test_households_that_come_back_are_those_of_the_reference(marts, reference):
    (repeated,) = marts.sql(
        """
        select
            count(*) filter (where order_count >= 2) as repeated,
            count(*) filter (where counted_order_count >= 2) as counted

        from marts.dim_customers
        """
    ).fetchall()

    assert repeated == (reference["repeat_households"], 2_438)
