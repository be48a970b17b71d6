{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Tries at the customer's door. The return leg's tries at the merchant's are not among
-- them, though carriers number those from one again.
with

door_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in (
            'shipment_out_for_delivery', 'delivery_attempt_failed', 'shipment_delivered'
        )

),

numbered_attempts as (

    select
        story_id,
        shipment_id,
        attempt_no,
        min(occurred_at) filter (where event_name = 'shipment_out_for_delivery')
            as on_vehicle_at,
        min(occurred_at) filter (where event_name = 'delivery_attempt_failed')
            as failed_at,
        min(occurred_at) filter (where event_name = 'shipment_delivered')
            as delivered_at

    from door_events
    where attempt_no is not null
    group by story_id, shipment_id, attempt_no

),

last_numbers as (

    select
        shipment_id,
        max(attempt_no) as last_attempt_no,

        -- on the vehicle, without a result
        max(attempt_no) filter (where failed_at is null and delivered_at is null)
            as open_attempt_no

    from numbered_attempts
    group by shipment_id

),

-- a delivery that names no attempt belongs to the open one, else is one more
unnumbered_deliveries as (

    select
        deliveries.story_id,
        deliveries.shipment_id,
        coalesce(
            last_numbers.open_attempt_no, last_numbers.last_attempt_no + 1, 1
        ) as attempt_no,
        deliveries.occurred_at as delivered_at

    from door_events as deliveries
    left join last_numbers
        on deliveries.shipment_id = last_numbers.shipment_id
    where deliveries.event_name = 'shipment_delivered'
        and deliveries.attempt_no is null

),

all_attempts as (

    select
        story_id,
        shipment_id,
        attempt_no,
        on_vehicle_at,
        failed_at,
        delivered_at
    from numbered_attempts

    union all

    select
        story_id,
        shipment_id,
        attempt_no,
        null as on_vehicle_at,
        null as failed_at,
        delivered_at
    from unnumbered_deliveries

),

attempts as (

    select
        story_id,
        shipment_id,
        attempt_no as attempt_number,
        min(failed_at) as failed_at,
        min(delivered_at) as delivered_at,

        -- when the door was tried is known from the result; the scan is the way there
        coalesce(
            least(min(failed_at), min(delivered_at)), min(on_vehicle_at)
        ) as attempted_at

    from all_attempts
    group by story_id, shipment_id, attempt_no

)

select * from attempts
