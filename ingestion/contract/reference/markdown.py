"""Markdown: tables, names and links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def code(names: Iterable[object]) -> str:
    """Return names as code, joined by commas."""
    return ", ".join(f"`{name}`" for name in names)


def link(name: str, page: str = "") -> str:
    """Return a link to the heading of a name, on this page or another."""
    return f"[{name}]({page}#{name})"


def links(names: Iterable[str], page: str = "") -> str:
    """Return links to headings, joined by commas."""
    return ", ".join(link(name, page) for name in names)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; a cell may hold any text of one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def page(title: str, *parts: str) -> str:
    """Return a page from its title and its parts, with where it comes from."""
    source = (
        "Written by `make docs` from the "
        "[catalogue](../ingestion/contract/catalogue.yml); change that."
    )
    return "\n\n".join([f"# {title}", source, *parts]) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", r"\|")
