"""The page of rejections: each reason a line is refused for, and how it is mended."""

from __future__ import annotations

from ingestion.contract.catalogue import Catalogue
from ingestion.contract.reference.markdown import code, link, page, table
from ingestion.contract.wording import fix


def rejections_page(catalogue: Catalogue) -> str:
    """Return the page of reasons and of the rules across fields."""
    return page(
        "Why a line is refused",
        "A refused line has one reason: the first of these that applies. It stands in "
        "`marts.rejected_events` with its file, line and field; the good lines of its "
        "file land all the same.",
        table(
            ["reason", "what is wrong", "what to do"],
            [
                [f"`{reason}`", what, fix(catalogue, reason, None, None)]
                for reason, what in catalogue.rejections.items()
            ],
        ),
        "## rules\n\nChecks across fields.",
        table(
            ["rule", "reason", "on"],
            [
                [
                    rule.description,
                    f"`{rule.code}`",
                    "every event"
                    if rule.events is None
                    else ", ".join(
                        link(name, "events.md") for name in sorted(rule.events)
                    ),
                ]
                for rule in catalogue.rules
            ],
        ),
        "## times\n\nA fact may lie "
        f"{catalogue.clock_skew_minutes} minutes ahead of landing, since clocks "
        f"differ. Versions of an event that are read: "
        f"{code(catalogue.supported_event_versions)}.",
    )
