{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

return_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}

),

contract_events as (

    select * from {{ ref('stg_contract_events') }}

),

promises as (

    select * from {{ ref('int_promises') }}
    where {{ is_affected('story_id') }}

),

shipments as (

    select * from {{ ref('int_shipments') }}
    where {{ is_affected('story_id') }}

),

orders as (

    select * from {{ ref('fct_orders') }}
    where {{ is_affected('story_id') }}

),

contacts as (

    select
        ticket_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(customer_id) as customer_id,
        min(contact_reason) filter (where event_name = 'support_contact_opened')
            as contact_reason,
        min(contact_channel) filter (where event_name = 'support_contact_opened')
            as contact_channel,
        min(occurred_at) filter (where event_name = 'support_contact_opened')
            as contacted_at,
        max(occurred_at) filter (where event_name = 'support_contact_closed')
            as closed_at

    from order_events
    where event_name in ('support_contact_opened', 'support_contact_closed')
    group by ticket_id
    having bool_or(event_name = 'support_contact_opened')

),

visible_events as (

    {{ visible_events(
        'order_events', 'payment_events', 'return_events', 'contract_events'
    ) }}

),

silences as (

    select
        contacts.ticket_id,
        max(visible_events.occurred_at) as last_visible_at

    from contacts
    inner join visible_events
        on contacts.order_id = visible_events.order_id
        and contacts.contacted_at > visible_events.occurred_at
    group by contacts.ticket_id

),

parcels as (

    select
        order_id,
        shipment_id,

        -- a false delivery handed over nothing
        case when not false_delivery then delivered_at end as handed_over_at

    from shipments
    where shipped_at is not null
        or not is_label_cancelled

),

-- an order's own promise is about the whole of it, where no parcel is known of
promised_things as (

    select
        order_id,
        shipment_id,
        handed_over_at
    from parcels

    union all

    select
        orders.order_id,
        null as shipment_id,
        orders.last_delivered_at as handed_over_at
    from orders
    left join parcels
        on orders.order_id = parcels.order_id
    where parcels.order_id is null

),

-- when the customer wrote, or when by then the goods had come or were called off
judged_things as (

    select
        contacts.ticket_id,
        contacts.order_id,
        promised_things.shipment_id,
        least(
            contacts.contacted_at, promised_things.handed_over_at, orders.cancelled_at
        ) as judged_at

    from contacts
    inner join promised_things
        on contacts.order_id = promised_things.order_id
    left join orders
        on contacts.order_id = orders.order_id

),

promises_at_contact as (

    select
        judged_things.ticket_id,
        judged_things.shipment_id,
        judged_things.judged_at,
        {{ max_by('promises.promise_max_at', 'promises.promise_number') }}
            as promise_max_at,
        bool_or(promises.is_too_late) as is_too_late

    from judged_things
    inner join promises
        on judged_things.order_id = promises.order_id
        and judged_things.shipment_id is not distinct from promises.shipment_id
        and judged_things.judged_at >= promises.promised_at
    group by
        judged_things.ticket_id, judged_things.shipment_id, judged_things.judged_at

),

broken_promises as (

    select
        ticket_id,
        bool_or(
            is_too_late
            or {{ store_date('judged_at') }} > {{ store_date('promise_max_at') }}
        ) as was_promise_broken

    from promises_at_contact
    group by ticket_id

),

order_contacts as (

    select
        contacts.ticket_id,
        contacts.story_id,
        contacts.order_id,
        contacts.customer_id,
        contacts.contact_reason,
        contacts.contact_channel,
        {{ hours_between('silences.last_visible_at', 'contacts.contacted_at') }}
            as silence_hours_at_contact,
        broken_promises.was_promise_broken,
        contacts.contacted_at,
        contacts.closed_at

    from contacts
    left join silences
        on contacts.ticket_id = silences.ticket_id
    left join broken_promises
        on contacts.ticket_id = broken_promises.ticket_id

)

select * from order_contacts
