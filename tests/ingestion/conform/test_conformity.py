"""What is said of a dump is what landing would do with it, and what its lines say."""

from __future__ import annotations

import csv
import gzip
import json

import pytest

from ingestion.conform.verdicts import FAULTS_KEPT
from ingestion.errors import LandingError
from tests.ingestion.conform.conftest import JUDGED_AT


def event(answer, name):
    return next(each for each in answer.events if each.event_name == name)


def field(answer, event_name, name):
    fields = event(answer, event_name).fields
    return next(each for each in fields if each.field == name)


def table(answer, name):
    return next(each for each in answer.tables if each.table.endswith(f".{name}"))


def test_it_counts_what_landing_would(answer_to, write, land, sample_lines):
    broken = ["{", '{"event_name": "parcel_teleported"}', "[1]"]
    path = write("dump.jsonl", [*sample_lines, *broken, sample_lines[0]])
    answer = answer_to(path)
    (account,) = land(path, landed_at=JUDGED_AT).files
    assert answer.lines == account.delivered
    assert answer.rejected == account.rejected
    assert answer.repeats == account.repeats > 1
    assert answer.accepted == account.stored + account.repeats


def test_the_embedded_sample_would_do(answer_to, root):
    sample = root / "data" / "sample"
    answer = answer_to(*(sample / name for name in ("orders", "payments", "returns")))
    # the sample's broken lines, written as such by the simulator, are about 1 in 2,300
    assert answer.verdict.startswith(f"99.9 % of {answer.lines:,} lines keep")
    assert answer.tables_fed == answer.tables_total
    assert {reason.code for reason in answer.reasons} >= {"not_json", "enum_value"}
    assert [each.value for each in answer.time_zones][:2] == ["+05:30", "Z"]
    assert {each.value for each in answer.currencies} >= {"INR", "USD"}
    # in UTC; the shop's own first of March begins at 18:30 of the day before
    assert f"{answer.first_at:%Y-%m-%d} {answer.last_at:%Y-%m-%d}" == (
        "2026-02-28 2026-06-28"
    )


def test_every_example_of_the_contract_keeps_it(answer_to, shared):
    answer = answer_to(shared / "contract" / "examples.jsonl")
    assert answer.verdict.startswith("100 % of 140 lines keep the contract")
    assert answer.events_accepted == answer.events_total == 140
    assert not answer.reasons
    assert not answer.unmapped_keys


def test_every_bad_line_has_its_reason_and_its_place(answer_to, shared):
    contract = shared / "contract"
    answer = answer_to(contract / "bad.jsonl")
    with (contract / "bad_expected.csv").open(encoding="utf-8") as handle:
        expected = {(r["reason_code"], int(r["line"])) for r in csv.DictReader(handle)}
    told = {
        (reason.code, split.example.line_number)
        for reason in answer.reasons
        for split in reason.splits
    }
    assert told == expected
    assert answer.accepted == 0
    assert answer.verdict.startswith("None of 30 lines keeps the contract; 0 of ")


@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
def test_batches_do_not_change_the_answer(
    answer_to, write, sample_lines, batch_rows, delivery
):
    lines = [*sample_lines[::20], json.dumps(delivery(boxSize="L")), "no line", "{"]
    lines += [json.dumps({"event_name": f"foreign {n % 3}"}) for n in range(9)]
    path = write("dump.jsonl", lines)
    whole = answer_to(path)
    assert answer_to(path, batch_rows=batch_rows) == whole
    assert whole.unmapped_events
    assert whole.unmapped_keys


def test_coverage_counts_every_spelling_and_every_line(answer_to_lines, delivery):
    answer = answer_to_lines(
        delivery(),
        delivery(carrier="acme", pincode="560001"),
        delivery(shipment_id=None, postal_code="560001", pincode="560001"),
        json.dumps(delivery()).replace("{", '{"proof_ref": null, '),
    )
    came = event(answer, "shipment_delivered")
    assert (came.seen, came.accepted, came.rejected) == (4, 3, 1)
    assert field(answer, "shipment_delivered", "shipment_id").share == 3 / 4
    assert field(answer, "shipment_delivered", "carrier").lines == 1
    assert field(answer, "shipment_delivered", "proof_ref").lines == 0
    (reason,) = answer.reasons
    assert reason.code == "field_missing"
    assert reason.splits[0].example.line_number == 3
    assert "shipment_id" in reason.splits[0].fix


def test_a_field_sent_under_two_names_counts_once(answer_to_lines, delivery):
    line = delivery(event_name="return_initiated", product_id="A", sku="A")
    answer = answer_to_lines(line, delivery(event_name="return_initiated"))
    assert field(answer, "return_initiated", "sku").lines == 1


def test_order_lateness_and_repeats_are_counted(answer_to, write, delivery):
    def at(hour, **changes):
        return json.dumps(delivery(occurred_at=f"2026-03-01T{hour}:00:00Z", **changes))

    late = "2026-03-02T10:00:01Z"
    first = [at("09"), at("12"), at("10", observed_at=late), at("12"), at("11")]
    second = [at("08", observed_at="2026-03-01T08:00:01Z")]
    folder = write("dump/1.jsonl", first).parent
    write("dump/2.jsonl", second)
    for batch_rows in (1, 100):
        answer = answer_to(folder, batch_rows=batch_rows)
        assert answer.out_of_order == 2
        assert answer.repeats == 1
        assert (answer.observed, answer.late) == (2, 1)


def test_a_table_lacks_what_never_came_and_what_was_turned_away(
    answer_to_lines, delivery
):
    shipped = delivery(event_name="shipment_shipped", order_id="O-1")
    answer = answer_to_lines(delivery(), shipped)
    rates = table(answer, "rto_rates")
    assert not rates.is_fed
    assert [(lack.event_name, lack.is_rejected) for lack in rates.lacks] == [
        ("shipment_shipped", True),
        ("rto_initiated", False),
    ]
    assert table(answer, "events").is_fed
    assert not table(answer, "fct_orders").is_fed


def test_a_table_is_fed_only_with_the_field_it_asks_for(answer_to_lines):
    common = {
        "source": "shop:acme",
        "occurred_at": "2026-03-01T10:00:00Z",
        "order_id": "O-1",
        "currency": "INR",
    }
    item = {"order_line_id": "1", "sku": "A", "quantity": 1, "unit_price_minor": 1}
    placed = common | {
        "event_name": "order_placed",
        "total_minor": 1,
        "lines": [item],
        "payment_mode": "prepaid",
    }
    captured = common | {
        "event_name": "payment_captured",
        "payment_id": "P",
        "capture_id": "C",
        "amount_minor": 1,
        "is_partial": False,
    }
    without = table(answer_to_lines(placed, captured), "cohort_retention")
    assert [(lack.event_name, lack.field) for lack in without.lacks] == [
        ("order_placed", "customer_id")
    ]
    known = answer_to_lines(placed | {"customer_id": "K"}, captured)
    assert table(known, "cohort_retention").is_fed
    assert field(known, "order_placed", "customer_id").wanted_by
    assert "payment_captured.gateway" in table(known, "fct_payments").finer_with


def test_foreign_columns_are_named_with_what_they_mean(answer_to, tmp_path):
    path = tmp_path / "scans.csv"
    path.write_text(
        "eventName,Order ID,event_name,acme_shipmentId,source,occurred_at,"
        "Customer Email,note\n"
        "x,O-1,Delivered,S-1,courier:acme,2026-03-01T10:00:00Z,asha@example.com,\n"
        "x,O-2,order/created,S-2,courier:acme,2026-03-01T10:00:00Z,asha@example.com,\n"
    )
    answer = answer_to(path)
    keys = {each.name: each for each in answer.unmapped_keys}
    assert keys["Order ID"].mapping == (
        "- {from: Order ID, to: order_id, transform: copy, "
        "events: [shipment_delivered], on_conflict: reject}"
    )
    assert keys["acme_shipmentId"].nearest == "shipment_id"
    assert keys["eventName"].nearest == "event_name"
    assert keys["eventName"].mapping is None
    assert keys["Customer Email"].is_personal
    (foreign,) = answer.unmapped_events
    assert (foreign.name, foreign.nearest) == ("order/created", "order_placed")
    assert foreign.mapping == "order/created: order_placed"


def test_a_mapping_it_proposes_maps(answer_to_lines, delivery, monkeypatch):
    import yaml

    from ingestion.conform import conformity
    from ingestion.contract.catalogue import CATALOGUE_FILE, catalogue_of

    line = delivery(event_name="ShipmentDelivered", shipment_id=None, shipmentId="S")
    before = answer_to_lines(line)
    assert before.accepted == 0
    tree = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))
    (name,) = before.unmapped_events
    tree["aliases"]["event_names"] |= yaml.safe_load(name.mapping)
    (key,) = before.unmapped_keys
    tree["aliases"]["fields"] += yaml.safe_load(key.mapping)
    monkeypatch.setattr(conformity, "load_catalogue", lambda: catalogue_of(tree))
    after = answer_to_lines(line)
    assert after.accepted == 1
    assert not after.unmapped_keys


def test_tables_of_another_shop_get_help(answer_to, tmp_path):
    path = tmp_path / "olist_orders_dataset.csv"
    path.write_text(
        "order_id,customer_id,order_status,order_purchase_timestamp\n"
        'e481,9ef4,delivered,"2017-10-02 10:56:33"\n'
        'e482,9ef5,canceled,"2017-10-03 10:56:33"\n'
    )
    answer = answer_to(path)
    assert answer.verdict.startswith("None of 2 lines keeps the contract; 0 of ")
    (reason,) = answer.reasons
    assert (reason.code, reason.share) == ("event_name_missing", 1)
    assert {each.nearest for each in answer.unmapped_keys} == {"occurred_at"}
    assert all(not each.is_fed for each in answer.tables)
    # nothing, not even what a mapping would feed, is claimed to be there
    assert answer.first_at is None
    assert answer.out_of_order_share is None


def test_an_empty_file_is_an_answer_too(answer_to, tmp_path):
    path = tmp_path / "none.jsonl"
    path.touch()
    answer = answer_to(path)
    assert answer.verdict.startswith("There is no line to judge; 0 of ")
    assert answer.repeat_share is None


def test_a_broken_file_is_judged_as_far_as_it_goes(answer_to, tmp_path, delivery):
    lines = [json.dumps(delivery(shipment_id=f"S-{n}")) for n in range(5000)]
    path = tmp_path / "scans.jsonl.gz"
    whole = gzip.compress("\n".join(lines).encode())
    path.write_bytes(whole[: len(whole) // 2])
    sound = tmp_path / "sound.jsonl"
    sound.write_text(lines[0] + "\n")
    answer = answer_to(path, sound)
    assert "broken after" in answer.files[0].fault
    assert answer.files[1].fault is None
    assert answer.files[1].lines == 1


def test_lines_that_are_no_text_are_counted_and_not_shown(
    answer_to, tmp_path, delivery
):
    path = tmp_path / "dump.jsonl"
    sound = json.dumps(delivery()).encode()
    path.write_bytes(b"\n".join([sound, b'{"source": "\xff"}', sound + b"\0", sound]))
    answer = answer_to(path)
    assert (answer.lines, answer.accepted) == (4, 2)
    (reason,) = answer.reasons
    assert (reason.code, reason.lines) == ("text_invalid", 2)
    assert reason.splits[0].example.shown is None
    assert event(answer, "shipment_delivered").fields[0].lines == 2


def test_history_is_judged_as_a_backfill(answer_to_lines, delivery):
    """There, a fact cannot lie ahead of its own report."""
    line = delivery(observed_at="2026-03-01T09:00:00+05:30")
    (reason,) = answer_to_lines(line).reasons
    assert reason.code == "timestamp_in_future"


def test_a_default_source_fills_in(answer_to_lines, delivery):
    assert answer_to_lines(delivery(source=None)).accepted == 0
    assert answer_to_lines(delivery(source=None), default_source="x:y").accepted == 1


def test_a_path_that_cannot_be_read_says_so(answer_to, tmp_path):
    with pytest.raises(LandingError, match="no such file"):
        answer_to(tmp_path / "nothing.jsonl")


def test_nothing_is_changed(answer_to_lines, delivery, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    answer_to_lines(delivery())
    assert {path.name for path in tmp_path.iterdir()} == {"scratch", "dump.jsonl"}
    assert list(scratch.iterdir()) == []


def test_lines_count_even_where_names_are_too_many_to_list(answer_to, write):
    lines = [json.dumps({"event_name": f"name {n:05}"}) for n in range(3000)]
    lines += [
        json.dumps({"event_name": "shipment_delivered", f"k{n}": {"a": n}})
        for n in range(3000)
    ]
    answer = answer_to(write("dump.jsonl", lines))
    assert answer.rejected == answer.lines == 6000
    for reason in answer.reasons:
        assert sum(split.lines for split in reason.splits) == reason.lines
    assert sum(reason.lines for reason in answer.reasons) == 6000
    assert max(len(reason.splits) for reason in answer.reasons) <= FAULTS_KEPT
    # so many names are values: none is shown as it is
    assert all(each.nearest is None for each in answer.unmapped_events)
    assert not any("name 0" in each.name for each in answer.unmapped_events)
