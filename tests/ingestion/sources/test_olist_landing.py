"""The Olist mapping before the judge: what is refused, for what, and what is kept."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.errors import LandingError
from ingestion.landing import Landing, land_source
from ingestion.shop import Shop
from tests.ingestion.sources.olist_export import ORDERS_HEADER, write_export

LANDED_AT = datetime(2018, 10, 4, tzinfo=UTC)


def land(export: Path, shop: Shop) -> Landing:
    return land_source("olist", export, shop=shop, landed_at=LANDED_AT, backfill=True)


@pytest.fixture(scope="module")
def export(tmp_path_factory) -> Path:
    return write_export(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def shop(export, tmp_path_factory) -> Shop:
    """A shop that landed the handmade export twice."""
    shop = Shop(folder=tmp_path_factory.mktemp("shop"), hash_key="a key for tests")
    land(export, shop)
    land(export, shop)
    return shop


@pytest.fixture(scope="module")
def raw(shop) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'").fetchall()
        yield connection


def test_what_the_export_got_wrong_is_refused_by_file_line_and_reason(raw):
    refused = raw.sql(
        """
        select landed_file, line_number, event_name, reason_code, field
        from raw.rejected_events
        order by all
        """
    ).fetchall()

    items, payments, orders = (
        f"olist_{name}_dataset.csv"
        for name in ("order_items", "order_payments", "orders")
    )
    assert refused == [
        (items, 7, "order_placed", "field_missing", "occurred_at"),
        (payments, 9, "payment_initiated", "field_missing", "occurred_at"),
        # the clocks of Sao Paulo went from 00:00 to 01:00 that night
        (orders, 16, "delivery_promise_confirmed", "timestamp_invalid", "occurred_at"),
        (orders, 16, "order_placed", "timestamp_invalid", "occurred_at"),
        # neither items nor payments; prices that are no number of cents
        (orders, 19, "order_placed", "field_missing", "total_minor"),
        (orders, 20, "order_placed", "field_missing", "total_minor"),
        (orders, 21, "order_placed", "field_missing", "total_minor"),
        (orders, 22, "order_placed", "field_missing", "total_minor"),
    ]


def test_words_that_olist_may_add_are_kept_beside_unknown_and_other(raw):
    found = raw.sql(
        """
        select order_status, raw_values ->> 'order_status', extra ->> 'source_status'
        from raw.order_events
        where order_id = 'new_word' and event_name = 'order_status_changed'
        """
    ).fetchall()
    paid = raw.sql(
        """
        select payment_method, raw_values ->> 'payment_method'
        from raw.payment_events
        where order_id = 'canceled_unpaid' and event_name = 'payment_initiated'
        """
    ).fetchall()

    assert found == [("unknown", "teleported", "teleported")]
    assert paid == [("other", "not_defined")]


def test_local_times_become_instants_and_amounts_get_their_currency(raw):
    found = raw.sql(
        """
        select occurred_at::varchar, source_time_zone, amount_minor, currency
        from raw.payment_events
        where order_id = 'shipped' and event_name = 'payment_captured'
        """
    ).fetchall()

    assert found == [("2018-06-01 13:05:00+00", "America/Sao_Paulo", 1250, "BRL")]


def test_landing_the_same_export_again_changes_nothing(raw):
    counts = raw.sql(
        "select landed_file, count(*), max(landing_seq) from raw.landings group by all"
    ).fetchall()

    assert {(rows, seq) for _, rows, seq in counts} == {(1, 1)}
    assert len(counts) == 4


def test_a_damaged_export_is_named_by_file_and_line(tmp_path):
    damaged = write_export(
        tmp_path / "damaged", olist_orders_dataset=ORDERS_HEADER + "one,two\n"
    )

    with pytest.raises(LandingError, match=r"olist_orders_dataset\.csv, line 2: 2 "):
        land(damaged, Shop(folder=tmp_path / "shop", hash_key="a key for tests"))
