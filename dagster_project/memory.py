"""What publications said, kept in the working file for the models of later builds.

A metric of a past day may change when late events come in; a sweep is compared with
the week before. Both need what readers were told then, and no event carries that.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.published import Version

# What is kept, by the table it is kept in.
KEPT = {
    "published_figures": """
        select
            metric, date, segment_type, segment, old_value, new_value as value,
            is_restated, published_at
        from intermediate.int_figures_changed
        """,
    "published_sweeps": """
        select week, question, unit, value
        from marts.weekly_sweep
        qualify week = max(week) over ()
        """,
}


def remember(working: Path, version: Version) -> None:
    """Keep the headline figures and the sweep of a version that was just announced.

    A version that is known already adds nothing, so this may be repeated after a crash.

    Args:
        working: The file whose build was published.
        version: What readers see now.
    """
    with duckdb.connect(str(working)) as connection:
        if not _has_figures(connection):
            return
        ((is_known, publication),) = connection.execute(
            """
            select
                coalesce(bool_or(version = $version), false),
                coalesce(max(publication), 0) + 1
            from control.publications
            """,
            {"version": version.name},
        ).fetchall()
        if is_known:
            return
        connection.execute("begin")
        connection.execute(
            "insert into control.publications values ($number, $version, $as_of)",
            {"number": publication, "version": version.name, "as_of": version.as_of},
        ).fetchall()
        for table, rows in KEPT.items():
            connection.execute(
                f"insert into control.{table} by name "
                f"select {publication} as publication, * from ({rows})"
            ).fetchall()
        connection.execute("commit")


def _has_figures(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the build made what is kept: a project may have no metrics."""
    found = connection.execute(
        """
        select count(*)
        from information_schema.tables
        where (table_schema, table_name) in (
            ('intermediate', 'int_figures_changed'), ('marts', 'weekly_sweep')
        )
        """
    ).fetchall()
    return found == [(2,)]
