{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What each cancellation takes off its order's price, were none of it paid. A line's
-- units bear their share of discount and tax; shipping goes with the last unit.
with

cancelled_units as (

    select * from {{ ref('int_cancelled_units') }}
    where {{ is_affected('story_id') }}

),

line_values as (

    select * from {{ ref('int_line_values') }}
    where {{ is_affected('story_id') }}

),

placed_orders as (

    select
        order_id,
        currency,
        total_minor

    from {{ ref('int_order_events') }}
    where event_name = 'order_placed'
        and {{ is_affected('story_id') }}

),

unit_counts as (

    select
        order_id,
        sum(quantity) as unit_count

    from line_values
    group by order_id

),

covered_units as (

    select
        cancelled_units.event_id,
        min(cancelled_units.story_id) as story_id,
        min(cancelled_units.order_id) as order_id,
        min(cancelled_units.event_rank) as event_rank,
        min(cancelled_units.cancelled_at) as cancelled_at,
        sum(cancelled_units.quantity_cancelled) as quantity_cancelled,
        sum(
            cancelled_units.quantity_cancelled * coalesce(line_values.unit_minor, 0)
        ) as goods_minor

    from cancelled_units
    inner join line_values
        on cancelled_units.order_line_id = line_values.order_line_id
    group by cancelled_units.event_id

),

covered_so_far as (

    select
        *,
        sum(quantity_cancelled) over so_far as quantity_so_far,
        sum(goods_minor) over so_far as goods_so_far_minor

    from covered_units
    window so_far as (
        partition by order_id
        order by cancelled_at, event_id
        rows between unbounded preceding and current row
    )

),

worth_so_far as (

    select
        covered_so_far.*,
        placed_orders.currency,
        covered_so_far.quantity_so_far >= unit_counts.unit_count as is_whole,

        -- rounded as a sum, so that the parts come to the whole
        case
            when covered_so_far.quantity_so_far >= unit_counts.unit_count
                then placed_orders.total_minor
            else cast(round(covered_so_far.goods_so_far_minor) as bigint)
        end as worth_minor

    from covered_so_far
    inner join placed_orders
        on covered_so_far.order_id = placed_orders.order_id
    inner join unit_counts
        on covered_so_far.order_id = unit_counts.order_id

),

cancellations as (

    select
        event_id,
        story_id,
        order_id,
        currency,
        event_rank,
        cast(
            worth_minor - lag(worth_minor, 1, 0) over (
                partition by order_id order by cancelled_at, event_id
            ) as bigint
        ) as cancelled_minor,
        is_whole,
        cancelled_at

    from worth_so_far

)

select * from cancellations
