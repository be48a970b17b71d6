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
from ingestion.contract.tables import model_tables

# what the project decided beyond the shared contract: the path of an entry of the file,
# and what stands there
DECIDED = {
    # more than ten trillion in major units is a mistake at its source
    ("types", "money_minor", "maximum"): 10**15,
    ("types", "money_minor_signed", "maximum"): 10**15,
    ("types", "money_minor_signed", "minimum"): -(10**15),
    ("rejections", "line_too_large"): "The line is longer than landing reads.",
    ("rejections", "text_invalid"): (
        "The text holds a NUL character, half of a surrogate pair, or bytes that are "
        "not UTF-8."
    ),
    # who was forgotten stays so
    ("rejections", "subject_forgotten"): (
        "The line is about a person who was forgotten; nothing of it is kept."
    ),
    ("state_machines", "shipment", "never_break"): ["shipment_scanned"],
    # nothing is put aside for a download
    ("state_machines", "reservation", "applies_to"): ["ship", "pickup", "mixed"],
}

# the moves that the project allows beyond the shared contract, after its own
ALLOWED = {
    "payment": [
        *(
            (state, "payment_captured", state)
            for state in (
                "settled",
                "settlement_late",
                "settlement_failed",
                "settlement_reversed",
                "partially_refunded",
            )
        ),
        ("refunded", "payment_settled", "refunded"),
    ],
    "reservation": [
        ("reserved", "order_cancelled", "cancelled"),
        ("reserved", "inventory_reserved", "reserved"),
        ("reserved", "inventory_reservation_failed", "failed"),
        ("cancelled", "inventory_reservation_released", "cancelled"),
        ("consumed", "inventory_reservation_released", "consumed"),
    ],
    "gate_address": [
        ("failed", "address_validation_failed", "failed"),
        ("manual_review", "address_validated", "manual_review"),
    ],
}


def read(path):
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


@pytest.fixture(scope="module")
def tree():
    return read(CATALOGUE_FILE)


@pytest.fixture(scope="module")
def contract(shared):
    """The shared contract, without the marks of who asked for an event."""
    tree = read(shared / "contract" / "events.yml")
    del tree["seeds"]
    for event in tree["events"]:
        del event["seeds"], event["study"]
    return tree


def entries(tree, *path):
    """Every leaf of a tree by its path; a list of named things is keyed by name."""
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        keys = ("name", "id", "from", "field")
        key = next((key for key in keys if isinstance(tree[0].get(key), str)), None)
        tree = {body[key] if key else n: body for n, body in enumerate(tree)}
    if not isinstance(tree, dict) or not tree:
        return {path: tree}
    return {
        place: leaf
        for name, body in tree.items()
        for place, leaf in entries(body, *path, name).items()
    }


def in_the_words_of_the_contract(tree):
    """Leave out what only the project adds: sentences, fixes, ends of exceptions."""
    tree = copy.deepcopy(tree)
    for event in tree["events"]:
        for key in ("sentence", "resolved_by", "is_about_money", "next_action"):
            event.pop(key, None)
    reasons = tree["rejections"]
    tree["rejections"] = {code: body["description"] for code, body in reasons.items()}
    return tree


def moves_apart(tree, contract):
    """Our machines' moves without those beyond the contract's, and these."""
    tree, beyond = copy.deepcopy(tree), {}
    for name, machine in tree["state_machines"].items():
        own = len(contract["state_machines"][name]["transitions"])
        if moves := machine["transitions"][own:]:
            beyond[name] = moves
            del machine["transitions"][own:]
    return tree, beyond


def differences(tree, contract):
    """What stands in our file where the contract says something else, or nothing."""
    tree, _ = moves_apart(tree, contract)
    ours = entries(in_the_words_of_the_contract(tree))
    theirs = entries(contract)
    return {
        path: ours.get(path)
        for path in ours.keys() | theirs.keys()
        if (path in ours, ours.get(path)) != (path in theirs, theirs.get(path))
    }


def test_every_entry_is_the_shared_contracts_but_for_what_was_decided(tree, contract):
    assert differences(tree, contract) == DECIDED
    assert len(entries(contract)) > 4500


def test_stories_may_take_the_moves_of_the_contract_and_those_decided(tree, contract):
    _, beyond = moves_apart(tree, contract)
    assert {
        name: [(*move["from"], move["event"], move["to"]) for move in moves]
        for name, moves in beyond.items()
    } == ALLOWED
    conditions = [
        move["when"] for moves in beyond.values() for move in moves if "when" in move
    ]
    assert conditions == [{"is_manual_review_required": True}]


def test_reasons_and_columns_stand_in_the_order_of_the_contract(tree, contract):
    """Of several faults the first is reported; columns follow the fields."""
    for section in ("rejections", "fields", "groups"):
        ours = [name for name in tree[section] if (section, name) not in DECIDED]
        assert ours == list(contract[section])
    names = [[event["name"] for event in each["events"]] for each in (tree, contract)]
    assert names[0] == names[1]


def change(tree, *steps):
    *path, last, value = steps
    changed = copy.deepcopy(tree)
    part = changed
    for step in path:
        part = part[step]
    part[last] = value
    return changed


@pytest.mark.parametrize(
    "steps",
    [
        ("events", 7, "rank", 3),
        ("events", 0, "semantic_key", ["order_id", "source"]),
        ("fields", "sku", "pii", "pseudonymous"),
        ("fields", "channel", "values", ["web", "unknown"]),
        ("taxonomies", "fraud_reasons", "codes", "velocity", "description", "Fast"),
        ("taxonomies", "fraud_reasons", "codes", "gut_feeling", {"description": "X"}),
        ("aliases", "event_names", "delivered", "shipment_lost"),
        ("aliases", "fields", 0, "on_conflict", "reject"),
        ("rules", 3, "field", "observed_at"),
        ("rejections", "field_type", {"description": "Odd.", "fix": "Mend it."}),
        ("currencies", "digits_0", ["JPY"]),
        ("state_machines", "refund", "transitions", 0, "to", "completed"),
        ("state_machines", "refund", "terminal", []),
        ("conventions", "clock_skew_minutes", 11),
    ],
)
def test_a_planted_difference_is_seen(tree, contract, steps):
    assert differences(change(tree, *steps), contract).keys() > DECIDED.keys()


def test_an_entry_left_out_is_seen(tree, contract):
    changed = copy.deepcopy(tree)
    del changed["events"][30], changed["fields"]["carrier"]
    found = differences(changed, contract)
    assert ("fields", "carrier", "type") in found
    assert ("events", tree["events"][30]["name"], "rank") in found


def test_a_key_given_twice_is_refused(tmp_path):
    path = tmp_path / "catalogue.yml"
    path.write_text("catalogue: {version: 1, version: 2}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="line 1: 'version' is given twice"):
        load_catalogue(path)


MACHINE = ("state_machines", "refund", "transitions", 0)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (("events", 0, "owner", "nobody"), "events.order_placed: unknown nobody"),
        (("events", 0, "consumers", ["all"]), "events.order_placed: unknown all"),
        (("events", 0, "origin", "air"), "events.order_placed: unknown air"),
        (("events", 0, "group", "refund"), "group refund is of another domain"),
        (("events", 4, "exception_owner", "x"), "events.order_blocked: unknown x"),
        (("events", 4, "exception_severity", "x"), "events.order_blocked: unknown x"),
        (
            ("events", 4, "resolved_by", {"block_id": ["order_freed"]}),
            "events.order_blocked.resolved_by: unknown order_freed",
        ),
        (
            ("events", 4, "resolved_by", {"block_id": ["order_placed"]}),
            "events.order_blocked.resolved_by: order_placed has no block_id",
        ),
        (("events", 0, "next_action", "Pray."), "order_placed: next_action is of exc"),
        (("events", 0, "rnak", 1), "events.order_placed: unknown rnak"),
        (("events", 0, "required", ["ordr_id"]), "unknown ordr_id"),
        (("events", 0, "sentence", "For {ndr_id}."), "sentence: unknown ndr_id"),
        (("events", 0, "sentence", "For {amount:x}."), "sentence: unknown x_minor"),
        (("events", 0, "sentence", "{note}"), "sentence: note is free text"),
        (("fields", "sku", "type", "strng"), "fields.sku: unknown type 'strng'"),
        (("fields", "sku", "pii", "very"), "fields.sku: unknown very"),
        (("rules", 0, "kind", "flt"), "rules.flat_object: unknown kind"),
        (("rules", 0, "code", "nested"), "rules.flat_object: unknown nested"),
        (("rules", 1, "except", ["x_minor"]), "money_needs_currency: unknown x_minor"),
        (("sources", "a:b", {"time_zone": "Mars"}), "'Mars' is not an IANA time zone"),
        (("aliases", "event_names", "x", "y"), "aliases.event_names: unknown y"),
        (
            ("aliases", "event_names", "order_placed", "order_updated"),
            "order_placed is an event's own name",
        ),
        (("aliases", "fields", 0, "from", "order_id"), "it is a field's own name"),
        (("aliases", "values", "channel", "x", "y"), "values.channel: unknown y"),
        (("fields", "payment_mode", "on_unknown", "barter"), "on_unknown"),
        (("rejections", "not_json", {"description": "No."}), "not_json: fix missing"),
        (
            ("rejections", "not_json", {"description": "No.", "fix": "{magic}"}),
            "rejections.not_json: unknown magic",
        ),
        ((*MACHINE, "to", "gone"), "refund.refund_initiated: unknown gone"),
        ((*MACHINE, "from", ["gone"]), "refund.refund_initiated: unknown gone"),
        ((*MACHINE, "event", "gone"), "state_machines.refund.gone: unknown gone"),
        ((*MACHINE, "when", {"x": 1}), "refund.refund_initiated: unknown x"),
        (
            (*MACHINE, "when", {"amount_minor": 1, "currency": "INR"}),
            "refund.refund_initiated: a move depends on one field",
        ),
        (
            ("state_machines", "refund", "never_break", ["gone"]),
            "state_machines.refund: unknown gone",
        ),
        (
            ("state_machines", "refund", "entity", "sku_location"),
            "state_machines.refund: its thing is named by one id",
        ),
    ],
)
def test_a_contradiction_names_its_place(tree, steps, message):
    with pytest.raises(CatalogueError, match=message):
        catalogue_of(change(tree, *steps))


def test_an_exception_without_an_action_is_refused(tree):
    changed = copy.deepcopy(tree)
    del changed["events"][4]["next_action"]
    with pytest.raises(CatalogueError, match="order_blocked: next_action missing"):
        catalogue_of(changed)


def test_a_new_field_becomes_a_column_of_its_domain_alone(tree):
    field = {"type": "count", "pii": "none", "description": "Bags handed out."}
    changed = change(tree, "fields", "bag_count", field)
    changed["events"][0]["optional"].append("bag_count")
    before, after = load_catalogue(), catalogue_of(changed)
    assert {
        domain: set(after.domain_fields(domain)) - set(before.domain_fields(domain))
        for domain in after.domains
    } == {
        "orders": {after.domain_fields("orders")[-1]},
        "payments": set(),
        "returns": set(),
    }
    assert after.domain_fields("orders")[-1].name == "bag_count"


def test_every_event_grain_and_value_reaches_the_models():
    catalogue = load_catalogue()
    tables = model_tables(catalogue)
    said = {name: table.to_pydict() for name, table in tables.items()}
    assert said["contract_events"]["event_name"] == list(catalogue.events)
    assert set(said["contract_events"]["grain"]) == set(
        said["contract_entities"]["grain"]
    )
    values = zip(*said["contract_values"].values(), strict=True)
    placed = [v for d, e, f, v in values if (e, f) == ("order_placed", "channel")]
    assert placed == list(catalogue.fields["channel"].values)
