"""Each expectation of the newest days holds of even days and breaks on a fault.

The same faults in the event files of a simulated shop, and sixty clean days of it, are
in ``tests/gate``.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from dagster_project.quality.suite import HISTORIES, load_suites
from dagster_project.quality.validate import judge
from tests.dagster_project.conftest import AS_OF

HISTORY = Path(__file__).with_name("history.sql").read_text(encoding="utf-8")
SUITES = load_suites(HISTORIES)

NEW = "occurred_at > '2026-02-28 12:00:00+00'"
ORDERS = "intermediate.int_order_event_facts"
PAYMENTS = "intermediate.int_payment_event_facts"
DESCRIBED = "intermediate.int_events_described"
COPIES = "intermediate.int_event_copies"

FAULTS = [
    (
        "volumes, days, times_usual",
        f"""insert into {ORDERS} by name
        select * replace (
            order_id || '-bot' as order_id, total_minor + 1 as total_minor
        )
        from {ORDERS} where {NEW}""",
    ),
    (
        "volumes, days, share_of_usual",
        f"""delete from {ORDERS}
        where source = 'floor' and occurred_at > '2026-02-27 12:00'""",
    ),
    (
        "volumes, hours, lost",
        f"""delete from {PAYMENTS}
        where occurred_at between '2026-02-28 09:00' and '2026-02-28 10:00'""",
    ),
    (
        "volumes, freshness, times_longest",
        f"""delete from {DESCRIBED}
        where source = 'floor' and ingested_at > '2026-03-01 08:00'""",
    ),
    (
        "repeats, facts, repeated_share",
        f"""insert into {ORDERS} by name
        select * replace (order_id || '-again' as order_id)
        from {ORDERS} where {NEW}""",
    ),
    (
        "rates, steps, times_usual",
        f"""delete from {ORDERS}
        where event_name = 'shipment_shipped' and hash(order_id) % 2 = 0
            and occurred_at > '2026-02-22 12:00'""",
    ),
    (
        "mixes, orders, moved_share",
        f"update {ORDERS} set channel = 'web' where channel = 'app' and {NEW}",
    ),
    (
        "mixes, orders, new_share",
        f"update {ORDERS} set postal_code = left(postal_code, 5) where {NEW}",
    ),
    (
        "mixes, orders, gone_share",
        f"update {ORDERS} set payment_mode = 'cod' where {NEW}",
    ),
    (
        "mixes, goods, moved_share",
        f"""update {ORDERS} set lines = '[{{"sku": "sku-1"}}]' where {NEW}""",
    ),
    (
        "mixes, goods, new_share",
        f"update {ORDERS} set lines = replace(lines, 'sku-1', 'sku-one') where {NEW}",
    ),
    (
        "mixes, goods, gone_share",
        f"update {ORDERS} set lines = replace(lines, 'sku-1', 'sku-2') where {NEW}",
    ),
    (
        "mixes, currencies, moved_share",
        f"update {ORDERS} set currency = 'USD' where {NEW}",
    ),
    (
        "mixes, currencies, new_share",
        f"update {ORDERS} set currency = 'EUR' where hash(order_id) % 2 = 0 and {NEW}",
    ),
    (
        "mixes, parcels, moved_share",
        f"update {ORDERS} set location_id = 'north' where {NEW}",
    ),
    (
        "mixes, parcels, new_share",
        f"update {ORDERS} set carrier = 'swift' where carrier = 'fast' and {NEW}",
    ),
    (
        "mixes, parcels, gone_share",
        f"delete from {ORDERS} where location_id = 'north' and {NEW}",
    ),
    (
        "mixes, payments, moved_share",
        f"update {PAYMENTS} set payment_method = 'upi' where {NEW}",
    ),
    (
        "mixes, payments, new_share",
        f"update {PAYMENTS} set gateway = 'eastern' where gateway = 'east' and {NEW}",
    ),
    (
        "mixes, payments, gone_share",
        f"delete from {PAYMENTS} where gateway = 'east' and {NEW}",
    ),
    (
        "mixes, amounts, moved_share",
        f"""update {DESCRIBED} set amount = 100 * amount
        where event_name = 'payment_captured' and {NEW}""",
    ),
    (
        "mixes, promises, moved_share",
        f"""update {ORDERS} set promise_max_at = occurred_at - interval '30 days'
        where {NEW}""",
    ),
    (
        "mixes, clocks, moved_share",
        f"""update {ORDERS} set occurred_at = date_trunc('day', occurred_at)
        where source = 'shop' and {NEW}""",
    ),
    (
        "mixes, delays, moved_share",
        f"""update {DESCRIBED} set observed_at = observed_at + interval '9 hours'
        where source = 'shop' and {NEW}""",
    ),
    (
        "mixes, copies, moved_share",
        f"""insert into {COPIES} select * replace (2 as copy_rank) from {COPIES}
        where source = 'psp' and ingested_at > '2026-02-28 12:00'""",
    ),
    (
        "mixes, conflicts, moved_share",
        f"""update {COPIES} set is_conflict = true
        where event_name = 'order_placed' and ingested_at > '2026-02-28 12:00'""",
    ),
    (
        "mixes, refusals, moved_share",
        """insert into marts.rejected_events by name
        select 'number_out_of_range' as reason_code,
            timestamptz '2026-03-01 01:00:00+00' as rejected_at
        from range(60)""",
    ),
]


def found(working: Path, fault: str, name: str = "") -> set[str]:
    """Return what does not hold of the history with a fault, of a measure or of all."""
    with duckdb.connect(str(working)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(fault)
        suites = [
            replace(
                suite,
                measures=tuple(
                    measure
                    for measure in suite.measures
                    if name.startswith(f"{suite.name}, {measure.name}, ") or not name
                ),
            )
            for suite in SUITES
        ]
        failures, warnings, _ = judge(
            connection, [suite for suite in suites if suite.measures]
        )
    return {
        f"{each.suite}, {each.measure}, {each.column}" for each in failures + warnings
    }


@pytest.fixture(scope="module")
def even(tmp_path_factory, good_build) -> Path:
    """A shop of sixty even days."""
    working = tmp_path_factory.mktemp("even") / "working.duckdb"
    shutil.copyfile(good_build, working)
    with duckdb.connect(str(working)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("insert into control.clock values ($1)", [AS_OF])
        connection.execute(HISTORY)
    return working


@pytest.fixture
def working(even, tmp_path) -> Path:
    return Path(shutil.copyfile(even, tmp_path / "working.duckdb"))


def test_even_days_pass(working):
    assert not found(working, "")


def test_every_expectation_has_a_fault():
    assert {name for name, _ in FAULTS} == {
        f"{suite.name}, {measure.name}, {expectation.column}"
        for suite in SUITES
        for measure in suite.measures
        for expectation in measure.expectations
    }


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[name for name, _ in FAULTS])
def test_a_fault_of_the_newest_day_is_named(working, name, fault):
    assert name in found(working, fault, name)


def test_a_fault_known_only_later_is_not_judged(working):
    """What came in after the clock changes no verdict on it."""
    assert not found(
        working,
        f"""insert into {ORDERS} by name
        select * replace (
            order_id || '-late' as order_id,
            ingested_at + interval '3 days' as ingested_at
        )
        from {ORDERS} where {NEW}""",
        "repeats, facts, repeated_share",
    )


HALF_SHIPPED = dict(FAULTS)["rates, steps, times_usual"]


def test_a_step_of_a_young_shop_is_not_judged(working):
    """In its first weeks, what follows late is still to come."""
    young = f"delete from {ORDERS} where occurred_at < '2026-01-10'"
    assert not found(working, f"{young}; {HALF_SHIPPED}", "rates, steps, ")


def test_what_comes_every_other_week_is_not_missed_in_the_week_between(working):
    """Its days have spread as wide; no chance of single parcels would leave none."""
    weeks = "date_diff('hour', occurred_at, timestamptz '2026-02-28 12:00') // 168"
    every_other_week = f"""delete from {ORDERS}
        where source = 'floor' and {weeks} % 2 = 0"""
    assert not found(working, every_other_week, "rates, steps, ")
