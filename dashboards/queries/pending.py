"""Money that is owed, in either direction."""

from __future__ import annotations

from dashboards.queries.reader import Query

BY_CLASS = Query(
    """
    select
        class,
        currency,
        count(*) as claims,
        sum(amount) as total_amount,
        median(age_hours) / 24 as median_age_days,
        max(age_hours) / 24 as oldest_days
    from marts.pending_money
    group by class, currency
    order by currency, total_amount desc
    """
)

OLDEST = Query(
    """
    select
        order_id,
        class,
        currency,
        amount,
        age_hours / 24 as age_days,
        since_at
    from marts.pending_money
    order by age_hours desc, claim_id
    """
)
