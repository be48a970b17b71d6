"""Renders the statistics macros as dbt does, with DuckDB's spellings, as plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2
import pytest

MACROS = ("dispatch/windows.sql", "dispatch/aggregates.sql", "statistics/*.sql")


@pytest.fixture(scope="module")
def render(root: Path) -> Callable[[str], str]:
    """Render a template that may call the project's macros."""
    folder = root / "dbt_project" / "macros"
    sources = [
        path.read_text() for glob in MACROS for path in sorted(folder.glob(glob))
    ]
    macros = SimpleNamespace()

    def dispatch(name: str, _package: str) -> Callable[..., str]:
        found: Callable[..., str] = getattr(
            macros.module, f"duckdb__{name}", None
        ) or getattr(macros.module, f"default__{name}")
        return found

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    environment.globals["adapter"] = SimpleNamespace(dispatch=dispatch)
    environment.globals["return"] = lambda value: value
    macros.module = environment.from_string("\n".join(sources)).module

    def rendered(call: str) -> str:
        return environment.from_string("\n".join(sources) + call).render()

    return rendered


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory."""
    with duckdb.connect() as con:
        yield con
