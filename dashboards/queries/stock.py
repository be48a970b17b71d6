"""Is what the shelves hold what the events say, and does supply keep up with demand."""

from __future__ import annotations

from dashboards.queries.reader import Query

TOTALS = Query(
    """
    select
        count(counted_at) as counted,
        count(*) filter (where drift <> 0) as drifting,
        coalesce(sum(abs(drift)), 0) as drift_units,
        coalesce(sum(refunded_not_restocked), 0) as refunded_not_restocked,
        coalesce(sum(rto_unacknowledged), 0) as rto_unacknowledged
    from marts.stock_truth
    """
)

TRUTH = Query(
    """
    select
        sku,
        location_id,
        drift,
        counted_on_hand,
        expected_on_hand,
        on_hand_now,
        refunded_not_restocked,
        restocked_not_refunded,
        rto_unacknowledged,
        counted_at
    from marts.stock_truth
    order by abs(drift) desc nulls last, sku, location_id
    """
)

BY_DAY = Query(
    """
    select
        date,
        sum(demand) as asked,
        sum(shipped) as shipped,
        sum(closing_backlog) as backlog
    from marts.demand_vs_shipped
    group by date
    order by date
    """
)

BACKLOG = Query(
    """
    select sku, closing_backlog, demand, cancelled, shipped
    from marts.demand_vs_shipped
    where closing_backlog > 0
    qualify date = max(date) over ()
    order by closing_backlog desc, sku
    """
)

BACKORDERS = Query(
    """
    select
        count(*) filter (where is_open) as open_backorders,
        count(*) filter (where is_open and is_late) as late_backorders,
        count(*) filter (where is_open and not was_customer_told) as untold_backorders,
        max(age_days) filter (where is_open) as oldest_days
    from marts.backorders
    """
)

OPEN_BACKORDERS = Query(
    """
    select
        order_id,
        sku,
        quantity,
        age_days,
        is_late,
        was_customer_told,
        created_at,
        expected_at
    from marts.backorders
    where is_open
    order by age_days desc, order_line_id
    """
)
