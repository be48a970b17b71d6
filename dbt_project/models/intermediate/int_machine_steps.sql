{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Each story walked through its state machine, event by event, all stories at once: the
-- n-th round of the recursion takes the n-th event of every thing.
with recursive

-- the view holds the rewritten stories alone; the filter lets dbt know of them
events as (

    select * from {{ ref('int_machine_events') }}
    where {{ is_affected('story_id') }}

),

contract_moves as (

    select * from {{ ref('stg_contract_moves') }}

),

occasions as (

    select distinct
        machine,
        event_name,
        coalesce(said, '') as said

    from events

),

-- where each kind of event, as told, leads from each state
moves_ranked as (

    select
        occasions.machine,
        occasions.event_name,
        occasions.said,
        contract_moves.from_state,
        contract_moves.to_state,
        contract_moves.label,
        row_number() over (
            partition by
                occasions.machine,
                occasions.event_name,
                occasions.said,
                contract_moves.from_state
            order by contract_moves.position
        ) as move_rank,

        -- an event that no state lets pass as told is none of the machine's
        max(case when contract_moves.to_state is not null then 1 else 0 end) over (
            partition by occasions.machine, occasions.event_name, occasions.said
        ) as is_mentioned

    from occasions
    inner join contract_moves
        on occasions.machine = contract_moves.machine
        and occasions.event_name = contract_moves.event_name
        and (
            contract_moves.condition is null
            or occasions.said like '%|' || contract_moves.condition || '|%'
        )

),

moves as (

    select * from moves_ranked
    where move_rank = 1

),

mentioned as (

    select
        machine,
        event_name,
        said,
        max(is_mentioned) as is_mentioned

    from moves
    group by machine, event_name, said

),

numbered as (

    select
        events.*,
        mentioned.is_mentioned = 1 as is_mentioned,
        row_number() over (
            partition by events.thing_key
            order by events.occurred_at, events.event_rank, events.event_id
        ) as event_number

    from events
    inner join mentioned
        on events.machine = mentioned.machine
        and events.event_name = mentioned.event_name
        and coalesce(events.said, '') = mentioned.said

),

walked as (

    select
        thing_key,
        cast(0 as bigint) as event_number,
        cast(null as varchar) as step_id,
        cast(null as varchar) as from_state,
        initial_state as state,
        cast(null as varchar) as label,
        false as is_move

    from numbered
    where event_number = 1

    union all

    select
        walked.thing_key,
        numbered.event_number,
        numbered.step_id,
        walked.state as from_state,
        coalesce(moves.to_state, walked.state) as state,
        moves.label,
        moves.to_state is not null as is_move

    from walked
    inner join numbered
        on walked.thing_key = numbered.thing_key
        and walked.event_number + 1 = numbered.event_number
    left join moves
        on numbered.machine = moves.machine
        and numbered.event_name = moves.event_name
        and coalesce(numbered.said, '') = moves.said
        and walked.state = moves.from_state

),

steps as (

    select
        numbered.step_id,
        numbered.fact_id,
        numbered.event_id,
        numbered.story_id,
        numbered.order_id,
        numbered.thing_key,
        numbered.machine,
        numbered.entity_id,
        numbered.event_name,
        numbered.source,
        walked.from_state,
        walked.state as to_state,
        case
            when walked.is_move or not numbered.can_break then null
            when walked.label is not null then walked.label
            when numbered.is_mentioned
                then numbered.event_name || ' cannot follow ' || walked.from_state
        end as reason,
        numbered.event_number,
        walked.is_move,
        count(*) filter (where walked.is_move) over (
            partition by numbered.thing_key
            order by numbered.event_number
            rows between 1 following and unbounded following
        ) > 0 as is_followed,
        numbered.occurred_at

    from walked
    inner join numbered
        on walked.step_id = numbered.step_id

)

select * from steps
