"""Plants one mistake at a time in a model and asks its dbt unit tests to notice.

dbt parses the project once; a mistake is planted in what it parsed, so no file changes
and a mutant costs little more than its model's unit tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dagster_project.build import dbt_places
from ingestion.shop import Shop

TABLE = Path(__file__).with_name("mutations.yml")


@dataclass(frozen=True)
class Mutation:
    """One mistake.

    Attributes:
        model: Whose unit tests should notice.
        flips: What is wrong then.
        before: Text as it stands, exactly once.
        after: Text in its place.
        macro: Where it stands, if not in the model itself.
    """

    model: str
    flips: str
    before: str
    after: str
    macro: str | None = None

    def __str__(self) -> str:
        return f"{self.model}: {self.flips}"


def listed_mutations() -> list[Mutation]:
    """Return the mutations of the table, in its order."""
    return [
        Mutation(model, row["flips"], row["from"], row["to"], row.get("macro"))
        for model, rows in yaml.safe_load(TABLE.read_text(encoding="utf-8")).items()
        for row in rows
    ]


class Project:
    """The parsed project, and a shop whose tables tell dbt the types of columns."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.manifest = self._dbt(["parse"]).result

    def source_of(self, mutation: Mutation) -> str:
        """Return the text the mutation changes a piece of."""
        node, attribute = self._place_of(mutation)
        return str(getattr(node, attribute))

    def caught_by(self, mutation: Mutation) -> list[str]:
        """Plant a mutation and return the names of the unit tests that fail.

        Raises:
            AssertionError: The mutant does not run: that is no mistake of reckoning.
        """
        node, attribute = self._place_of(mutation)
        original = getattr(node, attribute)
        setattr(node, attribute, original.replace(mutation.before, mutation.after))
        try:
            outcome = self._dbt(
                ["test", "--select", f"{mutation.model},test_type:unit"]
            )
        finally:
            setattr(node, attribute, original)
        assert outcome.exception is None, f"{mutation}: {outcome.exception}"
        broken = [each for each in outcome.result if each.status == "error"]
        assert not broken, f"{mutation}: {broken[0].message}"
        return [each.node.name for each in outcome.result if each.status == "fail"]

    def _place_of(self, mutation: Mutation) -> tuple[Any, str]:
        if mutation.macro is not None:
            macro = self.manifest.macros[f"macro.postorder.{mutation.macro}"]
            return macro, "macro_sql"
        return self.manifest.nodes[f"model.postorder.{mutation.model}"], "raw_code"

    def _dbt(self, arguments: list[str]) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        manifest = getattr(self, "manifest", None)
        try:
            return dbtRunner(manifest=manifest).invoke(
                [*arguments, *dbt_places(self.shop)]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()
