{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- What customers were told that was not so: a date other than the one promised last, or
-- a status that had not come or had passed.
with

messages as (

    select
        fact_id,
        story_id,
        order_id,
        shipment_id,
        return_line_id,
        coalesce(message_channel, display_channel, 'unknown') as channel,
        coalesce(notification_topic, order_status) as told,
        case when event_name = 'customer_notified' then promise_max_at end
            as told_promise_at,
        occurred_at as told_at

    from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and order_id is not null
        and (
            event_name = 'customer_notified'
            or (event_name = 'order_status_changed' and is_customer_notified)
        )

),

promises as (

    select * from {{ ref('int_promises') }}
    where {{ is_affected('story_id') }}

),

events as (

    select * from {{ ref('int_events_narrowed') }}
    where {{ is_affected('story_id') }}

),

statuses as (

    select * from {{ ref('told_statuses') }}

),

-- a parcel's line of promises holds those it took over from its order
promises_then as (

    select
        messages.fact_id,
        {{ max_by('promises.promise_max_at', 'promises.promise_number') }}
            as promise_max_at

    from messages
    inner join promises
        on messages.order_id = promises.order_id
        and messages.shipment_id is not distinct from promises.shipment_id
        and messages.told_at >= promises.promised_at
    where messages.told_promise_at is not null
    group by messages.fact_id

),

untrue_promises as (

    select
        messages.fact_id,
        messages.story_id,
        messages.order_id,
        messages.shipment_id,
        messages.channel,
        'promise' as subject,
        cast({{ store_date('messages.told_promise_at') }} as varchar) as told,
        cast({{ store_date('promises_then.promise_max_at') }} as varchar) as true_then,
        messages.told_at

    from messages
    inner join promises_then
        on messages.fact_id = promises_then.fact_id
    where {{ store_date('messages.told_promise_at') }}
        <> {{ store_date('promises_then.promise_max_at') }}

),

statuses_then as (

    select
        messages.fact_id,
        {{ max_by(
            'statuses.is_true',
            "(events.occurred_at || lpad(cast(events.event_rank as varchar), 5, '0'))"
        ) }} as is_true_last,
        {{ max_by(
            'events.event_name',
            "(events.occurred_at || lpad(cast(events.event_rank as varchar), 5, '0'))"
        ) }} as true_then,
        bool_or(statuses.is_true and events.event_name is not null) as is_true_of_any

    from messages
    inner join statuses
        on messages.told = statuses.told
    left join events
        on messages.story_id = events.story_id
        and messages.order_id = events.order_id
        and statuses.event_name = events.event_name
        and messages.told_at >= events.occurred_at
        and (
            statuses.same = 'order'
            or (
                statuses.same = 'shipment'
                and coalesce(messages.shipment_id, events.shipment_id)
                    = events.shipment_id
            )
            or (
                statuses.same = 'return_line'
                and coalesce(messages.return_line_id, events.return_line_id)
                    = events.return_line_id
            )
        )
    group by messages.fact_id

),

untrue_statuses as (

    select
        messages.fact_id,
        messages.story_id,
        messages.order_id,
        messages.shipment_id,
        messages.channel,
        'status' as subject,
        messages.told,
        coalesce(statuses_then.true_then, 'nothing_yet') as true_then,
        messages.told_at

    from messages
    inner join statuses_then
        on messages.fact_id = statuses_then.fact_id
    where not statuses_then.is_true_of_any

        -- of one thing the last word counts; an order has parcels ahead and behind
        or (
            coalesce(messages.shipment_id, messages.return_line_id) is not null
            and not statuses_then.is_true_last
        )

),

untrue_messages as (

    select * from untrue_promises
    union all
    select * from untrue_statuses

)

select * from untrue_messages
