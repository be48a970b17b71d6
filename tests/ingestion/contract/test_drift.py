"""One entry of the catalogue changes, and everything that derives from it follows."""

from __future__ import annotations

import copy
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date

import duckdb
import pytest
import yaml

from ingestion.contract.catalogue import CATALOGUE_FILE, catalogue_of, load_catalogue
from ingestion.contract.reference.files import files
from ingestion.contract.tables import model_tables
from ingestion.contract.wording import fix
from ingestion.simulator import simulate
from ingestion.simulator.record.corruption import ANY_LINE, SOME_LINES, TWIN
from tests.ingestion.judge.conftest import verdicts  # noqa: F401

EVENTS, FIELDS = "docs/events.md", "docs/fields.md"
REJECTIONS, STORIES = "docs/rejections.md", "docs/stories.md"
COLUMNS = "dbt_project/models/staging/_raw__contract.yml"
CURRENCIES = "dbt_project/macros/dispatch/currencies.sql"
REASON_GROUPS = "dbt_project/seeds/return_reason_groups.csv"


@pytest.fixture(scope="module")
def tree():
    return yaml.load(CATALOGUE_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)


def changed(tree, change):
    tree = copy.deepcopy(tree)
    change(tree)
    return catalogue_of(tree)


def event(tree, name):
    return next(each for each in tree["events"] if each["name"] == name)


def derived(catalogue):
    """Everything made of a catalogue, by name: files, and tables of the models."""
    tables = {name: t.to_pylist() for name, t in model_tables(catalogue).items()}
    return {**files(catalogue), **tables}


def new_event(tree):
    born = {**event(tree, "order_updated"), "name": "order_gift_wrapped", "rank": 999}
    tree["events"].append(born)


CHANGES = {
    "an event": (
        new_event,
        {EVENTS, "contract_events", "contract_values"},
    ),
    "what an event means": (
        lambda t: event(t, "order_placed").update(description="They bought."),
        {EVENTS, "contract_events"},
    ),
    "what an event says": (
        lambda t: event(t, "order_placed").update(sentence="Bought."),
        {EVENTS, "contract_events"},
    ),
    "who owns an event": (
        lambda t: event(t, "order_placed").update(owner="support"),
        {EVENTS, "contract_events"},
    ),
    "how bad an exception is": (
        lambda t: event(t, "order_blocked").update(exception_severity="low"),
        {EVENTS, "contract_events"},
    ),
    "what undoes an exception": (
        lambda t: event(t, "order_blocked").update(resolved_by={}),
        {EVENTS, "contract_resolutions"},
    ),
    "whether an exception outlives its order": (
        lambda t: event(t, "order_blocked").update(is_about_money=True),
        {EVENTS, "contract_events"},
    ),
    "what to do about an exception": (
        lambda t: event(t, "order_blocked").update(next_action="Unblock it."),
        {EVENTS, "contract_events"},
    ),
    "what makes a fact the same": (
        lambda t: event(t, "order_placed").update(semantic_key=["order_id", "channel"]),
        {EVENTS},
    ),
    "what comes before": (
        lambda t: event(t, "order_cancelled").update(allowed_predecessors=[]),
        {EVENTS},
    ),
    "what a grain is named by": (
        lambda t: t["entities"].update(message=["message_id", "order_id"]),
        {EVENTS, "contract_entities"},
    ),
    "another name of an event": (
        lambda t: t["aliases"]["event_names"].update(ordered="order_placed"),
        {EVENTS},
    ),
    "another name of a field": (
        lambda t: t["aliases"]["fields"][0].update({"from": "item_code"}),
        {FIELDS},
    ),
    "another spelling of a value": (
        lambda t: t["aliases"]["values"]["channel"].update(site="web"),
        {FIELDS},
    ),
    "a value of a list": (
        lambda t: t["fields"]["channel"]["values"].insert(0, "kiosk"),
        {FIELDS, COLUMNS, "contract_values"},
    ),
    "a return reason": (
        lambda t: t["taxonomies"]["return_reasons"]["codes"].update(
            {"too_loud": {"category": "quality", "description": "Too loud"}}
        ),
        {FIELDS, COLUMNS, REASON_GROUPS, "contract_values"},
    ),
    "the group of a return reason": (
        lambda t: t["taxonomies"]["return_reasons"]["codes"]["gift"].update(
            category="fit"
        ),
        {FIELDS, REASON_GROUPS},
    ),
    "what a field means": (
        lambda t: t["fields"]["sku"].update(description="Article."),
        {FIELDS, COLUMNS},
    ),
    "what a field tells of a person": (
        lambda t: t["fields"]["sku"].update(pii="pseudonymous"),
        {FIELDS, COLUMNS},
    ),
    "what an event may carry": (
        lambda t: event(t, "order_placed")["optional"].append("serial_number"),
        {EVENTS, COLUMNS},
    ),
    "the bound of a type": (
        lambda t: t["types"]["money_minor"].update(maximum=5),
        {FIELDS},
    ),
    "a currency's digits": (
        lambda t: (
            t["currencies"]["digits_2"].remove("INR"),
            t["currencies"]["digits_3"].append("INR"),
        ),
        {FIELDS, CURRENCIES},
    ),
    "how a reason is mended": (
        lambda t: t["rejections"]["not_json"].update(fix="Send JSON."),
        {REJECTIONS},
    ),
    "a rule": (
        lambda t: t["rules"][0].update(description="Flat, please."),
        {REJECTIONS},
    ),
    "a move of a story": (
        lambda t: t["state_machines"]["refund"]["transitions"][0].update(note="New."),
        {STORIES},
    ),
    "where a move leads": (
        lambda t: t["state_machines"]["refund"]["transitions"][0].update(to="failed"),
        {STORIES, "contract_moves"},
    ),
    "where a story ends": (
        lambda t: t["state_machines"]["refund"]["terminal"].append("failed"),
        {STORIES, "contract_states"},
    ),
    "where a story begins": (
        lambda t: t["state_machines"]["refund"].update(initial="failed"),
        {STORIES, "contract_machines"},
    ),
    "what breaks no story": (
        lambda t: t["state_machines"]["refund"].update(never_break=["refund_failed"]),
        {STORIES, "contract_machine_events"},
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_entry_changes_all_that_derives_from_it_and_nothing_else(tree, what):
    change, consumers = CHANGES[what]
    before, after = derived(load_catalogue()), derived(changed(tree, change))
    assert {name for name in before if before[name] != after[name]} == consumers


def test_advice_follows_the_types_lists_and_rules(tree):
    def change(tree):
        tree["types"]["sequence"]["maximum"] = 3
        tree["fields"]["channel"]["values"].append("kiosk")
        tree["fields"]["sku"]["description"] = "Article."
        tree["line_item"]["required"] = ["sku"]
        tree["catalogue"]["supported_event_versions"] = [1, 2]
        rule = next(r for r in tree["rules"] if r["id"] == "parcel_numbers")
        rule["description"] = "Count your parcels."

    after = changed(tree, change)
    for code, field, words in (
        ("number_out_of_range", "attempt_no", "a whole number from 1 to 3."),
        ("enum_value", "channel", "kiosk."),
        ("field_missing", "sku", "Send sku (Article) on every order_placed."),
        ("line_item_invalid", "lines", "Give each line sku, "),
        ("event_version_unsupported", "event_version", "event_version 1 or 2"),
        ("value_order", "parcel_no", "Count your parcels."),
    ):
        assert words in fix(after, code, field, "order_placed")
        assert words not in fix(load_catalogue(), code, field, "order_placed")


def test_a_rejection_gives_the_advice_of_the_catalogue(verdicts, tree):  # noqa: F811
    after = changed(tree, lambda t: t["rejections"]["not_json"].update(fix="Send tea."))
    assert verdicts(["{"], catalogue=after)[1]["reason"].endswith("Send tea.")
    assert verdicts(["{"])[1]["reason"].endswith(load_catalogue().fixes["not_json"])


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Every line of a small simulated shop."""
    out = tmp_path_factory.mktemp("simulated")
    simulate(orders=300, days=40, seed=11, start=date(2026, 1, 12), out=out)
    lines = []
    for path in sorted(out.glob("*/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            lines += handle.read().splitlines()
    return lines


def mistakes(verdicts, lines, catalogue):  # noqa: F811
    """What is sent and the catalogue does not know: reasons, keys, values mapped."""
    rows = verdicts(lines, catalogue=catalogue, is_backfill=True).values()
    found = {(r["reason_code"], r["field"]) for r in rows if "masked_line" in r}
    for row in rows:
        found |= {("no_field", key) for key in json.loads(row.get("extra") or "{}")}
        raw = json.loads(row.get("raw_values") or "{}")
        found |= {("unlisted", field) for field in raw}
    return found


def test_the_simulator_says_only_what_the_catalogue_knows(
    verdicts,  # noqa: F811
    simulated,
    tree,
):
    assert mistakes(verdicts, simulated, load_catalogue()) == set()

    def change(tree):
        tree["events"].remove(event(tree, "pick_list_created"))
        for body in tree["events"]:
            before = body["allowed_predecessors"]
            if "pick_list_created" in before:
                before.remove("pick_list_created")
        tree["fields"]["node_type"]["values"].remove("warehouse")
        tree["types"]["quantity"]["maximum"] = 1
        event(tree, "label_created")["required"].append("note")

    assert mistakes(verdicts, simulated, changed(tree, change)) >= {
        ("event_name_unknown", "event_name"),
        ("unlisted", "node_type"),
        ("number_out_of_range", "quantity"),
        ("field_missing", "note"),
    }


def test_each_simulated_file_holds_the_events_of_its_domain(root):
    events = load_catalogue().events
    for path in sorted((root / "data" / "sample").glob("*/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            names = {line.split('"', 4)[3] for line in handle if line[0] == "{"}
        domains = {events[name].domain for name in names if name in events}
        assert domains == {path.parent.name}, path


NAMED = re.compile(r"event_name\s*(?:=|<>|(?:not\s+)?in)\s*(\([^()]*\)|'[^']*')")


def named_events(root):
    """Events that SQL compares with, by file."""
    rooms = ("dbt_project/models", "dbt_project/macros", "ingestion", "dashboards")
    return {
        path.relative_to(root).as_posix(): set(re.findall(r"'(\w+)'", found))
        for room in rooms
        for path in (*(root / room).rglob("*.sql"), *(root / room).rglob("*.py"))
        if (found := " ".join(NAMED.findall(path.read_text(encoding="utf-8"))))
    }


def test_an_event_that_sql_names_is_an_event(root):
    """A renamed event would leave a model asking for one that never comes."""
    named = named_events(root)
    # a source as a whole is judged under a name of its own
    events = {*load_catalogue().events, "any"}
    assert {
        file: names - events for file, names in named.items() if names - events
    } == {}
    assert (
        "payment_captured" in named["dbt_project/models/intermediate/int_payments.sql"]
    )


def test_a_line_is_broken_for_reasons_of_the_catalogue():
    faults = {fault.reason_code for fault in (*ANY_LINE, *SOME_LINES, TWIN)}
    assert faults <= set(load_catalogue().rejections)


def test_what_an_exception_shares_with_what_undoes_it_is_read_by_the_models(root):
    """A field the narrowed events leave out would leave every spell of it open."""
    macro = root / "dbt_project" / "macros" / "increments" / "events_with_things.sql"
    shared = {f for e in load_catalogue().events.values() for f in e.resolved_by}
    read = set(re.findall(r"'(\w+_id)'", macro.read_text(encoding="utf-8")))
    assert shared == read


NEW_EVENT = """
  - name: order_gift_wrapped
    domain: orders
    group: order
    grain: order
    description: The parcel was wrapped as a gift.
    sentence: "It's wrapped[ at {location_id}]."
    owner: warehouse
    consumers: [analytics]
    required: [order_id]
    optional: [location_id]
    semantic_key: [order_id]
    allowed_predecessors: [order_placed]
    rank: 9001
    origin: source
    is_exception: false
    customer_visible: false
"""
ALIAS = "    payment_authorised: payment_authorized\n"
EDITS = {
    "\n  # ---- orders / inventory": NEW_EVENT + "\n  # ---- orders / inventory",
    ALIAS: "    order_was_wrapped: order_gift_wrapped\n" + ALIAS,
    " channel: {online: web, ": " channel: {online: web, kiosk: store, ",
}
LINES = [
    {"event_name": "order_gift_wrapped", "order_id": "A1", "location_id": "WH-1"},
    {"event_name": "Order was wrapped", "order_id": "A2", "channel": "kiosk"},
    {"event_name": "order_unblocked", "order_id": "A3", "block_id": "b1"},
]


@pytest.fixture
def checkout(root, tmp_path):
    """A copy of the program, whose catalogue may be edited."""
    for room in ("ingestion", "dagster_project", "dbt_project"):
        shutil.copytree(
            root / room,
            tmp_path / room,
            ignore=shutil.ignore_patterns("target", "logs", "__pycache__"),
        )
    lines = [
        {"source": "shop:acme", "occurred_at": "2026-03-01T09:00:00Z", **line}
        for line in LINES
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "wrapped.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def edit_catalogue(checkout):
    """Add an event, an alias of it and a spelling of a value, by editing the file."""
    path = checkout / "ingestion" / "contract" / "catalogue.yml"
    text = path.read_text(encoding="utf-8")
    for before, after in EDITS.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def postorder(checkout, shop, *arguments):
    """Run a command of the copy."""
    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", *arguments],
        cwd=checkout,
        env=os.environ
        | {
            "PYTHONPATH": str(checkout),
            "POSTORDER_DATA": str(checkout / shop),
            "POSTORDER_HASH_KEY": "a test's key",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)


def in_shop(checkout, shop, query):
    """Read from a shop of the copy."""
    working = str(checkout / shop / "working.duckdb")
    with duckdb.connect(working, read_only=True) as connection:
        return connection.sql(query).fetchall()


WRAPPED = [
    ("order_gift_wrapped", "A1", None),
    ("order_gift_wrapped", "A2", "store"),
    ("order_unblocked", "A3", None),
]


def test_adding_an_event_or_an_alias_is_editing_one_file(checkout):
    land = ("land", "wrapped.jsonl", "--backfill")
    accepted = "select event_name, order_id, channel from raw.order_events order by 2"
    refused = "select reason_code from raw.rejected_events"
    postorder(checkout, "before", *land)
    assert in_shop(checkout, "before", accepted) == WRAPPED[2:]
    assert in_shop(checkout, "before", refused) == [("event_name_unknown",)] * 2
    edit_catalogue(checkout)
    postorder(checkout, "after", *land)
    assert in_shop(checkout, "after", accepted) == WRAPPED


def test_conform_knows_an_added_event_and_alias(checkout):
    def foreign_names():
        postorder(checkout, "shop", "conform", "wrapped.jsonl")
        answer = json.loads((checkout / "conform" / "conform.json").read_text("utf-8"))
        return {each["name"] for each in answer["unmapped_events"]}

    assert len(foreign_names()) == 2
    edit_catalogue(checkout)
    assert foreign_names() == set()


@pytest.mark.deep
def test_an_added_event_reaches_the_marts_with_its_sentence(checkout):
    edit_catalogue(checkout)
    postorder(checkout, "shop", "land", "wrapped.jsonl", "--backfill")
    postorder(checkout, "shop", "build")
    told = "select event_name, order_id, detail, owner from marts.events order by 2"
    assert in_shop(checkout, "shop", told)[:2] == [
        ("order_gift_wrapped", "A1", "It's wrapped at WH-1.", "warehouse"),
        ("order_gift_wrapped", "A2", "It's wrapped.", "warehouse"),
    ]
