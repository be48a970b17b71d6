"""Which published version a page shows, how old it is, and what to say without one."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import streamlit as st

from dagster_project import published
from dagster_project.published import Version
from dashboards.access.decision import Access
from dashboards.access.login import show_reader
from dashboards.components.words import duration, escape, moment
from dashboards.queries.reader import store_zone, tables
from dashboards.queries.verdict import last_verdict

# the daily run and two hours of grace
STALE_AFTER = timedelta(hours=26)

TRIES = 3

# what stands for the current version, whichever it is, in the picker and the address
LATEST = "latest"
PICKER = "as_of"

_SHOWN = "shown version"
_ADDRESSED = "addressed version"


def show_frame(reader: Access) -> None:
    """Draw what stands above every view: the moment shown, and what is wrong with it.

    Without a published version it says what to do and ends the page.
    """
    newest = _newest()
    others = _others(newest)
    _read_address()
    if st.session_state.get(PICKER) not in (None, LATEST, *others):
        st.session_state[PICKER] = LATEST
        st.toast("That version is no longer kept: the latest is shown.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        place = st.empty()
        chosen = _pick(others) if others else LATEST
        show_reader(reader)
    _write_address(chosen)
    version = others.get(chosen, newest)
    st.session_state[_SHOWN] = version
    zone = store_zone(version)
    place.caption(
        f"As of {moment(version.as_of, zone)} ({zone.key}); ages count to then. "
        f"Published {moment(version.published_at, zone)}.",
        width="content",
    )
    if version != newest:
        st.info(
            f"This is an earlier state, not today's. The latest is as of "
            f"{moment(newest.as_of, zone)}.",
            icon=":material/history:",
        )
        return
    _warn(version)


def shown_version() -> Version:
    """Return the version that the frame has chosen for this run of the page."""
    version: Version = st.session_state[_SHOWN]
    return version


def address_of_version() -> dict[str, str]:
    """Return what an address needs to show the same version again; empty for latest."""
    chosen = st.session_state.get(PICKER, LATEST)
    return {} if chosen == LATEST else {PICKER: chosen}


def require(version: Version, *names: str) -> None:
    """End the page in plain words where the version has not got the tables it reads."""
    if tables(version).issuperset(names):
        return
    st.info(
        "This version was published before these figures were computed. "
        "`postorder run` publishes one that has them.",
        icon=":material/hourglass_empty:",
    )
    st.stop()


# A widget bound to the address would be asked less: the menu opens a page without what
# the address held, and the address of that page could not be shared.
def _read_address() -> None:
    """Choose what the address asks for, where it says another moment than before."""
    asked = st.query_params.get(PICKER)
    if asked is not None and asked != st.session_state.get(_ADDRESSED):
        st.session_state[PICKER] = asked


def _write_address(chosen: str) -> None:
    """Let the address say which moment is shown; it says nothing of the latest."""
    if chosen == LATEST:
        st.query_params.pop(PICKER, None)
    elif st.query_params.get(PICKER) != chosen:
        st.query_params[PICKER] = chosen
    st.session_state[_ADDRESSED] = None if chosen == LATEST else chosen


def _pick(others: dict[str, Version]) -> str:
    """Let the reader choose another kept version."""
    with st.popover("Show another moment", icon=":material/history:", type="tertiary"):
        chosen: str = st.selectbox(
            "As of",
            [LATEST, *others],
            key=PICKER,
            help="Versions that are kept, and those built on a past clock with "
            "`postorder run --as-of`. Every page then shows that one.",
        )
    return chosen


def _warn(version: Version) -> None:
    """Say that checks failed, of this build or a newer, or that it is old."""
    if version.accepted is not None:
        st.warning(
            f"These figures were published though their checks failed "
            f"({escape(version.accepted.failures[0])}). The reason given: "
            f"{escape(version.accepted.reason)}",
            icon=":material/report:",
        )
    refusal = _refusal_after(version)
    if refusal:
        st.error(
            f"A newer build failed its checks and was not published: {refusal}. These "
            "are the figures of the version before; they are right for their time.",
            icon=":material/block:",
        )
    silence = datetime.now(UTC) - version.published_at
    if silence > STALE_AFTER:
        hours = silence.total_seconds() / 3600
        st.warning(
            f"Nothing newer has been published for {duration(hours)}: these figures "
            "are old. `postorder run` brings them up to date.",
            icon=":material/history:",
        )


def _refusal_after(version: Version) -> str | None:
    """Return what a build newer than the version failed, ``None`` where none did."""
    verdict = last_verdict()
    if verdict is None or verdict.judged_at <= version.published_at:
        return None
    broken = [
        f"{each.table}: {each.says}" for each in verdict.broken if each.is_blocking
    ]
    if not broken:
        return None
    others = len(broken) - 1
    return escape(broken[0]) + (f", and {others} more" if others else "")


def _newest() -> Version:
    """Return the current version; without one, say so and end the page."""
    try:
        version = _current()
    except published.BrokenVersionError as error:
        st.error(
            "The published version cannot be read, so nothing can be shown. "
            "Publish again with `postorder run`; the pages recover by themselves.",
            icon=":material/error:",
        )
        st.code(str(error), language=None, wrap_lines=True)
        st.stop()
    if version is None:
        st.info(
            "Nothing has been published yet, so there is nothing to show. "
            "`postorder run` lands, builds, checks and publishes; then reload this "
            "page.",
            icon=":material/hourglass_empty:",
        )
        st.stop()
    return version


def _others(newest: Version) -> dict[str, Version]:
    """Return the other versions that are kept, the latest clock first.

    Each is called by its clock and its name, which is also what an address says.
    """
    folder = published.folder_from_environment()
    kept = (*published.versions(folder), *published.as_of_versions(folder))
    return {
        f"{version.as_of.astimezone(store_zone(version)):%Y-%m-%d %H:%M} "
        f"({version.name})": version
        for version in sorted(kept, key=lambda version: version.as_of, reverse=True)
        if version.name != newest.name
    }


def _current() -> Version | None:
    """Read the pointer, again where its version is retired at that moment."""
    folder = published.folder_from_environment()
    for _ in range(TRIES - 1):
        with suppress(published.BrokenVersionError):
            return published.current(folder)
    return published.current(folder)
