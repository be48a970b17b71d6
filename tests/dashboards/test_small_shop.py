"""The small shop has no table, column or type that the models do not promise."""

from __future__ import annotations

import pytest

from dagster_project import published
from dagster_project.published import Version
from tests.dashboards.promised import promised_columns

# how a literal in SQL is typed, beside how a model declares the same thing
SAME_TYPE = {
    "integer": "bigint",
    "hugeint": "bigint",
    "timestamp with time zone": "timestamptz",
}


def test_the_small_shop_is_what_the_models_promise(version: Version) -> None:
    promised = {
        (table, column): kind
        for table, columns in promised_columns().items()
        for column, kind in columns.items()
    }
    with published.connect(version) as connection:
        made = connection.execute(
            """
            select table_schema || '.' || table_name, column_name, lower(data_type)
            from information_schema.columns
            where table_schema in ('marts', 'metrics')
            """
        ).fetchall()
    if not made or not promised:
        pytest.fail("there is nothing to compare")
    wrong = {
        (table, column): (kind, promised.get((table, column), "not there"))
        for table, column, kind in made
        if SAME_TYPE.get(kind, kind).replace(" ", "")
        != promised.get((table, column), "not there").replace(" ", "")
    }
    assert wrong == {}
