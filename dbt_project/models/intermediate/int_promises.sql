{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Every promise in the line of those made for one order or one parcel, with what it
-- replaced. A parcel's line may begin with promises made for its order.
with

promise_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('delivery_promise_confirmed', 'delivery_promise_revised')

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}

),

-- what promises are made for: an order as a whole has no shipment_id
promised_things as (

    select
        story_id,
        order_id,
        shipment_id
    from shipments

    union

    select
        story_id,
        order_id,
        shipment_id
    from promise_events

),

candidate_promises as (

    select
        promised_things.story_id,
        promised_things.order_id,
        promised_things.shipment_id,
        promise_events.promise_no,
        promise_events.promise_source,
        promise_events.reason_code,
        promise_events.promise_min_at,
        promise_events.promise_max_at,
        promise_events.previous_promise_max_at,
        promise_events.notified_at,
        promise_events.occurred_at as promised_at,
        promise_events.event_rank,
        promise_events.event_id,
        promise_events.is_shown_to_customer,
        promise_events.event_name = 'delivery_promise_revised' as is_revision,
        promise_events.shipment_id is not null
            or promised_things.shipment_id is null as is_own,
        min(promise_events.occurred_at)
            filter (where promise_events.shipment_id is not null)
            over (
                partition by promised_things.order_id, promised_things.shipment_id
            ) as first_own_at,
        bool_or(
            promise_events.shipment_id is not null
            and promise_events.event_name = 'delivery_promise_confirmed'
        ) over (
            partition by promised_things.order_id, promised_things.shipment_id
        ) as has_own_original

    from promised_things
    inner join promise_events
        on promised_things.order_id = promise_events.order_id
        and (
            promise_events.shipment_id is null
            or promised_things.shipment_id = promise_events.shipment_id
        )

),

-- a parcel's own promise wins over its order's; where the parcel's first word is a
-- revision, what it revised was the order's
standing_promises as (

    select *
    from candidate_promises
    where is_own
        or first_own_at is null
        or (not has_own_original and promised_at < first_own_at)

),

numbered_promises as (

    select
        standing_promises.*,
        row_number() over (
            partition by order_id, shipment_id
            order by promised_at, event_rank, promise_no, event_id
        ) as position,
        row_number() over (
            partition by order_id, shipment_id
            order by promised_at desc, event_rank desc, promise_no desc, event_id desc
        ) as steps_to_last,
        lag(promise_max_at) over (
            partition by order_id, shipment_id
            order by promised_at, event_rank, promise_no, event_id
        ) as forerunner_max_at

    from standing_promises

),

replaced_promises as (

    select
        numbered_promises.*,

        -- a revision names what it replaces, should the original never have come
        coalesce(
            forerunner_max_at,
            case when is_revision then previous_promise_max_at end
        ) as replaced_max_at,

        -- that one was the first, though nobody told us of it
        position
        + max(case when position = 1 and is_revision then 1 else 0 end) over (
            partition by order_id, shipment_id
        ) as promise_number

    from numbered_promises

),

judged_promises as (

    select
        replaced_promises.*,
        coalesce(
            {{ store_date('promised_at') }} > {{ store_date('replaced_max_at') }}, false
        ) as is_forerunner_broken

    from replaced_promises

),

promises as (

    select
        story_id,
        order_id,
        shipment_id,
        promise_source,
        reason_code,
        promise_number,
        is_own,
        is_shown_to_customer,
        replaced_max_at is null as is_original,
        steps_to_last = 1 as is_current,
        is_forerunner_broken,

        -- once a promise broke, no later one rescues it
        bool_or(is_forerunner_broken) over (
            partition by order_id, shipment_id
            order by position
            rows between unbounded preceding and current row
        ) as is_too_late,
        promised_at,
        promise_min_at,
        promise_max_at,
        replaced_max_at,
        notified_at

    from judged_promises

)

select * from promises
