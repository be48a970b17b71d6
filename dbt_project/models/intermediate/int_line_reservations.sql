{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Since when each line's units are held, and what keeps them from it. A line is held
-- while its holds reach what is still asked for.
with

events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and order_line_id is not null

),

order_lines as (

    select
        *,
        quantity - quantity_cancelled as quantity_wanted

    from {{ ref('int_line_units') }}
    where {{ is_affected('story_id') }}

),

holds as (

    select * from {{ ref('int_line_holds') }}
    where {{ is_affected('story_id') }}

),

steps as (

    select
        order_line_id,
        occurred_at || lpad(cast(event_rank as varchar), 5, '0') || event_id
            as event_order,
        case event_name
            when 'inventory_reserved' then 'partly_reserved'
            when 'inventory_reservation_failed' then reason_code
            when 'inventory_reservation_released'
                then 'hold_' || nullif(release_cause, 'shipped')
            when 'sku_unavailable' then 'unavailable'
            when 'backorder_created' then 'backordered'
        end as blocked_reason

    from events
    where event_name in (
        'inventory_reserved', 'inventory_reservation_failed',
        'inventory_reservation_released', 'sku_unavailable', 'backorder_created'
    )

),

last_steps as (

    select
        order_line_id,
        {{ max_by('blocked_reason', 'event_order') }} as blocked_reason

    from steps
    group by order_line_id

),

line_holds as (

    select
        order_lines.order_line_id,
        holds.changed_at,
        holds.quantity_held >= order_lines.quantity_wanted as is_held,
        max(holds.changed_at)
            filter (where holds.quantity_held < order_lines.quantity_wanted)
            over (partition by order_lines.order_line_id)
            as last_short_at

    from order_lines
    inner join holds
        on order_lines.order_line_id = holds.order_line_id

),

held_lines as (

    select
        order_line_id,
        min(changed_at) filter (where is_held) as reserved_at,
        min(changed_at) filter (
            where is_held and (last_short_at is null or changed_at > last_short_at)
        ) as held_since_at

    from line_holds
    group by order_line_id

),

lines as (

    select
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.quantity_wanted,
        held_lines.reserved_at,
        held_lines.held_since_at,
        coalesce(last_steps.blocked_reason, 'not_answered') as blocked_reason

    from order_lines
    left join held_lines
        on order_lines.order_line_id = held_lines.order_line_id
    left join last_steps
        on order_lines.order_line_id = last_steps.order_line_id

)

select * from lines
