"""Lays the digest out as text and as a page, and makes a message of it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dagster_project.alerts.channels import Message
from dagster_project.alerts.digest import Digest, Table
from dashboards.components import words

PAGE: Final = "digest.html.j2"
GAP: Final = "  "


def html_of(digest: Digest) -> str:
    """Return the letter as a page that needs no script and no other host."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(PAGE).render(d=digest, title=title_of(digest))


def text_of(digest: Digest) -> str:
    """Return the letter as plain text."""
    lines = [title_of(digest), f"As of {digest.as_of}.", digest.fresh]
    for number, section in enumerate(digest.sections, start=1):
        head = f"{number}. {section.question}"
        lines += ["", head, "-" * len(head), section.answer]
        for table in section.tables:
            if table.rows:
                lines += ["", table.title, *_aligned(table)]
    return "\n".join([*lines, "", f"Version {digest.version}", ""])


def message_of(digest: Digest, now: datetime) -> Message:
    """Return the letter as a message.

    Args:
        digest: The letter.
        now: The instant of writing, UTC.
    """
    answers = " ".join(section.answer for section in digest.sections)
    parts = f"digest\x1f{digest.version}\x1f{now.isoformat()}"
    return Message(
        message_id=hashlib.sha256(parts.encode()).hexdigest()[:32],
        subject=f"{title_of(digest)}: {digest.sections[0].answer}",
        text=text_of(digest),
        brief=f"{title_of(digest)}, as of {digest.as_of}: {answers}",
        severity="info",
        sent_at=now,
        facts={
            "state": "digest",
            "week": digest.week.isoformat(),
            "answers": {each.question: each.answer for each in digest.sections},
        },
        html=html_of(digest),
    )


def title_of(digest: Digest) -> str:
    """Return what the letter is called."""
    return f"Week of {words.day(digest.week)}"


def _aligned(table: Table) -> list[str]:
    """Lay a table out in columns, figures to the right."""
    rows = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if place in table.figures else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
