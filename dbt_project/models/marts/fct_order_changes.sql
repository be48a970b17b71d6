{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('order_updated', 'order_cancelled')

),

captures as (

    select
        order_id,
        min(occurred_at) as captured_at

    from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'payment_captured'
    group by order_id

),

visits as (

    select * from {{ ref('int_stage_spells') }}
    where {{ is_affected('story_id') }}

),

changes as (

    select
        events.fact_id as change_id,
        events.story_id,
        events.order_id,
        events.order_line_id,
        case events.event_name
            when 'order_cancelled' then 'cancellation'
            else events.changed_field
        end as changed_field,
        events.reason_code,

        -- where it stood until then: the change itself may have moved it
        visits.stage as stage_at_change,
        events.quantity,
        events.currency,
        {{ to_amount('events.price_delta_minor', 'events.currency') }}
            as price_delta_amount,

        -- what the order's own captures say wins over the flag that was sent
        coalesce(
            captures.captured_at <= events.occurred_at, events.is_after_capture, false
        ) as is_after_capture,
        events.occurred_at as changed_at

    from events
    left join captures
        on events.order_id = captures.order_id
    left join visits
        on events.order_id = visits.order_id
        and events.occurred_at > visits.entered_at
        and (visits.left_at is null or events.occurred_at <= visits.left_at)

)

select * from changes
