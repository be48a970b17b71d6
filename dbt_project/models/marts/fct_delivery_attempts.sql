{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

attempts as (

    select * from {{ ref('int_shipment_attempts') }}
    where {{ is_affected('story_id') }}

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}

),

-- the failure a parcel turned back after; what failed later did so on the way
last_failures as (

    select
        shipments.shipment_id,
        {{ max_by(
            'attempts.attempt_number',
            "(attempts.failed_at || lpad(cast(attempts.attempt_number as varchar), 5, '0'))"
        ) }} as attempt_number

    from shipments
    inner join attempts
        on shipments.shipment_id = attempts.shipment_id
        and shipments.rto_initiated_at >= attempts.failed_at
    where shipments.outcome = 'rto'
        and attempts.outcome = 'failed'
    group by shipments.shipment_id

),

judged_attempts as (

    select
        attempts.shipment_id,
        attempts.story_id,
        shipments.order_id,
        shipments.carrier,
        cast(attempts.attempt_number as bigint) as attempt_number,

        -- the road went on without it: whatever came of it, nobody said
        case
            when attempts.outcome <> 'open' then attempts.outcome
            when shipments.outcome <> 'open'
                or lead(attempts.attempt_number) over (
                    partition by attempts.shipment_id
                    order by attempts.attempt_number
                ) is not null
                then 'unknown'
            else 'open'
        end as outcome,
        attempts.reason_code,
        attempts.action_taken,
        cast(attempts.action_count as bigint) as action_count,
        last_failures.shipment_id is not null as led_to_rto,
        attempts.attempted_at,
        attempts.first_action_at,
        attempts.action_at

    from attempts
    inner join shipments
        on attempts.shipment_id = shipments.shipment_id
    left join last_failures
        on attempts.shipment_id = last_failures.shipment_id
        and attempts.attempt_number = last_failures.attempt_number

)

select * from judged_attempts
