"""Renders macros, and models that read nothing but tables, as dbt does for DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2
import pytest
import yaml

MACROS = (
    "dispatch/windows.sql",
    "dispatch/aggregates.sql",
    "dispatch/times.sql",
    "statistics/*.sql",
    "reviews/*.sql",
)


@pytest.fixture(scope="module")
def render(root: Path) -> Callable[[str], str]:
    """Render a template that may call the project's macros, as models do."""
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
    environment.globals["ref"] = lambda name: name
    project = yaml.safe_load((root / "dbt_project" / "dbt_project.yml").read_text())
    environment.globals["var"] = project["vars"].__getitem__
    macros.module = environment.from_string("\n".join(sources)).module

    def rendered(call: str) -> str:
        return environment.from_string("\n".join(sources) + call).render()

    return rendered


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory."""
    with duckdb.connect() as con:
        yield con
