"""The page and the file: whole, offline, in order, and without a person's data."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import jsonschema
import pytest

from ingestion.conform import page, report
from ingestion.conform.masking import form_of, shown_line, shown_name
from ingestion.conform.report import percent, verdict_of
from ingestion.contract.catalogue import load_catalogue

PERSONAL = {
    "email": "asha.rao@example.com",
    "customer_name": "Asha Rao",
    "phone": "+91 98200 11223",
    "contact": "Asha Rao, 98200 11223",
    "Recipient": "Asha Rao",
    "order_id": "asha.rao@example.com",
    "carrier": "asha.rao@example.com",
    "old_value": "12 Hill Road",
    "street_address": "12 Hill Road",
    "delivered_to": "9820011223",
    "customer": {"name": "Asha Rao"},
    "asha.rao@example.com": {"a": 1},
    "lines": [{"order_line_id": "1", "sku": "A", "quantity": 1, "gift_to": "Asha Rao"}],
}


class Outline(HTMLParser):
    """Collects open elements, links and the text of the first heading."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.heading = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.links += [v for n, v in attrs if n in ("src", "href", "action", "data")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h1":
            self.heading += data


@pytest.fixture
def hostile(answer_to_lines, delivery):
    """An answer about lines full of personal data and of markup."""
    return answer_to_lines(
        delivery(),
        delivery(**PERSONAL, attempt_no=0),
        PERSONAL,
        delivery(**PERSONAL, event_name="asha.rao@example.com"),
        delivery(**PERSONAL, event_name="Delivered <b>now</b>"),
        delivery(occurred_at="<script>alert(1)</script>", source="asha@example.com"),
        delivery(**{"<script>": 1}, currency="Asha"),
        '{"email": "asha.rao@example.com", ',
        json.dumps(["Asha Rao"]),
    )


def test_the_page_is_whole_offline_and_begins_with_the_answer(hostile):
    outline = Outline()
    text = page.page_of(hostile)
    outline.feed(text)
    assert outline.open == []
    assert outline.links == []
    assert not re.search(r"https?:|//\w|url\(|@import", text)
    assert outline.heading == hostile.verdict
    assert "<script" not in text


def test_no_person_is_shown(hostile, tmp_path):
    assert hostile.rejected >= 6
    for path in page.write(hostile, tmp_path):
        text = path.read_text(encoding="utf-8").lower()
        for word in ("asha", "rao", "98200", "11223", "hill road"):
            assert word not in text, (path.name, word)


def test_the_file_is_what_its_schema_documents(hostile, answer_to, root):
    schema = json.loads((root / "ingestion/conform/conform.schema.json").read_text())
    assert schema["properties"]["version"]["const"] == report.VERSION
    for answer in (hostile, answer_to(root / "data" / "sample" / "returns")):
        document = json.loads(answer.to_json())
        jsonschema.validate(document, schema)
        assert list(document) == list(schema["properties"])
        jsonschema.Draft202012Validator.check_schema(schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, "lines": "many"}, schema)


def test_what_to_do_first_maps_before_it_scolds(answer_to_lines, delivery):
    answer = answer_to_lines(
        *[delivery(event_name="shipmentDelivered")] * 3,
        delivery(customerEmail="asha@example.com"),
        delivery(shipment_id=None),
    )
    meaning = load_catalogue().fields["shipment_id"].description.rstrip(".")
    assert page.first_steps(answer) == [
        "Map shipmentDelivered to shipment_delivered (3 lines).",
        f"Send shipment_id ({meaning}) on every shipment_delivered (1 line).",
        "customerEmail: Looks personal and would be stored as sent: send it as email, "
        "which landing hashes or drops.",
    ]


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (99_999, 100_000, "99.9 %"),
        (1, 100_000, "0.1 %"),
        (973, 1000, "97.3 %"),
    ],
)
def test_only_all_is_all(part, whole, written):
    assert percent(part, whole) == written


@pytest.mark.parametrize(
    ("accepted", "lines", "said"),
    [
        (1, 1, "100 % of 1 line keeps the contract; 2 of 3 tables can be fed."),
        (973, 1000, "97.3 % of 1,000 lines keep the contract; 2 of 3 tables can be "),
        (0, 1000, "None of 1,000 lines keeps the contract; 2 of 3 tables can be fed."),
        (0, 0, "There is no line to judge; 2 of 3 tables can be fed."),
    ],
)
def test_the_verdict_is_a_sentence(accepted, lines, said):
    assert verdict_of(accepted, lines, 2, 3).startswith(said)


def test_masking_keeps_forms_and_harmless_values():
    catalogue = load_catalogue()
    line = {
        "event_name": "x",
        "currency": "INR",
        "payment_mode": "prepaid",
        "occurred_at": "01/02/2026 10:00",
        "attempt_no": 2,
    }
    assert json.loads(shown_line(catalogue, json.dumps(line))) == line
    other = {"currency": "Rs", "payment_mode": "Asha", "foo": "Ab-1", "bar": 7}
    assert json.loads(shown_line(catalogue, json.dumps(other))) == {
        "currency": "Aa",
        "payment_mode": "Aaaa",
        "foo": "Aa-9",
        "bar": "9",
    }
    assert shown_line(catalogue, "hmac-sha256 0f, 12 characters") is None
    assert shown_line(catalogue, "[1]") is None
    assert form_of("x" * 100) == "a" * 60 + "…"
    assert shown_name("Order ID") == "Order ID"
    assert shown_name("asha@example.com") == "aaaa@aaaaaaa.aaa"
    assert shown_name("call 9820011223") == "aaaa 9999999999"
