"""What each metric means, who owns it, and what it says now."""

from __future__ import annotations

from dashboards.queries.reader import Query

METRICS = Query(
    """
    with latest as (

        select
            metric,
            max(date) filter (where is_mature) as mature_date,
            arg_max(value, date) filter (where is_mature) as mature_value,
            max(date) as newest_date,
            arg_max(value, date) as newest_value
        from metrics.metric_daily
        where segment_type = 'all'
        group by metric

    )

    select
        definitions.metric,
        definitions.question,
        definitions.definition,
        definitions.grain,
        definitions.unit,
        definitions.owner,
        definitions.caveat,
        definitions.fed_by,
        definitions.model,
        definitions.matures_after_days,
        latest.mature_date,
        latest.mature_value,
        latest.newest_date,
        latest.newest_value
    from metrics.metric_definitions as definitions
    left join latest
        on definitions.metric = latest.metric
    order by definitions.owner, definitions.metric
    """
)


def days_of(metric: str) -> Query:
    """Return a metric's days over the whole shop."""
    return Query(
        """
        select date, value, numerator, denominator, not is_mature as is_young
        from metrics.metric_daily
        where metric = $metric and segment_type = 'all' and value is not null
        order by date
        """,
        {"metric": metric},
    )
