{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Since when each line's units are held, and what keeps them from it. A line is held
-- once what was reserved for it reaches what was ordered, until the hold is lost.
with

events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and order_line_id is not null
        and event_name in (
            'inventory_reserved', 'inventory_reservation_failed',
            'inventory_reservation_released', 'sku_unavailable', 'backorder_created'
        )

),

order_lines as (

    select * from {{ ref('int_line_units') }}
    where {{ is_affected('story_id') }}

),

first_parcels as (

    select
        order_id,
        min(shipped_at) as first_shipped_at

    from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}
    group by order_id

),

steps as (

    select
        events.order_line_id,
        events.event_name,
        events.event_rank,
        events.event_id,
        events.quantity,
        events.occurred_at,
        case events.event_name
            when 'inventory_reserved' then 'partly_reserved'
            when 'inventory_reservation_failed' then events.reason_code
            when 'inventory_reservation_released'
                then 'hold_' || nullif(events.release_cause, 'shipped')
            when 'sku_unavailable' then 'unavailable'
            when 'backorder_created' then 'backordered'
        end as blocked_reason,

        -- used by the parcel is still held; any other end of the hold is a loss, until
        -- the order's first parcel has left
        coalesce(
            (
                events.event_name = 'sku_unavailable'
                or (
                    events.event_name = 'inventory_reservation_released'
                    and events.release_cause <> 'shipped'
                )
            )
            and (
                first_parcels.first_shipped_at is null
                or events.occurred_at <= first_parcels.first_shipped_at
            ), false
        ) as is_loss

    from events
    left join first_parcels
        on events.order_id = first_parcels.order_id

),

running_steps as (

    select
        steps.*,
        sum(case when event_name = 'inventory_reserved' then quantity end) over (
            partition by order_line_id
            order by occurred_at, event_rank, event_id
            rows between unbounded preceding and current row
        ) as quantity_so_far,
        count(*) filter (where is_loss) over (
            partition by order_line_id
            order by occurred_at, event_rank, event_id
            rows between current row and unbounded following
        ) as losses_to_come,
        row_number() over (
            partition by order_line_id
            order by occurred_at desc, event_rank desc, event_id desc
        ) as steps_to_last

    from steps

),

lines as (

    select
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        coalesce(
            min(running_steps.blocked_reason)
                filter (where running_steps.steps_to_last = 1),
            'not_answered'
        ) as blocked_reason,
        order_lines.quantity - order_lines.quantity_cancelled as quantity_wanted,
        min(running_steps.occurred_at) filter (
            where running_steps.event_name = 'inventory_reserved'
                and running_steps.quantity_so_far
                    >= order_lines.quantity - order_lines.quantity_cancelled
        ) as reserved_at,
        min(running_steps.occurred_at) filter (
            where running_steps.event_name = 'inventory_reserved'
                and running_steps.losses_to_come = 0
                and running_steps.quantity_so_far
                    >= order_lines.quantity - order_lines.quantity_cancelled
        ) as held_since_at

    from order_lines
    left join running_steps
        on order_lines.order_line_id = running_steps.order_line_id
    group by
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.quantity,
        order_lines.quantity_cancelled

)

select * from lines
