"""The Online Retail mapping: each kind of invoice row, as events and as refusals."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from ingestion.landing import land_source
from ingestion.shop import Shop

HEADER = (
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
)

# line 2 on: one invoice of two products and postage, written across a minute
ROWS = """\
536365,85123A,T-LIGHT HOLDER,6,2011-06-01 08:26:00,2.55,17850,United Kingdom
536365,71053,LANTERN,6,2011-06-01 08:27:00,3.39,17850,United Kingdom
536365,POST,POSTAGE,1,2011-06-01 08:26:00,18.0,17850,United Kingdom
536366,22633,HAND WARMER,2,2011-01-03 09:00:00,1.85,,United Kingdom
536367,22633,HAND WARMER,3,2011-01-03 09:30:00,0.0,17850,United Kingdom
536368,22633,HAND WARMER,4,2011-06-02 09:00:00,1.85,17850,United Kingdom
536368,22633,HAND WARMER,4,2011-06-02 09:00:00,1.85,17850,United Kingdom
536368,22633,HAND WARMER,5,2011-06-02 09:00:00,1.85,17850,United Kingdom
C536379,85123A,T-LIGHT HOLDER,-2,2011-06-03 10:00:00,2.55,17850,United Kingdom
C536379,71053,LANTERN,-7,2011-06-03 10:00:00,3.39,17850,United Kingdom
C536380,85123A,T-LIGHT HOLDER,-1,2011-06-03 11:00:00,2.55,,United Kingdom
C536381,D,Discount,-1,2011-06-03 12:00:00,27.5,17850,United Kingdom
C536382,22633,HAND WARMER,-1,2011-06-01 07:00:00,1.85,17850,United Kingdom
C536383,22633,HAND WARMER,-5,2011-06-03 13:00:00,1.85,17850,United Kingdom
536400,22218,,-10,2011-06-04 10:00:00,0.0,,United Kingdom
536401,22218,found,4,2011-06-04 11:00:00,0.0,,United Kingdom
C536402,AMAZONFEE,AMAZON FEE,-1,2011-06-05 10:00:00,13541.33,,United Kingdom
A536403,B,Adjust bad debt,1,2011-06-05 11:00:00,11062.06,,United Kingdom
536404,PADS,PADS,1,2011-06-06 10:00:00,0.001,13952,United Kingdom
536404,85066,MINI CHEST,2,2011-06-06 10:00:00,12.75,13952,United Kingdom
536405,22633,HAND WARMER,-5,2011-06-06 11:00:00,1.85,13952,United Kingdom
536406,22633,HAND WARMER,many,2011-06-06 12:00:00,1.85,13952,United Kingdom
"""

Row = tuple[object, ...]


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    """What landed of the handmade invoices."""
    export = tmp_path_factory.mktemp("export")
    (export / "online_retail.csv").write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    shop = Shop(folder=tmp_path_factory.mktemp("shop"), hash_key="a key for tests")
    landed_at = datetime(2011, 12, 10, tzinfo=UTC)
    land_source("online_retail", export, shop=shop, landed_at=landed_at, backfill=True)
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        yield connection


def rows_of(raw: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    return raw.sql(query).fetchall()


ORDERS = """
    select order_id, customer_id, is_guest, occurred_at::varchar, total_minor
    from raw.order_events
    where event_name = 'order_placed'
    order by order_id
"""


def test_an_invoice_is_an_order_at_its_first_minute_on_londons_clock(raw):
    assert rows_of(raw, ORDERS) == [
        ("536365", "17850", False, "2011-06-01 07:26:00+00", 1530 + 2034 + 1800),
        # nobody's invoice is a guest's; in winter London is at UTC
        ("536366", None, True, "2011-01-03 09:00:00+00", 370),
        ("536367", "17850", False, "2011-01-03 09:30:00+00", 0),
        ("536368", "17850", False, "2011-06-02 08:00:00+00", 2405),
        # the line finer than a penny is refused, and the invoice stands
        ("536404", "13952", False, "2011-06-06 09:00:00+00", 2550),
    ]


def test_a_row_is_a_line_also_when_it_is_there_twice(raw):
    (lines,) = rows_of(
        raw, "select lines::varchar from raw.order_events where order_id = '536368'"
    )

    assert [
        (line["order_line_id"], line["sku"], line["quantity"])
        for line in json.loads(str(lines[0]))
    ] == [
        ("536368:1", "22633", 4),
        ("536368:2", "22633", 4),
        ("536368:3", "22633", 5),
    ]


def test_an_invoice_is_paid_unless_it_comes_to_nothing(raw):
    assert rows_of(
        raw,
        """
        select order_id, amount_minor, currency
        from raw.payment_events
        where event_name = 'payment_captured'
        order by order_id
        """,
    ) == [
        ("536365", 5364, "GBP"),
        ("536366", 370, "GBP"),
        ("536368", 2405, "GBP"),
        ("536404", 2550, "GBP"),
    ]


def test_credited_goods_return_to_the_sale_they_can_only_have_come_from(raw):
    assert rows_of(
        raw,
        """
        select return_line_id, order_id, order_line_id, customer_id, sku, quantity
        from raw.return_events
        where event_name = 'return_received'
        order by return_line_id
        """,
    ) == [
        ("C536379:1", "536365", "536365:1", "17850", "85123A", 2),
        # more than were sold, nobody's, or before they were sold: of no order
        ("C536379:2", None, None, "17850", "71053", 7),
        ("C536380:1", None, None, None, "85123A", 1),
        # the gift of January is what came back before the sale of June
        ("C536382:1", "536367", "536367:1", "17850", "22633", 1),
        # of rows of one minute the largest
        ("C536383:1", "536368", "536368:3", "17850", "22633", 5),
    ]


def test_a_credit_row_is_a_refund_of_goods_or_of_a_charge(raw):
    assert rows_of(
        raw,
        """
        select refund_id, amount_minor, return_line_id, extra ->> 'credited_code'
        from raw.payment_events
        where event_name = 'refund_completed'
        order by refund_id
        """,
    ) == [
        ("C536379:1", 510, "C536379:1", "85123A"),
        ("C536379:2", 2373, "C536379:2", "71053"),
        ("C536380:1", 255, "C536380:1", "85123A"),
        # a discount brings no goods back
        ("C536381:1", 2750, None, "D"),
        ("C536382:1", 185, "C536382:1", "22633"),
        ("C536383:1", 925, "C536383:1", "22633"),
    ]


def test_a_refund_of_a_known_sale_says_of_which_and_why(raw):
    assert rows_of(
        raw,
        """
        select refund_id, order_id, refund_cause
        from raw.payment_events
        where event_name = 'refund_initiated'
        order by refund_id
        """,
    ) == [
        ("C536379:1", "536365", "return"),
        ("C536382:1", "536367", "return"),
        ("C536383:1", "536368", "return"),
    ]


def test_rows_without_a_price_on_nobodys_invoice_are_stock_and_no_order(raw):
    assert rows_of(
        raw,
        """
        select movement_id, sku, delta_quantity
        from raw.order_events
        where event_name = 'inventory_adjusted'
        order by movement_id
        """,
    ) == [("536400:1", "22218", -10), ("536401:1", "22218", 4)]


def test_what_is_no_order_return_or_stock_is_refused_by_line_and_reason(raw):
    assert rows_of(
        raw,
        """
        select line_number, event_name, reason_code
        from raw.rejected_events
        order by line_number
        """,
    ) == [
        (18, "merchant_cost_booked", "event_name_unknown"),
        (19, "ledger_adjusted", "event_name_unknown"),
        # finer than a penny, fewer than none, and no number
        (20, "order_placed", "line_item_invalid"),
        (22, "order_placed", "line_item_invalid"),
        (23, "order_placed", "line_item_invalid"),
    ]


def test_every_row_is_accounted_for(raw):
    ((told,),) = rows_of(
        raw,
        """
        with

        rows_told as (

            select json_array_length(lines) as told
            from raw.order_events
            where event_name = 'order_placed'

            union all

            select 1 from raw.payment_events where event_name = 'refund_completed'

            union all

            select 1 from raw.order_events where event_name = 'inventory_adjusted'

            union all

            select 1 from raw.rejected_events

        )

        select sum(told) from rows_told
        """,
    )

    assert told == len(ROWS.splitlines())
