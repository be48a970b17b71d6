"""The pages in a real browser: a reader clicks from Today to one order.

A rendered page can hold what no server-side test sees: an error box, a script error,
a call to a foreign host, a table wider than a phone.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest

from dagster_project import published
from dagster_project.servers import dashboard_command
from tests.dashboards.small_shop import AS_OF, ROOT, publish

pytest.importorskip("playwright", reason="the browser driver is not installed")

from playwright.sync_api import (
    ConsoleMessage,
    Locator,
    Page,
    Position,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
START_SECONDS = 60
STEP_MILLISECONDS = 20_000
ROW_PIXELS = 35
LINK_PIXELS = 25
HOVER_MILLISECONDS = 400
CLICKS = 5
LIGHT = 200
DARK = 60

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait for the server's own health page."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended while it was starting"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not answer within {START_SECONDS} s")


@pytest.fixture(scope="module")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the small shop, with a version of the day before."""
    folder = tmp_path_factory.mktemp("shop")
    publish(
        folder / "published",
        "before",
        "delete from marts.fct_orders where order_id != 'ORD-008'",
        as_of=AS_OF - timedelta(days=1),
    )
    publish(folder / "published", "one")
    return folder


@pytest.fixture(scope="module")
def address(shop_folder: Path) -> Iterator[str]:
    """The address of a running app over the small shop."""
    port = free_port()
    server = subprocess.Popen(
        dashboard_command(port),
        cwd=ROOT,
        env=os.environ | {"POSTORDER_DATA": str(shop_folder), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture(params=["desktop", "phone"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that fails its test on script errors and calls to other hosts."""
    size = DESKTOP if request.param == "desktop" else PHONE
    complaints: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=BROWSER_FLAGS)
        opened = browser.new_page(viewport=size, color_scheme="light")
        opened.set_default_timeout(STEP_MILLISECONDS)

        def note_error(message: ConsoleMessage) -> None:
            # a deep link makes Streamlit's own script probe for a base path
            if message.type == "error" and "/_stcore/" not in message.location["url"]:
                complaints.append(f"console: {message.text}")

        def note_foreign_host(request: Request) -> None:
            if urlsplit(request.url).hostname not in ("127.0.0.1", None):
                complaints.append(f"foreign host: {request.url}")

        opened.on("console", note_error)
        opened.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        opened.on("request", note_foreign_host)
        yield opened
        browser.close()
    assert complaints == []


def open_and_wait(page: Page, address: str) -> None:
    """Open an address and wait until its page has been drawn."""
    page.goto(address)
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    """Wait until the server has nothing more to send, then look for error boxes."""
    page.wait_for_selector("h1")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.locator("[data-testid=stAlertContentError]").count() == 0


def assert_fits(page: Page) -> None:
    """Nothing makes the page itself scroll sideways."""
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide <= 0


def open_first_row(page: Page, table: Locator | None = None) -> Page:
    """Follow the link in the first row of the table, and return the tab it opens."""
    # the table is drawn on a canvas, which knows its links only once it is hovered
    table = table or page.locator("[data-testid=stDataFrame]")
    table.locator("canvas").first.wait_for()
    table.scroll_into_view_if_needed()
    link: Position = {"x": LINK_PIXELS, "y": 1.5 * ROW_PIXELS}
    with page.context.expect_page() as opening:
        for _ in range(CLICKS):
            table.hover(position=link)
            page.wait_for_timeout(HOVER_MILLISECONDS)
            table.click(position=link)
            if len(page.context.pages) > 1:
                break
    wait_until_drawn(opening.value)
    return opening.value


def query(shop_folder: Path, sql: str) -> object:
    """Return the one value of a query on the published database."""
    version = published.current(shop_folder / "published")
    assert version is not None
    with duckdb.connect(str(version.path), read_only=True) as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


def test_a_reader_gets_from_today_to_one_order(
    page: Page, address: str, shop_folder: Path
) -> None:
    """Today, the board filtered, an order's timeline, and back again."""
    open_and_wait(page, address)
    assert page.locator("h1").inner_text() == "What needs a person now?"
    unsettled = query(
        shop_folder,
        "select sum(captured_amount) from marts.fct_payments "
        "where exit = 'open' and captured_at is not null and currency = 'INR'",
    )
    assert page.get_by_text(f"INR {unsettled:,.0f}", exact=True).count() == 1
    assert_fits(page)

    page.get_by_role("link", name="All past their promise").click()
    page.get_by_role("heading", name="Where are the open orders?").wait_for()
    wait_until_drawn(page)
    assert "2 open orders match these filters" in page.locator("h2").inner_text()
    assert "needs=Past+promise" in page.url.replace("%20", "+")
    assert_fits(page)

    order = open_first_row(page)
    assert order.locator("h1").inner_text() == "Where is order ORD-008?"
    assert "16 days past it" in order.locator("h2").first.inner_text()
    captured = query(
        shop_folder,
        "select captured_amount from marts.fct_orders where order_id = 'ORD-008'",
    )
    assert order.get_by_text(f"INR {captured:,.0f}", exact=True).count() >= 1
    assert_fits(order)


def test_a_search_stands_in_the_address(page: Page, address: str) -> None:
    """An id of any kind leads to its order, and the page can be shared or reloaded."""
    open_and_wait(page, f"{address}/orders")
    page.get_by_label("Find an order").fill("PAY-004")
    page.get_by_label("Find an order").press("Enter")
    page.get_by_text("1 id begins with “PAY-004”.").wait_for()
    wait_until_drawn(page)
    order = open_first_row(page)
    assert order.locator("h1").inner_text() == "Where is order ORD-004?"
    assert order.get_by_text("Stock could not be reserved: out of stock").count() == 1

    page.reload()
    wait_until_drawn(page)
    # the box is drawn before the address is read into it
    box = page.get_by_label("Find an order")
    expect(box).to_have_value("PAY-004", timeout=20_000)


def test_hostile_ids_are_shown_as_they_are(page: Page, address: str) -> None:
    """Text that came with the data is neither markup nor script."""
    open_and_wait(page, f"{address}/order?order_id=A*b_%5Bc%5D(d)%3Ci%3E%24x%24")
    assert page.locator("h1").inner_text() == "Where is order A*b_[c](d)<i>$x$?"
    assert page.get_by_text(
        "Note **bold** <script>alert(1)</script> :red[x] $y$"
    ).count()
    assert_fits(page)


EARLIER = "2026-03-30 18:00 (before)"


def moment_of(page: Page) -> list[str]:
    """Return which moment a page's address holds."""
    return parse_qs(urlsplit(page.url).query).get("as_of", [])


def choose_moment(page: Page, name: str) -> None:
    """Choose a version in the picker."""
    page.get_by_role("button", name="Show another moment").click()
    page.get_by_role("combobox", name="As of").click()
    page.get_by_role("option", name=name).click()


def open_from_menu(page: Page, section: str, title: str) -> None:
    """Open a view as a reader does: from the bar, on a phone from the drawer."""
    if page.get_by_test_id("stTopNavSection").count():
        page.get_by_test_id("stTopNavSection").filter(has_text=section).click()
        page.get_by_test_id("stTopNavDropdownLink").filter(has_text=title).click()
    else:
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
        # the drawer stays open over the page
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()


def test_a_reader_chooses_a_moment_and_every_address_holds_it(
    page: Page, address: str
) -> None:
    """From the picker to another page, to the rows, and to who gets the address."""
    open_and_wait(page, f"{address}/orders")
    assert page.locator("h2").first.inner_text().startswith("12 orders are open")
    choose_moment(page, EARLIER)
    page.get_by_text("This is an earlier state").wait_for()
    page.get_by_text("1 order is open").wait_for()
    assert moment_of(page) == [EARLIER]
    assert_fits(page)

    page.keyboard.press("Escape")
    open_from_menu(page, "Money", "Pending money")
    page.get_by_role("heading", name="Which money is owed?").wait_for()
    wait_until_drawn(page)
    page.wait_for_url("**/pending?as_of=*")
    assert moment_of(page) == [EARLIER]

    page.get_by_role("link", name="Open the").first.click()
    page.get_by_role("heading", name="Which rows are behind this number?").wait_for()
    wait_until_drawn(page)
    assert moment_of(page) == [EARLIER]
    page.reload()
    wait_until_drawn(page)
    page.get_by_text("This is an earlier state").wait_for()

    choose_moment(page, "latest")
    expect(page.get_by_text("This is an earlier state")).to_have_count(0)
    assert moment_of(page) == []


def ground_of(page: Page) -> float:
    """Return how light the ground of a page is, from 0 to 255."""
    color = page.get_by_test_id("stApp").evaluate(
        "app => getComputedStyle(app).backgroundColor"
    )
    parts = re.findall(r"\d+", color)[:3]
    return sum(map(int, parts)) / len(parts)


def test_a_reader_switches_between_light_and_dark(page: Page, address: str) -> None:
    """The page follows the system's wish, until its menu says otherwise."""
    open_and_wait(page, f"{address}/pending")
    assert ground_of(page) > LIGHT
    page.emulate_media(color_scheme="dark")
    open_and_wait(page, f"{address}/pending")
    assert ground_of(page) < DARK
    assert_fits(page)

    page.get_by_test_id("stMainMenu").get_by_role("button").click()
    page.get_by_test_id("stMainMenuPopover").get_by_text("Light").click()
    page.wait_for_function(
        "getComputedStyle(document.querySelector('[data-testid=stApp]'))"
        ".backgroundColor === 'rgb(255, 255, 255)'"
    )
    page.reload()
    wait_until_drawn(page)
    assert ground_of(page) > LIGHT


VIEWS = sorted(path.stem for path in (ROOT / "dashboards" / "views").glob("[a-z]*.py"))


@pytest.mark.deep
def test_every_view_is_drawn_and_fits(page: Page, address: str) -> None:
    """No view has an error box, a script error, or scrolls sideways."""
    for view in VIEWS:
        open_and_wait(page, f"{address}/{'' if view == 'today' else view}")
        page.locator("h2").first.wait_for()
        assert_fits(page)


def test_finance_takes_the_certificate_of_a_day_away(
    page: Page, address: str, tmp_path: Path
) -> None:
    open_and_wait(page, f"{address}/books?day=2026-03-25")
    with page.expect_download() as taking:
        page.get_by_role("button", name="Certificate", exact=True).click()
    taking.value.save_as(tmp_path / "page.html")

    assert taking.value.suggested_filename.startswith("certificate-2026-03-25-")
    signed = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Reconciliation certificate for 2026-03-25" in signed
    assert "The books close" in signed


@pytest.mark.deep
def test_a_number_opens_to_rows_that_can_be_taken_away(
    page: Page, address: str, shop_folder: Path, tmp_path: Path
) -> None:
    """From a figure to its rows, to a file, and to an order's timeline."""
    open_and_wait(page, f"{address}/pending")
    claims = query(
        shop_folder,
        "select count(*) from marts.pending_money "
        "where class = 'refund_failed' and currency = 'INR'",
    )
    page.get_by_role("link", name=f"Open the {claims} claim").first.click()
    page.get_by_role("heading", name="Which rows are behind this number?").wait_for()
    wait_until_drawn(page)
    assert page.locator("h2").inner_text().startswith(f"{claims} claim")
    assert_fits(page)

    for kind in ("CSV", "Parquet"):
        with page.expect_download() as taking:
            page.get_by_role("button", name=kind, exact=True).click()
        taking.value.save_as(tmp_path / kind)
    amount = query(
        shop_folder,
        "select sum(amount) from marts.pending_money "
        "where class = 'refund_failed' and currency = 'INR'",
    )
    file = tmp_path / "Parquet"
    taken = duckdb.sql(f"select sum(amount) from read_parquet('{file}')")
    assert taken.fetchall() == [(amount,)]
    assert "refund_failed" in (tmp_path / "CSV").read_text()

    order = open_first_row(page)
    assert order.locator("h1").inner_text().startswith("Where is order ORD-013")
