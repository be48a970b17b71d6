with

clock as (

    select * from {{ ref('stg_clock') }}

),

changed_now as (

    select
        changed.metric,
        changed.date,
        changed.segment_type,
        changed.segment,
        changed.published_at,
        changed.old_value,
        changed.new_value,
        clock.as_of as restated_at

    from {{ ref('int_figures_changed') }} as changed
    cross join clock
    where changed.is_restated

),

changed_before as (

    select
        figures.metric,
        figures.date,
        figures.segment_type,
        figures.segment,
        figures.published_at,
        figures.old_value,
        figures.value as new_value,
        publications.as_of as restated_at

    from {{ source('control', 'published_figures') }} as figures
    inner join {{ source('control', 'publications') }} as publications
        on figures.publication = publications.publication
    inner join clock
        on publications.as_of < clock.as_of
    where figures.is_restated

),

changes as (

    select * from changed_before
    union all
    select * from changed_now

),

definitions as (

    select * from {{ ref('metric_definitions') }}

),

-- Of all events hardly any is of interest: they are asked for one by one, and not
-- carried along.
retractions as (

    select
        events.event_name,
        events.order_id,
        events.occurred_at,
        retracting.ingested_at

    from {{ ref('event_retractions') }} as retractions
    inner join {{ ref('events') }} as events
        on retractions.target_event_id = events.event_id
    inner join {{ ref('events') }} as retracting
        on retractions.retraction_event_id = retracting.event_id

),

facts_learned as (

    select
        event_name,
        order_id,
        occurred_at,
        ingested_at
    from {{ ref('events') }}

    union all

    select * from retractions

),

intervals as (

    select distinct
        published_at,
        restated_at
    from changes

),

-- nothing that was known at the first of these publications is of interest
learned_since as (

    select * from facts_learned
    where ingested_at > (select min(intervals.published_at) from intervals)

),

-- had happened when the old figure was published, and was not known
late_facts as (

    select
        intervals.published_at,
        intervals.restated_at,
        learned_since.event_name,
        learned_since.order_id,
        {{ store_date('learned_since.occurred_at') }} as occurred_date,
        cast(null as varchar) as carrier

    from learned_since
    inner join intervals
        on learned_since.ingested_at > intervals.published_at
        and learned_since.ingested_at <= intervals.restated_at
        and learned_since.occurred_at <= intervals.published_at

),

order_segments as (

    select * from {{ ref('int_order_segments') }}

),

segmented_facts as (

    {{ by_daily_segment(
        'late_facts', 'order_segments',
        ['published_at', 'restated_at', 'event_name', 'occurred_date']
    ) }}

),

counted_facts as (

    select
        segment_type,
        segment,
        published_at,
        restated_at,
        event_name,
        occurred_date,
        count(*) as facts

    from segmented_facts
    group by
        segment_type, segment, published_at, restated_at, event_name, occurred_date

),

-- what feeds the metric, from the figure's day until it was to be complete
explained as (

    select
        changes.metric,
        changes.date,
        changes.segment_type,
        changes.segment,
        changes.restated_at,
        counted_facts.event_name,
        sum(counted_facts.facts) as facts

    from changes
    inner join definitions
        on changes.metric = definitions.metric
    inner join counted_facts
        on changes.segment_type = counted_facts.segment_type
        and changes.segment = counted_facts.segment
        and changes.published_at = counted_facts.published_at
        and changes.restated_at = counted_facts.restated_at
        and (
            definitions.is_moved_by_the_past
            or changes.date <= counted_facts.occurred_date
        )
        and counted_facts.occurred_date
        <= {{ days_after('changes.date', 'definitions.matures_after_days') }}
        and (
            definitions.fed_by = 'any'
            or ', ' || definitions.fed_by || ', '
            like '%, ' || counted_facts.event_name || ', %'
        )
    group by
        changes.metric,
        changes.date,
        changes.segment_type,
        changes.segment,
        changes.restated_at,
        counted_facts.event_name

),

causes as (

    select
        metric,
        date,
        segment_type,
        segment,
        restated_at,
        cast(sum(facts) as bigint) as late_events,
        {{ listed('event_name', 'facts') }} as late_event_names

    from explained
    group by metric, date, segment_type, segment, restated_at

),

restatements as (

    select
        changes.metric,
        changes.segment_type,
        changes.segment,
        changes.old_value,
        changes.new_value,
        coalesce(causes.late_events, 0) as late_events,
        causes.late_event_names,
        changes.published_at,
        changes.restated_at,
        changes.date

    from changes
    left join causes
        on changes.metric = causes.metric
        and changes.date = causes.date
        and changes.segment_type = causes.segment_type
        and changes.segment = causes.segment
        and changes.restated_at = causes.restated_at

)

select * from restatements
