"""What the platform logs: calls, webhooks, planted runs, checks, exceptions made."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.simulator.draws import Draws, Flags, Floats, Integers
from ingestion.simulator.parameters import World
from ingestion.simulator.parameters.platform import Platform
from ingestion.simulator.parameters.shop import ACCOUNT
from ingestion.simulator.record.journal import Journal
from ingestion.simulator.record.moments import DAY, after, when
from ingestion.simulator.record.text import Fields, Partly, joined, labels, text
from ingestion.simulator.returns.returning import LineReturn, return_line_id
from ingestion.simulator.shoppers.placing import Orders
from ingestion.simulator.shoppers.planning import Plan
from ingestion.simulator.warehouse.fulfilling import Fulfillment

PLATFORM = f"platform:{ACCOUNT}"
AGENTS = 7
"""Staff who set rules aside."""


def record_desk_work(
    orders: Orders,
    fulfillment: Fulfillment,
    returns: tuple[LineReturn, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record what workflows and staff did to the orders of a block."""
    _record_workflows(orders, fulfillment, returns, draws, journal)
    _record_overrides(orders, fulfillment, returns, draws, journal)


def watch_platform(
    world: World, plan: Plan, seed: int, journal_of: Callable[[Draws], Journal]
) -> Iterator[Journal]:
    """Yield the journals of what the platform logged over the whole period.

    Args:
        world: The shop and its period.
        plan: All orders; calls and webhooks rise and fall with them.
        seed: Seed of every stream.
        journal_of: Opens the journal of the rows that draws are for.
    """
    per_hour = np.bincount(plan.placed // 3600, minlength=world.days * 24)
    yield _watch_systems(world, per_hour, seed, journal_of)
    if world.transport.outages:
        yield _count_undelivered(world, plan, seed, journal_of)
    yield _plant_runs(world, seed, journal_of)
    yield _sweep(world, per_hour, seed, journal_of)


def _record_workflows(
    orders: Orders,
    fulfillment: Fulfillment,
    returns: tuple[LineReturn, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record steps of workflows: on orders as they are placed, on returns asked."""
    settings = orders.world.platform
    is_large = orders.total > settings.hold_above_minor
    acts = is_large | draws.chance("workflow/acts", settings.flow_share)
    delay = settings.flow_delay.whole(draws.uniform("workflow/delay")) + 1
    actions = (*settings.flow_actions.labels, "high_value_tag_added")
    action = settings.flow_actions.codes(draws.uniform("workflow/action"))
    action = np.where(is_large, len(actions) - 1, action)
    journal.record(
        "orders",
        "workflow_action_logged",
        at=after(when(acts, orders.placed), delay),
        until=fulfillment.cancellation.at,
        source=PLATFORM,
        slot="order",
        order_id=orders.order_id,
        action_id=joined("act-", orders.order_id, "-1"),
        action_name=labels(action, actions),
        workflow_name=labels(
            is_large.astype(np.int64), ("order_desk", "high_value_orders")
        ),
    )
    first, asked = _first_of_returns([one.asked for one in returns])
    line_ids = [return_line_id(orders, line) for line in range(len(returns))]
    is_logged = draws.chance("workflow/portal", settings.portal_share)
    journal.record(
        "orders",
        "workflow_action_logged",
        at=after(when(is_logged, asked), delay),
        source=PLATFORM,
        slot="return",
        order_id=orders.order_id,
        action_id=joined("act-", orders.order_id, "-2"),
        action_name="eligibility_checked",
        workflow_name="self_service_return",
        return_line_id=pc.choose(first, *line_ids),
        rule_id="return_policy_2026",
    )


def _record_overrides(
    orders: Orders,
    fulfillment: Fulfillment,
    returns: tuple[LineReturn, ...],
    draws: Draws,
    journal: Journal,
) -> None:
    """Record rules set aside by hand: for orders, and for returns denied before."""
    settings = orders.world.platform
    agent = (draws.uniform("override/agent") * AGENTS).astype(np.int64) + 1
    person: Fields = {
        "source": PLATFORM,
        "order_id": orders.order_id,
        "actor_type": "agent",
        "actor_key": joined("agent-", text(agent)),
    }
    journal.record(
        "orders",
        "manual_override_logged",
        at=after(
            when(draws.chance("override", settings.overridden_share), orders.placed),
            settings.override_delay.whole(draws.uniform("override/delay")),
        ),
        until=fulfillment.cancellation.at,
        slot="order",
        **person,
        entity_type="order",
        entity_id=orders.order_id,
        override_rule=labels(
            settings.override_rules.codes(draws.uniform("override/rule")),
            settings.override_rules.labels,
        ),
    )
    first, overruled = _first_of_returns(
        [when(one.denied < one.approved, one.approved) for one in returns]
    )
    line_ids = [return_line_id(orders, line) for line in range(len(returns))]
    journal.record(
        "orders",
        "manual_override_logged",
        at=overruled,
        slot="return",
        **person,
        entity_type="return_line",
        entity_id=pc.choose(first, *line_ids),
        override_rule="return_denial",
    )


def _first_of_returns(moments: list[Integers]) -> tuple[pa.Array, Integers]:
    """Return which line of each order comes first, and when."""
    at = np.stack(moments)
    return pa.array(at.argmin(axis=0)), at.min(axis=0)


def _watch_systems(
    world: World,
    per_hour: Integers,
    seed: int,
    journal_of: Callable[[Draws], Journal],
) -> Journal:
    """Record failed calls and lost webhooks: a row per hour and system."""
    hours, count = len(per_hour), len(world.platform.systems)
    hour, system = (axis.ravel() for axis in np.indices((hours, count), dtype=np.int64))
    draws = Draws(seed, 0, len(hour))
    journal = journal_of(draws)
    at = hour * 3600 + (draws.uniform("call/second") * 3600).astype(np.int64)
    calls = np.array([one.calls for one in world.platform.systems])[system]
    calls = calls * per_hour[hour]
    is_down = _is_silent(world, system, at)
    _record_calls(world.platform, system, at, calls, is_down, draws, journal)
    _record_undelivered(world.platform, system, at, calls, is_down, draws, journal)
    return journal


def _record_calls(
    settings: Platform,
    system: Integers,
    at: Integers,
    calls: Floats,
    is_down: Flags,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record calls that failed: a few any time, more in bad hours and outages."""
    systems = settings.systems
    share = calls * np.array([one.failing_share for one in systems])[system]
    is_bad = draws.chance("call/bad hour", settings.bad_hour_share)
    share = np.where(is_bad, share * settings.bad_hour_factor, share)
    share = np.where(is_down, settings.outage_failing_share, share)
    failed = when(draws.chance("call/fails", share), at)
    code = settings.errors.codes(draws.uniform("call/error"))
    call: Fields = {
        "source": PLATFORM,
        "endpoint": labels(
            system,
            [f"https://api.{one.name}.example/{one.endpoint}" for one in systems],
        ),
        "error_code": joined("HTTP_", labels(code, settings.errors.labels)),
        "http_status": np.array([int(label) for label in settings.errors.labels])[code],
        "trace_id": text((draws.words("call/trace") >> np.uint64(1)).astype(np.int64)),
    }
    journal.record("orders", "api_call_failed", at=failed, **call, attempt_no=1)
    fails_again = is_down | draws.chance("call/again", settings.call_again_share)
    journal.record(
        "orders",
        "api_call_failed",
        at=after(
            when(fails_again, failed),
            settings.call_again.whole(draws.uniform("call/again wait")),
        ),
        slot="again",
        **call,
        attempt_no=2,
    )


def _record_undelivered(
    settings: Platform,
    system: Integers,
    at: Integers,
    calls: Floats,
    is_down: Flags,
    draws: Draws,
    journal: Journal,
) -> None:
    """Record the webhooks that senders give up on outside of outages."""
    systems = settings.systems
    is_given_up = draws.chance(
        "webhook/undelivered", calls * settings.undelivered_share
    )
    journal.record(
        "orders",
        "webhook_undelivered",
        at=at,
        where=is_given_up & ~is_down,
        source=PLATFORM,
        # a report without deliveries: another one would make it another fact
        feed="log",
        slot="everyday",
        endpoint=labels(system, [_hook(one.name) for one in systems]),
        expected_event_name=labels(system, [one.expected_event for one in systems]),
        http_status=504,
        error_code="ACK_TIMEOUT",
        missing_count=settings.undelivered_count.whole(draws.uniform("webhook/count")),
    )


def _is_silent(world: World, system: Integers, at: Integers) -> Flags:
    """Tell which rows lie in an outage of their system."""
    names = np.array([one.name for one in world.platform.systems])
    silent = np.zeros(len(at), np.bool_)
    for outage in world.transport.outages:
        silent |= (names[system] == outage.system) & world.during(outage.window, at)
    return silent


def _count_undelivered(
    world: World, plan: Plan, seed: int, journal_of: Callable[[Draws], Journal]
) -> Journal:
    """Record how much each outage kept from arriving, as counted afterwards."""
    settings = world.platform
    outages = world.transport.outages
    events = {one.name: one.expected_event for one in settings.systems}
    draws = Draws(seed, 0, len(outages))
    journal = journal_of(draws)
    placed = np.array(
        [world.during(outage.window, plan.placed).sum() for outage in outages]
    )
    owed = placed * settings.outage_reports * (0.8 + 0.4 * draws.uniform("outage/owed"))
    ended = np.array([outage.window.end(world.days) for outage in outages])
    expected = [events.get(outage.system) for outage in outages]
    journal.record(
        "orders",
        "webhook_undelivered",
        at=ended + settings.outage_noticed.whole(draws.uniform("outage/noticed")),
        source=PLATFORM,
        feed="log",
        slot="outage",
        endpoint=pa.array([_hook(outage.system) for outage in outages]),
        expected_event_name=pa.array(expected, pa.string()),
        http_status=503,
        error_code="ENDPOINT_DISABLED",
        missing_count=1 + owed.astype(np.int64),
    )
    return journal


def _plant_runs(
    world: World, seed: int, journal_of: Callable[[Draws], Journal]
) -> Journal:
    """Record the daily run of planted events."""
    settings = world.platform
    draws = Draws(seed, 0, world.days)
    journal = journal_of(draws)
    day = np.arange(world.days)
    at = day * DAY + settings.run_hour * 3600
    at = at + (draws.uniform("run/second") * 900).astype(np.int64)
    is_clean = draws.chance("run/clean", settings.clean_run_share)
    for outage in world.transport.outages:
        first = outage.window.first(world.days) // DAY
        last = outage.window.end(world.days) // DAY
        is_clean &= (day < first) | (day > last)
    missed = settings.missed_of_run.whole(draws.uniform("run/missed"))
    journal.record(
        "orders",
        "synthetic_run_completed",
        at=at,
        source=PLATFORM,
        feed="batch",
        run_id=joined("syn-", text(day + 1)),
        expected_count=settings.expected_count,
        observed_count=settings.expected_count - np.where(is_clean, 0, missed),
        is_synthetic=True,
        workflow_name="planted_orders",
    )
    return journal


def _sweep(
    world: World,
    per_hour: Integers,
    seed: int,
    journal_of: Callable[[Draws], Journal],
) -> Journal:
    """Record the weekly checks: a row per week and type; some weeks one is left out."""
    settings = world.platform
    types = [name for name, _ in settings.found]
    weeks = -(-world.days // 7)
    week, kind = (
        axis.ravel() for axis in np.indices((weeks, len(types)), dtype=np.int64)
    )
    draws = Draws(seed, 0, len(week))
    journal = journal_of(draws)
    begun = settings.sweep_started.whole(draws.uniform("sweep/started"))
    weekday = (settings.sweep_weekday - journal.clock.start.weekday()) % 7
    found = _found(settings, per_hour, week, kind, draws)
    is_money = kind == types.index("pending_money")
    has_found = found > 0
    journal.record(
        "orders",
        "sweep_completed",
        at=(week * 7 + weekday) * DAY + begun,
        where=draws.chance("sweep/done", settings.sweep_done_share),
        source=PLATFORM,
        feed="batch",
        sweep_id=joined("sweep-", text(week + 1)),
        sweep_type=labels(kind, types),
        found_count=found,
        oldest_age_hours=Partly(
            settings.oldest_age.whole(draws.uniform("sweep/oldest")) // 900 * 0.25,
            has_found,
        ),
        amount_minor=Partly(found * settings.pending_minor, is_money & has_found),
        currency=Partly("INR", is_money & has_found),
    )
    return journal


def _found(
    settings: Platform,
    per_hour: Integers,
    week: Integers,
    kind: Integers,
    draws: Draws,
) -> Integers:
    """Return how much each check finds: more in a busy week."""
    hours = np.arange(len(per_hour)) // (7 * 24)
    orders = np.bincount(hours, weights=per_hour, minlength=week.max() + 1)[week]
    per_thousand: Floats = np.zeros(len(week))
    taste = draws.uniform("sweep/found")
    for number, (_, table) in enumerate(settings.found):
        rows = kind == number
        per_thousand[rows] = table.at(taste[rows])
    return (per_thousand * orders / 1000 + taste).astype(np.int64)


def _hook(system: str) -> str:
    """Return the address at which a system's webhooks arrive."""
    return f"https://hooks.{ACCOUNT}.example/{system}"
