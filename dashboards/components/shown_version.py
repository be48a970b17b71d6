"""Which published version a page shows, how old it is, and what to say without one."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import streamlit as st

from dagster_project import published
from dagster_project.published import Version
from dashboards.components.words import duration, escape, moment
from dashboards.queries.reader import store_zone

# the daily run and two hours of grace
STALE_AFTER = timedelta(hours=26)

TRIES = 3

# where the gate keeps its last verdict, beside the published folder
VERDICT = "working.gate.json"


def shown_version() -> Version:
    """Return the published version to show; without one, say so and end the page."""
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


def freshness(version: Version, *, now: datetime | None = None) -> None:
    """Say which moment the figures stand for and when they were published.

    Args:
        version: The version shown; its clock, never the wall clock, dates the figures.
        now: The wall clock, only to tell that publishing has stopped.
    """
    zone = store_zone(version)
    st.caption(
        f"As of {moment(version.as_of, zone)} ({zone.key}); ages count to then. "
        f"Published {moment(version.published_at, zone)}."
    )
    refusal = _refusal_after(version)
    if refusal:
        st.error(
            f"A newer build failed its checks and was not published: {refusal}. These "
            "are the figures of the version before; they are right for their time.",
            icon=":material/block:",
        )
    silence = (now or datetime.now(UTC)) - version.published_at
    if silence > STALE_AFTER:
        hours = silence.total_seconds() / 3600
        st.warning(
            f"Nothing newer has been published for {duration(hours)}: these figures "
            "are old. `postorder run` brings them up to date.",
            icon=":material/history:",
        )


def _refusal_after(version: Version) -> str | None:
    """Return what a build newer than the version failed, ``None`` where none did."""
    record = published.folder_from_environment().with_name(VERDICT)
    try:
        verdict = json.loads(record.read_text(encoding="utf-8"))
        judged_at = datetime.fromisoformat(verdict["judged_at"])
        broken = [
            f"{failure['table']}: {failure['says']}" for failure in verdict["failures"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        # no verdict, or one being replaced: the gate tells its own faults
        return None
    if not broken or judged_at <= version.published_at:
        return None
    others = len(broken) - 1
    return escape(broken[0]) + (f", and {others} more" if others else "")


def _current() -> Version | None:
    """Read the pointer, again where its version is retired at that moment."""
    folder = published.folder_from_environment()
    for _ in range(TRIES - 1):
        with suppress(published.BrokenVersionError):
            return published.current(folder)
    return published.current(folder)
