"""The small shop has no table, column or type that the models do not promise."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dagster_project import published
from dagster_project.published import Version

# how a literal in SQL is typed, beside how a model declares the same thing
SAME_TYPE = {
    "integer": "bigint",
    "hugeint": "bigint",
    "timestamp with time zone": "timestamptz",
}


def promised_columns(root: Path) -> dict[tuple[str, str], str]:
    """Return the declared type of each column of each published model."""
    columns = {}
    for schema in published.SCHEMAS:
        for path in (root / "dbt_project" / "models" / schema).glob("*.yml"):
            for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
                for column in model["columns"]:
                    name = (f"{schema}.{model['name']}", column["name"])
                    columns[name] = column["data_type"].lower()
    return columns


def test_the_small_shop_is_what_the_models_promise(
    root: Path, version: Version
) -> None:
    promised = promised_columns(root)
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
