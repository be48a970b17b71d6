"""How long captured money takes to arrive."""

from __future__ import annotations

from dashboards.queries.reader import Query
from dashboards.queries.row_sets.money import LATE

SEGMENT_TYPES = ("method", "gateway", "capture_week")


def curves(segment_type: str, *, days: int) -> Query:
    """Return the share settled by hours since capture, for segments big enough."""
    return Query(
        """
        with

        rankable as (

            select segment
            from metrics.settlement_times
            where segment_type = $segment_type and is_rankable
            order by payments desc
            limit 6

        )

        select
            curves.segment,
            curves.hours / 24 as days,
            1 - curves.survival as share,
            1 - curves.upper as lower,
            1 - curves.lower as upper,
            curves.at_risk
        from metrics.settlement_curves as curves
        inner join rankable
            on curves.segment = rankable.segment
        where curves.segment_type = $segment_type and curves.hours <= 24 * $days
        order by curves.segment, curves.hours
        """,
        {"segment_type": segment_type, "days": days},
    )


def times(segment_type: str) -> Query:
    """Return the percentiles of each segment, the honest beside the naive p90."""
    return Query(
        """
        select
            segment,
            payments,
            settled,
            open,
            competing,
            p50_hours / 24 as p50_days,
            p90_hours / 24 as p90_days,
            p90_lower_hours / 24 as p90_from_days,
            p90_upper_hours / 24 as p90_to_days,
            p95_hours / 24 as p95_days,
            naive_p90_hours / 24 as naive_p90_days,
            delay_rate,
            timeout_rate,
            is_rankable
        from metrics.settlement_times
        where segment_type = $segment_type
        order by
            is_rankable desc,
            case when segment_type = 'capture_week' then segment end desc,
            p90_hours desc nulls first,
            segment
        """,
        {"segment_type": segment_type},
    )


ALL = Query(
    "select * from metrics.settlement_times where segment_type = 'all'",
)

DELAYS_BY_CAUSE = Query(
    f"""
    select
        cause,
        count(*) as late_payments,
        count(*) filter (where is_settlement_timed_out) as timed_out_payments,
        count(*) filter (where exit = 'open') as open_payments,
        max(open_age_hours) filter (where exit = 'open') / 24 as oldest_days
    from ({LATE})
    group by cause
    order by late_payments desc, cause
    """
)

LATE_BY_GATEWAY = Query(
    """
    select
        coalesce(gateway, 'unknown') as gateway,
        currency,
        count(*) as late_payments,
        count(*) filter (where is_settlement_timed_out) as timed_out_payments,
        sum(captured_amount - refunded_amount - settled_gross_amount)
            as outstanding_amount,
        max(open_age_hours) / 24 as oldest_days
    from marts.fct_payments
    where exit = 'open' and captured_at is not null and is_settlement_late
    group by 1, 2
    order by late_payments desc, gateway, currency
    """
)
