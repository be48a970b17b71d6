"""The command line: readable answers, readable errors, a fast start."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from dagster_project import cli, gate, run, telemetry
from dagster_project.gate import Failure, Verdict
from dagster_project.publish import publish
from ingestion.simulator import SCENARIOS
from tests.dagster_project.conftest import AS_OF

COMMANDS = [
    "run",
    "land",
    "conform",
    "build",
    "validate",
    "publish",
    "status",
    "sql",
    "dashboard",
    "dagster",
    "simulate",
    "export",
    "alert",
    "digest",
]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    errors: str


@pytest.fixture
def postorder(shop, monkeypatch, capsys) -> Callable[..., Answer]:
    """Run one command on the shop: ``postorder("sql", "select 1")``."""
    for name in telemetry.OFF:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("POSTORDER_DATA", str(shop.folder))
    monkeypatch.setenv("POSTORDER_HASH_KEY", "a key")

    def invoke(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["postorder", *arguments])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code or 0
        shown = capsys.readouterr()
        return Answer(code, shown.out, shown.err)

    return invoke


@pytest.fixture
def published(shop, build_by_hand):
    build_by_hand(shop)
    return publish(shop)


def test_an_audience_is_exported_by_name(
    shop, build_by_hand, postorder, tmp_path, monkeypatch
):
    """Of 392 customers with consent 40 are held out."""
    build_by_hand(
        shop,
        changes="""
            create table raw.order_events (
                event_name varchar, order_id varchar, customer_id varchar,
                consent_purpose varchar, landing_seq bigint
            )
        """,
    )
    publish(shop)
    monkeypatch.chdir(tmp_path)
    answer = postorder("export", "audience_review_due", "--by", "mira")
    assert (answer.code, answer.errors) == (0, "")
    assert "352 rows written; 40 held out to compare, 0 left out" in answer.out
    assert "for mira, of version" in answer.out
    written = (tmp_path / "audience_review_due.csv").read_text(encoding="utf-8")
    assert len(written.splitlines()) == 1 + 352

    answer = postorder(
        "export",
        "audience_review_due",
        "--format",
        "parquet",
        "--out",
        "lists/asks",
        "--with-holdouts",
    )
    assert "392 rows written; 40 held out" in answer.out
    assert (tmp_path / "lists" / "asks").read_bytes()[:4] == b"PAR1"


def test_help_starts_without_the_tools(root):
    """Seconds of imports stand between a user and `--help` otherwise."""
    answer = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from dagster_project import cli\n"
            "try: cli.app(['--help'])\n"
            "except SystemExit: pass\n"
            "heavy = {'dbt', 'dlt', 'dagster', 'great_expectations', 'duckdb'}\n"
            "assert not heavy & set(sys.modules), heavy & set(sys.modules)",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    for command in COMMANDS:
        assert f" {command} " in answer.stdout


def test_sql_as_a_table(postorder, published):
    answer = postorder("sql", "select count(*) as orders from marts.fct_orders")
    assert answer.code == 0
    assert "orders" in answer.out
    assert "200" in answer.out


def test_sql_as_csv(postorder, published):
    answer = postorder(
        "sql",
        """
        select order_id, placed_at, captured_amount, is_rto, cancelled_at
        from marts.fct_orders
        order by order_id
        limit 1
        """,
        "--format",
        "csv",
    )
    assert list(csv.DictReader(io.StringIO(answer.out))) == [
        {
            "order_id": "o-0",
            "placed_at": "2026-02-01T00:00:00+00:00",
            "captured_amount": "100.0000",
            "is_rto": "false",
            "cancelled_at": "",
        }
    ]


def test_sql_as_json(postorder, published):
    answer = postorder(
        "sql",
        """
        select
            1 as whole, 12.5000::decimal(18, 4) as amount, 'nan'::double as no_number,
            null as nothing, date '2026-02-01' as day, ['a'] as list,
            {'b': 2} as object,
            'ü' as text
        """,
        "--format",
        "json",
    )
    assert json.loads(answer.out) == [
        {
            "whole": 1,
            "amount": 12.5,
            "no_number": None,
            "nothing": None,
            "day": "2026-02-01",
            "list": ["a"],
            "object": {"b": 2},
            "text": "ü",
        }
    ]


def test_sql_never_sees_the_working_file(postorder, published, shop):
    answer = postorder("sql", "select * from control.builds")
    assert answer.code == 1
    answer = postorder("sql", f"attach '{shop.working}' as working")
    assert answer.code == 1
    assert "disabled" in answer.errors


@pytest.mark.parametrize("command", ["sql", "status"])
def test_nothing_published_says_what_to_do(postorder, command):
    answer = postorder(command, *(["select 1"] if command == "sql" else []))
    assert answer.code == 1
    assert "postorder run" in answer.errors
    assert "Traceback" not in answer.errors


def test_a_wrong_query_is_one_paragraph(postorder, published):
    answer = postorder("sql", "select nope from marts.fct_orders")
    assert answer.code == 1
    assert "nope" in answer.errors
    assert "Traceback" not in answer.errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("land",),
        ("conform",),
        ("sql",),
        ("sql", "select 1", "--format", "xml"),
        ("run", "--as-of", "yesterday"),
        ("run", "--source", "olist"),
        ("nonsense",),
    ],
)
def test_wrong_usage_is_told_apart(postorder, arguments):
    answer = postorder(*arguments)
    assert answer.code == 2
    assert "Traceback" not in answer.errors


@pytest.mark.parametrize("command", ["build", "validate", "publish"])
def test_a_step_without_its_forerunner_says_so(postorder, command):
    answer = postorder(command)
    assert answer.code == 1
    assert answer.errors.count("postorder") >= 1
    assert "Traceback" not in answer.errors


def test_status_tells_what_stands(postorder, published):
    answer = postorder("status")
    assert answer.code == 0
    for text in (
        published.name,
        "2026-03-01 12:00:00 UTC",
        "1,120",
        "gateway",
        "field_missing",
        # the tenth is older, and was replayed
        "The oldest that waits: part-1.jsonl line 8, field_missing, 2026-03-01 08:52",
        "The last validation passed",
    ):
        assert text in answer.out


def test_status_tells_the_last_failed_gate(postorder, published, shop):
    failure = Failure(
        table="marts.fct_orders",
        measure="volume",
        expectation="expect_column_values_to_be_between",
        column="orders",
        says="There is at least one order.",
        observed="0",
        rows=({"order_id": "o-[1]"},),
    )
    gate.record(shop.working, Verdict("b", AS_OF, AS_OF, (failure,)))
    answer = postorder("status")
    assert answer.code == 0
    assert "There is at least one order." in answer.out
    assert "order_id=o-[1]" in answer.out


def test_publish_and_validate_by_hand(postorder, shop, build_by_hand):
    build_by_hand(shop, passed=False)
    refused = postorder("publish")
    assert refused.code == 1
    assert "postorder validate" in refused.errors
    assert postorder("validate").code == 0
    answer = postorder("publish")
    assert answer.code == 0
    assert "postorder.duckdb" in answer.out
    assert "parquet" in answer.out


def test_a_failed_gate_ends_in_one(postorder, shop, build_by_hand):
    build_by_hand(shop, changes="delete from marts.fct_orders", passed=False)
    answer = postorder("validate")
    assert answer.code == 1
    assert "There is at least one order." in answer.errors
    assert "Traceback" not in answer.errors


def test_a_failed_build_is_accepted_and_status_says_so(postorder, shop, build_by_hand):
    build_by_hand(shop, changes="delete from marts.fct_orders", passed=False)
    assert postorder("validate").code == 1
    assert postorder("publish", "--accept", "a shop [on leave]").code == 0
    answer = postorder("status")
    assert "had not held: a shop [on leave]" in answer.out
    assert "marts.fct_orders, volume: There is at least one order." in answer.out
    assert "the last published version stays" not in answer.out


def test_warnings_are_told_and_hold_nothing_up(postorder, shop, build_by_hand):
    working = build_by_hand(shop)
    verdict = gate.last_verdict(working)
    failure = Failure(
        "t", "m", "e", "c", "Half a day is usual.", "1.7", owner="platform"
    )
    gate.record(working, replace(verdict, warnings=(failure,)))
    assert postorder("publish").code == 0
    answer = postorder("status")
    assert "The last validation passed" in answer.out
    assert "1 warning:" in answer.out
    assert "Half a day is usual. (e on c, found 1.7; owner platform)" in answer.out


def test_what_was_judged_is_written_as_a_page(postorder, shop, build_by_hand):
    build_by_hand(shop, passed=False)
    answer = postorder("validate", "--docs")
    assert answer.code == 0
    assert str(shop.folder / "quality" / "index.html") in answer.out.replace("\n", "")


def test_a_fault_of_ours_is_not_hidden(postorder, shop, monkeypatch):
    """Only what a user can mend is said in words; the rest keeps its trace."""

    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(run, "run", broken)
    with pytest.raises(ZeroDivisionError):
        postorder("run")


def test_the_sample_and_a_shop_never_mix(postorder, shop, tmp_path):
    (shop.folder).mkdir()
    (shop.folder / "shop.json").write_text('{"holds": "sample"}')
    events = tmp_path / "events.jsonl"
    events.write_text("{}\n")
    answer = postorder("land", str(events))
    assert answer.code == 1
    assert "POSTORDER_DATA" in answer.errors


def test_every_tool_is_told_to_stay_silent(postorder, published):
    postorder("status")
    assert {name: os.environ[name] for name in telemetry.OFF} == telemetry.OFF


def test_a_broken_file_is_named_with_what_to_do(postorder, monkeypatch, tmp_path):
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "own"))
    scan = {
        "event_name": "shipment_delivered",
        "source": "courier:acme",
        "occurred_at": "2026-03-01T10:00:00Z",
    }
    lines = [json.dumps(scan | {"shipment_id": f"S-{n}"}) for n in range(5000)]
    whole = gzip.compress("\n".join(lines).encode())
    broken = tmp_path / "scans.jsonl.gz"
    broken.write_bytes(whole[: len(whole) // 2])

    answer = postorder("land", str(broken))

    assert answer.code == 0, answer.errors
    told = " ".join(answer.out.split())
    assert "scans.jsonl.gz: broken after" in told
    assert "send the whole file again" in told

    again = postorder("replay")
    assert (again.code, again.out) == (0, "No rejected line waits to be replayed.\n")


def test_replay_tells_what_still_waits(postorder, monkeypatch, tmp_path):
    monkeypatch.setenv("POSTORDER_DATA", str(tmp_path / "own"))
    path = tmp_path / "a.jsonl"
    path.write_text('{"event_name": "order_teleported"}\n')
    postorder("land", str(path))
    answer = postorder("replay")
    assert answer.code == 0, answer.errors
    assert answer.out == "Judged 1 of 1 rejected line again: 0 accepted now\n"


def test_conform_answers_in_its_first_line_and_writes_the_rest(
    postorder, shop, monkeypatch, tmp_path
):
    """A dump is judged without a shop and without its secret."""
    monkeypatch.delenv("POSTORDER_HASH_KEY")
    monkeypatch.chdir(tmp_path)
    scan = {
        "event_name": "shipment_delivered",
        "source": "courier:acme",
        "occurred_at": "2026-03-01T10:00:00Z",
        "shipment_id": "S-1",
        "shipmentID": "S-1",
    }
    dump = tmp_path / "scans.jsonl"
    dump.write_text(f"{json.dumps(scan)}\n{{\n")

    answer = postorder("conform", str(dump))

    assert answer.code == 0, answer.errors
    first, *rest = answer.out.splitlines()
    assert first.startswith("50.0 % of 2 lines keep the contract; ")
    told = " ".join(rest)
    assert "shipment_id" in told
    assert "metrics.rto_rates" in told
    assert (tmp_path / "conform" / "conform.html").exists()
    written = json.loads((tmp_path / "conform" / "conform.json").read_text())
    assert written["verdict"] == first
    assert not shop.folder.exists()


def test_conform_says_when_nothing_would_do(postorder, tmp_path):
    dump = tmp_path / "orders.csv"
    dump.write_text("order_id,status\nO-1,delivered\n")
    answer = postorder("conform", str(dump), "--out", str(tmp_path / "answer"))
    assert answer.code == 1
    assert answer.out.startswith("None of 1 line keeps the contract; 0 of ")
    assert "Send event_name as text" in answer.out
    assert (tmp_path / "answer" / "conform.html").exists()
    dump.write_text("")
    assert postorder("conform", str(dump), "--out", str(tmp_path / "a")).code == 1


def test_conform_cannot_read_what_is_not_there(postorder, tmp_path):
    answer = postorder("conform", str(tmp_path / "none"), "--out", str(tmp_path / "a"))
    assert answer.code == 2
    assert "no such file or folder" in answer.errors
    assert "Traceback" not in answer.errors
    assert not (tmp_path / "a").exists()


def test_scenarios_are_listed_with_what_they_show(postorder):
    answer = postorder("simulate", "--list")
    assert answer.code == 0
    told = " ".join(answer.out.split())
    for name, scenario in SCENARIOS.items():
        assert f"{name}: {scenario.shows}" in told


def test_a_simulation_says_what_should_become_visible(postorder, tmp_path):
    answer = postorder(
        *("simulate", "--orders", "20", "--days", "3", "--scenario", "flash_sale"),
        *("--corrupted", "0.2", "--out", str(tmp_path / "events")),
        *("--truth", str(tmp_path / "truth")),
    )
    assert answer.code == 0
    told = " ".join(answer.out.split())
    assert "Simulated 20 orders" in told
    assert SCENARIOS["flash_sale"].shows in told
    assert (tmp_path / "truth" / "corrupted.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scenario", "doomsday"), "no scenario 'doomsday'"),
        (("--truth", "events/truth"), "truth must not lie among the events"),
    ],
)
def test_a_simulation_that_cannot_be_says_why(
    postorder, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    answer = postorder("simulate", "--out", "events", *arguments)
    assert answer.code == 1
    assert message in answer.errors
    assert "Traceback" not in answer.errors
