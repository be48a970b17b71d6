"""Each view's main path in a browser: a shown number, a file, the rows behind a figure.

The numbers are asked of the published database with SQL of their own.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

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

# a share, a sum of money and a list; the others take minutes
BRIEFLY = ("rto", "pending", "stock")


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
    page.get_by_role("heading", name=ROWS_TITLE).wait_for()
    browser.wait_until_drawn(page)
    assert re.match(r"[\d,]+ |[A-Z]{3} ", page.locator("h2").first.inner_text())


def assert_rows_are_taken(page: Page, folder: Path) -> None:
    """Take the first table away and find as many rows in it as the page says."""
    said = page.get_by_text(
        re.compile(r"^(The first [\d,]+ of )?[\d,]+ [a-zA-Z -]+\.$")
    )
    rows = re.findall(r"[\d,]+", said.first.inner_text())[-1].replace(",", "")
    with page.expect_download() as taking:
        page.get_by_role("button", name="CSV", exact=True).first.click()
    file = folder / "taken.csv"
    taking.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == int(rows)
