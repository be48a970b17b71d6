"""What the SQL linter sees in place of dbt's adapter: macros as plain calls.

The linter renders models without a database. A dispatched macro becomes a call of
its own name, or a small select where it stands for a query.
"""

from __future__ import annotations

from collections.abc import Callable

_QUERIES = {"unnest_lines", "days_of"}


def dispatch(name: str, _package: str) -> Callable[..., str]:
    """Return a stand-in for the macro ``name``."""

    def rendered(*arguments: object) -> str:
        if name in _QUERIES:
            return f"select *\n    from {arguments[0]}"
        return f"{name}({', '.join(str(argument) for argument in arguments)})"

    return rendered


def get_columns_in_relation(_relation: object) -> list[str]:
    """Return no columns: there is no database to ask."""
    return []
