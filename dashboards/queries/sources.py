"""What the sources say, leave out, and send amiss."""

from __future__ import annotations

from dashboards.queries.reader import Query

TOTALS = Query(
    """
    select
        coalesce(sum(expected), 0) as expected,
        coalesce(sum(observed), 0) as observed,
        coalesce(sum(missing), 0) as missing
    from marts.instrumentation_coverage
    """
)

BLIND_SPOTS = Query(
    """
    select source, step, expected, observed, missing, coverage_rate, first_missing_at
    from marts.instrumentation_coverage
    where missing > 0
    order by missing desc, source, step
    """
)

SOURCES = Query(
    """
    select
        source,
        count(*) as events,
        count(distinct event_name) as event_names,
        max(observed_at) as last_observed_at,
        median(date_diff('second', occurred_at, ingested_at)) / 3600
            as median_delay_hours
    from marts.events
    where source is not null and not starts_with(source, 'warehouse:')
    group by source
    order by last_observed_at, source
    """
)

SILENT = Query(
    """
    select
        source,
        event_name,
        count(*) as silent_hours,
        sum(expected_count) as expected_events,
        sum(observed_count) as observed_events,
        max(hour) as last_at
    from marts.missing_events
    where is_silent
    group by source, event_name
    order by last_at desc, silent_hours desc, source, event_name
    """
)

REJECTED = Query(
    """
    select
        reason_code,
        count(*) as lines,
        min(rejected_at) as first_rejected_at,
        max(rejected_at) as last_rejected_at
    from marts.rejected_events
    where replayed_at is null
    group by reason_code
    order by lines desc, reason_code
    """
)

VIOLATIONS = Query(
    """
    select count(*) as events, machine, source, event_name, from_state
    from marts.transition_violations
    group by all
    order by events desc, machine, source, event_name
    """
)

LANDINGS = Query(
    """
    with refused as (
        select landing_id, count(*) as refused
        from marts.rejected_events
        group by landing_id
    )
    select
        landed_file,
        landed_at,
        delivered,
        accepted,
        duplicates,
        conflicts,
        rejected,
        coalesce(refused, 0) as refused,
        is_backfill,
        landing_id
    from marts.landings
    left join refused using (landing_id)
    order by landed_at desc, landed_file
    """
)

RESTATEMENTS = Query(
    """
    select
        metric,
        date,
        segment_type,
        segment,
        old_value,
        new_value,
        late_events,
        late_event_names,
        restated_at
    from metrics.restatements
    order by restated_at desc, metric, date
    """
)
