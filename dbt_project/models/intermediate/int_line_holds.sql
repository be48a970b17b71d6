{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units of a line that are held, from each instant at which that changed. A hold ends
-- with its release or with its shelf found empty; used by the parcel it is still held,
-- and so is what is given up once the order's first parcel has left.
with

events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and order_line_id is not null
        and event_name in (
            'inventory_reserved', 'inventory_reservation_released', 'sku_unavailable'
        )

),

first_parcels as (

    select
        order_id,
        min(shipped_at) as first_shipped_at

    from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}
    group by order_id

),

reservations as (

    select * from events
    where event_name = 'inventory_reserved'

),

losses as (

    select events.*
    from events
    left join first_parcels
        on events.order_id = first_parcels.order_id
    where (
        events.event_name = 'sku_unavailable'
        or (
            events.event_name = 'inventory_reservation_released'
            and events.release_cause <> 'shipped'
        )
    )
        and (
            first_parcels.first_shipped_at is null
            or events.occurred_at <= first_parcels.first_shipped_at
        )

),

-- a shelf found empty ends the hold it names, else all that were taken there before
reservation_losses as (

    select
        reservations.event_id as reserved_event_id,
        reservations.quantity as quantity_reserved,
        losses.event_id,

        -- clocks of two systems differ: nothing is lost before it was taken
        greatest(losses.occurred_at, reservations.occurred_at) as changed_at,
        case losses.event_name
            when 'inventory_reservation_released' then losses.quantity
            else coalesce(
                losses.requested_quantity - losses.available_quantity,
                reservations.quantity
            )
        end as quantity_lost

    from losses
    inner join reservations
        on losses.order_line_id = reservations.order_line_id
        and (
            losses.reservation_id = reservations.reservation_id
            or (
                losses.reservation_id is null
                and losses.location_id = reservations.location_id
                and losses.occurred_at >= reservations.occurred_at
            )
        )

),

-- of a hold no more is lost than was taken
losses_so_far as (

    select
        reserved_event_id,
        event_id,
        changed_at,
        least(quantity_reserved, sum(quantity_lost) over so_far)
        - least(quantity_reserved, sum(quantity_lost) over so_far - quantity_lost)
            as quantity_lost

    from reservation_losses
    window so_far as (
        partition by reserved_event_id
        order by changed_at, event_id
        rows between unbounded preceding and current row
    )

),

changes as (

    select
        event_id as reserved_event_id,
        occurred_at as changed_at,
        quantity
    from reservations

    union all

    select
        reserved_event_id,
        changed_at,
        -quantity_lost as quantity
    from losses_so_far

),

holds as (

    select
        min(reservations.story_id) as story_id,
        reservations.order_line_id,
        changes.changed_at,
        cast(
            sum(sum(changes.quantity)) over (
                partition by reservations.order_line_id
                order by changes.changed_at
                rows between unbounded preceding and current row
            ) as bigint
        ) as quantity_held

    from changes
    inner join reservations
        on changes.reserved_event_id = reservations.event_id
    group by reservations.order_line_id, changes.changed_at

)

select * from holds
