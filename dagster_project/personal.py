"""How personal each published column is: by its model, by its name, by the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from dagster_project.build import DBT_PROJECT
from dagster_project.published import SCHEMAS
from ingestion.contract.catalogue import Catalogue, load_catalogue

CLASSES: Final = "pii.yml"

# what readers may be shown: what names nobody, what narrows down who somebody is, and
# ids that lead to nobody without the shop's own systems
PUBLISHED: Final = frozenset({"none", "quasi", "pseudonymous"})
PSEUDONYMOUS: Final = "pseudonymous"

# types of sums, rates, yes or no, and times
_NAMING_NOBODY: Final = ("BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "TIMESTAMP")


@dataclass(frozen=True)
class Column:
    """A published column and how personal it is; ``None`` where nobody has said."""

    table: str
    name: str
    pii: str | None


def class_of(
    table: str, column: str, data_type: str, *, project: Path = DBT_PROJECT
) -> str | None:
    """Return how personal a column is; ``None`` where nobody has said.

    A model's own word (``meta.pii`` of its column) comes first, then the list of
    names, then the contract's field of that name, then its type.

    Args:
        table: Its model.
        column: Its name.
        data_type: Its type, in DuckDB's words.
        project: The dbt project that publishes it.
    """
    own = _by_model(project).get(table, {}).get(column) or _by_name(project).get(column)
    if own is not None:
        return own
    catalogue = _contract()
    if column in catalogue.personal_inputs or column in catalogue.forbidden_inputs:
        return "direct"
    if (field := catalogue.fields.get(column)) is not None:
        return field.pii
    return "none" if data_type.upper().startswith(_NAMING_NOBODY) else None


def published_columns(project: Path = DBT_PROJECT) -> list[Column]:
    """Return every column that the models of a project publish, as they declare it."""
    return [
        Column(
            model["name"],
            column["name"],
            class_of(
                model["name"], column["name"], column["data_type"], project=project
            ),
        )
        for schema in SCHEMAS
        for model in _models(project / "models" / schema)
        for column in model["columns"]
    ]


@cache
def _contract() -> Catalogue:
    return load_catalogue()


@cache
def _by_name(project: Path) -> Mapping[str, str]:
    declared = yaml.safe_load((project / CLASSES).read_text(encoding="utf-8"))
    return {name: kind for kind, names in declared.items() for name in names}


@cache
def _by_model(project: Path) -> Mapping[str, Mapping[str, str]]:
    said: dict[str, dict[str, str]] = {}
    for model in _models(project / "models"):
        for column in model.get("columns", ()):
            kind = column.get("config", {}).get("meta", {}).get("pii")
            if kind is not None:
                said.setdefault(model["name"], {})[column["name"]] = kind
    return said


def _models(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        read = yaml.load(text, yaml.CSafeLoader)
        yield from read.get("models", ())
