"""Were promises kept, moved, or padded."""

from __future__ import annotations

from dashboards.queries.reader import Query
from dashboards.queries.rules import RANKABLE_FROM

BY_WEEK = Query(
    """
    select
        week,
        week + 6 as last_day,
        sum(promised) as promised,
        sum(kept_original) / nullif(sum(promised), 0) as kept_original,
        sum(kept_current) / nullif(sum(promised), 0) as kept_current,
        sum(revised) / nullif(sum(promised), 0) as revised,
        not bool_and(is_mature) as is_young
    from metrics.promise_kept
    group by week
    having sum(promised) > 0
    order by week
    """
)

BY_CARRIER = Query(
    """
    select
        carrier,
        sum(promised) as promised,
        sum(kept_original) / nullif(sum(promised), 0) as kept_original_rate,
        sum(kept_current) / nullif(sum(promised), 0) as kept_current_rate,
        sum(first_attempt_on_time) / nullif(sum(promised), 0)
            as first_attempt_on_time_rate,
        sum(revised) / nullif(sum(promised), 0) as revision_rate,
        sum(kept_current_timestamp) / nullif(sum(promised), 0)
            as kept_to_the_minute_rate,
        sum(promised) >= $rankable_from as is_rankable
    from metrics.promise_kept
    group by carrier
    having sum(promised) > 0
    order by is_rankable desc, kept_original_rate, carrier
    """,
    {"rankable_from": RANKABLE_FROM},
)

BY_LANE = Query(
    """
    select
        lane,
        carrier,
        sum(promised) as promised,
        sum(kept_original) / nullif(sum(promised), 0) as kept_original_rate,
        sum(kept_current) / nullif(sum(promised), 0) as kept_current_rate,
        sum(revised) / nullif(sum(promised), 0) as revision_rate
    from metrics.promise_kept
    group by lane, carrier
    having sum(promised) >= $rankable_from
    order by kept_original_rate, promised desc, lane, carrier
    """,
    {"rankable_from": RANKABLE_FROM},
)

PADDING = Query(
    """
    select
        carrier,
        count(*) as orders,
        median(padding_days) as median_padding_days,
        quantile_cont(padding_days, 0.1) as tightest_tenth_days,
        quantile_cont(padding_days, 0.9) as loosest_tenth_days
    from marts.promised_orders
    where padding_days is not null
    group by carrier
    order by median_padding_days desc, carrier
    """
)

MESSAGES = Query(
    """
    select kind, subject, channel, count(*) as messages
    from marts.message_conflicts
    group by all
    order by messages desc, kind, subject, channel
    """
)
