{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

-- what a parcel took over from its order stands there already
own_promises as (

    select * from {{ ref('int_promises') }}
    where {{ is_affected('story_id') }}
        and is_own

),

messages as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}
        and event_name = 'customer_notified'
        and (
            notification_topic = 'delivery_promise_revised'
            or promise_max_at is not null
        )

),

-- news of any later change reaches whoever had not heard of this one
news as (

    select
        own_promises.order_id,
        own_promises.shipment_id,
        own_promises.promise_number,
        min(messages.occurred_at) as told_at,
        {{ min_by(
            'messages.message_channel', '(messages.occurred_at || messages.event_id)'
        ) }} as channel

    from own_promises
    inner join messages
        on own_promises.order_id = messages.order_id
        and coalesce(own_promises.shipment_id, messages.shipment_id, '')
            = coalesce(messages.shipment_id, own_promises.shipment_id, '')
        and own_promises.promised_at <= messages.occurred_at
    where not own_promises.is_original
    group by
        own_promises.order_id,
        own_promises.shipment_id,
        own_promises.promise_number

),

promises as (

    select
        own_promises.order_id
        || coalesce(':' || own_promises.shipment_id, '')
        || ':' || own_promises.promise_number as promise_key,
        own_promises.story_id,
        own_promises.order_id,
        own_promises.shipment_id,
        own_promises.promise_source,
        own_promises.reason_code,
        news.channel as told_channel,
        own_promises.promise_number,

        -- how long before the date given up the customer could know
        {{ hours_between(
            'coalesce(own_promises.notified_at, own_promises.promised_at)',
            'own_promises.replaced_max_at'
        ) }} as notice_hours,
        own_promises.is_original,
        own_promises.is_current,
        own_promises.is_forerunner_broken as was_broken_before_revision,
        own_promises.is_shown_to_customer,
        own_promises.promised_at,
        own_promises.promise_min_at,
        own_promises.promise_max_at,
        own_promises.replaced_max_at as replaced_promise_max_at,
        own_promises.notified_at,
        case when not own_promises.is_original
            then least(own_promises.notified_at, news.told_at)
        end as told_at

    from own_promises
    left join news
        on own_promises.order_id = news.order_id
        and own_promises.shipment_id is not distinct from news.shipment_id
        and own_promises.promise_number = news.promise_number

)

select * from promises
