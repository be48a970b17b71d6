"""What follows a delivery: returns, claims, warranties, and the money they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import yaml

from ingestion.simulator import Simulation, simulate, world_of
from ingestion.simulator.draws import days
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.returns import Abuse
from ingestion.simulator.parameters.shop import Window
from ingestion.simulator.record.calendar import Calendar

CATALOGUE = Path(__file__).parents[3] / "ingestion" / "contract" / "catalogue.yml"

Connection = duckdb.DuckDBPyConnection


def first(connection: Connection, query: str) -> tuple[Any, ...]:
    return connection.sql(query).fetchall()[0]


@pytest.fixture(scope="module")
def real(truth: Path, simulation: Simulation) -> Connection:
    """Tables of the truth about the shop that all tests share."""
    return tables(truth)


def tables(folder: Path) -> Connection:
    connection = duckdb.connect()
    for path in folder.glob("*.parquet"):
        connection.execute(
            f"create view {path.stem} as select * from read_parquet('{path}')"
        ).fetchall()
    return connection


NEW_EVENTS = [
    "return_review_triggered",
    "return_eligibility_check_failed",
    "return_fraud_flagged",
    "return_expired",
    "exchange_cancelled",
    "warranty_claim_submitted",
    "warranty_claim_forwarded",
    "warranty_claim_approved",
    "warranty_claim_denied",
    "warranty_claim_resolved",
    "item_not_received_claimed",
    "item_not_received_resolved",
]


@pytest.mark.parametrize("name", NEW_EVENTS)
def test_events_after_the_door_occur(simulation: Simulation, name: str) -> None:
    assert simulation.facts.get(name, 0) > 0


@pytest.mark.parametrize(
    ("field", "name", "values"),
    [
        ("outcome", "return_resolved", {"refund", "exchange", "keep_item", "none"}),
        (
            "refund_cause",
            "refund_initiated",
            {
                "return",
                "cancellation",
                "rto",
                "item_not_received",
                "warranty",
                "goodwill",
                "price_adjustment",
            },
        ),
        ("disposition", "return_inspected", {"restocked", "not_restocked"}),
    ],
)
def test_endings_of_every_kind_occur(
    feed: Connection, field: str, name: str, values: set[str]
) -> None:
    found = feed.sql(
        f"select distinct json ->> '{field}' from facts where event_name = '{name}'"
    ).fetchall()
    assert {value for (value,) in found} >= values


def test_claims_of_missing_parcels_end_in_every_way(tmp_path: Path) -> None:
    world = world_of("everyday", missing=0, corrupted=0)
    # an eighth of all parcels: of some 200 endings, none is expected less than 15 times
    claims = replace(world.claims, mistaken_share=0.11, waiting_share=0.6)
    simulate(
        orders=3000,
        days=80,
        seed=7,
        start=date(2026, 1, 12),
        out=tmp_path,
        period="month",
        world=replace(world, claims=claims),
    )
    found = duckdb.sql(
        f"""
        select distinct json ->> 'resolution'
        from read_json_objects(
            '{tmp_path}/*/*.jsonl.gz', format = 'newline_delimited'
        )
        where json ->> 'event_name' = 'item_not_received_resolved'
        """
    ).fetchall()
    assert {value for (value,) in found} == {
        "refund",
        "replacement",
        "split_loss",
        "denied",
        "found",
    }


MACHINES = {
    "return_line": ("return_line_id", 200),  # of 300, without those still going on
    "warranty_claim": ("claim_id", 15),
    "refund": ("refund_id", 250),
}


TOLD_BY_NOW = datetime(2026, 3, 27, tzinfo=UTC)
"""No report takes longer than from here to the end of the shop's 80 days."""


def stories(feed: Connection, key: str, names: set[str]) -> dict[str, list[Any]]:
    """Return the events of each thing that may be over, in the order they happened."""
    catalogue = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    rank = {event["name"]: event["rank"] for event in catalogue["events"]}
    listed = ", ".join(f"'{name}'" for name in names)
    told: dict[str, list[tuple[datetime, int, str, dict[str, Any]]]] = defaultdict(list)
    for thing, at, name, outcome, is_instant in feed.sql(
        f"""
        select json ->> '{key}', occurred_at, event_name, json ->> 'outcome',
            (json ->> 'is_instant')::boolean
        from facts
        where event_name in ({listed}) and json ->> '{key}' is not null
        """
    ).fetchall():
        fields = {"outcome": outcome, "is_instant": is_instant}
        told[thing].append((at, rank[name], name, fields))
    return {
        thing: [
            (name, fields)
            for _, _, name, fields in sorted(events, key=lambda event: event[:2])
        ]
        for thing, events in told.items()
        if max(event[0] for event in events) < TOLD_BY_NOW
    }


def breaches(
    machine: dict[str, Any], told: dict[str, list[Any]]
) -> Iterator[tuple[str, str, str]]:
    """Walk each story through its machine; yield the steps it does not allow."""
    for thing, events in told.items():
        state = machine["initial"]
        for name, fields in events:
            step = next(
                (
                    step
                    for step in machine["transitions"]
                    if state in step["from"]
                    and step["event"] == name
                    and all(
                        fields.get(field) == value
                        for field, value in step.get("when", {}).items()
                    )
                ),
                None,
            )
            if step is None:
                yield thing, state, name
            else:
                state = step["to"]


@pytest.mark.parametrize("name", MACHINES)
def test_stories_take_only_steps_that_the_contract_allows(
    feed: Connection, name: str
) -> None:
    key, least = MACHINES[name]
    catalogue = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    machine = catalogue["state_machines"][name]
    told = stories(feed, key, {step["event"] for step in machine["transitions"]})
    assert len(told) > least
    wrong = list(breaches(machine, told))
    assert wrong == []
    # the walk sees a step too many
    some = next(iter(told))
    told[some] = [*told[some], (machine["transitions"][0]["event"], {})]
    assert len(list(breaches(machine, told))) == 1


def test_no_order_has_given_back_more_than_it_took_at_any_moment(
    feed: Connection,
) -> None:
    refunds, too_much, cod = first(
        feed,
        """
        with
        sums as (
            select
                order_id,
                occurred_at,
                event_name,
                case when event_name = 'refund_initiated' then -amount_minor
                    else amount_minor end as change_minor
            from facts
            where event_name in (
                'payment_captured', 'cod_collected', 'refund_initiated'
            )
        ),
        running as (
            select
                *,
                sum(change_minor) over (
                    partition by order_id
                    order by occurred_at
                    range unbounded preceding
                ) as left_minor
            from sums
        )
        select
            count(*) filter (event_name = 'refund_initiated'),
            count(*) filter (event_name = 'refund_initiated' and left_minor < 0),
            count(*) filter (
                event_name = 'refund_initiated'
                and order_id in (
                    select order_id from facts where event_name = 'cod_collected'
                )
            )
        from running
        """,
    )
    assert refunds > 400
    assert cod > 40
    assert too_much == 0


def test_no_parcel_is_paid_back_twice(tmp_path: Path) -> None:
    """Made good on a claim, and then back at the warehouse or declared lost."""
    world = world_of("everyday")
    claims = replace(world.claims, waiting_share=0.9, false_claimed_share=1)
    simulate(
        orders=12_000,
        days=40,
        seed=3,
        start=date(2026, 1, 12),
        out=None,
        truth=tmp_path,
        world=replace(world, claims=claims),
    )
    made_good, twice = first(
        tables(tmp_path),
        """
        with
        made_good as (
            select claims.order_id, right(claims.shipment_id, 1) as parcel
            from claims
            join parcels using (shipment_id)
            where claims.kind = 'item_not_received'
                and claims.resolved_at is not null
                and claims.resolution in ('refund', 'replacement', 'split_loss')
                and coalesce(parcels.rto_initiated_at, parcels.lost_at) is not null
        )
        select count(distinct made_good.order_id), count(refunds.refund_id)
        from made_good
        left join refunds
            on refunds.order_id = made_good.order_id
            and refunds.cause in ('rto', 'item_not_received')
            and refunds.refund_id in (
                'rf-' || made_good.order_id || '-o' || made_good.parcel,
                'rf-' || made_good.order_id || '-l' || made_good.parcel
            )
        """,
    )
    assert made_good > 12
    assert twice == 0


def test_an_address_of_several_customers_claims_again_and_again(
    feed: Connection, real: Connection
) -> None:
    addresses = feed.sql(
        """
        with
        orders as (
            select order_id, json ->> 'customer_id' as customer_id
            from facts
            where event_name = 'order_placed'
        )
        select
            claims.json ->> 'address_hash' as address,
            count(*) as claim_count,
            count(distinct orders.customer_id) as customer_count
        from facts as claims
        join orders using (order_id)
        where claims.event_name = 'item_not_received_claimed'
        group by address
        order by claim_count desc, address
        """
    ).fetchall()
    address, claim_count, customer_count = addresses[0]
    assert claim_count >= 3
    assert customer_count >= 2
    # the address is the one that the orders were checked against
    (matching,) = first(
        feed,
        f"""
        select count(distinct order_id)
        from facts
        where event_name = 'address_validated'
            and json ->> 'address_hash' = '{address}'
        """,
    )
    assert matching >= claim_count
    share, honest = first(
        real,
        """
        select avg(is_abuse::integer), avg((not is_abuse)::integer)
        from claims
        where kind = 'item_not_received'
        """,
    )
    assert 0.05 < share < 0.6
    assert honest > 0.3


def test_claims_that_are_true_have_less_evidence_against_them(
    feed: Connection, real: Connection
) -> None:
    real.register(
        "evidence",
        feed.sql(
            """
            select
                json ->> 'claim_id' as claim_id,
                (json ->> 'has_gps_match')::boolean as has_gps_match
            from facts
            where event_name = 'item_not_received_claimed'
            """
        ).to_arrow_table(),
    )
    shares = dict(
        real.sql(
            """
            select is_true, avg(has_gps_match::integer)
            from claims
            join evidence using (claim_id)
            where has_gps_match is not null
            group by is_true
            """
        ).fetchall()
    )
    assert shares[True] < shares[False]


def test_a_wrong_size_is_noticed_long_before_a_fault(real: Connection) -> None:
    waits = dict(
        real.sql(
            """
            select
                stated_reason,
                median(epoch(asked_at) - epoch(delivered_at)) / 86400
            from returns
            group by stated_reason
            """
        ).fetchall()
    )
    assert waits["size_too_small"] < 3
    assert waits["defective"] > 2.5 * waits["size_too_small"]


def test_goods_come_back_after_they_came_and_never_more_of_them(
    real: Connection,
) -> None:
    back, wrong, exchanged = first(
        real,
        """
        select
            count(received_at),
            count(*) filter (
                returns.quantity > got.quantity
                or asked_at < returns.delivered_at
                or received_at < asked_at
                or restocked_at < received_at
                or got.order_line_id is null
            ),
            count(*) filter (is_exchange)
        from returns
        left join deliveries_by_line as got using (order_line_id)
        """,
    )
    assert back > 200
    assert wrong == 0
    assert exchanged > 15


def test_money_and_goods_go_separate_ways(real: Connection) -> None:
    """Refunded and not restocked, restocked and not refunded: both are there."""
    only_money, only_goods = first(
        real,
        """
        with
        sums as (
            select order_id, count(initiated_at) as refund_count
            from refunds
            where cause = 'return'
            group by order_id
        )
        select
            count(*) filter (refund_count > 0 and restocked_at is null),
            count(*) filter (
                coalesce(refund_count, 0) = 0
                and restocked_at is not null
                and not is_exchange
            )
        from returns
        left join sums using (order_id)
        where received_at is not null
        """,
    )
    assert only_money > 20
    assert 0 < only_goods < only_money


def test_refunds_run_on_two_clocks(real: Connection) -> None:
    backwards, forgotten, stuck = first(
        real,
        """
        select
            count(*) filter (initiated_at < due_at or completed_at < initiated_at),
            count(*) filter (initiated_at is null),
            count(*) filter (initiated_at is not null and completed_at is null)
        from refunds
        """,
    )
    assert backwards == 0
    assert 0 < forgotten < 40
    assert stuck < 10
    starts = dict(
        real.sql(
            """
            select cause, median(epoch(initiated_at) - epoch(due_at)) / 3600
            from refunds
            group by cause
            """
        ).fetchall()
    )
    assert starts["cancellation"] < starts["return"] < starts["warranty"]


def test_a_capture_is_refunded_once_all_of_it_went_back(
    real: Connection, feed: Connection
) -> None:
    real.register(
        "taken",
        feed.sql(
            """
            select payment_id, sum(amount_minor) as amount_minor
            from facts
            where event_name = 'payment_captured'
            group by payment_id
            """
        ).to_arrow_table(),
    )
    refunded, too_little = first(
        real,
        """
        with
        returned as (
            select
                captures.payment_id,
                sum(refunds.amount_minor) filter (
                    refunds.destination = 'original_method'
                    and refunds.completed_at <= captures.refunded_at
                ) as amount_minor
            from captures
            join refunds using (order_id)
            where captures.refunded_at is not null
            group by captures.payment_id
        )
        select
            count(*),
            count(*) filter (coalesce(returned.amount_minor, 0) < taken.amount_minor)
        from captures
        join taken using (payment_id)
        left join returned using (payment_id)
        where captures.refunded_at is not null
        """,
    )
    assert refunded > 20
    assert too_little == 0


def test_warranty_is_claimed_long_after_and_mostly_for_what_has_a_plug(
    real: Connection,
) -> None:
    (slow,) = first(
        real,
        """
        select median(epoch(opened_at) - epoch(delivered_at)) / 86400
        from claims
        where kind = 'warranty'
        """,
    )
    assert slow > 20
    lines = dict(
        real.sql(
            """
            select
                category,
                count(distinct claim_id) / count(distinct got.order_id)
            from deliveries_by_line as got
            left join claims
                on claims.order_id = got.order_id and claims.kind = 'warranty'
            group by category
            """
        ).fetchall()
    )
    assert lines["electronics"] > 2 * lines["books"]


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    """The truth about a shop whose goods often fail, and what it denied and refused."""
    folder = tmp_path_factory.mktemp("fragile")
    world = world_of("everyday", missing=0)
    warranties = replace(
        world.warranties, share=(0.3,) * 7, fails_after=(days((0, 1), (1, 30)),) * 7
    )
    simulate(
        orders=5000,
        days=80,
        seed=5,
        start=date(2026, 1, 12),
        out=folder / "events",
        truth=folder / "truth",
        period="month",
        world=replace(world, warranties=warranties),
    )
    connection = tables(folder / "truth")
    connection.execute(
        f"""
        create table denials as
        select json ->> 'claim_id' as claim_id, json ->> 'reason_code' as reason_code
        from read_json_objects(
            '{folder}/events/returns/*.jsonl.gz', format = 'newline_delimited'
        )
        where json ->> 'event_name' = 'warranty_claim_denied';
        create table refused as
        select json ->> 'return_line_id' as return_line_id
        from read_json_objects(
            '{folder}/events/returns/*.jsonl.gz', format = 'newline_delimited'
        )
        where json ->> 'event_name' = 'return_denied'
        """
    ).fetchall()
    return connection


def test_no_warranty_claim_is_true_that_is_denied_for_what_the_goods_showed(
    fragile: Connection,
) -> None:
    doubted, believed, by_terms, paid = first(
        fragile,
        """
        with
        claims as (
            select
                claims.*,
                reason_code in ('misuse', 'no_fault_found') as is_doubted
            from claims
            left join (select distinct claim_id, reason_code from denials)
                using (claim_id)
            where kind = 'warranty' and resolved_at < '2026-03-28'
        )
        select
            count(*) filter (is_doubted),
            count(*) filter (is_doubted and is_true),
            count(*) filter (not is_doubted and is_true),
            count(*) filter (is_doubted is null and not is_true)
        from claims
        """,
    )
    assert doubted > 10
    assert believed == 0
    assert by_terms > 2
    assert paid > 5  # some that are not true are not found out


def test_claims_after_a_denied_return_are_often_invented(fragile: Connection) -> None:
    after_denial, invented, invented_and_true, invented_elsewhere = first(
        fragile,
        """
        with
        refusals as (
            select distinct order_id
            from returns
            inner join refused using (return_line_id)
        )
        select
            count(refusals.order_id),
            count(*) filter (is_abuse),
            count(*) filter (is_abuse and is_true),
            count(*) filter (is_abuse and refusals.order_id is null)
        from claims
        left join refusals using (order_id)
        where kind = 'warranty' and opened_at < '2026-03-28'
        """,
    )
    assert after_denial > 10
    assert 3 < invented < after_denial
    assert (invented_and_true, invented_elsewhere) == (0, 0)


def test_a_payment_is_settled_when_the_bank_has_its_last_part(
    real: Connection, folder: Path
) -> None:
    """In a split settlement the first part may be the last to arrive."""
    settled, differing = first(
        real,
        f"""
        with
        payouts as (
            select
                json ->> 'payment_id' as payment_id,
                max((json ->> 'occurred_at')::timestamptz) as last_at
            from read_json_objects(
                '{folder}/payments/*.jsonl.gz', format = 'newline_delimited'
            )
            where json ->> 'settlement_basis' = 'bank_payout'
            group by payment_id
        )
        select count(*), count(*) filter (settled_at <> last_at)
        from captures
        inner join payouts using (payment_id)
        -- later ones are in part reported after the end
        where settled_at < '2026-03-28'
        """,
    )
    assert settled > 1500
    assert differing == 0


def test_what_takes_time_takes_its_own_time(feed: Connection) -> None:
    """Delays that people or banks cause are spread, not one number."""
    spreads = feed.sql(
        """
        with
        delays as (
            select
                target.event_name as target,
                epoch(taken_back.occurred_at - target.occurred_at) as delay
            from facts as taken_back
            inner join facts as target
                on target.event_id = taken_back.json ->> 'target_event_id'
            where taken_back.event_name = 'event_retracted'
        )
        select target, count(*), count(distinct delay) from delays group by target
        union all
        select
            'expected refund',
            count(*),
            count(distinct epoch((json ->> 'expected_at')::timestamptz - occurred_at))
        from facts
        where event_name = 'refund_initiated'
        """
    ).fetchall()
    assert {name for name, *_ in spreads} == {
        "expected refund",
        "shipment_delivered",
        "shipment_out_for_delivery",
    }
    for name, count, distinct in spreads:
        assert count > 3, name
        assert distinct > 0.7 * count, name


HOLIDAYS = [
    "2024-10-31",  # Diwali
    "2025-03-14",  # Holi
    "2026-10-02",  # Gandhi Jayanti
    "2026-10-20",  # Dussehra
    "2027-10-29",  # Diwali
    "2028-04-14",  # Good Friday
    "2031-08-15",  # Independence Day
]


@pytest.mark.parametrize("day", HOLIDAYS)
def test_banks_keep_the_holidays_of_every_year(day: str) -> None:
    holiday = date.fromisoformat(day)
    assert holiday.weekday() < 5
    noon = np.array([12 * 3600])
    moved = Calendar(holiday).into_banking_days(noon)[0]
    closed = 3 if holiday.weekday() == 4 else 1
    assert moved == noon[0] + closed * 86400


def abusive(folder: Path, window: Window | None = None) -> Connection:
    world: World = world_of("everyday")
    returns = replace(world.returns, abuse=Abuse(window=window))
    simulate(
        orders=3000,
        days=60,
        seed=5,
        start=date(2026, 1, 12),
        out=None,
        truth=folder,
        world=replace(world, returns=returns),
    )
    return tables(folder)


def test_a_ring_sends_worn_and_empty_goods_back_and_claims_parcels(
    tmp_path: Path,
) -> None:
    always = abusive(tmp_path / "always")
    clothes, boxes = first(
        always,
        """
        select
            count(*) filter (is_abuse and category = 'apparel'),
            count(*) filter (is_abuse and category <> 'apparel')
        from returns
        """,
    )
    assert clothes > 5
    assert boxes > 1
    (claimed,) = first(
        always,
        "select count(*) from claims where kind = 'item_not_received' and is_abuse",
    )
    assert claimed > 15
    never = abusive(tmp_path / "never", Window(0.5, 0, 0))
    assert first(
        never,
        """
        select
            (select count(*) from returns where is_abuse),
            (select count(*) from claims where is_abuse)
        """,
    ) == (0, 0)


def test_the_everyday_shop_knows_no_tricks_but_those_of_its_ring(
    real: Connection,
) -> None:
    assert first(
        real,
        """
        select
            (select count(*) from returns where is_abuse),
            (select count(*) > 2 from claims where is_abuse)
        """,
    ) == (0, True)
