{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Each wait of a line for stock, from its creation to its release.
with

order_events as (

    select
        *,
        coalesce(backorder_no, 1) as number_said
    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in (
            'backorder_created', 'backorder_notified', 'backorder_released'
        )

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

waits as (

    select
        order_line_id,
        number_said as backorder_number,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(sku) as sku,
        coalesce(
            min(quantity) filter (where event_name = 'backorder_created'),
            min(quantity) filter (where event_name = 'backorder_released')
        ) as quantity,
        coalesce(
            bool_or(
                event_name = 'backorder_notified'
                or coalesce(is_customer_notified, false)
            ), false
        ) as was_customer_told,
        min(occurred_at) filter (where event_name = 'backorder_created')
            as created_at,

        -- what was announced first is what a wait is held against
        coalesce(
            min(expected_at) filter (where event_name = 'backorder_created'),
            min(expected_at) filter (where event_name = 'backorder_notified')
        ) as expected_at,
        min(occurred_at) filter (where event_name = 'backorder_released')
            as released_at

    from order_events
    group by order_line_id, number_said

),

backorders as (

    select
        waits.story_id,
        waits.order_id,
        waits.order_line_id,
        coalesce(waits.sku, order_lines.sku, 'unknown') as sku,
        cast(waits.backorder_number as bigint) as backorder_number,
        cast(waits.quantity as bigint) as quantity,
        waits.was_customer_told,
        waits.created_at,
        waits.expected_at,
        waits.released_at

    from waits
    left join order_lines
        on waits.order_line_id = order_lines.order_line_id

)

select * from backorders
