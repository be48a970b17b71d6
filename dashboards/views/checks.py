"""Checks: what the last build was judged by, what did not hold, and whose it is."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboards.access.naming import may_see
from dashboards.components.blocks import answer, block
from dashboards.components.columns import label_of
from dashboards.components.shown_version import shown_version
from dashboards.components.tables import guarded
from dashboards.components.words import count, escape, moment, plain, verb
from dashboards.queries.reader import store_zone
from dashboards.queries.verdict import (
    Broken,
    Page,
    Verdict,
    last_verdict,
    written_pages,
)

HEADINGS = {"says": "What should hold", "observed": "Found", "held": "Holds"}


def show_answer(verdict: Verdict) -> None:
    """Say how many expectations held, and whether the others kept the build back."""
    blocking = sum(each.is_blocking for each in verdict.broken)
    warnings = len(verdict.broken) - blocking
    held = int(verdict.judged["held"].eq(True).sum())
    unjudged = int(verdict.judged["held"].isna().sum())
    of = f"{held:,} of {count(len(verdict.judged), 'expectation')} held"
    if unjudged:
        of += f", {unjudged:,} had too little to judge"
    if blocking:
        answer(
            f"No: {of}; {blocking:,} {verb(blocking, 'keeps', 'keep')} the build from "
            "being published."
        )
    elif warnings:
        answer(f"Yes: {of}; {warnings:,} {verb(warnings, 'warns', 'warn')}.")
    else:
        answer(f"Yes: {of}.")


def show_broken(broken: Broken) -> None:
    """Show one expectation that did not hold, with the rows that show it."""
    badge = (
        ":red-badge[:material/block: blocking]"
        if broken.is_blocking
        else ":orange-badge[:material/warning: warning]"
    )
    st.markdown(f"{badge} **{escape(broken.table)}**: {escape(broken.says)}")
    owner = f" Owner: {escape(plain(broken.owner))}." if broken.owner else ""
    st.caption(f"Found {escape(broken.observed)}.{owner}")
    if not broken.rows:
        return
    rows = pd.DataFrame(list(broken.rows))
    if not may_see(map(str, rows.columns)):
        st.caption(
            f"{count(len(rows), 'row')} {verb(len(rows), 'shows', 'show')} it, for "
            "readers with the level *sensitive*."
        )
        return
    st.dataframe(
        guarded(rows.astype("string")),
        hide_index=True,
        placeholder="",
        alt=f"Rows that show it: {broken.says}",
        column_config={str(name): label_of(str(name)) for name in rows.columns},
    )


def show_page(page: Page) -> None:
    """Offer one page as a file, or say how to write it."""
    if not page.path.is_file():
        st.caption(f"{page.title}: not written yet; `{page.command}` writes it.")
        return
    st.download_button(
        page.title,
        data=page.path.read_bytes,
        file_name=page.file_name,
        mime="text/html",
        on_click="ignore",
        icon=":material/description:",
        help=page.holds,
    )


st.title("Does the last build hold?")
zone = store_zone(shown_version())
found = last_verdict()
if found is None:
    answer("Nobody knows: no build has been judged here yet.")
    st.info("`postorder validate` judges the last build; `postorder run` does too.")
else:
    show_answer(found)
    st.caption(
        f"Built as of {moment(found.as_of, zone)}, judged "
        f"{moment(found.judged_at, zone)} ({zone.key})."
    )
    if found.broken:
        with block("What did not hold?"):
            for each in found.broken:
                show_broken(each)
    with block("What is it judged by?"):
        judged = found.judged.sort_values("held", kind="stable")
        judged["owner"] = judged["owner"].map(plain)
        judged["held"] = judged["held"].map({True: "yes", False: "no"}).fillna("-")
        st.dataframe(
            judged,
            hide_index=True,
            key="judged",
            placeholder="",
            alt="Every expectation, those that did not hold first",
            column_config={
                str(name): HEADINGS.get(str(name), label_of(str(name)))
                for name in judged.columns
            },
        )
# behind the login like the pages: a static file would be open to whoever asks
with block("Where does it say more?"), st.container(horizontal=True):
    for page in written_pages():
        if may_see(page.names):
            show_page(page)
