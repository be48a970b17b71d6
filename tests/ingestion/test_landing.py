"""Files become rows: each line is accounted for once, whatever road it took."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.contract.catalogue import load_catalogue
from ingestion.landing import LandingError, land_files, raw
from ingestion.shop import Shop
from tests.ingestion.conftest import LANDED_AT

SCAN = {
    "event_name": "shipment_delivered",
    "source": "wms:acme",
    "shipment_id": "S1",
    "occurred_at": "2026-03-05T06:13:52Z",
}


def counts(landing):
    files = landing.files
    return tuple(
        sum(getattr(f, what) for f in files)
        for what in ("delivered", "stored", "repeats", "rejected")
    )


def scans(count, **more):
    return [json.dumps({**SCAN, "shipment_id": f"S{n}", **more}) for n in range(count)]


def test_every_row_has_its_place(write, land, rows_of):
    path = write("day.jsonl", ["", scans(1)[0], "  ", "{broken", scans(2)[1]])
    landing = land(path)
    assert counts(landing) == (3, 2, 0, 1)
    assert rows_of(
        "select landed_file, line_number from raw.order_events order by 2"
    ) == [
        ("day.jsonl", 2),
        ("day.jsonl", 5),
    ]
    assert rows_of(
        "select landed_file, line_number, reason_code, event_name, field "
        "from raw.rejected_events"
    ) == [("day.jsonl", 4, "not_json", None, None)]
    assert rows_of(
        "select landing_seq, delivered, rejected, is_backfill from raw.landings"
    ) == [(1, 3, 1, True)]


def test_what_a_line_leaves_out_is_its_default(write, land, rows_of, shop):
    said, unsaid = scans(2)
    said = json.dumps({**json.loads(said), "actor_type": "carrier"})
    land(write("day.jsonl", [said, unsaid]))
    query = (
        "select actor_type, is_test, event_version from raw.order_events "
        "order by line_number"
    )
    assert rows_of(query) == [("carrier", False, 1), ("unknown", False, 1)]
    with raw.opened(shop) as connection:
        catalogue = load_catalogue()
        field = replace(catalogue.fields["actor_type"], default="system")
        fields = {**catalogue.fields, "actor_type": field}
        raw.create_views(connection, replace(catalogue, fields=fields))
    assert rows_of(query) == [("carrier", False, 1), ("system", False, 1)]


def test_a_file_landed_twice_changes_nothing(write, land, rows_of):
    path = write("a.jsonl", scans(3))
    first, again = land(path), land(path)
    assert (first.landing_seq, again.landing_seq) == (1, 1)
    assert again.files[0].is_known
    assert again.last_ingested_at == first.last_ingested_at
    assert rows_of("select count(*) from raw.landings") == [(1,)]


def test_known_lines_under_another_name_are_repeats(write, land, rows_of):
    land(write("a.jsonl", [*scans(3), "{broken"]))
    landing = land(write("b.jsonl", [*scans(4), "{broken", *scans(1)]))
    assert counts(landing) == (6, 1, 5, 0)
    assert rows_of(
        "select landed_file, delivered, rejected from raw.landings order by landing_seq"
    ) == [("a.jsonl", 4, 1), ("b.jsonl", 6, 0)]


def test_a_copy_that_differs_in_anything_is_stored(write, land, rows_of):
    lines = [*scans(1), *scans(1, observed_at="2026-03-05T07:00:00Z")]
    assert counts(land(write("a.jsonl", lines))) == (2, 2, 0, 0)
    assert rows_of("select count(distinct fact_key) from raw.order_events") == [(1,)]


def test_a_line_too_early_once_is_accepted_later(write, land):
    line = json.dumps(
        {**SCAN, "occurred_at": (LANDED_AT + timedelta(days=1)).isoformat()}
    )
    early = land(write("a.jsonl", [line]), backfill=False)
    late = land(
        write("b.jsonl", [line]),
        backfill=False,
        landed_at=LANDED_AT + timedelta(days=2),
    )
    assert (counts(early), counts(late)) == ((1, 0, 0, 1), (1, 1, 0, 0))


def test_gzip_folders_and_names(tmp_path, write, land, rows_of):
    write("in/deep/a.jsonl", scans(1))
    with gzip.open(tmp_path / "in" / "b.jsonl.gz", "wt") as handle:
        handle.write("\n".join(scans(3)[1:]))
    (tmp_path / "in" / "notes.txt").write_text("not events")
    landing = land(tmp_path / "in")
    assert [f.landed_file for f in landing.files] == [
        "in/b.jsonl.gz",
        "in/deep/a.jsonl",
    ]
    assert counts(landing) == (3, 3, 0, 0)


def test_a_broken_file_lands_as_far_as_it_goes_and_stops_no_other(
    tmp_path, write, land
):
    whole = gzip.compress("\n".join(scans(3)).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[:-9])
    landing = land(tmp_path / "a.jsonl.gz", write("b.jsonl", scans(5)))
    assert "a.jsonl.gz: broken after" in landing.files[0].fault
    assert landing.files[1].fault is None
    assert counts(landing)[1] == 5


def test_bytes_that_are_no_text_are_refused_alone(tmp_path, land, rows_of):
    path = tmp_path / "a.jsonl"
    path.write_bytes(scans(1)[0].encode() + b'\n{"event_name": "\xff\xfe"}\n')
    assert counts(land(path)) == (2, 1, 0, 1)
    assert rows_of("select reason_code from raw.rejected_events") == [("text_invalid",)]


TABLE = [
    {**SCAN, "attempt_no": 1, "is_partial": False, "cost_minor": 5, "currency": "INR"},
    {**SCAN, "shipment_id": "S2", "weight_grams": 1.5, "x_shelf": "b7"},
    {
        **SCAN,
        "shipment_id": "S3",
        "lines": [{"order_line_id": "L1", "sku": "A", "quantity": 2}],
    },
    {**SCAN, "shipment_id": "S4", "attempt_no": "first"},
]


@pytest.fixture
def as_files(tmp_path):
    """The same events as JSON lines, CSV and Parquet."""
    keys = list(dict.fromkeys(key for row in TABLE for key in row))
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(r) + "\n" for r in TABLE))
    with (tmp_path / "t.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(keys)
        for row in TABLE:
            writer.writerow(
                json.dumps(value) if isinstance(value, list | bool) else value
                for value in (row.get(key, "") for key in keys)
            )
    rows = [{key: row.get(key) for key in keys} for row in TABLE[:3]]
    for row in rows:
        row["lines"] = json.dumps(row["lines"]) if row["lines"] else None
        row["occurred_at"] = datetime(2026, 3, 5, 6, 13, 52, tzinfo=UTC)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    return tmp_path


@pytest.mark.parametrize(("kind", "rejected"), [("csv", 1), ("parquet", 0)])
def test_tables_land_as_their_json_lines_do(
    as_files, kind, rejected, tmp_path, rows_of
):
    said = (
        "select * exclude (landing_id, landed_file, line_number, content_hash) "
        "from raw.order_events order by shipment_id"
    )
    found = {}
    for suffix in ("jsonl", kind):
        shop = Shop(tmp_path / suffix, hash_key="k")
        landing = land_files(
            [as_files / f"t.{suffix}"], shop=shop, landed_at=LANDED_AT, backfill=True
        )
        found[suffix] = rows_of(said, shop.working)
    assert len(found["jsonl"]) == 3
    assert found[kind] == found["jsonl"]
    assert counts(landing)[3] == rejected


def test_a_csv_row_keeps_its_physical_line(tmp_path, land, rows_of):
    path = tmp_path / "t.csv"
    path.write_text(
        "event_name,source,shipment_id,occurred_at,note\n\n"
        'shipment_delivered,wms:acme,S1,2026-03-05T06:13:52Z,"two\nlines"\n'
        "shipment_delivered,wms:acme,S2,2026-03-05T06:13:52Z,,one too many\n"
    )
    assert counts(land(path)) == (2, 1, 0, 1)
    assert rows_of("select line_number from raw.order_events") == [(4,)]
    assert rows_of("select line_number, reason_code from raw.rejected_events") == [
        (5, "not_json")
    ]


def test_a_default_source_serves_lines_without_one(write, land, rows_of):
    line = json.dumps({k: v for k, v in SCAN.items() if k != "source"})
    path = write("a.jsonl", [line, *scans(1)])
    assert counts(land(path, default_source="erp:acme")) == (2, 2, 0, 0)
    assert rows_of("select source from raw.order_events order by 1") == [
        ("erp:acme",),
        ("wms:acme",),
    ]


PEOPLE = {
    "email": "ann.private@example.org",
    "phone": "+91 98765 43210",
    "street_address": "12 Residency Road",
    "customer_name": "Ann Private",
    "ip_address": "203.0.113.77",
    "Email": "ann.shouting@example.org",
}


def test_personal_data_stands_nowhere_in_the_working_file(write, land, rows_of, shop):
    item = {"order_line_id": "L1", "sku": "A", "quantity": 1, "email": PEOPLE["email"]}
    secrets = [*PEOPLE.values(), "4111111111111111", "call Ann at home"]
    note = {"scan_text": secrets[-1]}
    lines = [
        json.dumps({**SCAN, **PEOPLE, "lines": [item]}),
        json.dumps({**SCAN, **PEOPLE, "card_number": secrets[-2]}),
        json.dumps({**SCAN, **PEOPLE, **note, "attempt_no": 0}),
        json.dumps({**SCAN, "customer": {"contact": PEOPLE["email"]}}),
        json.dumps({**SCAN, "attempt_no": 0, "lines": [item]}),
        json.dumps({"event_name": "unheard_of", **PEOPLE}),
        json.dumps({**SCAN, **PEOPLE})[:-1],
        json.dumps([PEOPLE]),
    ]
    assert counts(land(write("a.jsonl", lines))) == (8, 1, 0, 7)
    stored = rows_of(
        "select email_hash, phone_hash, address_hash from raw.order_events"
    )
    assert all(len(value) == 64 for value in stored[0])
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute("checkpoint").fetchall()
        everything = " ".join(
            str(connection.sql(f'from "{schema}"."{table}"').fetchall())
            for schema, table in connection.sql(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
        )
    content = shop.working.read_bytes()
    for secret in secrets:
        assert secret not in everything
        assert secret.encode() not in content
    quarantine = shop.folder / "quarantine"
    assert [path.stat().st_mode & 0o077 for path in quarantine.iterdir()] == [0]
    for path in shop.folder.rglob("*"):
        if not path.is_file() or path.parent == quarantine:
            continue
        assert not any(secret.encode() in path.read_bytes() for secret in secrets), path


def test_what_content_hash_knows_of_a_person_needs_the_key(write, tmp_path, rows_of):
    """A plain hash would let anyone confirm a guess at an identifier."""
    path = write("a.jsonl", [json.dumps({**SCAN, "email": "ann@example.org"})])
    hashes = set()
    for key in ("one key", "another"):
        shop = Shop(tmp_path / key, hash_key=key)
        land_files([path], shop=shop, landed_at=LANDED_AT)
        hashes |= set(
            rows_of("select content_hash from raw.order_events", shop.working)
        )
    assert len(hashes) == 2


def test_no_hash_key_no_landing(tmp_path, write):
    with pytest.raises(LandingError, match="POSTORDER_HASH_KEY is not set"):
        land_files(
            [write("a.jsonl", scans(1))], shop=Shop(tmp_path), landed_at=LANDED_AT
        )


def test_another_hash_key_is_refused_and_names_the_way_out(write, land, shop):
    land(write("a.jsonl", scans(1)))
    other = Shop(shop.folder, hash_key="another key")
    with pytest.raises(LandingError, match="To rotate it, land all files again"):
        land_files([write("b.jsonl", scans(1))], shop=other, landed_at=LANDED_AT)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.jsonl", "no such file or folder"),
        ("notes.txt", "convert it to one of .jsonl"),
        ("empty", "no event files in this folder"),
    ],
)
def test_a_path_that_cannot_land_says_why(tmp_path, land, name, message):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(LandingError, match=message):
        land(tmp_path / name)


def test_backfill_stamps_the_load_with_its_last_report(write, land, rows_of):
    lines = scans(2, observed_at="2026-03-06T00:00:00Z")
    landing = land(write("a.jsonl", lines))
    known_at = datetime(2026, 3, 6, tzinfo=UTC)
    assert landing.last_ingested_at == known_at
    assert rows_of("select landed_at from raw.landings") == [(known_at,)]


def test_the_clock_stamps_what_is_not_history(write, land, rows_of):
    assert (
        land(write("a.jsonl", scans(1)), backfill=False).last_ingested_at == LANDED_AT
    )
    assert rows_of(
        "select distinct ingested_at, first_landed_at from raw.order_events"
    ) == [(LANDED_AT, LANDED_AT)]


def test_a_file_of_which_nothing_can_be_read_is_told_each_time(
    tmp_path, write, land, rows_of
):
    (tmp_path / "a.jsonl.gz").write_bytes(b"no gzip at all")
    alone = land(tmp_path / "a.jsonl.gz")
    again = land(tmp_path / "a.jsonl.gz", write("b.jsonl", scans(2)))
    for landing in (alone, again):
        assert "a.jsonl.gz: broken after 0 lines" in landing.files[0].fault
    assert (alone.landing_seq, again.landing_seq) == (0, 1)
    assert rows_of("select landed_file from raw.landings") == [("b.jsonl",)]
