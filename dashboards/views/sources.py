"""Sources: what they say, what they leave out, and what was refused."""

from __future__ import annotations

import streamlit as st

from dashboards.components.blocks import answer, block
from dashboards.components.figures import Figure, figures
from dashboards.components.headlines import share
from dashboards.components.shown_version import require, shown_version
from dashboards.components.tables import Behind, table
from dashboards.components.words import count, percent, plain
from dashboards.queries import sources
from dashboards.queries.reader import frame, total
from dashboards.queries.today import delivered_lines

st.title("Can these figures be believed?")
shown = shown_version()
require(
    shown,
    "marts.instrumentation_coverage",
    "marts.missing_steps",
    "marts.missing_events",
    "marts.rejected_events",
    "marts.transition_violations",
    "marts.landings",
    "metrics.restatements",
)
seen = frame(shown, sources.TOTALS).iloc[0]
silent = frame(shown, sources.SILENT)
silent_hours = int(silent["silent_hours"].sum())
rejected = frame(shown, sources.REJECTED)
refused = int(rejected["lines"].sum()) if len(rejected) else 0
delivered = delivered_lines(shown).lines
restated = total(shown, sources.RESTATEMENTS)
coverage = share(seen["observed"], seen["expected"])
answer(
    f"{percent(coverage)} of the steps that had to follow were seen, "
    + (
        "no source is silent"
        if silent.empty
        else f"{count(len(silent), 'source and event')} fell silent"
    )
    + f", {count(refused, 'line')} of {delivered:,} refused."
)
figures(
    [
        Figure(
            "Steps seen",
            percent(coverage),
            f"{int(seen['observed']):,} of {int(seen['expected']):,}; the others never "
            "came. What is missing here is missing in every figure built on it.",
            rows={"of": "steps"},
            counts=int(seen["observed"]),
            opens="Open the steps",
        ),
        Figure(
            "Silent hours",
            count(silent_hours, "hour"),
            f"Of {count(len(silent), 'source and event', 'sources and events')}: "
            "fewer events than even a quiet hour of the week brings.",
            rows={"of": "silences"},
            counts=silent_hours,
            opens="Open the hours",
        ),
        Figure(
            "Lines refused",
            percent(share(refused, delivered)),
            f"{count(refused, 'line')} of {delivered:,} delivered, none replayed since."
            + (
                f" Most often: {plain(str(rejected['reason_code'].iloc[0]))}."
                if refused
                else ""
            ),
            rows={"of": "rejected"},
            counts=refused,
            opens="Open the refused lines",
        ),
        Figure(
            "Figures restated",
            count(restated, "figure"),
            "Published once, and changed since by events that came late.",
            rows={"of": "restatements"},
            counts=restated,
            opens="Open the figures",
        ),
    ]
)
with block("Where are the blind spots?"):
    table(
        shown,
        "blind-spots",
        sources.BLIND_SPOTS,
        description="Steps that should have followed and were never seen",
        headings={"step": "After → expected", "coverage_rate": "Seen"},
        noun="step",
        behind=Behind("missing_steps", "missing", ("source", "step")),
    )
left, right = st.columns(2)
with left, block("Who speaks, and when last?"):
    table(
        shown,
        "sources",
        sources.SOURCES,
        description="Events by source, the longest silent first",
        headings={"median_delay_hours": "Arrives after, hours"},
        noun="source",
        behind=Behind("events", "events", ("source",)),
    )
with right, block("Who fell silent?"):
    table(
        shown,
        "silent",
        sources.SILENT,
        description="Sources and events that were silent when they should not be",
        noun="feed",
        behind=Behind("silences", "silent_hours", ("source", "event_name")),
        empty="None.",
    )
left, right = st.columns(2)
with left, block("Which lines were refused?"):
    table(
        shown,
        "refused",
        sources.REJECTED,
        description="Refused lines by reason",
        noun="reason",
        behind=Behind("rejected", "lines", ("reason_code",)),
    )
with right, block("Which events cannot have happened then?"):
    table(
        shown,
        "violations",
        sources.VIOLATIONS,
        description="Events that cannot follow what was known",
        noun="kind",
        behind=Behind(
            "violations",
            "events",
            ("machine", "source", "event_name", "from_state"),
        ),
    )
with block("What has landed?"):
    table(
        shown,
        "landings",
        sources.LANDINGS,
        description="Landed files with their lines",
        noun="file",
        behind=Behind("refused_of_file", "refused", ("landing_id",)),
    )
with block("Which figures changed after they were published?"):
    table(
        shown,
        "restatements",
        sources.RESTATEMENTS,
        description="Published figures that changed",
        noun="figure",
    )
