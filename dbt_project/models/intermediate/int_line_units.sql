{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units of a line that left, arrived, came back or will never go, from the events that
-- say so. Units, not events: a parcel may carry part of a line.
with

events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

shipments as (

    select * from {{ ref('fct_shipments') }}

),

return_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}

),

shipped_events as (

    select * from events
    where event_name = 'shipment_shipped'

),

shipped_lines as (

    {{ unnest_lines(
        'shipped_events', ['story_id', 'order_id', 'shipment_id', 'occurred_at']
    ) }}

),

delivered_events as (

    select * from events
    where event_name = 'shipment_delivered' and lines is not null

),

delivered_lines as (

    {{ unnest_lines('delivered_events', ['shipment_id']) }}

),

-- a delivery without lines is of everything the parcel carried
parcel_units as (

    select
        shipped_lines.story_id,
        shipped_lines.order_line_id,
        shipped_lines.occurred_at as shipped_at,
        shipped_lines.quantity as quantity_shipped,
        case
            when shipments.outcome <> 'delivered' then 0
            when delivered_lines.quantity is not null then delivered_lines.quantity
            when delivered_events.shipment_id is not null then 0
            else shipped_lines.quantity
        end as quantity_delivered

    from shipped_lines
    left join shipments
        on shipped_lines.shipment_id = shipments.shipment_id
    left join delivered_lines
        on shipped_lines.shipment_id = delivered_lines.shipment_id
        and shipped_lines.order_line_id = delivered_lines.order_line_id
    left join delivered_events
        on shipped_lines.shipment_id = delivered_events.shipment_id

),

-- the counter and the download hand over what no parcel carries
handover_events as (

    select
        handovers.story_id,
        handovers.order_id,
        handovers.order_line_id,
        coalesce(handovers.lines, handoffs.lines) as lines

    from events as handovers
    left join events as handoffs
        on handovers.fulfillment_order_id = handoffs.fulfillment_order_id
        and handoffs.event_name = 'fulfillment_ready'
    where handovers.event_name in ('pickup_collected', 'digital_order_fulfilled')

),

handover_lines as (

    {{ unnest_lines('handover_events', ['story_id']) }}

),

handed_over_units as (

    select
        story_id,
        order_line_id,
        quantity
    from handover_lines

    union all

    select
        order_lines.story_id,
        order_lines.order_line_id,
        order_lines.quantity

    from handover_events
    inner join order_lines
        on handover_events.order_id = order_lines.order_id
        and (
            handover_events.order_line_id = order_lines.order_line_id
            or handover_events.order_line_id is null
        )
    where handover_events.lines is null

),

received_returns as (

    select
        order_lines.order_line_id,
        received.quantity,
        row_number() over (
            partition by received.return_line_id order by order_lines.line_position
        ) as match_rank

    from return_events as received
    inner join return_events as initiated
        on received.return_line_id = initiated.return_line_id
        and initiated.event_name = 'return_initiated'
    inner join order_lines
        on initiated.order_id = order_lines.order_id
        and (
            initiated.order_line_id = order_lines.order_line_id
            -- a portal names the product, not the line
            or (
                initiated.order_line_id is null
                and initiated.sku = order_lines.sku
            )
        )
    where received.event_name = 'return_received'

),

cancellations as (

    select * from events
    where event_name = 'order_cancelled'

),

-- without line and quantity a cancellation covers every unit not yet shipped; a
-- partial one that names no line covers none that could be known
cancelled_lines as (

    select
        order_lines.order_line_id,
        cancellations.occurred_at as cancelled_at,
        cancellations.quantity

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

shipped_before_cancelling as (

    select
        cancelled_lines.order_line_id,
        cancelled_lines.cancelled_at,
        cancelled_lines.quantity,
        coalesce(
            sum(parcel_units.quantity_shipped) filter (
                where parcel_units.shipped_at <= cancelled_lines.cancelled_at
            ), 0
        ) as quantity_gone

    from cancelled_lines
    left join parcel_units
        on cancelled_lines.order_line_id = parcel_units.order_line_id
    group by
        cancelled_lines.order_line_id,
        cancelled_lines.cancelled_at,
        cancelled_lines.quantity

),

units_shipped as (

    select
        order_line_id,
        sum(quantity_shipped) as quantity_shipped,
        sum(quantity_delivered) as quantity_delivered
    from parcel_units
    group by order_line_id

),

units_handed_over as (

    select
        order_line_id,
        sum(quantity) as quantity_handed_over
    from handed_over_units
    group by order_line_id

),

units_returned as (

    select
        order_line_id,
        sum(quantity) as quantity_returned
    from received_returns
    where match_rank = 1
    group by order_line_id

),

units_cancelled as (

    select
        shipped_before_cancelling.order_line_id,
        sum(shipped_before_cancelling.quantity) as quantity_named,
        max(
            case
                when shipped_before_cancelling.quantity is null
                    then order_lines.quantity - shipped_before_cancelling.quantity_gone
            end
        ) as quantity_left,
        max(shipped_before_cancelling.cancelled_at) as last_cancelled_at

    from shipped_before_cancelling
    inner join order_lines
        on shipped_before_cancelling.order_line_id = order_lines.order_line_id
    group by shipped_before_cancelling.order_line_id

),

line_units as (

    select
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.sku,
        order_lines.currency,
        order_lines.line_position,
        order_lines.quantity,
        order_lines.unit_price_minor,
        cast(coalesce(units_shipped.quantity_shipped, 0) as bigint)
            as quantity_shipped,
        cast(
            coalesce(units_shipped.quantity_delivered, 0)
            + coalesce(units_handed_over.quantity_handed_over, 0)
            as bigint
        ) as quantity_delivered,
        cast(coalesce(units_returned.quantity_returned, 0) as bigint)
            as quantity_returned,
        cast(
            least(
                order_lines.quantity,
                greatest(
                    coalesce(units_cancelled.quantity_named, 0),
                    coalesce(units_cancelled.quantity_left, 0)
                )
            ) as bigint
        ) as quantity_cancelled,
        units_cancelled.last_cancelled_at

    from order_lines
    left join units_shipped
        on order_lines.order_line_id = units_shipped.order_line_id
    left join units_handed_over
        on order_lines.order_line_id = units_handed_over.order_line_id
    left join units_returned
        on order_lines.order_line_id = units_returned.order_line_id
    left join units_cancelled
        on order_lines.order_line_id = units_cancelled.order_line_id

)

select * from line_units
