"""What a table needs, held against the models: every way, and every way less one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
import yaml

from dagster_project.build import build
from ingestion.conform import feeding
from ingestion.conform.feeding import load_needs
from ingestion.contract.catalogue import load_catalogue
from ingestion.landing import land_files
from ingestion.shop import Shop
from tests.ingestion.conform import models

NEEDS = {need.table: need for need in load_needs(load_catalogue())}

# a rate of two outcomes takes two parcels
PARCELS = dict.fromkeys(
    ("metrics.rto_rates", "metrics.rto_curves"),
    lambda events: [
        [event for event in events if not event.startswith("rto_")],
        [event for event in events if event != "shipment_delivered"],
    ],
)
# these rows carry no name of the story, but its month, a week or a weekday, or nothing
WITNESS = {
    "metrics.cohort_retention": "cohort_month = date '{month}'",
    "metrics.customer_value": "cohort_month = date '{month}'",
    "metrics.second_order": "segment = '{month}'",
    "metrics.identity_effect": "cohort_month = date '{month}'",
    "metrics.address_outcomes": "date_trunc('month', week) = date '{month}'",
    "metrics.return_rates": "delivered_month = date '{month}'",
    "metrics.exchange_outcomes": "month = date '{month}'",
    "metrics.cost_to_serve": "month = date '{month}'",
    "metrics.reservation_failures_by_hour": (
        "hour_of_week // 24 = extract(isodow from date '{month}' + 9) - 1"
    ),
    "metrics.reservation_failures_by_load": "true",
    "metrics.refund_latency": "date_trunc('month', week) = date '{month}'",
    "metrics.satisfaction": "date_trunc('month', week + 7) = date '{month}'",
}

# left to their models' unit tests: a rhythm takes thirty orders of the last eight
# weeks, a pair of products twenty, an audience is of the last days alone, a pattern
# repeats, delays and shares are of all stories, and variants stand in a seed
CROWDS = {
    "metrics.stage_rhythms",
    "marts.stuck_orders",
    "metrics.product_affinity",
    "metrics.review_timing",
    "marts.audience_review_due",
    "marts.audience_reorder_due",
    "marts.return_risk_signals",
    "metrics.return_reason_shares",
    "metrics.bracketing",
}


@dataclass(frozen=True)
class Story:
    """An order of its own that goes one way, or all of it but one step."""

    table: str
    token: str
    events: dict[str, tuple[str, ...]]
    is_whole: bool
    month: datetime


def stories():
    told = []

    def tell(need, events, is_whole):
        number = len(told)
        month = datetime(2005 + number // 12, 1 + number % 12, 10, tzinfo=UTC)
        told.append(Story(need.table, f"S{number:03}", events, is_whole, month))

    for need in NEEDS.values():
        for way in () if need.table in CROWDS else need.ways:
            tell(need, dict(way), True)
            for event, fields in way.items():
                if len(way) > 1:
                    less = {e: f for e, f in way.items() if e != event}
                    tell(need, less, False)
                for field in fields:
                    less = tuple(f for f in fields if f != field)
                    tell(need, {**way, event: less}, False)
    return told


STORIES = stories()


def lines_of(story, catalogue):
    finer = NEEDS[story.table].finer
    parcels = PARCELS.get(story.table, lambda events: [events])
    for parcel, events in enumerate(parcels(list(story.events))):
        for step, event in enumerate(events):
            wanted = (*story.events[event], *finer.get(event, ()))
            names = dict.fromkeys((*catalogue.required(event), *wanted))
            moment = story.month + timedelta(hours=step)
            line = {
                name: value_of(catalogue, event, name, story.token, moment)
                for name in names
            }
            line |= {"event_name": event, "source": "shop:test"}
            if "shipment_id" in line:
                line["shipment_id"] += f"-{parcel}"
            yield line


def value_of(catalogue, event, name, token, moment):
    if name == "lines":
        return [line_item(token, event)]
    if name == "currency":
        return "INR"
    if name == "order_line_id":
        return f"{token}-1"
    if name == "to_location_id":
        return f"{token}-2"
    if name.endswith("_gate_passed"):
        return True
    values = catalogue.enum_values(name, event)
    if values:
        return "marketing" if "marketing" in values else values[0]
    if any(
        rule.kind == "all_true"
        and rule.concerns(event)
        and name in rule.options["fields"]
        for rule in catalogue.rules
    ):
        return True
    kind = catalogue.fields[name].type
    if kind.format is not None:
        return moment.isoformat()
    if kind.name == "hash":
        return hashlib.sha256(token.encode()).hexdigest()
    return {"string": token, "boolean": False}.get(kind.json, 1)


def line_item(token, event):
    item = {"order_line_id": f"{token}-1", "sku": token, "quantity": 1}
    return item | ({"unit_price_minor": 1} if event == "order_placed" else {})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """One shop in which every story was lived."""
    folder = tmp_path_factory.mktemp("needs")
    catalogue = load_catalogue()
    lines = [line for story in STORIES for line in lines_of(story, catalogue)]
    events = folder / "events.jsonl"
    events.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    shop = Shop(folder / "shop", hash_key="a test's key")
    landed = land_files(
        [events], shop=shop, landed_at=datetime(2026, 11, 1, tzinfo=UTC), backfill=True
    )
    assert landed.files[0].rejected == 0
    report = build(shop, as_of=landed.last_ingested_at, is_tested=False)
    with duckdb.connect(str(report.working), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "story",
    STORIES,
    ids=lambda s: (
        f"{s.table}-{'with' if s.is_whole else 'from only'}-"
        + "-".join(f"{e}{list(f) if f else ''}" for e, f in s.events.items())
    ),
)
def test_a_table_is_fed_by_a_whole_way_and_by_nothing_less(built, story):
    names = [
        name
        for name, kind, *_ in built.execute(f"describe {story.table}").fetchall()
        if kind == "VARCHAR"
    ]
    witness = WITNESS.get(story.table) or " or ".join(
        f"regexp_full_match({name}, '(.*:)?{story.token}(-[01])?')" for name in names
    )
    witness = witness.format(month=f"{story.month:%Y-%m-01}")
    proof = NEEDS[story.table].proof
    ((rows,),) = built.execute(
        f"select count(*) from {story.table} where ({witness}) and ({proof})"
    ).fetchall()
    assert (rows > 0) is story.is_whole


def test_every_published_model_is_judged_and_no_other():
    accounts = yaml.safe_load(feeding.NEEDS_FILE.read_text("utf-8"))["accounts"]
    published = {table.split(".")[1] for table in models.events_read()}
    judged = {table.split(".")[1] for table in NEEDS}
    assert judged | set(accounts) == published


def test_what_a_table_reads_is_what_its_model_says():
    assert feeding.READS_FILE.read_text("utf-8") == models.written(
        models.events_read()
    ), "run python -m tests.ingestion.conform.models"


@pytest.mark.parametrize("need", NEEDS.values(), ids=lambda need: need.table)
def test_a_need_names_what_the_contract_knows(need):
    catalogue = load_catalogue()
    for way in (*need.ways, need.finer):
        for event, fields in way.items():
            assert set(fields) <= set(catalogue.allowed(event)), event
            assert not set(fields) & set(catalogue.required(event)), event
