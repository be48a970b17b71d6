"""Why delivered units come back, what is exchanged, what is claimed under warranty."""

from __future__ import annotations

from dashboards.queries.reader import Query
from dashboards.queries.rules import RANKABLE_FROM

REASONS = Query(
    """
    select
        coalesce(reason, 'unknown') as reason,
        units_returned,
        reason_share,
        lower,
        upper,
        naive_share
    from metrics.return_reason_shares
    where segment_type = 'all'
    order by reason_share desc nulls last, reason
    """
)

PRODUCTS = Query(
    """
    with

    -- each month and SKU repeats its deliveries beside every reason
    months as (

        select
            category,
            sku,
            delivered_month,
            max(units_delivered) as units_delivered,
            sum(units_returned) as units_returned,
            arg_max(reason, units_returned) as top_reason
        from metrics.return_reasons
        where is_mature
        group by category, sku, delivered_month

    )

    select
        sku,
        category,
        sum(units_delivered) as units_delivered,
        sum(units_returned) as units_returned,
        sum(units_returned) / nullif(sum(units_delivered), 0) as return_rate,
        arg_max(top_reason, units_returned) filter (where units_returned > 0)
            as reason,
        sum(units_delivered) >= $rankable_from as is_rankable
    from months
    group by sku, category
    order by is_rankable desc, return_rate desc nulls last, sku
    """,
    {"rankable_from": RANKABLE_FROM},
)

BY_MONTH = Query(
    """
    select
        delivered_month,
        last_day(delivered_month) as last_day,
        sum(units_delivered) as units_delivered,
        sum(units_returned) as units_returned,
        sum(units_returned) / nullif(sum(units_delivered), 0) as return_rate,
        not bool_and(is_mature) as is_young
    from metrics.return_rates
    group by delivered_month
    having sum(units_delivered) > 0
    order by delivered_month
    """
)

EXCHANGES = Query(
    """
    select
        month,
        currency,
        resolved_lines,
        exchanged_lines,
        exchange_rate,
        retained_amount,
        returned_amount,
        retained_revenue_ratio as retained_share,
        is_rankable
    from metrics.exchange_outcomes
    order by month desc, currency
    """
)

WARRANTY = Query(
    """
    select
        sku,
        fault,
        count(*) as claims,
        count(*) filter (where decision = 'approved') as approved,
        count(*) filter (where decision = 'denied') as denied,
        count(*) filter (where decided_at is null) as undecided,
        median(opened_to_decided_days) as median_to_decision_days
    from marts.fct_warranty_claims
    group by sku, fault
    order by claims desc, sku, fault
    """
)
