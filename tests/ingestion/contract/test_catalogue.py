"""The catalogue says what the shared contract says, and refuses contradictions."""

from __future__ import annotations

import copy

import pytest
import yaml

from ingestion.contract.catalogue import (
    CATALOGUE_FILE,
    CatalogueError,
    catalogue_of,
    load_catalogue,
)
from ingestion.pipelines import event_columns


@pytest.fixture(scope="module")
def tree():
    return yaml.load(CATALOGUE_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)


def test_it_is_the_shared_contract_without_its_seeds(shared, tree):
    contract = yaml.load(
        (shared / "contract" / "events.yml").read_text(encoding="utf-8"),
        yaml.CSafeLoader,
    )
    contract.pop("seeds")
    for event in contract["events"]:
        event.pop("seeds")
        event.pop("study")
    assert tree == contract


def test_a_key_given_twice_is_refused(tmp_path):
    path = tmp_path / "catalogue.yml"
    path.write_text("catalogue: {version: 1, version: 2}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="line 1: 'version' is given twice"):
        load_catalogue(path)


def change(tree, *steps):
    *path, last, value = steps
    changed = copy.deepcopy(tree)
    part = changed
    for step in path:
        part = part[step]
    part[last] = value
    return changed


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("events", 0, "owner", "nobody"), "events.order_placed: unknown nobody"),
        (("events", 0, "rnak", 1), "events.order_placed: unknown rnak"),
        (("events", 0, "required", ["ordr_id"]), "unknown ordr_id"),
        (("fields", "sku", "type", "strng"), "fields.sku: unknown type 'strng'"),
        (("rules", 0, "kind", "flt"), "rules.flat_object: unknown kind"),
        (("rules", 0, "code", "nested"), "rules.flat_object: unknown nested"),
        (("sources", "a:b", {"time_zone": "Mars"}), "'Mars' is not an IANA time zone"),
        (("aliases", "event_names", "x", "y"), "aliases.event_names: unknown y"),
        (("fields", "payment_mode", "on_unknown", "barter"), "on_unknown"),
    ],
)
def test_a_contradiction_names_its_place(tree, steps, message):
    with pytest.raises(CatalogueError, match=message):
        catalogue_of(change(tree, *steps))


def test_a_new_field_becomes_a_column_of_its_domain_alone(tree):
    field = {"type": "count", "pii": "none", "description": "Bags handed out."}
    changed = change(tree, "fields", "bag_count", field)
    changed["events"][0]["optional"] = ["bag_count"]
    before, after = load_catalogue(), catalogue_of(changed)
    assert {
        d: set(event_columns(after, d)) - set(event_columns(before, d))
        for d in after.domains
    } == {"orders": {"bag_count"}, "payments": set(), "returns": set()}


def test_every_event_and_grain_reaches_the_models():
    catalogue = load_catalogue()
    events = catalogue.contract_events()
    assert events.column("event_name").to_pylist() == list(catalogue.events)
    assert set(events.column("grain").to_pylist()) == set(
        catalogue.contract_entities().column("grain").to_pylist()
    )
