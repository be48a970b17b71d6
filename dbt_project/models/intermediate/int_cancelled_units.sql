{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units of a line that each cancellation covers, none of them twice.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

cancellations as (

    select * from order_events
    where event_name = 'order_cancelled'

),

parcel_lines as (

    select * from {{ ref('int_parcel_lines') }}
    where {{ is_affected('story_id') }}

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
        coalesce(sum(parcel_lines.quantity), 0) as quantity_shipped

    from cancelled_lines
    left join parcel_lines
        on cancelled_lines.order_line_id = parcel_lines.order_line_id
        and cancelled_lines.occurred_at >= parcel_lines.left_at
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

cancelled_units as (

    select
        event_id,
        story_id,
        order_id,
        order_line_id,
        event_rank,
        cast(
            quantity_so_far - lag(quantity_so_far, 1, 0) over (
                partition by order_line_id order by occurred_at, event_id
            ) as bigint
        ) as quantity_cancelled,
        occurred_at as cancelled_at

    from cancelled_so_far

)

select * from cancelled_units
