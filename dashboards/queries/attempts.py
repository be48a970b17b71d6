"""How often a try to pay goes through, and how many failed ones are won back."""

from __future__ import annotations

from dashboards.queries.reader import Query
from dashboards.queries.rules import RANKABLE_FROM

BY_METHOD = Query(
    """
    select
        method,
        gateway,
        sum(attempts) as attempts,
        sum(authorized) / nullif(sum(attempts), 0) as attempt_success_rate,
        sum(orders) as orders,
        sum(first_attempt_authorized) / nullif(sum(orders), 0)
            as first_attempt_success_rate,
        sum(succeeded_orders) / nullif(sum(orders), 0) as order_success_rate,
        sum(retry_eligible_orders) as failed_first_orders,
        sum(recovered_orders) as recovered_orders,
        sum(recovered_orders) / nullif(sum(retry_eligible_orders), 0)
            as retry_recovery_rate,
        sum(attempts) >= $rankable_from as is_rankable
    from metrics.payment_success
    group by method, gateway
    order by attempts desc, method, gateway
    """,
    {"rankable_from": RANKABLE_FROM},
)

BY_WEEK = Query(
    """
    select
        cast(date_trunc('week', date) as date) as week,
        cast(date_trunc('week', date) as date) + 6 as last_day,
        sum(orders) as orders,
        sum(succeeded_orders) as orders_paid,
        sum(first_attempt_authorized) / nullif(sum(orders), 0) as first_try,
        sum(succeeded_orders) / nullif(sum(orders), 0) as in_the_end,
        not bool_and(is_mature) as is_young
    from metrics.payment_success
    group by week
    order by week
    """
)

TOTALS = Query(
    """
    select
        coalesce(sum(attempts), 0) as attempts,
        coalesce(sum(authorized), 0) as authorized,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(first_attempt_authorized), 0) as first_attempt_authorized,
        coalesce(sum(succeeded_orders), 0) as succeeded_orders,
        coalesce(sum(failed_orders), 0) as failed_orders,
        coalesce(sum(retry_eligible_orders), 0) as retry_eligible_orders,
        coalesce(sum(recovered_orders), 0) as recovered_orders
    from metrics.payment_success
    """
)

DECLINES = Query(
    """
    select
        coalesce(error_code, 'unknown') as error_code,
        decline_type,
        count(*) as failed_attempts,
        count(recovered_at) / count(*) as recovered_share
    from marts.fct_payment_attempts
    where outcome = 'failed'
    group by 1, 2
    order by failed_attempts desc, error_code
    """
)
