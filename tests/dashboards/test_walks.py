"""Each reader reaches the answer they came for within its clicks and thirty seconds."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright", reason="the browser driver is not installed")

from playwright.sync_api import Page

from tests.dashboards import test_browser as browser
from tests.dashboards.walks import WALKS, Walk, walk

shop_folder = browser.shop_folder
address = browser.address
page = browser.page

pytestmark = [pytest.mark.deep, browser.pytestmark]

# what a reader is given, for the machine and their own reading together
SECONDS = 30
STARTING_SECONDS = 60


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
@pytest.mark.parametrize("one", WALKS, ids=lambda one: one.reader)
def test_a_reader_gets_there(page: Page, address: str, one: Walk) -> None:
    # the server's first page of a kind loads what all later ones share
    page.set_default_timeout(1000 * STARTING_SECONDS)
    walk(page, address, one)
    clicks, seconds, _ = walk(page, address, one)

    assert clicks == one.clicks
    assert seconds < SECONDS
