"""Each view's main path in a browser: a shown number, a file, the rows behind a figure.

The numbers are asked of the published database with SQL of their own.
"""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import duckdb
import pytest

from dagster_project import published
from dashboards.components.words import count
from dashboards.queries.verdict import RECORD

pytest.importorskip("playwright", reason="the browser driver is not installed")

from playwright.sync_api import Page, expect

from tests.dashboards import test_browser as browser
from tests.dashboards.walks import ROWS_TITLE

shop_folder = browser.shop_folder
address = browser.address
page = browser.page

pytestmark = browser.pytestmark

LAST_WEEKS = """
    select format('{{:.1f}} %', 100 * sum(numerator) / sum(denominator))
    from metrics.metric_daily
    where metric = '{metric}' and segment_type = 'all' and is_mature
        and date > (
            select max(date) - 28 from metrics.metric_daily
            where metric = '{metric}' and segment_type = 'all' and is_mature
        )
"""

# the value of one figure of each view, as it must stand there
NUMBERS = {
    "sweep": "select count(*) || ' orders' from marts.stuck_orders "
    "where level = 'stuck'",
    "settlement": "select format('{:.1f} days', p50_hours / 24) "
    "from metrics.settlement_times where segment_type = 'all'",
    "attempts": "select format('{:.1f} %', 100 * sum(succeeded_orders) / sum(orders)) "
    "from metrics.payment_success",
    "pending": "select format('INR {:,}', cast(sum(amount) as bigint)) "
    "from marts.pending_money where class = 'refund_failed'",
    "books": "select format('INR {:,}', cast(sum(residual_amount) as bigint)) "
    "from marts.reconciliation where currency = 'INR'",
    "reservations": LAST_WEEKS.format(metric="reservation_failure_rate"),
    "addresses": LAST_WEEKS.format(metric="address_failure_rate"),
    "promises": LAST_WEEKS.format(metric="promise_kept_original_rate"),
    "rto": "select format('{:.1f} %', 100 * matured_rate) "
    "from metrics.rto_rates where segment_type = 'all'",
    "stock": "select count(*) || ' counts' from marts.stock_truth where drift <> 0",
    "returns": LAST_WEEKS.format(metric="unit_return_rate"),
    "refunds": LAST_WEEKS.format(metric="refund_within_48h_share"),
    "reorders": "select format('{:.1f} %', 100 * probability) "
    "from metrics.second_order where horizon_days = 30",
    "reviews": LAST_WEEKS.format(metric="review_response_rate"),
    "lists": "select count(*) || ' to write to' from marts.audience_review_due "
    "where holdout_group = 'treatment'",
    "sources": "select format('{:.1f} %', 100 * sum(observed) / sum(expected)) "
    "from marts.instrumentation_coverage",
}

MARCH = (
    "cast(timezone('Asia/Kolkata', {}) as date) "
    "between date '2026-03-01' and date '2026-03-28'"
)

# what the rows behind the first figure of each view add up to, and how many there are
OPENED = {
    "sweep": "select count(*) || ' order', count(*) from marts.stuck_orders "
    "where level = 'stuck'",
    "settlement": "select count(*) || ' payment', count(*) from marts.fct_payments "
    "where captured_at is not null",
    "attempts": "select count(*) || ' attempt', count(*) "
    "from marts.fct_payment_attempts where outcome = 'authorized' and "
    + MARCH.format("attempted_at"),
    "pending": "select format('INR {:,}', cast(sum(amount) as bigint)), count(*) "
    "from marts.pending_money where class = 'refund_failed'",
    "books": "select format('INR {:,.2f}', cast(sum(captured_amount) as double)), "
    "count(*) from marts.reconciliation where currency = 'INR'",
    "reservations": "select count(distinct order_line_id) || ' line', "
    "count(distinct order_line_id) from marts.fct_reservations "
    "where failed_at is not null and " + MARCH.format("answered_at"),
    "addresses": "select count(*) || ' check', count(*) "
    "from marts.fct_address_validations where outcome = 'failed' and "
    + MARCH.format("validated_at"),
    "promises": "select count(*) || ' order', count(*) from marts.promised_orders "
    "where handed_over_at <= original_promise_at and "
    + MARCH.format("original_promise_at"),
    "rto": "select count(*) || ' parcel', count(*) from marts.fct_shipments "
    "where outcome = 'rto'",
    "stock": "select count(*) || ' count', count(*) from marts.stock_truth "
    "where drift <> 0",
    "returns": "select sum(received_quantity) || ' unit', count(*) "
    "from marts.fct_returns where received_at is not null and "
    + MARCH.format("delivered_at"),
    "refunds": "select count(*) || ' refund', count(*) from marts.fct_refunds "
    "where completed_at - due_at <= to_hours(48) and " + MARCH.format("due_at"),
    "reorders": "select count(*) || ' customer', count(*) "
    "from marts.fct_reorder_gaps "
    "where order_number = 1 and not is_open and gap_days <= 30",
    "reviews": "select count(*) || ' line', count(*) from marts.line_reviews "
    "where responded_at is not null and " + MARCH.format("asked_at"),
    "lists": "select count(*) || ' line', count(*) from marts.audience_review_due "
    "where holdout_group = 'treatment'",
    "sources": "select sum(observed) || ' time', count(*) "
    "from marts.instrumentation_coverage",
}

# a share, a sum of money and a list; the others take minutes
BRIEFLY = ("rto", "pending", "stock")

# one that held, one that did not and warns, one that had too little to go by
VERDICT = {
    "as_of": "2026-03-31T12:30:00+00:00",
    "judged_at": "2026-03-31T12:31:00+00:00",
    "failures": [],
    "warnings": [
        {
            "table": "marts.fct_orders",
            "says": "Orders come every day.",
            "observed": "2",
            "rows": [{"order_id": "ORD-008"}],
        }
    ],
    "judged": [
        {
            "suite": "fct_orders",
            "table": "marts.fct_orders",
            "says": "Orders come every day.",
            "severity": "warning",
            "owner": "operations",
            "observed": "2",
            "held": held,
        }
        for held in (True, False, None)
    ],
}


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
@pytest.mark.parametrize(
    "view",
    [
        view if view in BRIEFLY else pytest.param(view, marks=pytest.mark.deep)
        for view in NUMBERS
    ],
)
def test_a_view_s_main_path(
    page: Page, address: str, shop_folder: Path, tmp_path: Path, view: str
) -> None:
    browser.open_and_wait(page, f"{address}/{view}")
    number = str(browser.query(shop_folder, NUMBERS[view]))
    shown = page.get_by_test_id("stMetricValue")
    expect(shown.filter(has_text=number).first).to_be_visible()
    assert number in [value.strip() for value in shown.all_inner_texts()]

    assert_rows_are_taken(page, tmp_path)

    page.locator("[data-testid=stPageLink] a", has_text="Open").first.click()
    assert_rows_add_up(page, shop_folder, tmp_path, OPENED[view])


@pytest.mark.deep
@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_row_of_a_table_opens_to_what_it_counts(
    page: Page, address: str, shop_folder: Path, tmp_path: Path
) -> None:
    """The first carrier of the promises, and only its orders."""
    browser.open_and_wait(page, f"{address}/promises")
    table = page.get_by_test_id("stDataFrame").first
    opened = browser.open_first_row(page, table)
    with duckdb.connect(str(shop_version(shop_folder).path), read_only=True) as shop:
        ((carrier, orders),) = shop.sql(
            "select carrier, count(*) from marts.promised_orders where is_decided "
            "and carrier = "
            "(select carrier from metrics.promise_kept group by carrier "
            "order by sum(kept_original) / sum(promised), carrier limit 1) "
            "group by carrier"
        ).fetchall()
    said = opened.locator("h2").first.inner_text()
    assert (
        said
        == f"{count(orders, 'order')}: orders whose promise is due; carrier {carrier}."
    )


@pytest.mark.deep
@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_customer_is_known_by_their_orders(
    page: Page, address: str, shop_folder: Path, tmp_path: Path
) -> None:
    """As many orders as the shop has of them, and from one to its timeline."""
    customer = str(
        browser.query(
            shop_folder,
            "select customer_id from marts.fct_orders where has_open_exception "
            "order by order_id limit 1",
        )
    )
    browser.open_and_wait(page, f"{address}/customer")
    page.get_by_role("searchbox").or_(page.get_by_label("Customer id")).first.fill(
        customer
    )
    page.keyboard.press("Enter")
    page.get_by_text("Which orders?").wait_for()
    browser.wait_until_drawn(page)
    orders = browser.query(
        shop_folder,
        f"select count(*) from marts.fct_orders where customer_id = '{customer}'",
    )
    assert page.locator("h2").first.inner_text().startswith(f"{orders} order")
    assert_rows_are_taken(page, tmp_path)

    order = browser.open_first_row(page)
    assert order.locator("h1").inner_text().startswith("Where is order ORD-")


@pytest.mark.deep
@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_a_metric_says_its_value_and_its_days(
    page: Page, address: str, shop_folder: Path, tmp_path: Path
) -> None:
    """Chosen by its name, with the value of its last mature day and its SQL."""
    browser.open_and_wait(page, f"{address}/metrics")
    assert_rows_are_taken(page, tmp_path)
    page.get_by_role("combobox", name="Metric").click()
    page.get_by_role("option", name="unit return rate").click()
    page.get_by_text("Last mature day").wait_for()
    value = browser.query(
        shop_folder,
        "select format('{:.1f} %', 100 * arg_max(value, date)) "
        "from metrics.metric_daily where metric = 'unit_return_rate' "
        "and segment_type = 'all' and is_mature",
    )
    assert f": {value}" in page.get_by_text("Last mature day").inner_text()

    page.locator("[data-testid=stPageLink] a", has_text="Open").first.click()
    assert_rows_add_up(
        page,
        shop_folder,
        tmp_path,
        "select count(*) || ' day', count(*) from metrics.metric_daily "
        "where metric = 'unit_return_rate'",
    )


@pytest.mark.deep
@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_the_checks_of_the_last_build_are_counted(
    page: Page, address: str, shop_folder: Path
) -> None:
    """What held, what warns with its rows, and what had too little to go by."""
    record = (shop_folder / "published").with_name(RECORD)
    record.write_text(json.dumps(VERDICT), encoding="utf-8")
    browser.open_and_wait(page, f"{address}/checks")
    assert page.locator("h2").first.inner_text() == (
        "Yes: 1 of 3 expectations held, 1 had too little to judge; 1 warns."
    )
    shown = page.get_by_text("Orders come every day.").first
    expect(shown).to_be_visible()
    assert page.get_by_test_id("stDataFrame").count() == 2


def assert_rows_add_up(page: Page, shop_folder: Path, folder: Path, sql: str) -> None:
    """Find on the page of the rows what SQL of the test's own makes of the tables."""
    page.get_by_role("heading", name=ROWS_TITLE).wait_for()
    browser.wait_until_drawn(page)
    with duckdb.connect(str(shop_version(shop_folder).path), read_only=True) as shop:
        ((number, rows),) = shop.sql(sql).fetchall()
    said = page.locator("h2").first.inner_text()
    assert re.match(rf"{re.escape(number)}s?\b", said), (said, number)
    assert_rows_are_taken(page, folder, rows)


def shop_version(shop_folder: Path) -> published.Version:
    """Return the version that the pages show."""
    version = published.current(shop_folder / "published")
    assert version is not None
    return version


def assert_rows_are_taken(page: Page, folder: Path, rows: int | None = None) -> None:
    """Take the first table away and find as many rows in it as the page says.

    Args:
        page: Where it is shown.
        folder: Where the file goes.
        rows: How many there have to be, where that is known.
    """
    said = page.get_by_text(
        re.compile(r"^(The first [\d,]+ of )?[\d,]+ [a-zA-Z -]+\.$")
    ).filter(visible=True)
    counted = int(re.findall(r"[\d,]+", said.first.inner_text())[-1].replace(",", ""))
    assert rows in (None, counted)
    with page.expect_download() as taking:
        page.get_by_role("button", name="CSV", exact=True).first.click()
    file = folder / "taken.csv"
    taking.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == counted
