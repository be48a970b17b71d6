"""When asking for a review works."""

from __future__ import annotations

from dashboards.queries.reader import Query

TIMING = Query(
    """
    select
        delay_bucket,
        asked,
        responded,
        matured_asked,
        matured_responded,
        matured_rate,
        matured_lower as lower,
        matured_upper as upper,
        response_rate,
        mean_rating,
        organic_rate,
        is_learned
    from metrics.review_timing
    order by coalesce(first_day, -1)
    """
)
