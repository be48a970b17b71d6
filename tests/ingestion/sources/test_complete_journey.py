"""The Complete Journey mapping: a basket is an order, paid unless it cost nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.landing import land_source
from ingestion.shop import Shop

# in the hour that the clocks of the stores skipped, and in the last second of the year
IN_THE_SKIPPED_HOUR = "2017-03-12 02:30:00"
NEW_YEARS_EVE = "2017-12-31 23:59:59"

BASKETS = pa.table(
    {
        "household_id": pa.array([7, 7, 8, 8], pa.int64()),
        "basket_id": pa.array([901, 902, 903, 904], pa.int64()),
        "ts": pa.array(
            [IN_THE_SKIPPED_HOUR, NEW_YEARS_EVE, NEW_YEARS_EVE, NEW_YEARS_EVE]
        ).cast(pa.timestamp("ns")),
        "lines": pa.array([3, 1, 2, 1], pa.int64()),
        "sales_value": pa.array([73.77, 0.0, 0.29, 1.005], pa.float64()),
    }
)


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    """What landed of the handmade baskets."""
    export = tmp_path_factory.mktemp("export")
    pq.write_table(BASKETS, export / "baskets_4.parquet")
    shop = Shop(folder=tmp_path_factory.mktemp("shop"), hash_key="a key for tests")
    landed_at = datetime(2018, 1, 2, tzinfo=UTC)
    land_source(
        "complete_journey", export, shop=shop, landed_at=landed_at, backfill=True
    )
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        yield connection


def test_a_basket_is_an_order_of_its_household_at_the_instant_it_says(raw):
    assert raw.sql(
        """
        select order_id, customer_id, occurred_at::varchar, total_minor, currency
        from raw.order_events
        order by order_id
        """
    ).fetchall() == [
        ("901", "7", "2017-03-12 02:30:00+00", 7377, "USD"),
        ("902", "7", "2017-12-31 23:59:59+00", 0, "USD"),
        ("903", "8", "2017-12-31 23:59:59+00", 29, "USD"),
    ]


def test_a_basket_is_paid_unless_it_came_to_nothing(raw):
    assert raw.sql(
        "select order_id, amount_minor from raw.payment_events order by order_id"
    ).fetchall() == [("901", 7377), ("903", 29)]


def test_an_amount_finer_than_a_cent_is_refused_at_its_row(raw):
    assert raw.sql(
        "select landed_file, line_number, reason_code, field from raw.rejected_events"
    ).fetchall() == [("baskets_4.parquet", 4, "field_missing", "total_minor")]
