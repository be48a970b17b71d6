"""What the judge makes of a line: values mapped, hashed, derived, and kept."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from ingestion.contract.catalogue import CATALOGUE_FILE, catalogue_of, load_catalogue
from ingestion.judge.personal import keyed_hash
from tests.ingestion.judge.conftest import HASH_KEY, NOW

SCAN = {
    "event_name": "shipment_delivered",
    "source": "shiprocket:acme",
    "shipment_id": "S1",
    "occurred_at": "2025-03-05T06:13:52Z",
}
PORTAL = {
    "event_name": "return_initiated",
    "order_id": "A-77",
    "product_id": "MUG-RED",
    "return_reason": "too large",
    "return_quantity": 2,
    "return_date": "2025-09-02T08:15:00Z",
    "refund_amount": 31.05,
    "return_method": "mail",
    "channel": "online",
    "x_shelf": "b7",
}


@pytest.fixture
def judged(verdicts):
    """Judge one record."""
    return lambda record, **terms: verdicts([json.dumps(record)], **terms)[1]


def test_a_portal_payload_is_translated(judged):
    row = judged(PORTAL, default_source="portal:acme")
    said = {
        "sku": "MUG-RED",
        "reason_code": "size_too_large",
        "quantity": 2,
        "amount_minor": 3105,
        "currency": "USD",
        "channel": "web",
        "source": "portal:acme",
    }
    assert {name: row[name] for name in said} == said
    assert row["return_line_id"].startswith("rl_")
    assert json.loads(row["extra"]) == {"x_shelf": "b7"}
    assert json.loads(row["raw_values"]) == {
        "reason_code": "too large",
        "channel": "online",
    }


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [
        ("JPY", 3105, 3105),
        ("KWD", 3.105, 3105),
        ("USD", "0.1", 10),
        ("INR", 1e3, 100000),
    ],
)
def test_minor_units_follow_the_currency(judged, currency, amount, minor):
    row = judged(
        {
            **PORTAL,
            "source": "portal:acme",
            "currency": currency,
            "refund_amount": amount,
        }
    )
    assert row["amount_minor"] == minor


def test_a_declared_zone_reads_a_naive_time(judged):
    row = judged({**SCAN, "occurred_at": "2025-03-05 11:43:52"})
    assert row["occurred_at"] == datetime(2025, 3, 5, 6, 13, 52, tzinfo=UTC)
    assert row["source_time_zone"] == "Asia/Kolkata"
    assert json.loads(row["raw_values"]) == {"occurred_at": "2025-03-05 11:43:52"}
    assert row["fact_key"] == judged(SCAN)["fact_key"]


def test_a_local_time_shown_twice_is_its_first_showing(judged):
    row = judged(
        {**SCAN, "source": "posdesk:acme", "occurred_at": "2025-11-02 01:30:00"}
    )
    assert row["occurred_at"] == datetime(2025, 11, 2, 5, 30, tzinfo=UTC)


def test_a_local_time_never_shown_is_refused(judged):
    row = judged(
        {**SCAN, "source": "posdesk:acme", "occurred_at": "2025-03-09 02:30:00"}
    )
    assert (row["reason_code"], row["field"]) == ("timestamp_invalid", "occurred_at")


def test_a_sent_id_stands_beside_the_fact_key(judged):
    sent, derived = judged({**SCAN, "event_id": "evt-1"}), judged(SCAN)
    assert (sent["event_id"], sent["fact_key"]) == ("evt-1", derived["event_id"])


@pytest.mark.parametrize(
    ("kind", "stored_as", "value"),
    [
        ("email", "email_hash", " Ann@Example.org "),
        ("email", "email_hash", "ÄNN@exämple.org\u2003"),
        ("phone", "phone_hash", "+1 (555) 010-9999"),
        ("phone", "phone_hash", "+\uff11 \uff15\uff15\uff15"),
        ("street_address", "address_hash", "1  Main St.,  Apt-4 "),
        ("street_address", "address_hash", "Straße 1\u00a0b"),
    ],
)
def test_identifiers_are_hashed_alike_in_sql_and_python(judged, kind, stored_as, value):
    row = judged({**SCAN, kind: value})
    assert row[stored_as] == keyed_hash(kind, value, key=HASH_KEY)
    assert value.strip() not in json.dumps(row, default=str)


def test_a_hash_sent_is_not_replaced(judged):
    row = judged({**SCAN, "email": "ann@example.org", "email_hash": "b" * 64})
    assert row["email_hash"] == "b" * 64


def test_a_blank_identifier_gives_no_hash(judged):
    assert judged({**SCAN, "email": "  "}).get("email_hash") is None


def test_a_number_beyond_64_bits_is_out_of_range(judged):
    row = judged({**SCAN, "cost_minor": 10**20, "currency": "INR"})
    assert (row["reason_code"], row["field"]) == ("number_out_of_range", "cost_minor")


def test_a_fact_may_be_as_far_ahead_as_clocks_differ(judged):
    at = lambda minutes: (NOW + timedelta(minutes=minutes)).isoformat()  # noqa: E731
    assert "event_id" in judged({**SCAN, "occurred_at": at(9)})
    late = judged({**SCAN, "occurred_at": at(11)})
    assert late["reason_code"] == "timestamp_in_future"


def test_history_may_not_report_what_had_not_happened(judged):
    """In backfill a fact lies ahead of its own report, not only of the wall clock."""
    record = {**SCAN, "observed_at": "2025-03-05T06:00:00Z"}
    assert "event_id" in judged(record)
    row = judged(record, is_backfill=True)
    assert row["reason_code"] == "timestamp_in_future"


def test_backfill_knows_a_row_since_its_report(judged):
    row = judged({**SCAN, "observed_at": "2025-03-06T00:00:00Z"}, is_backfill=True)
    assert row["ingested_at"] == datetime(2025, 3, 6, tzinfo=UTC)
    assert judged(SCAN, is_backfill=True)["ingested_at"] == row["occurred_at"]
    assert judged(SCAN)["ingested_at"] == NOW


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("note", r"\ud800", "note"),
        ("note", r"\ude00\ud83d", "note"),
        ("note", r"a\u0000b", "note"),
        (r"x\u0000", "y", None),
        (r"x\udfff", r"\ud800", None),
    ],
)
def test_text_that_no_table_can_hold_is_refused(verdicts, key, value, field):
    """A table holds UTF-8, and a NUL ends a text for many that read one."""
    line = json.dumps(SCAN)[:-1] + f', "{key}": "{value}"}}'
    row = verdicts([line])[1]
    assert (row["reason_code"], row["field"]) == ("text_invalid", field)
    assert row["masked_line"].startswith("hmac-sha256 ")
    assert row["line"] == line


@pytest.mark.parametrize("value", [r"\ud83d\ude00", r"\\u0000", r"\\ud800"])
def test_escapes_that_stand_for_text_are_accepted(verdicts, value):
    line = json.dumps(SCAN)[:-1] + f', "proof_ref": "{value}"}}'
    assert verdicts([line])[1]["proof_ref"] == json.loads(f'"{value}"')


@pytest.mark.parametrize("code", ["line_too_large", "text_invalid"])
def test_what_its_reader_refuses_is_not_read(verdicts, code):
    """Not even where what was kept of the text happens to keep the contract."""
    lines = [json.dumps(SCAN), json.dumps({**SCAN, "shipment_id": "S2"})]
    rows = verdicts(lines, faults=[code, None])
    assert "event_id" in rows[2]
    row = rows[1]
    assert (row["reason_code"], row["field"], row["event_name"]) == (code, None, None)
    assert row["masked_line"].startswith("hmac-sha256 ")
    assert row["reason"].endswith(".")


def test_an_amount_beyond_the_limit_is_out_of_range(judged):
    record = {**SCAN, "currency": "INR"}
    assert "event_id" in judged({**record, "cost_minor": 10**15})
    row = judged({**record, "cost_minor": 10**15 + 1})
    assert (row["reason_code"], row["field"]) == ("number_out_of_range", "cost_minor")


def test_a_number_that_a_double_cannot_hold_is_out_of_range(verdicts):
    record = {
        "event_name": "pickup_expired",
        "source": "posdesk:acme",
        "occurred_at": SCAN["occurred_at"],
        "order_id": "O1",
        "fulfillment_order_id": "F1",
        "location_id": "L1",
        "waiting_days": 1,
    }
    line = json.dumps(record)
    assert "event_id" in verdicts([line])[1]
    row = verdicts([line.replace(": 1}", ": 1e400}")])[1]
    assert (row["reason_code"], row["field"]) == ("number_out_of_range", "waiting_days")


def test_nesting_of_any_depth_is_a_rejection(verdicts):
    deep = [
        json.dumps(SCAN)[:-1] + f', "x": {opened * depth}{closed * depth}}}'
        for opened, closed in (("[", "]"), ('{"a":', "}"))
        for depth in (500, 100_000)
    ]
    codes = {row["reason_code"] for row in verdicts(deep).values()}
    assert codes <= {"nested_value", "not_json"}


def test_rejected_rows_carry_the_original_line(verdicts):
    """Replay judges it again; no table keeps it."""
    line = json.dumps({**SCAN, "shipment_id": None, "email": "ann@example.org"})
    row = verdicts([line])[1]
    assert row["line"] == line
    assert "ann@" not in row["masked_line"]


@pytest.fixture(scope="module")
def tree():
    return yaml.load(CATALOGUE_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)


def changed(tree, change):
    tree = copy.deepcopy(tree)
    change(tree, next(e for e in tree["events"] if e["name"] == "shipment_delivered"))
    return catalogue_of(tree)


@pytest.mark.parametrize(
    ("change", "extra", "code", "field"),
    [
        (lambda t, e: e["required"].append("carrier"), {}, "field_missing", "carrier"),
        (
            lambda t, e: t["forbidden_inputs"].append("pet"),
            {"pet": "cat"},
            "forbidden_field",
            "pet",
        ),
        (
            lambda t, e: t["types"]["sequence"].update(maximum=3),
            {"attempt_no": 4},
            "number_out_of_range",
            "attempt_no",
        ),
        (
            lambda t, e: t["fields"]["delivered_to"].update(on_unknown="reject"),
            {"delivered_to": "the cat"},
            "enum_value",
            "delivered_to",
        ),
        (
            lambda t, e: t["rules"].append(
                {
                    "id": "proof_with_otp",
                    "kind": "field_needs_field",
                    "if_field": "is_otp_verified",
                    "field": "proof_ref",
                    "events": ["shipment_delivered"],
                    "code": "outcome_contradiction",
                    "description": "A code needs its proof.",
                }
            ),
            {"is_otp_verified": True},
            "outcome_contradiction",
            "is_otp_verified",
        ),
        (
            lambda t, e: t["conventions"].update(clock_skew_minutes=-(10**7)),
            {},
            "timestamp_in_future",
            "occurred_at",
        ),
    ],
)
def test_the_judge_follows_the_catalogue(judged, tree, change, extra, code, field):
    """Nothing about an event is written a second time: change the file, change all."""
    assert "event_id" in judged({**SCAN, **extra})
    row = judged({**SCAN, **extra}, catalogue=changed(tree, change))
    assert (row["reason_code"], row["field"]) == (code, field)


def test_a_new_alias_is_followed(judged, tree):
    def change(t, e):
        t["aliases"]["event_names"]["dropped_off"] = "shipment_delivered"

    record = {**SCAN, "event_name": "Dropped Off"}
    assert judged(record)["reason_code"] == "event_name_unknown"
    row = judged(record, catalogue=changed(tree, change))
    assert row["event_name"] == "shipment_delivered"


def test_a_row_does_not_repeat_a_default(judged):
    """The view of its domain knows it from the contract."""
    assert "actor_type" not in judged(SCAN)
    assert judged({**SCAN, "actor_type": "carrier"})["actor_type"] == "carrier"


def test_a_source_may_be_declared_by_the_deployment(judged):
    record = {**SCAN, "source": "own:depot", "occurred_at": "2025-03-05 11:43:52"}
    assert judged(record)["reason_code"] == "timestamp_missing_offset"
    known = load_catalogue().with_sources({"own:depot": {"time_zone": "Asia/Kolkata"}})
    assert judged(record, catalogue=known)["occurred_at"].hour == 6
