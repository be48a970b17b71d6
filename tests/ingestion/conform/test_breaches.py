"""What a dump tells that cannot have happened is named with its place."""

from __future__ import annotations

import json

import pytest

from ingestion.conform import breaches, page

DAY = "2026-03-01"


@pytest.fixture
def line():
    """An event of order O at an hour, with the fields given."""

    def told(event_name, hour, **fields):
        return {
            "event_name": event_name,
            "source": "shop:acme",
            "occurred_at": f"{DAY}T{hour:02d}:00:00Z",
            "order_id": "O",
            "currency": "INR",
            **fields,
        }

    return told


@pytest.fixture
def refund(line):
    def told(event_name, hour, **fields):
        return line(event_name, hour, refund_id="R", amount_minor=5, **fields)

    return told


@pytest.fixture
def initiated(refund):
    return refund(
        "refund_initiated",
        9,
        is_partial=True,
        refund_cause="goodwill",
        refund_destination="original_method",
    )


@pytest.fixture
def completed(refund):
    return refund("refund_completed", 10, is_partial=True)


def said(answer):
    return {
        (each.machine, each.event_name, each.from_state, each.reason): each.lines
        for each in answer.breaches
    }


@pytest.fixture
def kept(answer_to_lines):
    """Ask about lines that all keep the contract."""

    def asked(*lines, **options):
        answer = answer_to_lines(*lines, **options)
        assert answer.accepted == answer.lines, answer.reasons
        return answer

    return asked


WITHOUT = ("refund", "refund_completed", "new", "refund_without_request")


def test_a_known_breach_has_its_name_and_its_place(kept, completed, delivery):
    answer = kept(delivery(), completed, {**completed, "refund_id": "S"})
    (breach,) = [each for each in answer.breaches if each.machine == "refund"]
    assert (breach.reason, breach.lines) == ("refund_without_request", 2)
    assert (breach.file, breach.line_number) == ("dump.jsonl", 2)
    assert breach.entity == "R"
    text = page.page_of(answer)
    assert "Stories that do not add up" in text
    assert "refund without request" in text


def test_a_story_in_order_breaks_nothing_however_its_lines_lie(
    kept, initiated, completed
):
    for lines in ([initiated, completed], [completed, initiated]):
        answer = kept(*lines)
        assert WITHOUT not in said(answer)
        assert not [each for each in answer.breaches if each.machine == "refund"]


def test_an_event_told_twice_or_taken_back_is_told_once_or_never(
    kept, initiated, completed, line
):
    again = {**completed, "delivery_id": "d-2", "observed_at": f"{DAY}T12:00:00Z"}
    assert WITHOUT not in said(kept(initiated, completed, again))
    named = {**completed, "event_id": "e-1"}
    back = line(
        "event_retracted", 13, target_event_id="e-1", retraction_cause="source_deleted"
    )
    assert said(kept(named))[WITHOUT] == 1
    assert WITHOUT not in said(kept(named, back))


def test_a_test_order_takes_what_hangs_on_it_out(kept, completed):
    flagged = {**completed, "is_test": True}
    assert WITHOUT not in said(kept(flagged))
    parcel = {
        "event_name": "shipment_delivered",
        "source": "courier:acme",
        "occurred_at": f"{DAY}T10:00:00Z",
        "shipment_id": "S",
    }
    label = {**parcel, "event_name": "rto_acknowledged", "is_test": True}
    label |= {"occurred_at": f"{DAY}T11:00:00Z"}
    assert said(kept(parcel)) != {}
    assert said(kept(parcel, label)) == {}


@pytest.mark.parametrize("walked_rows", [1, 2, 100])
@pytest.mark.parametrize("batch_rows", [1, 100])
def test_parts_and_batches_do_not_change_the_answer(
    kept, initiated, completed, monkeypatch, walked_rows, batch_rows
):
    lines = [{**completed, "refund_id": f"R{n}"} for n in range(5)]
    lines += [{**initiated, "refund_id": "R3"}]
    monkeypatch.setattr(breaches, "WALKED_ROWS", walked_rows)
    assert said(kept(*lines, batch_rows=batch_rows))[WITHOUT] == 4


def test_a_cancelled_order_moves_its_lines_and_breaks_none(kept, line):
    item = {"sku": "A", "quantity": 1, "unit_price_minor": 5}
    placed = line(
        "order_placed",
        8,
        total_minor=10,
        payment_mode="prepaid",
        lines=[{**item, "order_line_id": "1"}, {**item, "order_line_id": "2"}],
    )
    stock = {"order_line_id": "1", "sku": "A", "location_id": "W", "quantity": 1}
    held = {"reservation_id": "V", **stock}
    cancelled = line(
        "order_cancelled",
        11,
        reason_code="customer_request",
        cancellation_stage="placed",
    )
    released = line(
        "inventory_reservation_released", 12, release_cause="cancelled", **held
    )
    reserved = line("inventory_reserved", 9, **held)
    late = line("inventory_reserved", 13, **{**held, "reservation_id": "W"})
    story = [placed, reserved, cancelled, released]
    assert said(kept(*story)) == {}
    assert said(kept(*story, late)) == {
        (
            "reservation",
            "inventory_reserved",
            "cancelled",
            "inventory_reserved cannot follow cancelled",
        ): 1
    }


def test_a_name_that_may_be_a_persons_is_reduced_to_its_form(kept, completed):
    (breach,) = kept({**completed, "refund_id": "asha@example.com"}).breaches
    assert breach.entity == "aaaa@aaaaaaa.aaa"
    assert "asha" not in json.dumps(breach.__dict__)


def test_the_sample_breaks_stories_as_in_the_warehouse(answer_to, root):
    sample = root / "data" / "sample"
    answer = answer_to(*(sample / name for name in ("orders", "payments", "returns")))
    found = {each.reason for each in answer.breaches}
    assert {"false_delivery", "attempt_without_vehicle_scan"} <= found
    assert sum(each.lines for each in answer.breaches) < answer.accepted / 500
