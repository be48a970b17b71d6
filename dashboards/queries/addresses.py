"""Which addresses do not hold, and what became of those shipped anyway."""

from __future__ import annotations

from dashboards.queries.reader import Query

BY_WEEK = Query(
    """
    select
        cast(date_trunc('week', date) as date) as week,
        cast(date_trunc('week', date) as date) + 6 as last_day,
        sum(denominator) as validations,
        sum(numerator) as failed,
        sum(numerator) / nullif(sum(denominator), 0) as failure_rate,
        not bool_and(is_mature) as is_young
    from metrics.metric_daily
    where metric = 'address_failure_rate' and segment_type = 'all'
    group by week
    order by week
    """
)

FAILED = Query(
    """
    select
        count(*) as failed,
        count(corrected_at) as corrected,
        count(*) filter (where is_shipped_anyway) as shipped_anyway,
        count(*) filter (
            where is_shipped_anyway and later_outcome = 'delivered'
        ) as delivered,
        count(*) filter (where is_shipped_anyway and later_outcome = 'rto') as rto,
        count(*) filter (where is_shipped_anyway and later_outcome = 'open') as open
    from marts.fct_address_validations
    where outcome = 'failed'
    """
)

BY_CHECK = Query(
    """
    select
        address_check,
        sum(validations) as validations,
        sum(failed) as failed,
        sum(failed) / nullif(sum(validations), 0) as failure_rate,
        sum(corrected) as corrected,
        sum(shipped_anyway) as shipped_anyway,
        sum(shipped_anyway_delivered) as shipped_anyway_delivered,
        sum(shipped_anyway_rto) as shipped_anyway_rto,
        sum(shipped_anyway_lost) as shipped_anyway_lost,
        sum(shipped_anyway_open) as shipped_anyway_open
    from metrics.address_outcomes
    group by address_check
    order by failed desc, address_check
    """
)
