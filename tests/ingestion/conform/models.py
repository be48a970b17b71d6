"""Which events each published model reads, read off dbt's own graph.

``python -m tests.ingestion.conform.models`` writes it where the loader finds it: the
loader may not look into the models itself.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import chain

import yaml

from dagster_project.build import DBT_PROJECT, prepared_manifest
from ingestion.conform.feeding import NEEDS_FILE, READS_FILE
from ingestion.contract.catalogue import load_catalogue

PUBLISHED = ("marts", "metrics")
# what undoes each exception reaches the models by name, from the catalogue
RESOLUTIONS = "source.postorder.control.contract_resolutions"
HEAD = """\
# Events that each published table's model reads, itself or through what it builds on.
# Written from the models by: python -m tests.ingestion.conform.models
"""


def events_read() -> dict[str, list[str] | str]:
    """Return published table -> events named in its model, its macros, its seeds and,
    in turn, in everything it refers to; ``any`` where it passes on whatever comes."""
    graph = json.loads(prepared_manifest().read_text(encoding="utf-8"))
    tables = yaml.safe_load(NEEDS_FILE.read_text(encoding="utf-8"))["tables"]
    nodes, macros = graph["nodes"], graph["macros"]
    events = load_catalogue().events
    exceptions = frozenset(
        name
        for event in events.values()
        if event.is_exception
        for name in (event.name, *chain.from_iterable(event.resolved_by.values()))
    )

    def named_in(text: str) -> set[str]:
        found: set[str] = set()
        for literal in re.findall(r"'([a-z_]+%?)'", text):
            if literal in events:
                found.add(literal)
            elif literal.endswith("_%"):
                found |= {event for event in events if event.startswith(literal[:-1])}
        return found

    @cache
    def of_macro(name: str) -> frozenset[str]:
        if not name.startswith("macro.postorder."):
            return frozenset()
        macro = macros[name]
        called = (of_macro(each) for each in macro["depends_on"]["macros"])
        return frozenset(named_in(macro["macro_sql"])).union(*called)

    @cache
    def of_node(name: str) -> frozenset[str]:
        if name == RESOLUTIONS:
            return exceptions
        node = nodes.get(name)
        if node is None:  # a source
            return frozenset()
        if node["resource_type"] == "seed":
            rows = (DBT_PROJECT / node["original_file_path"]).read_text("utf-8")
            return frozenset(re.split(r"[,\s]+", rows)) & frozenset(events)
        below = (of_node(each) for each in node["depends_on"]["nodes"])
        called = (of_macro(each) for each in node["depends_on"]["macros"])
        return frozenset(named_in(node["raw_code"])).union(*below, *called)

    return {
        f"{node['schema']}.{node['name']}": [e for e in events if e in of_node(name)]
        if tables.get(node["name"], {}).get("ways") != "any"
        else "any"
        for name, node in sorted(nodes.items(), key=lambda pair: pair[1]["name"])
        if node["resource_type"] == "model" and node["schema"] in PUBLISHED
    }


def written(reads: dict[str, list[str] | str]) -> str:
    """Return the file's text."""
    return HEAD + yaml.safe_dump(
        reads, sort_keys=False, width=88, default_flow_style=None
    )


if __name__ == "__main__":
    READS_FILE.write_text(written(events_read()), encoding="utf-8")
