"""A rejected line lands once its fault is mended on our side, and only once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from ingestion.contract.catalogue import load_catalogue
from ingestion.landing import quarantine, replaying
from ingestion.landing.replaying import Replay
from ingestion.privacy.retention import days_kept
from tests.ingestion.conftest import LANDED_AT
from tests.ingestion.test_landing import SCAN, counts, scans

LATER = LANDED_AT + timedelta(days=2)
HOMELESS = json.dumps({**SCAN, "event_name": "parcel_handed_over", "email": "a@b.org"})


@pytest.fixture
def mended(monkeypatch):
    """The catalogue knows the name that lines were rejected for."""
    catalogue = load_catalogue()
    aliases = {**catalogue.event_aliases, "parcel_handed_over": "shipment_delivered"}
    monkeypatch.setattr(
        replaying, "load_catalogue", lambda: replace(catalogue, event_aliases=aliases)
    )


@pytest.fixture
def replayed(shop):
    def run(landed_at=LATER):
        return replaying.replay(shop=shop, landed_at=landed_at)

    return run


def test_a_mended_line_lands_once(write, land, replayed, rows_of, mended):
    lines = [*scans(2), HOMELESS, "{broken"]
    assert counts(land(write("a.jsonl", lines), backfill=False)) == (4, 2, 0, 2)

    assert replayed() == Replay(waiting=2, judged=2, accepted=1, landing_seq=2)
    assert replayed() == Replay(waiting=1, judged=1, accepted=0, landing_seq=2)

    assert rows_of(
        "select landed_file, line_number, ingested_at, first_landed_at, "
        "length(email_hash) from raw.order_events where landing_seq = 2"
    ) == [("a.jsonl", 3, LATER, LANDED_AT, 64)]
    assert rows_of(
        "select line_number, replayed_at from raw.rejected_events order by 1"
    ) == [(3, LATER), (4, None)]
    assert rows_of(
        "select landed_file, landed_at, delivered, rejected from raw.landings "
        "order by landing_seq"
    ) == [("a.jsonl", LANDED_AT, 4, 2), ("a.jsonl", LATER, 1, 0)]


def test_a_replayed_line_sent_again_is_a_repeat(write, land, replayed, mended):
    land(write("a.jsonl", [HOMELESS]))
    replayed()
    assert counts(land(write("b.jsonl", [HOMELESS]))) == (1, 0, 1, 0)


def test_a_line_accepted_when_sent_again_is_replayed_by_that(
    write, land, replayed, rows_of
):
    early = scans(1, occurred_at=(LANDED_AT + timedelta(days=1)).isoformat())
    land(write("a.jsonl", early), backfill=False)
    land(write("b.jsonl", early), backfill=False, landed_at=LATER)
    assert replayed().accepted == 1
    assert rows_of("select count(*) from raw.order_events") == [(1,)]
    assert rows_of("select replayed_at from raw.rejected_events") == [(LATER,)]


def test_lines_keep_the_source_they_were_landed_with(
    write, land, replayed, rows_of, mended
):
    nameless = {key: value for key, value in SCAN.items() if key != "source"}
    line = json.dumps({**nameless, "event_name": "parcel_handed_over"})
    land(write("a.jsonl", [line]), default_source="erp:acme")
    land(write("b.jsonl", [HOMELESS]))
    assert replayed().accepted == 2
    assert rows_of("select source from raw.order_events order by 1") == [
        ("erp:acme",),
        ("wms:acme",),
    ]


def test_nothing_to_replay_is_no_error(replayed, write, land):
    assert replayed() == Replay(0, 0, 0, 0)
    land(write("a.jsonl", scans(1)))
    assert replayed() == Replay(0, 0, 0, 1)


def test_the_quarantine_is_empty_after_its_days(write, land, shop, replayed):
    land(write("a.jsonl", [HOMELESS]))
    kept_until = LANDED_AT + timedelta(days=days_kept("quarantine"))
    land(write("b.jsonl", scans(1)), landed_at=kept_until)
    assert len(quarantine.quarantined(shop)) == 1
    land(write("c.jsonl", scans(2)), landed_at=kept_until + timedelta(days=1))
    assert quarantine.quarantined(shop) == []
    assert replayed() == Replay(waiting=1, judged=0, accepted=0, landing_seq=3)
