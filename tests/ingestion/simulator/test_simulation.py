"""The simulated shop: equal for equal seeds, valid, and one story per order."""

from __future__ import annotations

import gzip
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ingestion.errors import SimulationError
from ingestion.simulator import Simulation, simulate

FEBRUARY = date(2026, 2, 1)


def texts(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): gzip.decompress(path.read_bytes())
        for path in sorted(folder.glob("*/*.jsonl.gz"))
    }


def one(feed: duckdb.DuckDBPyConnection, query: str) -> tuple[float, ...]:
    return feed.sql(query).fetchall()[0]


@pytest.mark.parametrize("block", [400, 20_000])
def test_equal_seeds_give_equal_lines_whatever_the_block(
    tmp_path: Path, block: int
) -> None:
    whole = 20_000
    for name, size in (("once", whole), ("again", block)):
        simulate(
            orders=900, days=30, seed=3, start=FEBRUARY, out=tmp_path / name, block=size
        )
    once = texts(tmp_path / "once")
    assert once == texts(tmp_path / "again")
    assert "orders/2026-02-01.jsonl.gz" in once
    assert not list((tmp_path / "once").glob(".spool-*"))


def test_another_seed_is_another_shop(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        simulate(orders=60, days=10, seed=seed, start=FEBRUARY, out=tmp_path / name)
    assert texts(tmp_path / "one") != texts(tmp_path / "two")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"orders": 0}, "orders must be at least 1"),
        ({"days": -1}, "days must be at least 1"),
        ({"days": 4_000_000}, "ask for fewer days"),
        ({"block": 6}, "multiple of 4"),
        ({"seed": -1}, "seed must lie from 0"),
        ({"seed": 2**64}, "seed must lie from 0"),
    ],
)
def test_impossible_arguments_are_named(
    tmp_path: Path, wrong: dict[str, int], message: str
) -> None:
    arguments = {"orders": 10, "days": 2, "block": 400, "seed": 1} | wrong
    with pytest.raises(SimulationError, match=message):
        simulate(**arguments, start=FEBRUARY, out=tmp_path / "events")
    assert not (tmp_path / "events").exists()


def test_every_line_keeps_the_contract(tmp_path: Path, shared: Path) -> None:
    simulate(
        orders=150,
        days=60,
        seed=11,
        start=FEBRUARY,
        out=tmp_path,
        period="month",
    )
    lines = b"".join(texts(tmp_path).values())
    assert lines.count(b"\n") > 2500
    path = tmp_path / "all.jsonl"
    path.write_bytes(lines)
    check = [sys.executable, str(shared / "contract" / "check.py")]
    result = subprocess.run(
        [*check, "validate", str(path), "--now", "2026-12-31T00:00:00Z"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:]
    assert " 0 rejected" in result.stdout


def test_every_order_asked_for_is_placed(
    feed: duckdb.DuckDBPyConnection, simulation: Simulation
) -> None:
    (placed,) = one(
        feed,
        "select count(distinct order_id) from lines where event_name = 'order_placed'",
    )
    assert simulation.orders == simulation.facts["order_placed"] == 4000
    assert placed >= 3990  # the last may be reported after the end
    assert sum(simulation.lines.values()) == one(feed, "select count(*) from lines")[0]
    assert len(simulation.facts) >= 84


def test_lines_tax_shipping_and_discount_make_the_total(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    wrong = feed.sql(
        """
        with
        orders as (
            select
                order_id,
                (json ->> 'total_minor')::bigint
                - (json ->> 'tax_minor')::bigint
                - (json ->> 'shipping_minor')::bigint
                + coalesce((json ->> 'discount_minor')::bigint, 0) as goods_minor,
                unnest((json -> 'lines')::json[]) as line
            from facts
            where event_name = 'order_placed'
        )
        select order_id
        from orders
        group by order_id, goods_minor
        having goods_minor <> sum(
            (line ->> 'quantity')::bigint * (line ->> 'unit_price_minor')::bigint
        )
        """
    ).fetchall()
    assert wrong == []


def test_no_order_gives_back_more_than_it_took(feed: duckdb.DuckDBPyConnection) -> None:
    refunded, too_much = one(
        feed,
        """
        with
        orders as (
            select
                order_id,
                sum(amount_minor) filter (
                    event_name in ('payment_captured', 'cod_collected')
                ) as taken,
                sum(amount_minor) filter (event_name = 'refund_initiated') as returned
            from facts
            group by order_id
        )
        select
            count(*) filter (returned > 0),
            count(*) filter (returned > coalesce(taken, 0))
        from orders
        """,
    )
    assert refunded > 200
    assert too_much == 0


def test_no_payment_settles_more_than_was_captured(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    settled, too_much = one(
        feed,
        """
        with
        payments as (
            select
                payment_id,
                sum(amount_minor) filter (event_name = 'payment_captured') as captured,
                sum(gross_minor) filter (
                    event_name = 'payment_settled' and settlement_basis = 'bank_payout'
                ) as settled
            from facts
            group by payment_id
        )
        select count(settled), count(*) filter (settled > captured) from payments
        """,
    )
    assert settled > 1500
    assert too_much == 0


PARCEL_STEPS = [
    ("item_packed", "label_created"),
    ("label_created", "shipment_shipped"),
    ("shipment_shipped", "shipment_out_for_delivery"),
    ("shipment_out_for_delivery", "shipment_delivered"),
    ("delivery_attempt_failed", "rto_initiated"),
    ("rto_initiated", "rto_delivered"),
    ("rto_delivered", "rto_acknowledged"),
    ("shipment_delivered", "cod_collected"),
    ("cod_collected", "cod_remitted"),
]


@pytest.mark.parametrize(("earlier", "later"), PARCEL_STEPS)
def test_parcels_move_forward(
    feed: duckdb.DuckDBPyConnection, earlier: str, later: str
) -> None:
    pairs, backwards = one(
        feed,
        f"""
        with
        parcels as (
            select
                shipment_id,
                min(occurred_at) filter (event_name = '{earlier}') as earlier_at,
                min(occurred_at) filter (event_name = '{later}') as later_at
            from facts
            where event_id is null
            group by shipment_id
        )
        select
            count(*) filter (earlier_at is not null and later_at is not null),
            count(*) filter (later_at < earlier_at)
        from parcels
        """,
    )
    assert pairs > 100
    assert backwards == 0


ORDER_STEPS = [
    ("order_placed", "order_routed"),
    ("payment_captured", "fulfillment_ready"),
    ("cod_confirmed", "fulfillment_ready"),
    ("fraud_review_cleared", "fulfillment_ready"),
    ("delivery_promise_confirmed", "fulfillment_ready"),
    ("fulfillment_ready", "pick_list_created"),
    ("pickup_ready", "pickup_collected"),
]


@pytest.mark.parametrize(("earlier", "later"), ORDER_STEPS)
def test_orders_move_forward(
    feed: duckdb.DuckDBPyConnection, earlier: str, later: str
) -> None:
    pairs, backwards = one(
        feed,
        f"""
        with
        orders as (
            select
                order_id,
                min(occurred_at) filter (event_name = '{earlier}') as earlier_at,
                min(occurred_at) filter (event_name = '{later}') as later_at
            from facts
            group by order_id
        )
        select
            count(*) filter (earlier_at is not null and later_at is not null),
            count(*) filter (later_at < earlier_at)
        from orders
        """,
    )
    assert pairs > 50
    assert backwards == 0


def test_nothing_leaves_after_a_whole_cancellation(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    leaving = feed.sql(
        """
        select shipped.order_id
        from facts as shipped
        join facts as cancelled using (order_id)
        where shipped.event_name = 'shipment_shipped'
            and cancelled.event_name = 'order_cancelled'
            and (cancelled.json ->> 'is_partial') = 'false'
        """
    ).fetchall()
    assert leaving == []


def test_only_what_was_reserved_is_released_and_only_once(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    released, twice, unknown = one(
        feed,
        """
        with
        reservations as (
            select
                reservation_id,
                count(*) filter (event_name = 'inventory_reserved') as reserved,
                count(*) filter (
                    event_name = 'inventory_reservation_released'
                ) as released
            from facts
            where reservation_id is not null
            group by reservation_id
        )
        select
            count(*) filter (released > 0),
            count(*) filter (released > 1),
            count(*) filter (released > 0 and reserved = 0)
        from reservations
        """,
    )
    assert released > 3000
    # a reservation made just before the end may be reported only after it
    assert (twice, unknown) == (0, 0)


def test_cash_on_delivery_comes_back_far_more_often(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    rates = dict(
        feed.sql(
            """
            with
            modes as (
                select order_id, payment_mode
                from facts
                where event_name = 'order_placed'
            ),
            parcels as (
                select order_id, shipment_id
                from facts
                where event_name = 'shipment_shipped'
            ),
            returned as (
                select distinct shipment_id, 1 as is_rto
                from facts
                where event_name = 'rto_initiated'
            )
            select payment_mode, avg(coalesce(is_rto, 0))
            from parcels
            join modes using (order_id)
            left join returned using (shipment_id)
            group by payment_mode
            """
        ).fetchall()
    )
    assert 0.15 < rates["cod"] < 0.40
    assert 0.003 < rates["prepaid"] < 0.06


def test_copies_late_reports_and_retractions_are_there(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    lines, facts = one(feed, "select count(*), count(distinct fact) from lines")
    assert 0.010 < (lines - facts) / lines < 0.045
    (word_for_word,) = one(
        feed, "select count(*) - count(distinct json::varchar) from lines"
    )
    assert word_for_word > 100
    (late,) = one(
        feed,
        """
        select avg((observed_at - occurred_at > interval 6 hours)::integer) from lines
        """,
    )
    assert 0.003 < late < 0.02
    retracted, found, before = one(
        feed,
        """
        select
            count(*),
            count(wrong.event_id),
            count(*) filter (wrong.occurred_at < retraction.occurred_at)
        from facts as retraction
        left join facts as wrong
            on wrong.event_id = retraction.json ->> 'target_event_id'
        where retraction.event_name = 'event_retracted'
        """,
    )
    assert retracted == found == before > 3


def test_one_delivery_says_one_thing(feed: duckdb.DuckDBPyConnection) -> None:
    """A webhook sent again is the same delivery, word for word."""
    without, again, other = one(
        feed,
        """
        with
        deliveries as (
            select
                delivery_id,
                count(*) as copies,
                count(distinct json::varchar) as texts
            from lines
            where delivery_id like 'wh-%'
            group by delivery_id
        )
        select
            (
                select count(*) from lines
                where delivery_id is null and source not like 'platform:%'
            ),
            count(*) filter (copies = 2 and texts = 1),
            count(*) filter (copies > 2 or texts > 1)
        from deliveries
        """,
    )
    assert (without, other) == (0, 0)
    assert again > 500


def test_a_poll_tells_again_what_a_webhook_told(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    both, polled, named_alike, unnamed = one(
        feed,
        """
        with
        facts as (
            select
                any_value(source) as source,
                bool_or(delivery_id like 'wh-%') as is_pushed,
                bool_or(delivery_id like 'poll-%') as is_polled,
                count(distinct event_id) as ids,
                count(event_id) = count(*) as is_named
            from lines
            group by fact
        )
        select
            count(*) filter (is_pushed and is_polled),
            count(*) filter (is_polled and not is_pushed),
            count(*) filter (is_pushed and is_polled and ids = 1 and is_named),
            count(*) filter (is_pushed and is_polled and ids = 1 and not is_named)
        from facts
        """,
    )
    assert both > 500
    assert polled > both  # a poll is no sign of a copy
    assert named_alike > 0  # by the one gateway that lists its events
    assert unnamed > 50


def test_gateways_name_each_fact_once(feed: duckdb.DuckDBPyConnection) -> None:
    nameless, shared = one(
        feed,
        """
        with
        named as (
            select event_id, count(distinct fact) as facts
            from lines
            where event_id like 'evt-%'
            group by event_id
        )
        select
            (
                select count(*) from lines
                where delivery_id like 'wh-%'
                    and event_id is null
                    and regexp_matches(source, '^(razorpay|payu|stripe):')
            ),
            count(*) filter (facts > 1)
        from named
        """,
    )
    assert (nameless, shared) == (0, 0)


def test_nothing_is_reported_after_the_end(feed: duckdb.DuckDBPyConnection) -> None:
    first, last = one(
        feed, "select min(observed_at)::varchar, max(observed_at)::varchar from lines"
    )
    (outside,) = one(
        feed,
        """
        select count(*)
        from lines
        where observed_at >= timestamptz '2026-04-02 00:00:00+05:30'
            or observed_at < occurred_at
            or occurred_at < timestamptz '2026-01-12 00:00:00+05:30'
        """,
    )
    assert outside == 0, (first, last)


def test_tea_is_bought_again_sooner_than_clothes(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    counts = dict(
        feed.sql(
            """
            with
            orders as (
                select
                    customer_id,
                    count(*) over (partition by customer_id) as order_count,
                    split_part(
                        json_extract_string(json, '$.lines[0].sku'), '-', 1
                    ) as family
                from facts
                where event_name = 'order_placed' and customer_id is not null
            )
            select family, avg((order_count > 1)::integer) from orders group by family
            """
        ).fetchall()
    )
    assert counts["TEA"] > 1.5 * counts["KURTA"]
