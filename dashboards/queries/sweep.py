"""The Monday sweep: what is stuck, what is owed, what the shelves do not say."""

from __future__ import annotations

from dashboards.queries.reader import Query

SWEEP = Query(
    """
    select week, question, unit, value, previous_value
    from marts.weekly_sweep
    qualify week = max(week) over ()
    order by list_position(['stuck', 'pending_money', 'stock_drift'], question), unit
    """
)

STUCK = Query(
    """
    select
        order_id,
        stage,
        level,
        owner,
        age_hours / 24 as age_days,
        rhythm_p90_hours / 24 as usual_days,
        promise_at,
        silence_hours / 24 as silence_days,
        customer_order_number
    from marts.stuck_orders
    order by level, age_hours desc, order_id
    """
)

PENDING = Query(
    """
    select
        class,
        currency,
        count(*) as claims,
        sum(amount) as total_amount,
        max(age_hours) / 24 as oldest_days
    from marts.pending_money
    group by class, currency
    order by currency, total_amount desc
    """
)

DRIFT = Query(
    """
    select
        sku,
        location_id,
        expected_on_hand,
        counted_on_hand,
        drift,
        on_hand_now,
        counted_at
    from marts.stock_truth
    where drift <> 0
    order by abs(drift) desc, sku, location_id
    """
)
