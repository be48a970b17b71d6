"""Logins through a real identity provider, in a real browser, at the dashboard command.

Streamlit, its library for logins, the browser's cookies and the provider all take part;
what the pages make of a token is tested without them elsewhere.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser driver is not installed")

from playwright.sync_api import Download, Page

from tests.dashboards import test_browser as browser
from tests.dashboards.identity_provider import (
    CLIENT_ID,
    IdentityProvider,
    Person,
    new_key,
    running,
)
from tests.dashboards.small_shop import ROOT, publish

page = browser.page

pytestmark = [
    browser.pytestmark,
    pytest.mark.skipif(
        (ROOT / ".streamlit" / "secrets.toml").exists(),
        reason="the checkout's own secrets would be read before the test's",
    ),
    pytest.mark.parametrize("page", ["desktop"], indirect=True),
]

LIST = "email,level\nvera@example.com,viewer\nsam@example.com,sensitive\n"
VERA = Person("vera@example.com")
SAM = Person("sam@example.com")

TODAY = "What needs a person now?"
STOP_SECONDS = 30
# the first login loads what all later ones share
STEP_MILLISECONDS = 60_000
# time to log in and draw a page before it is over
SHORT_SECONDS = 45
DOWNLOAD_MILLISECONDS = 3_000


@dataclass(frozen=True)
class Served:
    """The pages of the small shop behind a login.

    Attributes:
        address: Where they answer.
        provider: Whom they ask.
        people: The list of readers.
    """

    address: str
    provider: IdentityProvider
    people: Path


@pytest.fixture(scope="module")
def behind_login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the small shop to other machines too, as the README says to."""
    folder = tmp_path_factory.mktemp("login")
    publish(folder / "shop" / "published", "one")
    people = folder / "shop" / "access.csv"
    port = browser.free_port()
    address = f"http://127.0.0.1:{port}"
    with running() as provider:
        provider.redirect_uri = f"{address}/oauth2callback"
        write_secrets(folder / "home", provider)
        server = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("postorder")),
                *("dashboard", "--host", "0.0.0.0", "--port", str(port)),
            ],
            env=os.environ
            | {
                "HOME": str(folder / "home"),
                "NO_PROXY": "127.0.0.1",
                "POSTORDER_DATA": str(people.parent),
                "PYTHONPATH": str(ROOT),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            browser.wait_until_healthy(address, server)
            yield Served(address, provider, people)
        finally:
            # it ends the server that it started
            server.terminate()
            server.wait(timeout=STOP_SECONDS)


@pytest.fixture
def served(behind_login: Served, page: Page) -> Served:
    """The pages with their two readers, nobody signed in, and no forged tokens."""
    page.set_default_timeout(STEP_MILLISECONDS)
    behind_login.people.write_text(LIST)
    behind_login.provider.person = None
    behind_login.provider.signing_key = None
    behind_login.provider.logouts.clear()
    return behind_login


def write_secrets(home: Path, provider: IdentityProvider) -> None:
    """Write the user's own secrets, which Streamlit reads beside the checkout's."""
    settings = {
        "redirect_uri": provider.redirect_uri,
        "cookie_secret": secrets.token_hex(32),
        "client_id": CLIENT_ID,
        "client_secret": provider.client_secret,
        "server_metadata_url": f"{provider.issuer}/.well-known/openid-configuration",
    }
    file = home / ".streamlit" / "secrets.toml"
    file.parent.mkdir(parents=True)
    lines = [f'{name} = "{value}"' for name, value in settings.items()]
    file.write_text("\n".join(["[auth]", *lines]))


def log_in(page: Page, served: Served, person: Person) -> None:
    """Let the provider sign somebody in."""
    served.provider.person = person
    page.get_by_role("button", name="Log in", exact=True).click()


def wait_for_title(page: Page, title: str) -> str:
    """Wait until a page is drawn and return its words."""
    page.get_by_role("heading", name=title, level=1).wait_for()
    browser.wait_until_drawn(page)
    return page.get_by_test_id("stMain").inner_text()


def assert_asks_who(page: Page, why: str) -> None:
    """The page asks for a login and shows no figure, of before neither."""
    words = wait_for_title(page, "Who are you?")
    assert why in words
    assert not re.search(r"\d", words)
    for shown in ("stDataFrame", "stVegaLiteChart", "stMetric", "stException"):
        assert page.get_by_test_id("stMain").get_by_test_id(shown).count() == 0


def assert_is_refused(page: Page, why: str) -> None:
    """The page says why nothing is shown, and shows nothing."""
    refusal = page.get_by_test_id("stAlertContentError").filter(has_text=why)
    refusal.wait_for()
    words = page.get_by_test_id("stMain").inner_text()
    assert not re.search(r"\d", words)
    assert page.locator("h1").count() == 0


def test_a_reader_sees_what_their_level_allows(page: Page, served: Served) -> None:
    """Nobody sees nothing, a viewer the figures, a sensitive reader an order too."""
    page.goto(f"{served.address}/orders")
    assert_asks_who(page, "Log in to see where your orders stand.")
    assert page.get_by_test_id("stTopNavSection").count() == 0

    log_in(page, served, VERA)
    words = wait_for_title(page, TODAY)
    assert "5 of 12 open orders need a person" in words
    assert "ORD-" not in words
    for address in ("order?order_id=ORD-008", "lists"):
        page.goto(f"{served.address}/{address}")
        words = wait_for_title(page, "Who may see this?")
        assert "Only readers with the level sensitive" in words
        assert "ORD-" not in words
    page.goto(f"{served.address}/orders?search=ORD-008")
    words = wait_for_title(page, "Where are the open orders?")
    assert "ORD-" not in words
    assert page.get_by_label("Find an order").count() == 0

    page.get_by_role("button", name="Account").click()
    page.get_by_text("vera@example.com, viewer").wait_for()
    page.get_by_role("button", name="Log out").click()
    assert_asks_who(page, "Log in to see where your orders stand.")
    (logout,) = served.provider.logouts
    assert logout["client_id"] == CLIENT_ID
    page.goto(served.address)
    assert_asks_who(page, "Log in to see where your orders stand.")

    log_in(page, served, SAM)
    assert "ORD-008" in wait_for_title(page, TODAY)
    page.goto(f"{served.address}/order?order_id=ORD-008")
    words = wait_for_title(page, "Where is order ORD-008?")
    assert "16 days past it" in words


@pytest.mark.deep
@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person("eve@example.com"), "You are not on the list"),
        (Person(SAM.email, {"email_verified": False}), "has not verified your e-mail"),
        (Person(SAM.email, {"email": None}), "did not say your e-mail"),
    ],
    ids=["not listed", "not verified", "no e-mail"],
)
def test_others_are_refused_and_can_log_in_as_somebody_else(
    page: Page, served: Served, person: Person, why: str
) -> None:
    """A login that the provider grants is not yet one that the shop does."""
    page.goto(served.address)
    log_in(page, served, person)
    assert_is_refused(page, why)
    page.goto(f"{served.address}/orders")
    assert_is_refused(page, why)

    page.get_by_role("button", name="Log in as somebody else").click()
    assert_asks_who(page, "Log in to see where your orders stand.")
    log_in(page, served, VERA)
    wait_for_title(page, TODAY)


@pytest.mark.deep
def test_a_login_ends_with_its_token(page: Page, served: Served) -> None:
    """What is open when the time is over gives nothing more, no new file either."""
    page.goto(served.address)
    log_in(page, served, Person(SAM.email, seconds=SHORT_SECONDS))
    wait_for_title(page, TODAY)
    files: list[Download] = []
    page.on("download", lambda file: files.append(file))
    with page.expect_download():
        page.get_by_role("button", name="CSV", exact=True).first.click()
    ends = served.provider.ends
    assert time.time() < ends, "the machine was too slow to see a token in time"

    page.wait_for_timeout(1000 * (ends - time.time() + 1))
    page.get_by_role("button", name="Parquet", exact=True).first.click()
    page.wait_for_timeout(DOWNLOAD_MILLISECONDS)
    assert len(files) == 1
    browser.open_from_menu(page, "Orders", "Board")
    assert_asks_who(page, "The time of this login is over. Log in again.")
    page.goto(f"{served.address}/orders")
    assert_asks_who(page, "The time of this login is over. Log in again.")

    log_in(page, served, SAM)
    assert "ORD-008" in wait_for_title(page, TODAY)


@pytest.mark.deep
def test_a_change_of_the_list_is_seen_on_the_next_run(
    page: Page, served: Served
) -> None:
    """Somebody who is logged in is looked up again each time."""
    page.goto(served.address)
    log_in(page, served, SAM)
    assert "ORD-008" in wait_for_title(page, TODAY)

    served.people.write_text(LIST.replace("sensitive", "viewer"))
    browser.open_from_menu(page, "Customers", "Lists")
    assert "level sensitive" in wait_for_title(page, "Who may see this?")

    served.people.write_text(LIST.replace("sam@", "sad@"))
    browser.open_from_menu(page, "Orders", "Board")
    assert_is_refused(page, "You are not on the list")


@pytest.mark.deep
@pytest.mark.parametrize(
    "claims",
    [{}, {"nonce": "another"}, {"aud": "another"}, {"iss": "http://127.0.0.1:9"}],
    ids=["signature", "nonce", "audience", "issuer"],
)
def test_a_forged_token_is_no_login(
    page: Page, served: Served, claims: dict[str, object]
) -> None:
    """A token that another signed, or that is of another login, lets nobody in."""
    if not claims:
        served.provider.signing_key = new_key()
    page.goto(served.address)
    with page.expect_response(re.compile("/oauth2callback")):
        log_in(page, served, Person(SAM.email, claims))
    page.wait_for_load_state()
    assert_asks_who(page, "Log in to see where your orders stand.")
    names = [cookie["name"] for cookie in page.context.cookies(served.address)]
    assert not [name for name in names if name.startswith("_streamlit_user")]

    served.provider.signing_key = None
    log_in(page, served, SAM)
    wait_for_title(page, TODAY)
