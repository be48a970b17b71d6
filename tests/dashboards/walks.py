"""Readers with the question they came with, and the clicks that answer it.

``python -m tests.dashboards.walks http://localhost:8501`` walks over any running app
and prints what each took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, sync_playwright

from tests.dashboards.test_browser import (
    BROWSER_FLAGS,
    CHROMIUM,
    DESKTOP,
    STEP_MILLISECONDS,
    open_and_wait,
    wait_until_drawn,
)

ROWS_TITLE = "Which rows are behind this number?"


class Reader:
    """A browser that counts what its reader has to do."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.clicks = 0
        open_and_wait(page, address)

    def click(self, what: Locator) -> None:
        """Click once."""
        what.click()
        self.clicks += 1

    def go(self, section: str, view: str, title: str) -> None:
        """Open a view by the menu above every page."""
        for part, words in (("Section", section), ("DropdownLink", view)):
            named = self.page.get_by_test_id(f"stTopNav{part}").filter(has_text=words)
            self.click(named.first)
        self.arrive(title)

    def open(self, link: str, title: str) -> None:
        """Follow the first link that begins with these words."""
        self.click(self.page.get_by_role("link", name=link).first)
        self.arrive(title)

    def arrive(self, title: str) -> None:
        """Wait for a page and for its first line."""
        self.page.get_by_role("heading", name=title).wait_for()
        wait_until_drawn(self.page)
        self.page.locator("h2").first.wait_for()

    def read(self, *words: str) -> str:
        """Return the first line of the page, which says all of these words."""
        line = self.page.locator("h2").first.inner_text()
        assert all(word in line for word in words), line
        return line


@dataclass(frozen=True)
class Walk:
    """One reader's way to an answer.

    Attributes:
        reader: Who asks.
        question: What they came with.
        clicks: How many it may take; a search typed and sent counts as one.
        way: Walks it and returns the line that answers.
    """

    reader: str
    question: str
    clicks: int
    way: Callable[[Reader], str]


def ops(reader: Reader) -> str:
    """Today says how much waits; its list leads to the first order."""
    told = reader.read("need", "person")
    first = reader.page.locator("[data-testid=stPageLink] a").first
    order = first.inner_text()
    reader.click(first)
    reader.arrive(f"Where is order {order}?")
    return told


def support(reader: Reader) -> str:
    """The board finds an order by the beginning of any id; here, of an order."""
    order = reader.page.locator("[data-testid=stPageLink] a").first.inner_text()
    reader.go("Orders", "One order", "Where is one order?")
    box = reader.page.get_by_label("Order id", exact=True)
    reader.click(box)
    box.fill(order)
    box.press("Enter")
    reader.arrive(f"Where is order {order}?")
    return reader.read("Placed")


def finance(reader: Reader) -> str:
    """What is owed in either direction, then the claims themselves."""
    reader.go("Money", "Pending money", "Which money is owed?")
    told = reader.read("owe")
    reader.open("Open the", ROWS_TITLE)
    reader.read("claim")
    return told


def marketing(reader: Reader) -> str:
    """How many may be written to, then the list with its holdout."""
    reader.go("Customers", "Lists", "Whom may we write to?")
    told = reader.read("held out")
    reader.open("Open the list", ROWS_TITLE)
    return told


def analyst(reader: Reader) -> str:
    """A rate, the common way to compute it beside it, and what is behind it."""
    reader.go("Customers", "Returns", "Why do customers send things back?")
    told = reader.read("came back")
    reader.click(reader.page.get_by_text("Naive figure").first)
    reader.page.get_by_text("computed the common way").first.wait_for()
    reader.page.keyboard.press("Escape")
    reader.open("Open what came back", ROWS_TITLE)
    reader.read("delivered lines that came back")
    return told


WALKS = (
    Walk("Ops leader", "What needs a person now, and which order first?", 1, ops),
    Walk("Support", "A customer asks where their order is.", 3, support),
    Walk("Finance", "What is owed, and in which orders?", 3, finance),
    Walk("Marketing", "Whom may we write to, and who is held out?", 3, marketing),
    Walk("Analyst", "How many units come back, and can I believe it?", 4, analyst),
)


def walk(page: Page, address: str, one: Walk) -> tuple[int, float, str]:
    """Walk one way from Today; return its clicks, its seconds and the answer."""
    began = time.monotonic()
    reader = Reader(page, address)
    told = one.way(reader)
    return reader.clicks, time.monotonic() - began, told


def main(address: str) -> None:
    """Walk all ways over a running app and print what each took."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=BROWSER_FLAGS)
        for one in WALKS:
            page = browser.new_page(viewport=DESKTOP)
            page.set_default_timeout(STEP_MILLISECONDS)
            clicks, seconds, told = walk(page, address, one)
            page.close()
            print(f"{one.reader}: {clicks} clicks, {seconds:.1f} s. {told}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
