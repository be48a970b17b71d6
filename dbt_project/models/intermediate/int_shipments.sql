{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Parcels as their carriers' events tell them, before any promise is looked at.
with

order_events as (

    select * from {{ ref('int_order_events') }}
    where {{ is_affected('story_id') }}

),

payment_events as (

    select * from {{ ref('int_payment_events') }}
    where {{ is_affected('story_id') }}

),

attempts as (

    select * from {{ ref('int_shipment_attempts') }}
    where {{ is_affected('story_id') }}

),

parcels as (

    select
        shipment_id,
        min(story_id) as story_id,
        min(order_id) as order_id,

        -- who took it outranks who was booked, and both whoever scanned it
        coalesce(
            min(carrier) filter (where event_name = 'shipment_shipped'),
            min(carrier) filter (where event_name = 'label_created'),
            min(carrier)
        ) as carrier,
        min(service_level) filter (where event_name = 'label_created') as service,
        coalesce(
            min(location_id) filter (where event_name = 'shipment_shipped'),
            min(location_id) filter (where event_name = 'label_created')
        ) as origin_location_id,
        min(occurred_at) filter (where event_name = 'shipment_shipped') as shipped_at,
        max(occurred_at) filter (where event_name = 'shipment_delivered')
            as delivered_at,

        -- carriers that report only the way back have turned it around by then
        coalesce(
            max(occurred_at) filter (where event_name = 'rto_initiated'),
            min(occurred_at) filter (where event_name like 'rto_%')
        ) as rto_initiated_at,
        min(occurred_at) filter (where event_name = 'rto_delivered')
            as rto_delivered_at,
        max(occurred_at) filter (
            where event_name in ('shipment_lost', 'shipment_destroyed')
        ) as lost_at,
        bool_or(event_name = 'shipment_cancelled') as is_label_cancelled

    from order_events
    where event_name in (
        'label_created', 'label_printed', 'carrier_pickup_failed', 'shipment_shipped',
        'shipment_scanned', 'shipment_out_for_delivery', 'delivery_attempt_failed',
        'shipment_delivered', 'ndr_action_taken', 'shipment_cancelled',
        'shipment_lost', 'shipment_damaged', 'shipment_destroyed', 'rto_initiated',
        'rto_in_transit', 'rto_out_for_delivery', 'rto_attempt_failed',
        'rto_delivered', 'rto_acknowledged'
    )
    group by shipment_id

),

destinations as (

    select
        order_id,

        -- a corrected address moves the parcel; any other check repeats what was typed
        coalesce(
            {{ max_by('postal_code', 'occurred_at') }} filter (
                where event_name = 'address_validated'
                    and is_corrected
                    and postal_code is not null
            ),
            min(postal_code) filter (where event_name = 'order_placed'),
            {{ max_by('postal_code', 'occurred_at') }} filter (
                where event_name = 'address_validated' and postal_code is not null
            )
        ) as destination_pincode,
        min(country_code) filter (where event_name = 'order_placed')
            as destination_country

    from order_events
    where event_name in ('order_placed', 'address_validated')
    group by order_id

),

mode_changes as (

    select
        order_id,
        payment_mode,
        occurred_at
    from order_events
    where event_name = 'order_placed'

    union all

    select
        order_id,
        case event_name
            when 'cod_converted_to_prepaid' then 'prepaid'
            else 'cod'
        end as payment_mode,
        occurred_at
    from payment_events
    where event_name in ('cod_converted_to_prepaid', 'prepaid_converted_to_cod')

    union all

    -- says nothing new where the order is known: partial COD is selected too
    select
        order_id,
        'cod' as payment_mode,
        null as occurred_at
    from payment_events
    where event_name = 'cod_selected'

),

payment_modes as (

    select
        order_id,
        coalesce(
            {{ max_by('payment_mode', 'occurred_at') }}
                filter (where occurred_at is not null),
            min(payment_mode)
        ) as payment_mode

    from mode_changes
    group by order_id

),

attempt_counts as (

    select
        shipment_id,
        count(*) as attempt_count,
        count(*) filter (where outcome = 'failed') as failed_attempt_count,
        min(attempted_at) as first_attempt_at

    from attempts
    group by shipment_id

),

parcels_with_outcome as (

    select
        parcels.*,

        -- the last word wins; of words at one instant, the one further down the road
        case greatest(delivered_at, lost_at, rto_initiated_at)
            when rto_initiated_at then 'rto'
            when lost_at then 'lost'
            when delivered_at then 'delivered'
            else 'open'
        end as outcome,
        greatest(delivered_at, lost_at, rto_initiated_at) as outcome_at

    from parcels

),

shipments as (

    select
        parcels.shipment_id,
        parcels.story_id,
        parcels.order_id,
        coalesce(parcels.carrier, 'unknown') as carrier,
        parcels.service,
        coalesce(payment_modes.payment_mode, 'unknown') as payment_mode,
        parcels.origin_location_id,
        destinations.destination_pincode,
        destinations.destination_country,
        parcels.outcome,
        coalesce(attempt_counts.attempt_count, 0) as attempt_count,
        coalesce(attempt_counts.failed_attempt_count, 0) as failed_attempt_count,

        -- the carrier said "delivered", and then turned it around
        coalesce(parcels.delivered_at <= parcels.rto_initiated_at, false)
            as false_delivery,
        parcels.is_label_cancelled,
        parcels.shipped_at,
        attempt_counts.first_attempt_at,
        parcels.delivered_at,
        parcels.rto_initiated_at,
        parcels.rto_delivered_at,
        parcels.lost_at,
        parcels.outcome_at

    from parcels_with_outcome as parcels
    left join attempt_counts
        on parcels.shipment_id = attempt_counts.shipment_id
    left join destinations
        on parcels.order_id = destinations.order_id
    left join payment_modes
        on parcels.order_id = payment_modes.order_id

)

select * from shipments
