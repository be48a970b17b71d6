"""Every move that a state machine allows, and every one it does not, as a story."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
import yaml

from dagster_project.build import attempt, dbt_places, run_dbt
from ingestion.contract.catalogue import CATALOGUE_FILE, load_catalogue
from ingestion.landing import land_files
from ingestion.shop import Shop

BEGUN = datetime(2025, 9, 1, tzinfo=UTC)
LANDED_AT = datetime(2027, 1, 1, tzinfo=UTC)
CATALOGUE = load_catalogue()
MACHINES = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))["state_machines"]

THINGS = {CATALOGUE.entities[machine["entity"]][0] for machine in MACHINES.values()}

# gates that payments and lines move, and whose machines judge the same events
OVER_THINGS = {"gate_payment", "gate_inventory"}


def tellings(machine):
    """Every event of a machine, with each value its moves depend on, and another."""
    moves = [*machine["transitions"], *machine.get("known_violations", ())]
    told = {}
    for move in moves:
        told.setdefault(move["event"], [{}])
        for field, value in move.get("when", {}).items():
            for each in value if isinstance(value, list) else [value]:
                if {field: each} not in told[move["event"]]:
                    told[move["event"]].append({field: each})
    for event, fields in told.items():
        for field, value in [pair for each in fields for pair in each.items()]:
            if value is True and {field: False} not in fields:
                told[event].append({field: False})
    return [(event, said) for event, fields in told.items() for said in fields]


def step(machine, state, event):
    """The state after an event as it was told; None where the machine forbids it."""
    for move in machine["transitions"]:
        if (
            state in move["from"]
            and event["event_name"] == move["event"]
            and all(
                event.get(field) in (value if isinstance(value, list) else [value])
                for field, value in move.get("when", {}).items()
            )
        ):
            return move["to"]
    return None


def is_told_of(machine, event):
    """Whether the machine lets the event pass, as it was told, in any state."""
    return any(step(machine, state, event) for state in machine["states"])


def label(machine, state, event):
    for move in machine.get("known_violations", ()):
        if state in move["from"] and event["event_name"] == move["event"]:
            return move["label"]
    return None


class Teller:
    """Writes the lines of a story from one example of each event."""

    def __init__(self, examples, name, story):
        self.examples, self.name, self.story = examples, name, story
        self.lines = []

    def tell(self, event, said):
        """Add a line; False where it could not differ from one that was told."""
        line = {**self.examples[event]}
        number = len(self.lines) + 1
        for field in [field for field in line if field.endswith("_id")]:
            line[field] = f"{field}-{self.story}"
        for field in CATALOGUE.events[event].semantic_key:
            kind = CATALOGUE.fields[field].type
            if field in THINGS or field not in line:
                continue
            if kind.json == "integer":
                line[field] = number + 1  # the first follows none
            elif kind.name == "id" or field.endswith("_id"):
                line[field] = f"{field}-{self.story}-{number}"
        if event == "order_placed":
            line["lines"] = [
                {**line["lines"][0], "order_line_id": f"order_line_id-{self.story}"}
            ]
        if event == "order_cancelled":
            line |= {"is_partial": False}
            del line["quantity"]
        at = BEGUN + timedelta(hours=number)
        line |= {"occurred_at": at.isoformat(), **said}
        line["event_id"] = f"{self.story}-{number}"
        if any(self.key(line) == self.key(other) for other in self.lines):
            return False
        self.lines.append(line)
        return True

    def key(self, line):
        event = CATALOGUE.events[line["event_name"]]
        return [line["event_name"], *(line.get(each) for each in event.semantic_key)]


def paths(machine, teller_of):
    """State -> the shortest story that ends there."""
    found = {machine["initial"]: []}
    queue = deque(found)
    while queue:
        state = queue.popleft()
        for event, said in tellings(machine):
            teller = teller_of("-")
            if not all(teller.tell(*each) for each in [*found[state], (event, said)]):
                continue
            to = step(machine, state, teller.lines[-1])
            if to is not None and to not in found:
                found[to] = [*found[state], (event, said)]
                queue.append(to)
    return found


def stories(examples):
    """Every state of every machine, and every event told there."""
    for name, machine in MACHINES.items():
        reached = paths(machine, lambda story: Teller(examples, name, story))  # noqa: B023
        assert set(reached) == set(machine["states"]), name
        for state, path in reached.items():
            for number, (event, said) in enumerate(tellings(machine)):
                teller = Teller(examples, name, f"{name}-{state}-{event}-{number}")
                assert all(teller.tell(*each) for each in path)
                if teller.tell(event, said):
                    yield name, state, teller


@pytest.fixture(scope="module")
def told(shared):
    with (shared / "contract" / "examples.jsonl").open(encoding="utf-8") as handle:
        examples = {line["event_name"]: line for line in map(json.loads, handle)}
    return list(stories(examples))


@pytest.fixture(scope="module")
def found(told, tmp_path_factory):
    """Event id and machine -> from_state and reason, as the models find them."""
    shop = Shop(tmp_path_factory.mktemp("told"), timezone="UTC", hash_key="a key")
    path = shop.folder / "stories.jsonl"
    lines = [line for _, _, teller in told for line in teller.lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    landed = land_files([path], shop=shop, landed_at=LANDED_AT, backfill=True)
    assert [file.stored for file in landed.files] == [len(lines)]
    with attempt(shop, as_of=LANDED_AT, is_whole=False) as (working, _):
        places = dbt_places(shop)
        run_dbt(working, ["run", "--select", "+transition_violations", *places])
    with duckdb.connect(str(shop.working), read_only=True) as connection:
        rows = connection.sql(
            "select event_id, machine, from_state, reason from "
            "marts.transition_violations"
        ).fetchall()
    assert len({row[:2] for row in rows}) == len(rows)
    return {row[:2]: row[2:] for row in rows}


def expected(name, state, event):
    """What a machine says of an event in a state: nothing, or the breach."""
    machine = MACHINES[name]
    if name in OVER_THINGS or event["event_name"] in machine.get("never_break", ()):
        return None
    if step(machine, state, event) is not None:
        return None
    known = label(machine, state, event)
    if known is None and not is_told_of(machine, event):
        return None
    return state, known or f"{event['event_name']} cannot follow {state}"


def test_every_move_is_judged_as_the_contract_says(told, found):
    wrong = {
        teller.story: (found.get(key), breach)
        for name, state, teller in told
        for key, breach in [
            (
                (teller.lines[-1]["event_id"], name),
                expected(name, state, teller.lines[-1]),
            )
        ]
        if found.get(key) != breach
    }
    assert wrong == {}


def test_the_way_to_each_state_breaks_nothing(told, found):
    on_the_way = {
        (line["event_id"], name)
        for name, _, teller in told
        for line in teller.lines[:-1]
    }
    assert on_the_way & set(found) == set()
    assert len(on_the_way) > 1000


def test_there_is_something_to_judge(told, found):
    judged = [expected(name, state, teller.lines[-1]) for name, state, teller in told]
    assert len(judged) > 700
    assert 200 < len([each for each in judged if each]) < len(judged) - 200
    labels = {
        move["label"]
        for machine in MACHINES.values()
        for move in machine.get("known_violations", ())
    }
    assert {each[1] for each in found.values()} >= labels
