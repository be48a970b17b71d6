{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Each failure as a spell: opened by an exception event, undone by the first later
-- event of the same thing that can. Whether the order's end closes it is the reader's.
with

events as (

    select * from {{ ref('int_events_narrowed') }}
    where {{ is_affected('story_id') }}

),

contract_events as (

    select * from {{ ref('stg_contract_events') }}
    where is_exception

),

resolutions as (

    select * from {{ ref('stg_contract_resolutions') }}

),

exceptions as (

    select
        events.*,
        contract_events.severity,
        contract_events.exception_owner,
        contract_events.is_about_money,
        contract_events.next_action

    from events
    inner join contract_events
        on events.event_name = contract_events.event_name

),

-- of events at one instant the one of lower rank came first
undoing as (

    select
        exceptions.fact_id,
        min(undoing_events.occurred_at) as undone_at,
        {{ min_by(
            'undoing_events.event_name',
            "(undoing_events.occurred_at
                || lpad(cast(undoing_events.event_rank as varchar), 5, '0'))"
        ) }} as undone_by

    from exceptions
    inner join resolutions
        on exceptions.event_name = resolutions.exception_name
    left join events as undoing_events
        on exceptions.story_id = undoing_events.story_id
        and resolutions.resolved_by = undoing_events.event_name
        and {{ thing_of('exceptions', 'resolutions.same_field') }}
            = {{ thing_of('undoing_events', 'resolutions.same_field') }}
        and (
            exceptions.occurred_at < undoing_events.occurred_at
            or (
                exceptions.occurred_at = undoing_events.occurred_at
                and exceptions.event_rank < undoing_events.event_rank
            )
        )
    group by exceptions.fact_id

),

spells as (

    select
        exceptions.fact_id as exception_id,
        exceptions.story_id,
        exceptions.order_id,
        exceptions.event_name as exception_name,
        exceptions.severity,
        exceptions.exception_owner as owner,
        exceptions.next_action,
        exceptions.is_about_money,
        undoing.fact_id is not null as is_undoable,
        undoing.undone_by,
        exceptions.occurred_at as opened_at,
        undoing.undone_at

    from exceptions
    left join undoing
        on exceptions.fact_id = undoing.fact_id

)

select * from spells
