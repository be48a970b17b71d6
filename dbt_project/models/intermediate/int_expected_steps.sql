{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What had to follow, and whether it ever did: the next move of each story, the start
-- of one that another story calls for, the order behind what hangs on it, and the
-- lines of a cancelled part.
with

steps as (

    select * from {{ ref('int_machine_steps') }}
    where {{ is_affected('story_id') }}
        and is_move

),

contract_states as (

    select * from {{ ref('stg_contract_states') }}

),

machines as (

    select distinct
        machine,
        id_field,
        applies_to

    from {{ ref('stg_contract_machine_events') }}

),

successors as (

    select * from {{ ref('expected_successors') }}

),

starts as (

    select * from {{ ref('expected_starts') }}

),

orders as (

    select
        order_id,
        fulfillment_type,
        is_cancelled,
        stage in ('placed', 'payment') as is_unpaid

    from {{ ref('fct_orders') }}
    where {{ is_affected('order_id') }}

),

standing_events as (

    select
        events.order_id,
        events.source,
        events.occurred_at

    from {{ ref('int_events_described') }} as events
    cross join {{ ref('stg_clock') }} as clock
    where {{ is_affected('events.order_id') }}
        and events.order_id is not null
        and not events.is_retracted
        and {{ known_by('events.occurred_at') }}

),

next_moves as (

    select
        steps.story_id,
        steps.order_id,
        steps.entity_id,
        steps.machine,
        steps.event_name,
        steps.source,
        case
            when successors.machine is null then 24 else successors.limit_hours
        end as limit_hours,
        steps.is_followed as is_observed,
        coalesce(successors.is_expected_unpaid, true) as is_expected_unpaid,
        steps.occurred_at

    from steps
    inner join contract_states
        on steps.machine = contract_states.machine
        and steps.to_state = contract_states.state
    left join successors
        on steps.machine = successors.machine
        and steps.to_state = successors.state
    where not contract_states.is_terminal
        and not contract_states.is_passing

),

orders_under_way as (

    select distinct
        order_id,
        machine

    from steps
    where event_name <> 'order_placed'

),

-- told once per line where lines have a story; an order starts once
starting_events as (

    select
        steps.order_id,
        starts.machine,
        starts.event_name,
        starts.limit_hours,
        min(steps.occurred_at) as occurred_at,
        {{ min_by('steps.source', 'steps.occurred_at || steps.source') }} as source

    from steps
    inner join starts
        on steps.event_name = starts.event_name
        and steps.machine <> starts.machine
    where steps.order_id is not null
    group by
        steps.order_id, starts.machine, starts.event_name, starts.limit_hours

),

first_moves as (

    select
        starting_events.order_id as story_id,
        starting_events.order_id,
        starting_events.order_id as entity_id,
        starting_events.machine,
        starting_events.event_name,
        starting_events.source,
        starting_events.limit_hours,
        orders_under_way.order_id is not null as is_observed,
        false as is_expected_unpaid,
        starting_events.occurred_at

    from starting_events
    left join orders_under_way
        on starting_events.order_id = orders_under_way.order_id
        and starting_events.machine = orders_under_way.machine

),

moves as (

    select * from next_moves
    where limit_hours is not null
    union all
    select * from first_moves

),

-- nothing more is awaited of an order that was called off, nor of one that has not
-- been paid for where only paid orders go on; nor of a story it does not have
moves_awaited as (

    select
        moves.story_id,
        moves.order_id,
        moves.entity_id,
        moves.source,
        moves.event_name || ' -> ' || moves.machine as step,
        moves.is_observed,
        {{ hours_after('moves.occurred_at', 'moves.limit_hours') }} as due_at

    from moves
    inner join machines
        on moves.machine = machines.machine
    left join orders
        on moves.order_id = orders.order_id
    where not (
        machines.id_field in ('order_id', 'order_line_id')
        and coalesce(orders.is_cancelled, false)
    )
    and (moves.is_expected_unpaid or not coalesce(orders.is_unpaid, false))
    and (
        machines.applies_to is null
        or '|' || machines.applies_to || '|'
        like '%|' || coalesce(orders.fulfillment_type, 'ship') || '|%'
    )

),

orders_named as (

    select
        source,
        order_id,
        min(occurred_at) as named_at

    from standing_events
    group by source, order_id

),

placings_awaited as (

    select
        orders_named.order_id as story_id,
        orders_named.order_id,
        orders_named.order_id as entity_id,
        orders_named.source,
        'order_placed -> order' as step,
        orders.order_id is not null as is_observed,
        {{ hours_after('orders_named.named_at', 24) }} as due_at

    from orders_named
    left join orders
        on orders_named.order_id = orders.order_id

),

cancelled_lines_awaited as (

    select
        story_id,
        order_id,
        order_id as entity_id,
        source,
        'order_cancelled -> order_line' as step,
        order_line_id is not null as is_observed,
        occurred_at as due_at

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'order_cancelled'
        and is_partial

),

expected_steps as (

    select * from moves_awaited
    union all
    select * from placings_awaited
    union all
    select * from cancelled_lines_awaited

)

select * from expected_steps
