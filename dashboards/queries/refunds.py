"""How long money takes to go back: the merchant's clock, and the bank's."""

from __future__ import annotations

from dashboards.queries.reader import Query

CLOCKS = Query(
    """
    select
        cause,
        count(*) as refunds,
        count(*) filter (where completed_at is null) as open,
        median(due_to_initiated_hours) / 24 as merchant_days,
        median(initiated_to_completed_hours) / 24 as bank_days,
        count(*) filter (where is_same_day) / nullif(count(initiated_at), 0)
            as same_day_share
    from marts.fct_refunds
    where replaced_by_refund_id is null
    group by cause
    order by refunds desc, cause
    """
)

BY_WEEK = Query(
    """
    select
        cast(date_trunc('week', date) as date) as week,
        cast(date_trunc('week', date) as date) + 6 as last_day,
        sum(denominator) as refunds_due,
        sum(numerator) as refunds_in_time,
        sum(numerator) / nullif(sum(denominator), 0) as within_48h_share,
        not bool_and(is_mature) as is_young
    from metrics.metric_daily
    where metric = 'refund_within_48h_share' and segment_type = 'all'
    group by week
    having sum(denominator) > 0
    order by week
    """
)

WAITING = Query(
    """
    select
        order_id,
        class,
        currency,
        amount,
        age_hours / 24 as age_days,
        since_at
    from marts.pending_money
    where class in ('refund_owed', 'refund_late', 'refund_failed')
    order by age_hours desc, claim_id
    """
)

LATENCY = Query(
    """
    select
        week,
        cause,
        clock,
        refunds,
        open,
        p50_hours,
        p90_hours,
        naive_p90_hours,
        same_day_share,
        within_48h_share,
        is_rankable
    from metrics.refund_latency
    order by week desc, cause, clock
    """
)
