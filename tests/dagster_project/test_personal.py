"""Every published column says how personal it is, and none is more than it may be."""

from __future__ import annotations

import shutil

import pytest

from dagster_project.build import DBT_PROJECT
from dagster_project.personal import PUBLISHED, class_of, published_columns


def wrong(project=DBT_PROJECT):
    return [
        column for column in published_columns(project) if column.pii not in PUBLISHED
    ]


def test_every_published_column_is_classed_and_may_be_shown():
    assert len(published_columns()) > 800
    assert wrong() == []


@pytest.mark.parametrize(
    ("name", "data_type", "pii"),
    [
        ("buyer", "varchar", None),
        ("contact_number", "bigint", None),
        ("email", "varchar", "direct"),
        ("date_of_birth", "date", "direct"),
        ("comment", "varchar", "free_text"),
        ("reason_raw", "varchar", "free_text"),
    ],
)
def test_a_planted_column_is_named(tmp_path, name, data_type, pii):
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT / "models", project / "models")
    shutil.copyfile(DBT_PROJECT / "pii.yml", project / "pii.yml")
    model = project / "models" / "marts" / "fct_orders.yml"
    text = model.read_text(encoding="utf-8")
    planted = f"    columns:\n      - name: {name}\n        data_type: {data_type}\n"
    model.write_text(text.replace("    columns:\n", planted, 1), encoding="utf-8")
    assert [(c.table, c.name, c.pii) for c in wrong(project)] == [
        ("fct_orders", name, pii)
    ]


def test_a_model_may_say_otherwise():
    assert class_of("dim_customers", "segment", "VARCHAR") == "pseudonymous"
    assert class_of("rto_rates", "segment", "VARCHAR") == "quasi"
    assert class_of("restatements", "old_value", "DOUBLE") == "none"
    assert class_of("fct_orders", "old_value", "VARCHAR") == "free_text"
