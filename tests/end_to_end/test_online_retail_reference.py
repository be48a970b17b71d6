"""Published marts on Online Retail give the figures computed from it with pandas.

The reference counts rows and invoices as they stand in the file. Marts count orders,
refunds and stock, so where the two differ both numbers stand here with the reason, and
what makes the difference is counted from the file itself, in Python.
"""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project import published
from dagster_project.run import run
from ingestion.shop import Shop

pytestmark = pytest.mark.deep

ZONE = "Europe/London"

# the export ends with May: on this clock its last month is over
MAY_IS_OVER = datetime(2011, 5, 31, 23, tzinfo=UTC)

Connection = duckdb.DuckDBPyConnection
Row = dict[str, str]


@pytest.fixture(scope="session")
def reference(shared: Path) -> dict:
    figures = shared / "data" / "reference_figures.json"
    return json.loads(figures.read_text(encoding="utf-8"))[
        "online_retail_2010-12_2011-05"
    ]


@pytest.fixture(scope="session")
def rows(shared: Path) -> list[Row]:
    (path,) = (shared / "data" / "online_retail").glob("*.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8") as text:
        return list(csv.DictReader(text))


@pytest.fixture(scope="session")
def marts(shared: Path, tmp_path_factory) -> Iterator[Connection]:
    """The published database of a shop that landed the export as history."""
    shop = Shop(
        folder=tmp_path_factory.mktemp("online_retail_shop"),
        timezone=ZONE,
        hash_key="a key for tests",
    )
    run(
        shop,
        [shared / "data" / "online_retail"],
        source="online_retail",
        backfill=True,
        as_of=MAY_IS_OVER,
    )
    _, connection = published.connect_current(shop.published)
    with connection:
        yield connection


def is_credit(row: Row) -> bool:
    return row["InvoiceNo"].startswith("C")


def is_merchants_cost(row: Row) -> bool:
    """A booking of what the shop paid, which names no customer."""
    is_cost = row["StockCode"] in ("AMAZONFEE", "BANK CHARGES", "S")
    return is_cost and not row["CustomerID"]


def invoices_of(rows: list[Row]) -> set[str]:
    return {row["InvoiceNo"] for row in rows}


# Population: every row of the file, by what became of it. No filter.
ROWS_ACCOUNTED_FOR = """
    select
        (select count(*) from marts.fct_order_lines) as sold,
        (select count(*) from marts.fct_refunds) as credited,
        (
            select count(*) from marts.events where event_name = 'inventory_adjusted'
        ) as moved,
        (select count(*) from marts.rejected_events) as refused
"""


def test_every_row_of_the_file_is_sold_credited_moved_or_refused(
    marts, rows, reference
):
    (counts,) = marts.sql(ROWS_ACCOUNTED_FOR).fetchall()

    assert sum(counts) == len(rows) == reference["rows"]
    _, credited, moved, refused = counts
    credits = [row for row in rows if is_credit(row) and not is_merchants_cost(row)]
    assert credited == len(credits)
    # 73 costs of the shop itself, and one price of a tenth of a penny
    assert refused == len([r for r in rows if is_merchants_cost(r)]) + 1 == 74
    assert moved == 984


def test_a_landed_line_is_stored_or_refused_and_none_is_lost(marts):
    ((delivered, accepted, rejected),) = marts.sql(
        "select delivered, accepted, rejected from marts.landings"
    ).fetchall()

    assert rejected == 74
    assert delivered == accepted + rejected
    sent = "select count(*) from marts.events where source <> 'warehouse:derived'"
    assert marts.sql(sent).fetchall() == [(accepted,)]
    reasons = marts.sql(
        """
        select event_name, reason_code, count(*)
        from marts.rejected_events
        group by all
        order by all
        """
    ).fetchall()
    assert reasons == [
        ("merchant_cost_booked", "event_name_unknown", 73),
        ("order_placed", "line_item_invalid", 1),
    ]


# Population: orders; credit notes, by the number before the colon of a refund's id.
INVOICES = """
    select
        (select count(*) from marts.fct_orders) as orders,
        (
            select count(distinct split_part(refund_id, ':', 1))
            from marts.fct_refunds
        ) as credit_notes
"""


def test_invoices_are_orders_credit_notes_stock_and_the_shops_own_costs(
    marts, rows, reference
):
    ((orders, credit_notes),) = marts.sql(INVOICES).fetchall()
    costs = invoices_of([row for row in rows if is_merchants_cost(row)])
    costs -= invoices_of([row for row in rows if not is_merchants_cost(row)])
    priced = invoices_of(
        [r for r in rows if Decimal(r["UnitPrice"]) or r["CustomerID"]]
    )
    stock = invoices_of(rows) - priced

    assert orders == 8_124
    assert (len(stock), len(costs)) == (979, 40)
    assert orders + credit_notes + len(stock) + len(costs) == reference["invoices"]
    assert reference["invoices"] == 10_783


def test_cancellations_are_those_of_the_reference_but_for_the_shops_own_costs(
    marts, rows, reference
):
    ((_, credit_notes),) = marts.sql(INVOICES).fetchall()
    ((refunds,),) = marts.sql("select count(*) from marts.fct_refunds").fetchall()
    costs = [row for row in rows if is_credit(row) and is_merchants_cost(row)]

    # fees of Amazon and of the bank, and samples, are booked as credits to nobody
    assert (credit_notes, reference["cancel_invoices"]) == (1_640, 1_677)
    assert credit_notes + len(invoices_of(costs)) == reference["cancel_invoices"]
    assert (refunds, reference["cancel_lines"]) == (3_713, 3_783)
    assert refunds + len(costs) == reference["cancel_lines"]


# Population: refunds of goods; a return without a sale was bought before the file
# begins, by nobody known, or in parts.
RETURNS = """
    select
        count(*) as returned,
        count(order_id) as of_a_known_sale,
        sum(refund_amount) as refunded

    from marts.fct_returns
"""


def test_credited_goods_are_returns_of_a_sale_where_one_can_be_found(marts, rows):
    charges = ("POST", "DOT", "C2", "D", "M", "m")
    goods = [
        row
        for row in rows
        if is_credit(row)
        and not is_merchants_cost(row)
        and row["StockCode"] not in charges
    ]
    credited = sum(-int(row["Quantity"]) * Decimal(row["UnitPrice"]) for row in goods)

    assert marts.sql(RETURNS).fetchall() == [(len(goods), 2_651, credited)]
    assert len(goods) == 3_526


# Population: lines with a price, of orders whose customer is known.
PURCHASES = """
    select count(*)
    from marts.fct_order_lines
    inner join marts.fct_orders using (order_id)
    where not is_guest and unit_price > 0
"""

# Population: customers with an order that counts: a sum was captured for it.
CUSTOMERS = """
    select
        count(*) filter (where counted_order_count >= 1) as customers,
        count(*) filter (where counted_order_count >= 2) as repeated

    from marts.dim_customers
    where not is_guest
"""


def test_purchases_and_their_customers_are_those_of_the_reference(marts, reference):
    # one row, at a tenth of a penny, is refused; its invoice stands
    assert marts.sql(PURCHASES).fetchall() == [(reference["purchase_rows"] - 1,)]
    assert marts.sql(CUSTOMERS).fetchall() == [
        (reference["purchase_customers"], reference["customers_2plus_invoices"])
    ]
    assert (reference["purchase_rows"], reference["purchase_customers"]) == (
        145_450,
        2_718,
    )


# Population: orders that count of known customers, by store month. Observed cells.
TRIANGLE = """
    select
        strftime(cohort_month, '%Y-%m') as cohort,
        list(active_customers order by age) as active_customers

    from metrics.cohort_retention
    where age_mode = 'calendar_month' and is_observed
    group by cohort_month
"""


def test_the_cohort_triangle_is_that_of_the_reference_to_its_last_cell(
    marts, reference
):
    assert dict(marts.sql(TRIANGLE).fetchall()) == reference["cohorts_purchase_only"]


def test_invoices_of_nobody_are_in_no_cohort_and_are_never_one_customer(marts, rows):
    guests = marts.sql(
        "select count(*), count(distinct customer_id) from marts.fct_orders "
        "where is_guest"
    ).fetchall()
    priced = [
        row
        for row in rows
        if not row["CustomerID"]
        and not is_credit(row)
        and not is_merchants_cost(row)
        and Decimal(row["UnitPrice"]) > 0
    ]

    assert guests == [(len(invoices_of(priced)),) * 2]
    assert len(invoices_of(priced)) == 714


def test_an_invoice_of_two_minutes_is_one_order_at_the_first(marts, rows):
    minutes: dict[str, set[str]] = {}
    for row in rows:
        minutes.setdefault(row["InvoiceNo"], set()).add(row["InvoiceDate"])
    first = {name: min(found) for name, found in minutes.items() if len(found) > 1}

    sales = {name: at for name, at in first.items() if not name.startswith("C")}

    placed = marts.sql(
        f"""
        select
            order_id,
            strftime(placed_at at time zone '{ZONE}', '%Y-%m-%d %H:%M:%S')

        from marts.fct_orders
        """
    ).fetchall()

    # one of them is a credit note
    assert (len(first), len(sales)) == (34, 33)
    assert {order: at for order, at in placed if order in first} == sales
