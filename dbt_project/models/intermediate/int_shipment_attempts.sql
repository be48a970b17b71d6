{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Tries at the customer's door, and what was decided after them. The return leg's tries
-- at the merchant's are not among them, though carriers number those from one again.
with

door_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in (
            'shipment_out_for_delivery', 'delivery_attempt_failed',
            'shipment_delivered', 'ndr_action_taken'
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
            as delivered_at,
        min(reason_code) filter (where event_name = 'delivery_attempt_failed')
            as reason_code,
        min(ndr_id) filter (where event_name = 'delivery_attempt_failed') as ndr_id

    from door_events
    where attempt_no is not null
        and event_name <> 'ndr_action_taken'
    group by story_id, shipment_id, attempt_no

),

last_numbers as (

    select
        shipment_id,
        max(attempt_no) as last_attempt_no,

        -- on the vehicle, without a result; an earlier one that has none had its end
        {{ max_by('failed_at is null and delivered_at is null', 'attempt_no') }}
            as is_last_open

    from numbered_attempts
    group by shipment_id

),

-- a delivery that names no attempt belongs to the open one, else is one more
unnumbered_deliveries as (

    select
        deliveries.story_id,
        deliveries.shipment_id,
        case
            when last_numbers.is_last_open then last_numbers.last_attempt_no
            else coalesce(last_numbers.last_attempt_no + 1, 1)
        end as attempt_no,
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
        delivered_at,
        reason_code,
        ndr_id
    from numbered_attempts

    union all

    select
        story_id,
        shipment_id,
        attempt_no,
        null as on_vehicle_at,
        null as failed_at,
        delivered_at,
        null as reason_code,
        null as ndr_id
    from unnumbered_deliveries

),

attempts as (

    select
        story_id,
        shipment_id,
        attempt_no as attempt_number,
        min(failed_at) as failed_at,
        min(delivered_at) as delivered_at,
        min(reason_code) as reason_code,
        min(ndr_id) as ndr_id,

        -- when the door was tried is known from the result; the scan is the way there
        coalesce(
            least(min(failed_at), min(delivered_at)), min(on_vehicle_at)
        ) as attempted_at,

        -- the last word on it; an open one may have ended without a word
        case greatest(min(failed_at), min(delivered_at))
            when min(delivered_at) then 'delivered'
            when min(failed_at) then 'failed'
            else 'open'
        end as outcome

    from all_attempts
    group by story_id, shipment_id, attempt_no

),

-- an action that names no attempt is about the last failure of its case, else about the
-- last failure before it
actions as (

    select
        decisions.shipment_id,
        decisions.fact_id,
        decisions.action_no,
        decisions.ndr_action,
        decisions.occurred_at,
        coalesce(
            decisions.attempt_no,
            max(attempts.attempt_number) filter (
                where attempts.ndr_id = decisions.ndr_id
            ),
            max(attempts.attempt_number)
        ) as attempt_number

    from door_events as decisions
    left join attempts
        on decisions.shipment_id = attempts.shipment_id
        and decisions.occurred_at >= attempts.failed_at
    where decisions.event_name = 'ndr_action_taken'
    group by
        decisions.shipment_id,
        decisions.fact_id,
        decisions.attempt_no,
        decisions.action_no,
        decisions.ndr_action,
        decisions.occurred_at

),

last_actions as (

    select
        shipment_id,
        attempt_number,
        count(*) as action_count,
        min(occurred_at) as first_action_at,
        max(occurred_at) as action_at,
        {{ max_by(
            'ndr_action', "(occurred_at || lpad(cast(action_no as varchar), 5, '0'))"
        ) }} as action_taken

    from actions
    group by shipment_id, attempt_number

),

attempts_with_action as (

    select
        attempts.story_id,
        attempts.shipment_id,
        attempts.attempt_number,
        attempts.outcome,
        attempts.reason_code,
        last_actions.action_taken,
        coalesce(last_actions.action_count, 0) as action_count,
        attempts.failed_at,
        attempts.delivered_at,
        attempts.attempted_at,
        last_actions.first_action_at,
        last_actions.action_at

    from attempts
    left join last_actions
        on attempts.shipment_id = last_actions.shipment_id
        and attempts.attempt_number = last_actions.attempt_number

)

select * from attempts_with_action
