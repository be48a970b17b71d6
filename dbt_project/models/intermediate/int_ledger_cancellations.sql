{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What each cancellation takes off its order's price, were none of it paid. A line's
-- units bear their share of discount and tax; shipping goes with the last unit.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

placed_orders as (

    select
        order_id,
        currency,
        total_minor,
        coalesce(shipping_minor, 0) as shipping_minor

    from order_events
    where event_name = 'order_placed'

),

goods as (

    select
        order_id,
        sum(quantity) as unit_count,
        sum(quantity * unit_price_minor) as goods_minor

    from order_lines
    group by order_id

),

cancellations as (

    select * from order_events
    where event_name = 'order_cancelled'

),

shipped_events as (

    select * from order_events
    where event_name = 'shipment_shipped'

),

shipped_lines as (

    {{ unnest_lines('shipped_events', ['occurred_at']) }}

),

-- without line and quantity a cancellation covers every unit not yet shipped; a
-- partial one that names no line covers none that could be known
cancelled_lines as (

    select
        cancellations.event_id,
        cancellations.story_id,
        cancellations.order_id,
        cancellations.event_rank,
        cancellations.occurred_at,
        order_lines.order_line_id,
        order_lines.quantity,
        order_lines.unit_price_minor,
        cancellations.quantity as quantity_named

    from cancellations
    inner join order_lines
        on cancellations.order_id = order_lines.order_id
        and (
            cancellations.order_line_id = order_lines.order_line_id
            or (
                cancellations.order_line_id is null
                and cancellations.quantity is null
                and not coalesce(cancellations.is_partial, false)
            )
        )

),

lines_with_shipped as (

    select
        cancelled_lines.event_id,
        cancelled_lines.order_line_id,
        coalesce(sum(shipped_lines.quantity), 0) as quantity_shipped

    from cancelled_lines
    left join shipped_lines
        on cancelled_lines.order_line_id = shipped_lines.order_line_id
        and cancelled_lines.occurred_at >= shipped_lines.occurred_at
    group by cancelled_lines.event_id, cancelled_lines.order_line_id

),

cancelled_so_far as (

    select
        cancelled_lines.*,
        least(
            cancelled_lines.quantity,
            greatest(
                coalesce(sum(cancelled_lines.quantity_named) over so_far, 0),
                coalesce(
                    max(
                        case
                            when cancelled_lines.quantity_named is null
                                then cancelled_lines.quantity
                                    - lines_with_shipped.quantity_shipped
                        end
                    ) over so_far, 0
                )
            )
        ) as quantity_so_far

    from cancelled_lines
    inner join lines_with_shipped
        on cancelled_lines.event_id = lines_with_shipped.event_id
        and cancelled_lines.order_line_id = lines_with_shipped.order_line_id
    window so_far as (
        partition by cancelled_lines.order_line_id
        order by cancelled_lines.occurred_at, cancelled_lines.event_id
        rows between unbounded preceding and current row
    )

),

line_changes as (

    select
        *,
        quantity_so_far - lag(quantity_so_far, 1, 0) over (
            partition by order_line_id order by occurred_at, event_id
        ) as quantity_cancelled

    from cancelled_so_far

),

event_changes as (

    select
        event_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(event_rank) as event_rank,
        min(occurred_at) as occurred_at,
        sum(quantity_cancelled) as quantity_cancelled,
        sum(quantity_cancelled * unit_price_minor) as goods_cancelled_minor

    from line_changes
    group by event_id

),

orders_so_far as (

    select
        *,
        sum(quantity_cancelled) over so_far as quantity_so_far,
        sum(goods_cancelled_minor) over so_far as goods_so_far_minor

    from event_changes
    window so_far as (
        partition by order_id
        order by occurred_at, event_id
        rows between unbounded preceding and current row
    )

),

worth_so_far as (

    select
        orders_so_far.*,
        placed_orders.currency,
        orders_so_far.quantity_so_far >= goods.unit_count as is_whole,
        case
            when orders_so_far.quantity_so_far >= goods.unit_count
                then placed_orders.total_minor
            when goods.goods_minor = 0 then 0
            else cast(
                round(
                    cast(orders_so_far.goods_so_far_minor as double)
                    * (placed_orders.total_minor - placed_orders.shipping_minor)
                    / goods.goods_minor
                ) as bigint
            )
        end as worth_minor

    from orders_so_far
    inner join placed_orders
        on orders_so_far.order_id = placed_orders.order_id
    inner join goods
        on orders_so_far.order_id = goods.order_id

),

ledger_cancellations as (

    select
        event_id,
        story_id,
        order_id,
        currency,
        event_rank,
        cast(
            worth_minor - lag(worth_minor, 1, 0) over (
                partition by order_id order by occurred_at, event_id
            ) as bigint
        ) as cancelled_minor,
        is_whole,
        occurred_at as booked_at

    from worth_so_far

)

select * from ledger_cancellations
