{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What was promised for each parcel: at first, last, and in time to count.
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

candidate_promises as (

    select
        shipments.shipment_id,
        shipments.story_id,
        promise_events.promise_no,
        promise_events.promise_max_at,
        promise_events.previous_promise_max_at,
        promise_events.occurred_at as promised_at,
        promise_events.event_rank,
        promise_events.event_id,
        promise_events.event_name = 'delivery_promise_revised' as is_revision,
        promise_events.shipment_id is not null as is_own,
        min(promise_events.occurred_at)
            filter (where promise_events.shipment_id is not null)
            over (partition by shipments.shipment_id) as first_own_at,
        bool_or(
            promise_events.shipment_id is not null
            and promise_events.event_name = 'delivery_promise_confirmed'
        ) over (partition by shipments.shipment_id) as has_own_original

    from shipments
    inner join promise_events
        on shipments.order_id = promise_events.order_id
        and (
            promise_events.shipment_id is null
            or shipments.shipment_id = promise_events.shipment_id
        )

),

-- a parcel's own promise wins over its order's; where the parcel's first word is a
-- revision, what it revised was the order's
parcel_promises as (

    select *
    from candidate_promises
    where is_own
        or first_own_at is null
        or (not has_own_original and promised_at < first_own_at)

),

numbered_promises as (

    select
        parcel_promises.*,
        row_number() over (
            partition by shipment_id
            order by promised_at, event_rank, promise_no, event_id
        ) as position,
        lag(promise_max_at) over (
            partition by shipment_id
            order by promised_at, event_rank, promise_no, event_id
        ) as forerunner_max_at

    from parcel_promises

),

replaced_promises as (

    select
        numbered_promises.*,

        -- a revision names what it replaces, should the original never have come
        coalesce(
            forerunner_max_at,
            case when is_revision then previous_promise_max_at end
        ) as replaced_max_at

    from numbered_promises

),

judged_promises as (

    select
        replaced_promises.*,

        -- once a promise broke, no later one rescues it
        bool_or(
            coalesce(
                {{ store_date('promised_at') }} > {{ store_date('replaced_max_at') }},
                false
            )
        ) over (
            partition by shipment_id
            order by position
            rows between unbounded preceding and current row
        ) as is_too_late

    from replaced_promises

),

promises as (

    select
        shipment_id,
        min(story_id) as story_id,
        count(*) as promise_count,
        min(coalesce(replaced_max_at, promise_max_at)) filter (where position = 1)
            as original_promise_at,
        {{ max_by('promise_max_at', 'position') }} as current_promise_at,
        coalesce(
            {{ max_by('promise_max_at', 'position') }} filter (where not is_too_late),
            min(replaced_max_at) filter (where position = 1)
        ) as effective_promise_at

    from judged_promises
    group by shipment_id

)

select * from promises
