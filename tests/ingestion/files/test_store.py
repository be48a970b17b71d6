"""The same from a store that speaks S3: a local server, by the protocol itself."""

from __future__ import annotations

import errno
import gzip
import hashlib
from datetime import UTC, datetime

import pytest

from ingestion.errors import LandingError
from ingestion.files import find_files, read_lines
from ingestion.landing import land_files
from ingestion.shop import Shop
from tests.ingestion.files.conftest import PACKED

SECRET = "a-secret-nobody-may-see"


@pytest.fixture(scope="module")
def server():
    """A server on a free port of loopback."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(server, environment, monkeypatch):
    """Put objects into a bucket of their own."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server)
    client = boto3.client("s3")
    client.create_bucket(Bucket="shop-events")

    def put(objects):
        for key, body in objects.items():
            client.put_object(Bucket="shop-events", Key=key, Body=body)

    yield put
    listed = client.list_objects_v2(Bucket="shop-events").get("Contents", [])
    for entry in listed:
        client.delete_object(Bucket="shop-events", Key=entry["Key"])
    client.delete_bucket(Bucket="shop-events")


LINE = b'{"a":1}\n'
OBJECTS = {
    "in/2026/a.jsonl": LINE,
    "in/2026/b.jsonl.zst": PACKED[".zst"](LINE * 2),
    "in/2027/c.jsonl.gz": gzip.compress(LINE * 3),
    "in/notes.txt": b"no events",
    "in/settings.json": b"{}",
    "in/folder/": b"",
    "inside/d.jsonl": LINE,
    "odd/a[b].jsonl": LINE,
}


def names(files):
    return [file.landed_file.removeprefix("shop-events/") for file in files]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("in", ["in/2026/a.jsonl", "in/2026/b.jsonl.zst", "in/2027/c.jsonl.gz"]),
        ("in/", ["in/2026/a.jsonl", "in/2026/b.jsonl.zst", "in/2027/c.jsonl.gz"]),
        ("in/2026/a.jsonl", ["in/2026/a.jsonl"]),
        ("in/*/*.jsonl*", [key for key in OBJECTS if key.startswith("in/")]),
        ("**/*.jsonl", ["in/2026/a.jsonl", "inside/d.jsonl", "odd/a[b].jsonl"]),
        ("in/settings.json", ["in/settings.json"]),
        ("odd/a[b].jsonl", ["odd/a[b].jsonl"]),
        (
            "",
            [
                "in/2026/a.jsonl",
                "in/2026/b.jsonl.zst",
                "in/2027/c.jsonl.gz",
                "inside/d.jsonl",
                "odd/a[b].jsonl",
            ],
        ),
    ],
)
def test_objects_prefixes_and_patterns_are_found(bucket, given, found):
    bucket(OBJECTS)
    expected = sorted(key for key in found if ".jsonl" in key or given == key)
    assert names(find_files([f"s3://shop-events/{given}"])) == expected


def test_an_object_reads_as_the_file_it_is(bucket, tmp_path, catalogue):
    parquet = tmp_path / "t.parquet"
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"order_id": ["1", "2"]}), parquet)
    bucket(
        {**OBJECTS, "in/t.parquet": parquet.read_bytes(), "in/t.csv": b"order_id\n7\n"}
    )
    files = find_files(["s3://shop-events/in"], scratch=tmp_path)
    read = {
        file.landed_file: sum(
            len(lines.texts) for lines in read_lines(file, catalogue, limit=10)
        )
        for file in files
    }
    assert read == {
        "shop-events/in/2026/a.jsonl": 1,
        "shop-events/in/2026/b.jsonl.zst": 2,
        "shop-events/in/2027/c.jsonl.gz": 3,
        "shop-events/in/t.csv": 1,
        "shop-events/in/t.parquet": 2,
    }
    assert files[0].content_hash == hashlib.sha256(LINE).hexdigest()
    assert files[0].size_bytes == len(LINE)
    assert SECRET not in repr(files)


def test_copies_go_when_their_files_do(bucket, tmp_path):
    bucket(OBJECTS)
    files = find_files(["s3://shop-events/in"], scratch=tmp_path)
    assert len(list(tmp_path.glob("postorder-*/*"))) == 3
    kept = files.pop()
    del files
    assert kept.path.exists()
    del kept
    assert not list(tmp_path.iterdir())


def test_a_new_object_is_seen_by_the_next_search(bucket):
    bucket({"in/a.jsonl": LINE})
    assert len(find_files(["s3://shop-events/in"])) == 1
    bucket({"in/b.jsonl": LINE})
    assert len(find_files(["s3://shop-events/in"])) == 2


def test_a_key_that_climbs_is_refused_and_stops_nothing(bucket, tmp_path):
    bucket({"in/a.jsonl": LINE, "in/../../../up.jsonl": LINE})
    files = find_files(["s3://shop-events/in"], scratch=tmp_path)
    assert {file.landed_file: file.refusal for file in files} == {
        "shop-events/in/../../../up.jsonl": "'..' in its key",
        "shop-events/in/a.jsonl": None,
    }
    assert not list(tmp_path.parent.glob("up.jsonl"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("s3://shop-events/nowhere", "no event files there"),
        ("s3://no-such-bucket/in", "the store cannot be read|no event files there"),
        ("s3:///in", "expected s3://bucket/prefix"),
        (f"s3://someone:{SECRET}@shop-events/in", "expected s3://bucket/prefix"),
    ],
)
def test_what_is_not_there_is_an_error_without_a_secret(bucket, given, said):
    with pytest.raises(LandingError, match=said) as raised:
        find_files([given])
    assert SECRET not in str(raised.value)


def test_a_store_that_does_not_answer_is_an_error(environment, monkeypatch):
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(LandingError, match="AWS_ENDPOINT_URL_S3 and the keys"):
        find_files(["s3://shop-events/in"])


def test_without_keys_the_error_names_them(bucket, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(LandingError, match="keys in the environment"):
        find_files(["s3://shop-events/in"])


@pytest.fixture
def failing_copies(monkeypatch):
    s3fs = pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    whole = s3fs.S3FileSystem.get_file

    def fail(error):
        def get_file(self, name, path, **options):
            if name.endswith("a.jsonl"):
                raise error
            return whole(self, name, path, **options)

        monkeypatch.setattr(s3fs.S3FileSystem, "get_file", get_file)

    return fail


def test_an_object_that_cannot_be_had_is_refused_alone(bucket, failing_copies):
    bucket(OBJECTS)
    failing_copies(PermissionError("Forbidden"))
    files = find_files(["s3://shop-events/in"])
    assert [file.refusal for file in files] == [
        "cannot be copied (Forbidden)",
        None,
        None,
    ]


def test_a_full_disk_is_an_error(bucket, failing_copies):
    bucket(OBJECTS)
    failing_copies(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(LandingError, match="the disk is full"):
        find_files(["s3://shop-events/in"])


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(LandingError, match=r"postorder\[s3\]"):
        find_files(["s3://shop-events/in"])


def test_a_prefix_lands_but_for_what_cannot_be_read(bucket, tmp_path):
    scan = (
        '{"event_name":"shipment_delivered","source":"wms:acme",'
        '"occurred_at":"2026-03-05T06:13:52Z","shipment_id":"S%d"}\n'
    )
    lines = [(scan % number).encode() for number in range(6)]
    bucket(
        {
            "in/a.jsonl.gz": gzip.compress(b"".join(lines[:2])),
            "in/b.jsonl.gz": b"no gzip at all",
            "in/../c.jsonl": lines[5],
            "in/d.jsonl.zst": PACKED[".zst"](b"".join(lines[1:4])),
        }
    )
    shop = Shop(tmp_path, hash_key="a test's key")
    now = datetime(2026, 11, 21, tzinfo=UTC)
    landing = land_files(["s3://shop-events/in"], shop=shop, landed_at=now)
    told = {file.landed_file: (file.stored, file.repeats) for file in landing.files}
    assert told == {
        "shop-events/in/../c.jsonl": (0, 0),
        "shop-events/in/a.jsonl.gz": (2, 0),
        "shop-events/in/b.jsonl.gz": (0, 0),
        "shop-events/in/d.jsonl.zst": (2, 1),
    }
    faults = [file.fault for file in landing.files if file.fault]
    assert [fault.partition(": ")[0] for fault in faults] == [
        "shop-events/in/../c.jsonl",
        "shop-events/in/b.jsonl.gz",
    ]
    again = land_files(["s3://shop-events/in"], shop=shop, landed_at=now)
    assert [file.is_known for file in again.files] == [False, True, False, True]
    assert not list((tmp_path / "spool").iterdir())
