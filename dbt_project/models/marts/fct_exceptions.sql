{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
        incremental_predicates=['is_open', "story_id like 'feed:%'"],
    )
}}

with

exceptions as (

    select * from {{ ref('int_exception_spells') }}
    where {{ is_affected(
        'story_id', open_rows='open_rows.is_open', moved=newly_overdue()
    ) }}

),

visits as (

    select * from {{ ref('int_stage_spells') }}
    where {{ is_affected(
        'story_id', open_rows='open_rows.is_open', moved=newly_overdue()
    ) }}

),

computed_events as (

    select * from {{ ref('int_computed_events') }}
    -- a feed is no story: late events may break a silence that was over
    where story_id like 'feed:%'
        or {{ is_affected(
            'story_id', open_rows='open_rows.is_open', moved=newly_overdue()
        ) }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

earlier_exceptions as (

    {{ earlier_rows(['exception_id', 'resolution']) }}

),

last_visits_under_way as (

    select
        order_id,
        max(visit_number) as visit_number

    from visits
    where stage not in ({{ ended_stages() }})
    group by order_id

),

-- a first parcel's delivery is no end where another left later
ends as (

    select
        visits.order_id,
        visits.stage,
        visits.entered_at

    from visits
    left join last_visits_under_way
        on visits.order_id = last_visits_under_way.order_id
    where visits.visit_number > coalesce(last_visits_under_way.visit_number, 0)

),

-- what opens once the order has ended outlives it: that end cannot have answered it
endings as (

    select
        exceptions.exception_id,
        min(ends.entered_at) as ended_at,
        {{ min_by('ends.stage', 'ends.entered_at') }} as stage

    from exceptions
    inner join ends
        on exceptions.order_id = ends.order_id
        and exceptions.opened_at <= ends.entered_at
    where not exceptions.is_about_money
    group by exceptions.exception_id

),

resolved_exceptions as (

    select
        exceptions.*,
        case
            when not exceptions.is_undoable then exceptions.opened_at
            else least(exceptions.undone_at, endings.ended_at)
        end as resolved_at,
        case
            when not exceptions.is_undoable then 'none_possible'
            when exceptions.undone_at
                <= coalesce(endings.ended_at, exceptions.undone_at)
                then exceptions.undone_by
            else endings.stage
        end as resolution

    from exceptions
    left join endings
        on exceptions.exception_id = endings.exception_id

),

known_exceptions as (

    select
        exception_id,
        story_id,
        order_id,
        exception_name,
        severity,
        owner,
        resolution,
        next_action,
        is_about_money,
        opened_at,
        resolved_at
    from resolved_exceptions

    union all

    select
        event_id as exception_id,
        story_id,
        order_id,
        event_name as exception_name,
        severity,
        owner,
        resolution,
        next_action,
        is_about_money,
        occurred_at as opened_at,
        resolved_at
    from computed_events

),

aged_exceptions as (

    select
        known_exceptions.exception_id,
        known_exceptions.story_id,
        known_exceptions.order_id,
        known_exceptions.exception_name,
        known_exceptions.severity,
        known_exceptions.owner,
        known_exceptions.resolution,
        known_exceptions.next_action,
        {{ hours_between(
            'known_exceptions.opened_at',
            'coalesce(known_exceptions.resolved_at, clock.as_of)'
        ) }} as age_hours,
        known_exceptions.is_about_money,
        known_exceptions.resolved_at is null as is_open,
        known_exceptions.opened_at,
        known_exceptions.resolved_at

    from known_exceptions
    cross join clock
    -- where nothing happened only what is open, or opens by the clock, is written anew
    where {{ is_affected('known_exceptions.story_id') }}
        or known_exceptions.story_id like 'feed:%'
        or known_exceptions.exception_id not in (
            select earlier_exceptions.exception_id
            from earlier_exceptions
            where earlier_exceptions.resolution is not null
        )

)

select * from aged_exceptions
