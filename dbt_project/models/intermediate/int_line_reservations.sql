{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Whether and since when each line's units are held. A line is held once what was
-- reserved for it reaches what was ordered, and stays so until the hold is lost.
with

events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and order_line_id is not null
        and event_name in (
            'inventory_reserved', 'inventory_reservation_released', 'sku_unavailable'
        )

),

order_lines as (

    select * from {{ ref('int_line_units') }}
    where {{ is_affected('story_id') }}

),

holds as (

    select
        events.order_line_id,
        events.occurred_at,
        events.event_name,
        events.release_cause,
        sum(
            case when events.event_name = 'inventory_reserved' then events.quantity end
        ) over (
            partition by events.order_line_id
            order by events.occurred_at, events.event_rank, events.event_id
            rows between unbounded preceding and current row
        ) as quantity_so_far,
        row_number() over (
            partition by events.order_line_id
            order by
                events.occurred_at desc, events.event_rank desc, events.event_id desc
        ) as steps_to_last

    from events

),

lines as (

    select
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        min(holds.occurred_at) filter (
            where holds.event_name = 'inventory_reserved'
                and holds.quantity_so_far
                    >= order_lines.quantity - order_lines.quantity_cancelled
        ) as reserved_at,

        -- used by the parcel is still held; any other end of the hold is a loss
        coalesce(
            bool_or(
                holds.event_name = 'inventory_reserved'
                or holds.release_cause = 'shipped'
            ) filter (where holds.steps_to_last = 1), false
        ) as is_held,
        order_lines.quantity - order_lines.quantity_cancelled as quantity_wanted

    from order_lines
    left join holds
        on order_lines.order_line_id = holds.order_line_id
    group by
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.quantity,
        order_lines.quantity_cancelled

)

select * from lines
