"""Where, when and under which load stock is not there for what was sold."""

from __future__ import annotations

from dashboards.queries.reader import Query
from dashboards.queries.rules import RANKABLE_FROM

WORST = Query(
    """
    select
        sku,
        location_id,
        sum(lines_requested) as lines_requested,
        sum(lines_failed) as lines_failed,
        sum(lines_failed) / sum(lines_requested) as line_failure_rate,
        sum(attempts_failed) / nullif(sum(attempts), 0) as attempt_failure_rate,
        sum(units_failed) / nullif(sum(units_requested), 0) as unit_failure_rate,
        sum(oversold_lines) as oversold_lines,
        sum(fallback_lines) as fallback_lines,
        sum(fallback_success_lines) as fallback_success_lines,
        sum(lines_requested) >= $rankable_from as is_rankable
    from metrics.reservation_failures
    group by sku, location_id
    having sum(lines_failed) > 0
    order by is_rankable desc, line_failure_rate desc, lines_failed desc, sku
    """,
    {"rankable_from": RANKABLE_FROM},
)

BY_LOCATION = Query(
    """
    select
        location_id,
        sum(lines_requested) as lines_requested,
        sum(lines_failed) as lines_failed,
        sum(lines_failed) / nullif(sum(lines_requested), 0) as line_failure_rate
    from metrics.reservation_failures
    group by location_id
    order by line_failure_rate desc nulls last, location_id
    """
)

BY_HOUR = Query(
    """
    select
        hour_of_week // 24 as day,
        hour_of_week % 24 as hour,
        lines_requested,
        lines_failed,
        case when is_rankable then line_failure_rate end as line_failure_rate
    from metrics.reservation_failures_by_hour
    order by hour_of_week
    """
)

HOURS = Query(
    """
    select
        left(dayname(date '2024-01-01' + cast(hour_of_week // 24 as integer)), 3)
        || format(' {:02d}:00', hour_of_week % 24) as begins,
        lines_requested,
        lines_failed,
        line_failure_rate,
        hour_of_week
    from metrics.reservation_failures_by_hour
    order by hour_of_week
    """
)

BY_LOAD = Query(
    """
    select load_decile, lines_requested, lines_failed, line_failure_rate, lower, upper
    from metrics.reservation_failures_by_load
    order by load_decile
    """
)
