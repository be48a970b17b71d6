"""What is told and said around orders, and what the platform under them logs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ingestion.simulator import Simulation, simulate
from ingestion.simulator.draws import Quantiles, hours
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.privacy import Privacy
from ingestion.simulator.parameters.shop import Window
from ingestion.simulator.parameters.transport import Outage, Transport

START = date(2026, 1, 12)


def one(feed: duckdb.DuckDBPyConnection, query: str) -> tuple[float, ...]:
    return feed.sql(query).fetchall()[0]


def facts_of(
    folder: Path, world: World, *, orders: int, days: int
) -> duckdb.DuckDBPyConnection:
    """Simulate another world and return its lines as a table ``facts``."""
    simulate(
        orders=orders,
        days=days,
        seed=5,
        start=START,
        out=folder,
        world=world,
        period="month",
    )
    connection = duckdb.connect()
    connection.execute(
        f"""
        create table facts as
        select distinct on (fact) *
        from (
            select
                json ->> 'event_name' as event_name,
                json ->> 'order_id' as order_id,
                json ->> 'shipment_id' as shipment_id,
                (json ->> 'occurred_at')::timestamptz as occurred_at,
                json_merge_patch(
                    json, '{{"observed_at": null, "delivery_id": null}}'
                )::varchar as fact,
                json
            from read_json_objects(
                '{folder}/*/*.jsonl.gz', format = 'newline_delimited'
            )
        )
        """
    ).fetchall()
    return connection


@pytest.mark.parametrize(
    "event_name",
    [
        "customer_notified",
        "customer_notification_failed",
        "support_contact_opened",
        "support_contact_closed",
        "csat_recorded",
        "review_requested",
        "review_submitted",
        "reorder_nudge_sent",
        "subject_erasure_requested",
        "subject_erasure_completed",
        "breach_detected",
        "breach_notified",
        "workflow_action_logged",
        "manual_override_logged",
        "api_call_failed",
        "webhook_undelivered",
        "synthetic_run_completed",
        "sweep_completed",
    ],
)
def test_every_voice_is_heard(simulation: Simulation, event_name: str) -> None:
    assert simulation.facts[event_name] > 0


def test_guests_have_no_customer_id(feed: duckdb.DuckDBPyConnection) -> None:
    said, named = one(
        feed,
        """
        with
        guests as (
            select order_id
            from facts
            where event_name = 'order_placed' and customer_id is null
        )
        select count(*), count(customer_id)
        from facts
        join guests using (order_id)
        where event_name in (
            'customer_notified',
            'customer_notification_failed',
            'support_contact_opened',
            'csat_recorded',
            'reorder_nudge_sent',
            'subject_erasure_requested'
        )
        """,
    )
    assert said > 300
    assert named == 0


def test_some_are_told_late_too_early_or_never(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    for topic, status in (
        ("shipment_shipped", "shipment_shipped"),
        ("shipment_delivered", "shipment_delivered"),
    ):
        parcels, told, too_early, late = one(
            feed,
            f"""
            with
            told as (
                select shipment_id, min(occurred_at) as told_at
                from facts
                where event_name = 'customer_notified'
                    and json ->> 'notification_topic' = '{topic}'
                group by shipment_id
            ),
            parcels as (
                select shipment_id, min(occurred_at) as status_at
                from facts
                where event_name = '{status}' and event_id is null
                group by shipment_id
            )
            select
                count(*),
                count(told_at),
                -- a scanner's clock may be some minutes off
                count(*) filter (told_at < status_at - interval 10 minutes),
                count(*) filter (told_at > status_at + interval 2 hours)
            from parcels
            left join told using (shipment_id)
            """,
        )
        assert 0.6 * parcels < told < 0.97 * parcels, topic
        assert 0.002 * parcels < too_early < 0.06 * parcels, topic
        assert 0.005 * parcels < late < 0.08 * parcels, topic


def test_no_phone_message_reaches_a_bad_number(
    feed: duckdb.DuckDBPyConnection,
) -> None:
    customers, reached = one(
        feed,
        """
        with
        unreachable as (
            select distinct customer_id
            from facts
            where event_name = 'customer_notification_failed'
                and json ->> 'error_code' in ('WA_131026', 'DND_OR_INVALID_NUMBER')
                and customer_id is not null
        )
        select
            (select count(*) from unreachable),
            (
                select count(*)
                from facts
                join unreachable using (customer_id)
                where event_name = 'customer_notified'
            )
        """,
    )
    assert customers > 20
    assert reached == 0


def test_the_longer_the_silence_the_likelier_a_contact(tmp_path: Path) -> None:
    world = replace(World(), voices=replace(World().voices, quiet_share=0))
    feed = facts_of(tmp_path, world, orders=10_000, days=80)
    rates = dict(
        feed.sql(
            """
            with
            goods as (
                select order_id
                from facts
                where event_name = 'shipment_shipped'
                group by order_id
                having count(distinct shipment_id) = 1
            ),
            signs as (
                select
                    order_id,
                    occurred_at as heard_at,
                    lead(occurred_at) over (
                        partition by order_id order by occurred_at
                    ) as next_at
                from (
                    select order_id, occurred_at
                    from facts
                    where event_name in ('order_placed', 'customer_notified')
                    union all
                    select parcels.order_id, scans.occurred_at
                    from facts as scans
                    join facts as parcels
                        on parcels.shipment_id = scans.shipment_id
                        and parcels.event_name = 'shipment_shipped'
                    where scans.event_name in (
                        'shipment_delivered',
                        'delivery_attempt_failed',
                        'rto_initiated'
                    )
                )
                join goods using (order_id)
            ),
            asked as (
                select order_id, min(occurred_at) as asked_at
                from facts
                where event_name = 'support_contact_opened'
                    and json ->> 'contact_reason' = 'wismo'
                group by order_id
            ),
            silences as (
                select
                    epoch(least(next_at, coalesce(asked_at, next_at)) - heard_at)
                    / 3600 as silent_hours,
                    coalesce(asked_at < next_at, false) as is_broken
                from signs
                left join asked using (order_id)
                where next_at is not null
                    and (asked_at is null or asked_at > heard_at)
            ),
            stretches (first_hour, end_hour) as (values (0, 30), (30, 60), (60, 100))
            select
                first_hour,
                count(*) filter (
                    is_broken
                    and silent_hours >= first_hour
                    and silent_hours < end_hour
                )
                / sum(
                    greatest(least(silent_hours, end_hour) - first_hour, 0)
                ) as contacts_per_hour
            from silences, stretches
            group by first_hour
            """
        ).fetchall()
    )
    # the patience behind it: hazards of about 0.45, 1.2 and 2.4 in a thousand hours
    # for most of these silences, and three times as much past the promise; of some
    # 200 contacts each, a ratio is known to a tenth, so that four standard deviations
    # below a factor of two there is 1.4
    assert rates[30] > 1.4 * rates[0]
    assert rates[60] > 1.4 * rates[30]


def test_whoever_waited_or_asked_scores_worse(tmp_path: Path) -> None:
    surveys = replace(World().surveys, delivery_share=0.9)
    facts = facts_of(tmp_path, replace(World(), surveys=surveys), orders=4000, days=60)
    scores = {
        (is_late, has_asked): (mean, count)
        for is_late, has_asked, mean, count in facts.sql(
            """
            with
            due as (
                select
                    json ->> 'order_id' as order_id,
                    (json ->> 'promise_max_at')::timestamptz as due_at
                from facts
                where event_name = 'delivery_promise_confirmed'
            ),
            parcels as (
                select distinct
                    json ->> 'order_id' as order_id,
                    json ->> 'shipment_id' as shipment_id
                from facts
                where event_name = 'shipment_shipped'
            ),
            came as (
                select parcels.order_id, min(scans.occurred_at) as came_at
                from facts as scans
                join parcels on parcels.shipment_id = scans.json ->> 'shipment_id'
                where scans.event_name = 'shipment_delivered'
                group by parcels.order_id
            ),
            asked as (
                select order_id, min(occurred_at) as asked_at
                from facts
                where event_name = 'support_contact_opened'
                group by order_id
            )
            select
                came_at > due_at as is_late,
                coalesce(asked_at < occurred_at, false) as has_asked,
                avg((json ->> 'score')::double),
                count(*)
            from facts
            join due on due.order_id = facts.json ->> 'order_id'
            join came on came.order_id = due.order_id
            left join asked on asked.order_id = due.order_id
            where event_name = 'csat_recorded' and json ->> 'survey_type' = 'nps'
            group by all
            """
        ).fetchall()
    }
    content, _ = scores[False, False]
    late, waited = scores[True, False]
    heard, asked = scores[False, True]
    # answers scatter by about two points, so a mean of 90 of them by less than 0.3;
    # lateness costs at least two points and so does every contact
    assert min(waited, asked) > 90
    assert late < content - 1.3
    assert heard < content - 1.3


def test_no_line_is_asked_about_twice(
    feed: duckdb.DuckDBPyConnection, simulation: Simulation
) -> None:
    asks, lines = one(
        feed,
        """
        select count(*), count(distinct json ->> 'order_line_id')
        from facts
        where event_name = 'review_requested'
        """,
    )
    assert asks == lines > 300
    # those of the last hours may be reported after the end
    assert lines > 0.97 * simulation.facts["review_requested"]


def test_no_line_is_reviewed_twice(
    feed: duckdb.DuckDBPyConnection, simulation: Simulation
) -> None:
    reviews, lines = one(
        feed,
        """
        select count(*), count(distinct json ->> 'order_line_id')
        from facts
        where event_name = 'review_submitted'
        """,
    )
    assert reviews == lines > 50
    assert lines > 0.95 * simulation.facts["review_submitted"]


def test_answers_depend_on_the_day_of_the_ask(tmp_path: Path) -> None:
    # enough for 200 asks on the day of the delivery, which few are
    simulate(orders=20_000, days=80, seed=7, start=START, truth=tmp_path, out=None)
    rows = duckdb.sql(
        f"""
        select
            least(
                date_diff(
                    'day',
                    (delivered_at at time zone 'Asia/Kolkata')::date,
                    (asked_at at time zone 'Asia/Kolkata')::date
                ),
                30
            ) as days,
            count(responded_at) as answered,
            sum(response_probability) as expected,
            sum(response_probability * (1 - response_probability)) as variance,
            count(*) as asked
        from '{tmp_path}/reviews.parquet'
        group by days
        """
    ).fetchall()
    likely = {}
    for days, answered, expected, variance, asked in rows:
        # four standard deviations of a sum of independent answers
        assert abs(answered - expected) <= 4 * variance**0.5 + 1, days
        likely[days] = expected / asked
    assert likely[1] < 0.75 * likely[0]
    assert likely[1] < 0.5 * likely[7]
    assert likely[30] < 0.7 * likely[7]


def test_reminders_follow_consent_and_spare_the_held_out(
    feed: duckdb.DuckDBPyConnection, truth: Path
) -> None:
    sent, unheld, cycles = one(
        feed,
        """
        select
            count(*),
            count(*) filter (json ->> 'holdout_group' = 'treatment'),
            count(distinct (customer_id, json ->> 'sku', json ->> 'cycle_no'))
        from facts
        where event_name = 'reorder_nudge_sent'
        """,
    )
    assert sent == unheld == cycles > 50
    groups = {
        group: (count, told)
        for group, count, told in duckdb.sql(
            f"""
            select holdout_group, count(*), count(sent_at)
            from '{truth}/nudges.parquet'
            group by holdout_group
            """
        ).fetchall()
    }
    assert groups["holdout"][1] == 0
    assert groups["treatment"][1] == groups["treatment"][0]
    held, told = groups["holdout"][0], groups["treatment"][0]
    # 0.135 of customers, each with a few reminders: four deviations at one each
    assert abs(held / (held + told) - 0.135) < 4 * (0.117 / (held + told)) ** 0.5 * 1.5
    (disturbed,) = one(
        feed,
        f"""
        select count(*)
        from facts
        join (
            select distinct customer_id
            from '{truth}/nudges.parquet'
            where holdout_group = 'holdout'
        ) using (customer_id)
        where event_name = 'reorder_nudge_sent'
        """,
    )
    assert disturbed == 0
    (in_both,) = one(
        duckdb.connect(),
        f"""
        select count(*)
        from (
            select customer_id
            from '{truth}/nudges.parquet'
            group by customer_id
            having count(distinct holdout_group) > 1
        )
        """,
    )
    assert in_both == 0


def test_the_truth_of_contacts_is_what_the_desk_told_and_more(
    feed: duckdb.DuckDBPyConnection, truth: Path
) -> None:
    tickets = {
        row[0]
        for row in feed.sql(
            """
            select json ->> 'ticket_id'
            from facts
            where event_name = 'support_contact_opened'
            """
        ).fetchall()
    }
    true = {
        row[0]
        for row in duckdb.sql(
            f"select ticket_id from '{truth}/contacts.parquet'"
        ).fetchall()
    }
    assert 300 < len(tickets) < len(true)
    assert tickets < true


def test_erasures_are_carried_out_in_time_late_or_never(tmp_path: Path) -> None:
    facts = facts_of(
        tmp_path,
        replace(World(), privacy=Privacy(asked_share=0.6)),
        orders=600,
        days=300,
    )
    asked, early, late, never, bare = one(
        facts,
        """
        with
        requests as (
            select
                json ->> 'request_id' as request_id,
                (json ->> 'due_at')::timestamptz as due_at,
                json ->> 'erasure_scope' = 'customer'
                    and json ->> 'customer_id' is null as is_bare,
                occurred_at as asked_at
            from facts
            where event_name = 'subject_erasure_requested'
        ),
        done as (
            select json ->> 'request_id' as request_id, occurred_at as done_at
            from facts
            where event_name = 'subject_erasure_completed'
        )
        select
            count(*),
            count(*) filter (done_at < asked_at),
            count(*) filter (done_at > due_at),
            count(*) filter (
                done_at is null
                and asked_at < timestamptz '2026-11-08 00:00:00+05:30'
                    - interval 70 days
            ),
            count(*) filter (is_bare)
        from requests
        left join done using (request_id)
        """,
    )
    assert asked > 80
    assert (early, bare) == (0, 0)
    assert late > 2
    assert never > 2


def test_a_breach_every_half_year_is_told_to_the_regulator(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, World(), orders=80, days=380)
    breaches, told, before, due = one(
        facts,
        """
        with
        breaches as (
            select json ->> 'breach_id' as breach_id, occurred_at as detected_at
            from facts
            where event_name = 'breach_detected'
        ),
        told as (
            select
                json ->> 'breach_id' as breach_id,
                occurred_at as told_at,
                json ->> 'due_at' as due_at
            from facts
            where event_name = 'breach_notified'
                and json ->> 'notified_party' = 'regulator'
        )
        select
            count(*),
            count(told_at),
            count(*) filter (told_at < detected_at),
            count(due_at)
        from breaches
        left join told using (breach_id)
        """,
    )
    assert breaches == 2
    assert 1 <= told <= 2
    assert (before, due) == (0, told)


def test_whoever_overrules_a_denial_is_logged(feed: duckdb.DuckDBPyConnection) -> None:
    overruled, logged = one(
        feed,
        """
        with
        denied as (
            select return_line_id, min(occurred_at) as denied_at
            from facts
            where event_name = 'return_denied'
            group by return_line_id
        ),
        overruled as (
            -- one override per order covers all its lines
            select distinct split_part(return_line_id, '-', 1) as order_id
            from facts
            join denied using (return_line_id)
            where event_name = 'return_approved' and occurred_at > denied_at
        ),
        logged as (
            select order_id
            from facts
            where event_name = 'manual_override_logged'
                and json ->> 'override_rule' = 'return_denial'
        )
        select count(*), count(logged.order_id)
        from overruled
        left join logged using (order_id)
        """,
    )
    assert overruled == logged > 0


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A shop whose tracker and gateway went silent, for two days and for an hour."""
    transport = replace(
        Transport(),
        outages=(
            Outage("shiprocket", Window(0.5, 0, 48), recovered_share=0.5),
            Outage("razorpay", Window(0.8, 12, 1), recovered_share=0.5),
        ),
    )
    return facts_of(
        tmp_path_factory.mktemp("silent"),
        replace(World(), transport=transport),
        orders=3000,
        days=40,
    )


def test_each_outage_is_counted_when_it_is_over(
    silent: duckdb.DuckDBPyConnection,
) -> None:
    reports = silent.sql(
        """
        select
            json ->> 'endpoint',
            occurred_at > timestamptz '2026-02-03 00:00:00+05:30',
            occurred_at > timestamptz '2026-02-13 13:00:00+05:30',
            (json ->> 'missing_count')::integer
        from facts
        where event_name = 'webhook_undelivered'
            and json ->> 'error_code' = 'ENDPOINT_DISABLED'
        order by occurred_at
        """
    ).fetchall()
    assert [row[0].rsplit("/")[-1] for row in reports] == ["shiprocket", "razorpay"]
    assert [row[1:3] for row in reports] == [(True, False), (True, True)]
    # two days of about 75 orders a day owe far more than one hour
    assert reports[0][3] > 150
    assert reports[0][3] > 8 * reports[1][3] > 0


def test_calls_to_a_silent_system_fail(silent: duckdb.DuckDBPyConnection) -> None:
    inside, outside = one(
        silent,
        """
        with
        failed as (
            select
                occurred_at
                    between timestamptz '2026-02-01 00:00:00+05:30'
                    and timestamptz '2026-02-03 00:00:00+05:30' as is_inside
            from facts
            where event_name = 'api_call_failed'
                and json ->> 'endpoint' like 'https://api.shiprocket.%'
        )
        select
            count(*) filter (is_inside) / 48.0,
            count(*) filter (not is_inside) / (38 * 24.0)
        from failed
        """,
    )
    assert inside > 1
    assert outside < 0.3


def test_nobody_is_told_what_the_shop_did_not_hear(
    silent: duckdb.DuckDBPyConnection,
) -> None:
    days = dict(
        silent.sql(
            """
            select
                (occurred_at at time zone 'Asia/Kolkata')::date::varchar as day,
                count(*)
            from facts
            where event_name = 'customer_notified'
                and json ->> 'notification_topic' = 'shipment_out_for_delivery'
            group by day
            """
        ).fetchall()
    )
    assert days["2026-01-30"] > 10
    # what happened before midnight may be told after it
    assert days.get("2026-02-01", 0) + days.get("2026-02-02", 0) < 10
    assert days["2026-02-04"] > 10


def test_every_day_has_its_planted_run(feed: duckdb.DuckDBPyConnection) -> None:
    runs, marked, clean, fewer = one(
        feed,
        """
        select
            count(distinct json ->> 'run_id'),
            count(distinct json ->> 'run_id') filter (
                json ->> 'is_synthetic' = 'true'
            ),
            count(distinct json ->> 'run_id') filter (
                json ->> 'observed_count' = json ->> 'expected_count'
            ),
            count(*) filter (
                (json ->> 'observed_count')::integer
                > (json ->> 'expected_count')::integer
            )
        from facts
        where event_name = 'synthetic_run_completed'
        """,
    )
    # the last run may be reported after the end
    assert runs == marked >= 79
    assert 60 < clean < runs
    assert fewer == 0


def test_each_check_is_done_in_most_weeks(feed: duckdb.DuckDBPyConnection) -> None:
    checks = feed.sql(
        """
        select
            json ->> 'sweep_type',
            count(distinct json ->> 'sweep_id'),
            sum((json ->> 'found_count')::integer),
            count(*) filter (
                (json ->> 'amount_minor' is null) <> (json ->> 'currency' is null)
            )
        from facts
        where event_name = 'sweep_completed'
        group by all
        """
    ).fetchall()
    assert {check[0] for check in checks} == {
        "stuck_orders",
        "pending_money",
        "stock_truth",
        "event_audit",
        "privacy_audit",
    }
    # 80 days hold twelve Mondays, and hardly any check is left out
    assert all(8 <= weeks <= 12 for _, weeks, _, _ in checks)
    assert all(without == 0 for *_, without in checks)
    assert sum(found for _, _, found, _ in checks) > 50


def test_patience_is_a_parameter(tmp_path: Path) -> None:
    contacts = []
    for name, patience in (
        ("patient", hours((0, 2000), (1, 3000))),
        ("hasty", Quantiles(((0, 3600), (1, 30 * 3600)))),
    ):
        world = replace(World(), voices=replace(World().voices, patience=patience))
        result = simulate(
            orders=400,
            days=40,
            seed=2,
            start=START,
            out=tmp_path / name,
            world=world,
        )
        contacts.append(result.facts["support_contact_opened"])
    assert contacts[1] > 3 * contacts[0]
