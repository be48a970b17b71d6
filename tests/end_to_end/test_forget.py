"""A forgotten customer stands in no file, and comes back by none.

The search reads every file of the data folder as its bytes, and decodes every column
of every database and Parquet file, every compressed file, and state that is packed in
text. It must find the customer in each kind of file first.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import pickle
import re
import shutil
import zlib
from collections import Counter
from datetime import UTC, date, datetime

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dagster_project import forget as forgetting
from dagster_project import gate
from dagster_project.cli import app
from dagster_project.published import current
from dagster_project.run import land, run
from ingestion.judge.personal import keyed_hash
from ingestion.landing import land_files, replay
from ingestion.shop import Shop
from ingestion.simulator import simulate

KEY = "a test's key"
NOW = datetime(2027, 1, 1, tzinfo=UTC)
EMAIL, PHONE = "Asha.Rao@example.org", "+919812345678"
PACKED = re.compile(rb"[A-Za-z0-9+/]{60,}={0,2}")


def placed(order, **more):
    line = {
        "event_name": "order_placed",
        "source": "shop:acme",
        "occurred_at": "2026-03-10T09:00:00+05:30",
        "order_id": order,
        "currency": "INR",
        "total_minor": 129900,
        "payment_mode": "prepaid",
        "lines": [
            {
                "order_line_id": f"{order}-1",
                "sku": "TEA-ASSAM",
                "quantity": 1,
                "unit_price_minor": 129900,
            }
        ],
    }
    return line | more


def captured(order, payment, **more):
    line = {
        "event_name": "payment_captured",
        "source": "razorpay:acme",
        "occurred_at": "2026-03-10T09:03:00+05:30",
        "order_id": order,
        "payment_id": payment,
        "capture_id": f"cap-{payment}",
        "amount_minor": 129900,
        "currency": "INR",
        "is_partial": False,
    }
    return {k: v for k, v in (line | more).items() if v is not None}


def by_hand(customer):
    """What no simulated customer does, as lines of one file."""
    contact = {"email": EMAIL, "phone": PHONE}
    settled = captured(
        None,
        "pay_GUEST7",
        event_name="payment_settled",
        settlement_id="st-1",
        settlement_basis="gateway_available",
        gross_minor=129900,
        fee_minor=0,
        net_minor=129900,
        gateway="razorpay",
        occurred_at="2026-03-12T09:00:00+05:30",
        capture_id=None,
        amount_minor=None,
        is_partial=None,
    )
    return [
        placed("HAND-7001", customer_id=customer, **contact),
        placed("GUEST-7002", is_guest=True, email=EMAIL),
        captured("GUEST-7002", "pay_GUEST7"),
        settled,
        # somebody else, of the same household and in their words
        placed(
            "OTHER-7003", customer_id="other-1", phone=PHONE, note=f"for {customer}"
        ),
        placed("BROKEN-7004", customer_id=customer, currency="XXQ"),
        placed("BROKEN-7005", email=EMAIL, currency="XXQ"),
    ]


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def lines_of(folder):
    for path in folder.rglob("*.jsonl.gz"):
        for text in gzip.decompress(path.read_bytes()).decode().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


def customer_of(events):
    """Choose the customer of whose order most is told, and how to name them."""
    lines = list(lines_of(events))
    told = Counter(re.findall(r"AU1\d{5}", json.dumps(lines)))
    owners = {
        line["order_id"]: line["customer_id"]
        for line in lines
        if line.get("event_name") == "order_placed" and line.get("customer_id")
    }
    order = max(owners, key=lambda order: told[order])
    customer = owners[order]
    hashes = {
        line["address_hash"]
        for line in lines
        if line.get("order_id") == order and "address_hash" in line
    }
    return customer, {
        customer,
        order,
        *hashes,
        "HAND-7001",
        "GUEST-7002",
        "pay_GUEST7",
        "BROKEN-7004",
        EMAIL,
        keyed_hash("email", EMAIL, key=KEY),
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A small shop's event files, kept by its user."""
    folder = tmp_path_factory.mktemp("told")
    simulate(
        orders=60,
        days=20,
        seed=5,
        start=date(2026, 3, 1),
        out=folder,
    )
    return folder


@pytest.fixture(scope="module")
def subject(told):
    customer, _ = customer_of(told)
    write(told / "by_hand.jsonl", [*by_hand(customer), f"no JSON, of {customer}"])
    return customer


@pytest.fixture(scope="module")
def names(told, subject):
    return customer_of(told)[1]


@pytest.fixture(scope="module")
def shop(told, subject, names, tmp_path_factory):
    """A shop that was run, and what tools left behind in it."""
    shop = Shop(tmp_path_factory.mktemp("shop"), timezone="Asia/Kolkata", hash_key=KEY)
    report = run(shop, [told], backfill=True, now=NOW)
    order = next(name for name in names if name.startswith("AU1"))
    leave_behind(shop, report, subject, order)
    return shop


def leave_behind(shop, report, customer, order):
    """What a failed test, a failed expectation and a failed run leave in a folder."""
    export = (
        "insert into control.audience_members by name select 'x-1' as export_id, "
        "unnest($members) as customer_id, 'd' as thing_id"
    )
    with duckdb.connect(str(shop.working)) as connection:
        connection.execute(export, {"members": [customer, "other-1"]})
    past = shop.published / "as_of" / report.version.name
    shutil.copytree(report.version.path.parent, past)
    with (shop.folder / "dbt" / "logs" / "dbt.log").open("a") as log:
        log.write(f"row breaks it: order_id={order}\n")
    failure = gate.Failure("t", "m", "e", "c", "s", "o", ({"order_id": order},))
    gate.record(
        shop.working,
        gate.Verdict(report.build.build.build_id, NOW, NOW, (failure,)),
    )
    records = shop.folder / "dagster" / "history"
    records.mkdir(parents=True)
    (records / "1.err.gz").write_bytes(gzip.compress(f"lost {customer}".encode()))
    (records / "events.db").write_bytes(b"SQLite\0" + order.encode() + b"\0")
    page = shop.folder / "conform" / "conform.html"
    page.parent.mkdir()
    page.write_text(f"<td>{order}</td>")
    package = pickle.dumps({"resume_from": customer})
    (shop.dlt / "orders" / "resume.pickle").write_bytes(package)
    seen = keyed_hash("email", "somebody", key=KEY)
    state = base64.b64encode(zlib.compress(f"{customer} after {seen}".encode()))
    (shop.dlt / "orders" / "state.jsonl").write_bytes(b'{"state": "' + state + b'"}')
    left = shop.folder / "spool" / "rows" / "landed_order.0.parquet"
    left.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(
        shop.published
        / "as_of"
        / report.version.name
        / "parquet"
        / "marts"
        / "fct_orders.parquet",
        left,
    )
    (shop.folder / "scratch").mkdir()
    shutil.copyfile(shop.working, shop.folder / "scratch" / "past.duckdb")


def contents(path):
    """Everything that can be read in a file, as bytes."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".gz":
        content = gzip.decompress(content)
        yield content
    for packed in PACKED.findall(content):
        try:
            yield zlib.decompress(base64.b64decode(packed))
        except (binascii.Error, zlib.error):
            continue
    if path.suffix == ".parquet":
        for row in pq.read_table(path).to_pylist():
            yield repr(row).encode()
    if path.suffix == ".duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path}' as it (read_only)")
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() "
                "where database_name = 'it'"
            ).fetchall()
            for schema, table in tables:
                rows = connection.execute(f'from it."{schema}"."{table}"').fetchall()
                yield from (repr(row).encode() for row in rows)


def found(folder, names):
    """File -> the names that stand in it."""
    wanted = [name.encode() for name in names]
    hits = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            standing = {
                name.decode()
                for content in contents(path)
                for name in wanted
                if name in content
            }
            if standing:
                hits[str(path.relative_to(folder))] = standing
    return hits


def rows(shop, sql):
    with duckdb.connect(str(current(shop.published).path), read_only=True) as opened:
        return opened.execute(sql).fetchall()


def others(shop, names):
    """How many landed lines of others there are, by event."""
    with duckdb.connect(str(shop.working), read_only=True) as opened:
        landed = [
            row
            for view in ("order_events", "payment_events", "return_events")
            for row in opened.sql(f"from raw.{view}").to_arrow_table().to_pylist()
        ]
    return Counter(
        row["event_name"]
        for row in landed
        # one mentions the customer in a note, until that is emptied
        if row["order_id"] == "OTHER-7003"
        or not any(name in repr(row) for name in names)
    )


BOOKS = """
    select landed_file
    from marts.landings
    where delivered <> accepted + duplicates + conflicts + rejected or duplicates < 0
"""

KINDS = {
    "working.duckdb",
    "working.gate.json",
    "published/versions/*/postorder.duckdb",
    "published/versions/*/parquet/marts/fct_orders.parquet",
    "published/versions/*/parquet/marts/rejected_events.parquet",
    "published/as_of/*/postorder.duckdb",
    "published/as_of/*/parquet/marts/events.parquet",
    "quarantine/*.parquet",
    "dlt/orders/load/loaded/*/completed_jobs/landed_order*.parquet",
    "dlt/orders/resume.pickle",
    "dlt/orders/state.jsonl",
    "dbt/logs/dbt.log",
    "dagster/history/1.err.gz",
    "dagster/history/events.db",
    "conform/conform.html",
    "spool/rows/landed_order.0.parquet",
    "scratch/past.duckdb",
}


def test_a_forgotten_customer_is_nowhere_and_stays_away(
    shop, told, subject, names, tmp_path, monkeypatch
):
    # the search finds each name, and each kind of file
    before = found(shop.folder, names)
    assert set().union(*before.values()) == names
    assert not any(EMAIL in before[path] for path in before if "publ" in path)
    for kind in KINDS:
        matching = shop.folder.glob(kind)
        hit = [p for p in matching if str(p.relative_to(shop.folder)) in before]
        assert hit, kind
    orders, kept = (
        rows(shop, "select count(*) from marts.fct_orders"),
        others(shop, names),
    )

    # a forget that dies half way is finished by the next command
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(forgetting, "rewrite_published", die)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(shop, subject, now=NOW)
    assert found(shop.folder, names)
    monkeypatch.setenv("POSTORDER_DATA", str(shop.folder))
    monkeypatch.setenv("POSTORDER_HASH_KEY", KEY)
    monkeypatch.setenv("POSTORDER_TIMEZONE", shop.timezone)
    assert CliRunner().invoke(app, ["status"]).exit_code == 0
    assert found(shop.folder, names) == {}
    assert others(shop, names) == kept
    assert rows(shop, "select count(*) from marts.fct_orders") == [(orders[0][0] - 3,)]
    with duckdb.connect(str(shop.working), read_only=True) as opened:
        exported = opened.sql("select customer_id from control.audience_members")
        assert exported.fetchall() == [("other-1",)]

    # what their files say again is refused, masked, and quarantined nowhere
    again = tmp_path / "again"
    shutil.copytree(told, again)
    for path in again.rglob("*.jsonl.gz"):
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b"\n"))
    text = (again / "by_hand.jsonl").read_text()
    (again / "by_hand.jsonl").write_text(text + "\n")
    land(shop, [again], backfill=True, now=NOW)
    replay(shop=shop, landed_at=NOW)
    assert found(shop.folder, names) == {}
    assert others(shop, names) == kept

    # what they do next is theirs too, in whatever order it comes
    first = write(tmp_path / "1.jsonl", [captured("NEXT-7006", "pay_NEXT6")])
    then = write(tmp_path / "2.jsonl", [placed("NEXT-7006", customer_id=subject)])
    names = names | {"NEXT-7006", "pay_NEXT6"}
    land(shop, [first], backfill=True, now=NOW)
    assert found(shop.folder, names)
    land(shop, [then], backfill=True, now=NOW)
    assert found(shop.folder, names) == {}

    # and the figures are built without them
    run(shop, [told], backfill=True, now=NOW)
    assert found(shop.folder, names) == {}
    assert rows(shop, BOOKS) == []
    assert rows(shop, "select count(*) from marts.fct_orders") == [(orders[0][0] - 3,)]
    assert rows(
        shop, "select order_id from marts.fct_orders where customer_id = 'other-1'"
    ) == [("OTHER-7003",)]


def test_a_warehouse_landed_anew_keeps_them_out(shop, told, names, tmp_path):
    """Runs on the tombstones alone: the same lines, no warehouse."""
    anew = Shop(tmp_path / "anew", timezone=shop.timezone, hash_key=KEY)
    anew.folder.mkdir()
    shutil.copyfile(shop.folder / "tombstones.json", anew.folder / "tombstones.json")
    land_files([told], shop=anew, landed_at=NOW, backfill=True)
    assert found(anew.folder, names) == {}
    assert others(anew, names) == others(shop, names)
