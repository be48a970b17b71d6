"""The generated judge and the contract's own checker agree line by line."""

from __future__ import annotations

import csv
import importlib.util
import json
import random
import re

import pytest

from ingestion.contract.catalogue import load_catalogue
from tests.ingestion.judge.conftest import NOW

SEED = 20261121
MUTANTS = 4000
VALUES = [
    None, "", " ", "x", 0, 1, -1, 2.5, 10**19, 10**21, -(10**19), True, False, [], {},
    {"a": 1}, [1], "2025-09-01T09:00:00", "2025-09-01 09:00:00.123456789",
    "2025-09-01T09:00:00.5Z", "2025-02-30T10:00:00Z", "2025-02-30 10:00:00",
    "2025-09-01", "2025-13-01", "0000-01-01", "2025-09-01T24:00:00Z",
    "2999-01-01T00:00:00Z", "2025-11-02 01:30:00", "2025-03-09 02:30:00", "USD", "KWD",
    "JPY", "usd", "IN", "Asia/Kolkata", "Nowhere/X", "a" * 64, "A" * 64, "x" * 4001,
    "Too Large", " ONLINE ", "web", "unknown", "portal:acme", "shiprocket:acme",
    "posdesk:acme", "kiosk:acme", "bad source", "31.05", "31.055", 31.05, 31.055, 3105,
    "tab\there\n", "é漢\x01\x1f\"\\/",
]  # fmt: skip
ALIASES = [
    "product_id", "return_date", "return_reason", "return_quantity", "refund_amount",
    "pincode", "awb",
]  # fmt: skip
PERSONAL = [
    "email", "phone", "street_address", "name", "ip_address", "customer_name",
    "card_number", "password", "ingested_at",
]  # fmt: skip
PEOPLE = ["Ann@x.org", "+91 98 7654", "1 Main St., 4", "Ünï ço\u2003de"]


@pytest.fixture(scope="module")
def check(shared):
    spec = importlib.util.spec_from_file_location(
        "contract_check", shared / "contract" / "check.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def examples(shared):
    return (shared / "contract" / "examples.jsonl").read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def bad(shared):
    return (shared / "contract" / "bad.jsonl").read_text("utf-8").splitlines()


def test_every_example_is_accepted_with_the_same_id(check, examples, verdicts):
    reader = check.Reader(check.Catalogue(), None, NOW)
    want = {n: reader.read(x)[1]["event_id"] for n, x in enumerate(examples, 1)}
    assert {n: row.get("event_id") for n, row in verdicts(examples).items()} == want


def test_every_bad_line_is_rejected_for_its_reason(shared, bad, verdicts):
    with (shared / "contract" / "bad_expected.csv").open(newline="") as handle:
        want = {int(r["line"]): r["reason_code"] for r in csv.DictReader(handle)}
    rows = verdicts(bad)
    assert {n: row.get("reason_code") for n, row in rows.items()} == want
    assert all(row["reason"].endswith(".") for row in rows.values())


def test_mutants_meet_the_same_verdict(check, examples, bad, verdicts):
    """Random damage to good and bad lines; the seed makes it the same every time.

    One judge sees them in batches, so that what it remembers of one serves the next.
    """
    stock = [json.loads(x) for x in examples]
    stock += [json.loads(x) for n, x in enumerate(bad) if n not in (0, 2)]
    random_ = random.Random(SEED)
    fields = [*check.Catalogue().fields, "x_a", "x_b_minor"]
    pool = [v for e in stock for v in e.values() if not isinstance(v, list)]
    lines = [
        written(random_, mutant(random_, random_.choice(stock), fields, pool))
        for _ in range(MUTANTS)
    ]
    reader = check.Reader(amended(check), None, NOW)
    got = verdicts(lines, batch_rows=1500)
    wrong = []
    reasons = set()
    for number, line in enumerate(lines, 1):
        want = reference_verdict(reader, line)
        row = got[number]
        # accepted rows have a field named reason_code too
        verdict = row["reason_code" if "rejected_id" in row else "event_id"]
        reasons.add(verdict)
        if verdict != want:
            wrong.append((want, verdict, line[:500]))
    assert not wrong
    assert len(reasons & {*check.Catalogue().order}) > 20  # damage is of many kinds
    assert "text_invalid" in reasons


def amended(check):
    """Return the reference with what the project's own catalogue narrows."""
    reference = check.Catalogue()
    own = load_catalogue()
    for name in ("money_minor", "money_minor_signed"):
        kind = reference.raw["types"][name]
        kind["minimum"], kind["maximum"] = own.types[name].minimum, 10**15
    return reference


def reference_verdict(reader, line):
    """Ask the reference, which stops at a repeated key and stores no text."""
    try:
        record = json.loads(line, object_pairs_hook=list, parse_constant=int)
    except ValueError:
        return "not_json"
    if holds_no_text(record):
        return "text_invalid"
    reader.seen = {}
    _, record, problem = reader.read(line)
    return problem.code if problem else record["event_id"]


def holds_no_text(value):
    if isinstance(value, (list, tuple)):
        return any(holds_no_text(part) for part in value)
    return isinstance(value, str) and any(
        char == "\0" or "\ud800" <= char <= "\udfff" for char in value
    )


def mutant(random_, record, fields, pool):
    record = dict(record)
    for _ in range(random_.choice([1, 1, 1, 2, 3])):
        target, how = random_.random(), random_.random()
        key = random_.choice(list(record) or ["x"])
        if target < 0.1:
            record[random_.choice(fields)] = random_.choice(VALUES + pool)
        elif target < 0.17:
            record[random_.choice(ALIASES)] = random_.choice(VALUES)
        elif target < 0.22:
            record[random_.choice(PERSONAL)] = random_.choice(VALUES + PEOPLE)
        elif how < 0.25:
            record.pop(key, None)
        elif isinstance(record.get(key), list) and how < 0.8:
            record[key] = damaged_lines(random_, record[key], record)
        elif how < 0.65:
            record[key] = random_.choice(VALUES)
        elif how < 0.85:
            record[key] = random_.choice(pool)
        elif isinstance(record.get(key), str):
            text = record[key]
            record[key] = random_.choice(
                [text.upper(), f" {text}", text.replace("_", "-"), f"{text}x"]
            )
    return record


def damaged_lines(random_, lines, record):
    lines = [dict(item) for item in lines if isinstance(item, dict)]
    if not lines:
        return []
    item = random_.choice(lines)
    key = random_.choice([*item, "sku"])
    how = random_.randrange(6)
    if how == 0:
        item[key] = random_.choice(VALUES)
    elif how == 1:
        item.pop(key, None)
    elif how == 2:
        lines.append(dict(item))
    elif how == 3:
        item["extra"] = random_.choice(VALUES)
    elif how == 4:
        lines.append(random_.choice(VALUES))
    else:
        item["cost_minor"] = 5
        record.pop("currency", None)
    return lines


def written(random_, record):
    line = json.dumps(
        record,
        ensure_ascii=random_.random() < 0.5,
        separators=random_.choice([(",", ":"), (", ", ": ")]),
    )
    how = random_.random()
    if how < 0.01:
        return line[:-1] + ",}"
    if how < 0.02:
        return line.replace(": 1", ": NaN", 1)
    if how < 0.03:
        return line[: random_.randrange(len(line))] or "{"
    if how < 0.04:
        return line[:-1] + ', "sku": "again", "sku": 5}'
    if how < 0.05:
        return f"  {line} \t"
    if how < 0.06:
        return line.replace("[{", '[{"sku":"q",', 1)
    if how < 0.07:
        return line.replace("}]", "},]", 1)
    if how < 0.17:
        return spelled_oddly(random_, line)
    return line


def spelled_oddly(random_, line):
    """Write what most writers of JSON never would."""
    how = random_.choice(ODD_SPELLINGS)
    places = [found.end() for found in re.finditer(how[0], line)]
    if not places:
        return line
    place = random_.choice(places)
    return line[:place] + random_.choice(how[1]) + line[place:]


ODD_SPELLINGS = [
    (r'^\{', [
        '"event_n\\u0061me":"order_placed",', '"\\u006cines":[],', '"x":1,"\\u0078":2,',
        f'"{"k" * 70000}":1,', '"":1,', '"a.b":1,"$":2,"*":3,', '"x\\u0000":1,',
        '"x":' + "[" * 300 + "]" * 300 + ",", '"x":' + '{"a":' * 300 + "1" + "}" * 301,
        '"lines":[{"sku":{"a":1,"a":2}}],', '"x":{"a":[{"b":1,"b":1}]},', ",",
        '"x":' + "9" * 4400 + ",", '"x":NaN,', '"x":-Infinity,', '"x":[1,],',
        '"X":1,"x":2,', '"Event_Name":"x",', '"x":"' + "v" * 70000 + '",',
    ]),
    (r'": ?"', [
        "\\u0000", "\\ud800", "\\ude00\\ud83d", "\\ud83d\\ude00", "\\\\u0000",
        "\\\\ud800", "\\/", "\\x", "\x7f", "\ufeff", "\u2028", "\u00a0", "\\u0020",
        "\\t", "\t", "\x1f", "\\ud83d\\u0041", "e\u0301", "\U0001f600", "\ufffe",
    ]),
    (r'": ?-?\d+', ["e5", "E+2", ".0", ".50", "e-2", "0" * 19, "."]),
    (r'": ?(?=\d)', ["-", "-0.", "0", "+", "0x"]),
    (r'[,{}\[\]:]', [
        " ", "\t\r ", "\x0b", "\x0c", "\u00a0", "\ufeff", "/**/", "\u2003", " " * 100,
        "\x00",
    ]),
    (r'(?=\}$)', [", ", "," + " " * 100, ",\t", " ", "\r", "//"]),
    (r'^', ["\ufeff", " ", "\x00", "[", "\u00a0", "\x1e"]),
    (r'$', ["\ufeff", " ", "\x00", "]", "{}", "\u00a0", "\x0c", " //", "\x1e"]),
]  # fmt: skip
