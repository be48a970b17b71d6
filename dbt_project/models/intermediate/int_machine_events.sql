-- What is told of each thing that has a state machine. What is told of an order as a
-- whole moves each of its lines where it can, and breaks the story of none.
with

events as (

    select * from {{ ref('int_machine_facts') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}

),

cancelled_in_part as (

    select events.fact_id
    from events
    inner join order_lines
        on events.story_id = order_lines.story_id
        and events.entity_id = order_lines.order_line_id
        and events.quantity < order_lines.quantity
    where events.machine = 'reservation'
        and events.event_name = 'order_cancelled'

),

told_of_the_thing as (

    select
        fact_id,
        event_id,
        story_id,
        order_id,
        machine,
        entity_id,
        event_name,
        source,
        said,
        initial_state,
        event_rank,
        can_break,
        occurred_at

    from events
    where entity_id is not null
        and fact_id not in (select cancelled_in_part.fact_id from cancelled_in_part)

),

told_of_the_order as (

    select
        events.fact_id,
        events.event_id,
        events.story_id,
        events.order_id,
        events.machine,
        order_lines.order_line_id as entity_id,
        events.event_name,
        events.source,
        events.said,
        events.initial_state,
        events.event_rank,
        false as can_break,
        events.occurred_at

    from events
    inner join order_lines
        on events.story_id = order_lines.story_id
        and events.order_id = order_lines.order_id
    where events.entity_id is null
        and events.id_field = 'order_line_id'

        -- a part of an order without lines is none that could be known
        and events.quantity is null
        and not coalesce(events.is_partial, false)

),

told as (

    select * from told_of_the_thing
    union all
    select * from told_of_the_order

)

select
    told.*,
    machine || ':' || entity_id || ':' || fact_id as step_id,

    -- lines and fulfillment orders may be numbered anew in each order; what else two
    -- orders name is one thing
    machine || ':' || entity_id
        || case
            when machine in ('reservation', 'pickup') then ':' || story_id else ''
        end as thing_key

from told
