"""Asks who the reader is, and keeps what they may see for this run of the page.

Streamlit speaks to the identity provider (``[auth]`` of its ``secrets.toml``). It does
not look at a token again once somebody is in: that is done here, on each run.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from dashboards.access.decision import Access, ExpiredError, RefusedError, decide
from dashboards.access.people import (
    AccessListError,
    Level,
    path_of_list,
    read_people,
)

SECTION: Final = "auth"

_ACCESS: Final = "access"


class LoginError(Exception):
    """Who reads cannot be asked; the message says what to mend."""


def enter() -> Access:
    """Let the reader in, or say why not and end the page."""
    st.session_state.pop(_ACCESS, None)
    try:
        access = _access()
    except LoginError as error:
        st.error(f"Nobody is let in. {error}", icon=":material/lock:")
        st.stop()
    except AccessListError as error:
        st.error(
            "Nobody is let in: the list of readers cannot be used.",
            icon=":material/lock:",
        )
        st.code(str(error), language=None, wrap_lines=True)
        st.stop()
    except ExpiredError as error:
        _ask(f"{error} Log in again.")
    except RefusedError as error:
        st.error(str(error), icon=":material/lock:")
        st.button("Log in as somebody else", on_click=st.logout)
        st.stop()
    st.session_state[_ACCESS] = access
    return access


def level() -> Level:
    """Return what the reader of this run may see; little where nobody was let in."""
    access: Access | None = st.session_state.get(_ACCESS)
    return access.level if access else Level.VIEWER


def freshness() -> Callable[[], None]:
    """Return what raises ``ExpiredError`` once the time of this run's reader is over.

    A file is made after its page was drawn, where no session can be asked.
    """
    access: Access | None = st.session_state.get(_ACCESS)

    def require_fresh() -> None:
        if access is not None:
            access.require_fresh(datetime.now(UTC))

    return require_fresh


def show_reader(access: Access) -> None:
    """Say who reads, with the way out, or that nobody was asked."""
    if access.email is None:
        st.markdown(
            ":orange-badge[:material/lock_open: Open to whoever uses this machine]",
            help="No login is set up, so nobody is asked who they are and everything "
            "is shown. The pages answer on this machine only.",
            width="content",
        )
        return
    with st.popover("Account", icon=":material/person:", type="tertiary"):
        st.text(f"{access.email}, {access.level}")
        st.button("Log out", on_click=st.logout)


def refuse_view() -> None:
    """Say that a view is not for this reader, in place of it."""
    st.title("Who may see this?")
    st.markdown(
        "## Only readers with the level *sensitive*: it names an order or a customer."
    )
    st.markdown("Whoever keeps the list of readers can change yours.")


def is_configured() -> bool:
    """Tell whether an identity provider is set up.

    Raises:
        LoginError: The secrets are there and cannot be read: that is no open door.
    """
    try:
        return SECTION in st.secrets
    except (StreamlitSecretNotFoundError, OSError, UnicodeDecodeError) as error:
        there = [path for path in st.get_option("secrets.files") if Path(path).exists()]
        if not there:
            return False
        raise LoginError(
            f"The secrets in {', '.join(there)} cannot be read: mend them, or remove "
            "them to have no login."
        ) from error


def is_loopback(host: str | None) -> bool:
    """Tell whether only this machine reaches a server; without a host all do."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _access() -> Access:
    """Return what the reader may see."""
    if not is_configured():
        if not is_loopback(st.get_option("server.address")):
            raise LoginError(
                "The pages would be open to other machines and no login is set up. "
                "Serve them on 127.0.0.1, or add `[auth]` to Streamlit's "
                "`secrets.toml`."
            )
        return Access(Level.SENSITIVE)
    if find_spec("authlib") is None:
        raise LoginError(
            "A login is set up and the library for it is missing: install "
            "`streamlit[auth]`."
        )
    people = read_people(path_of_list())
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        _ask("Log in to see where your orders stand.")
    return decide(claims, people, datetime.now(UTC))


def _ask(why: str) -> None:
    """Offer the login and end the page."""
    st.title("Who are you?")
    st.markdown(why)
    asked = urlsplit(st.context.url or "").path.strip("/")
    if st.query_params or asked != st.get_option("server.baseUrlPath").strip("/"):
        st.caption("The login leads to the first page: open this link again after it.")
    st.button("Log in", on_click=st.login, type="primary", icon=":material/login:")
    st.stop()
