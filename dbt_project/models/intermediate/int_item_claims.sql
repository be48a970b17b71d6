{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Claims that a parcel never came, as told and as settled.
with

claim_events as (

    select * from {{ ref('int_return_events') }}
    where {{ is_affected('story_id') }}
        and event_name in ('item_not_received_claimed', 'item_not_received_resolved')

),

claims as (

    select
        claim_id,
        min(story_id) as story_id,
        min(order_id) as order_id,
        min(shipment_id) as shipment_id,
        min(address_hash) filter (where event_name = 'item_not_received_claimed')
            as address_hash,
        bool_or(has_delivery_proof) as has_delivery_proof,
        bool_or(has_gps_match) as has_gps_match,
        bool_or(is_otp_verified) as is_otp_verified,
        min(resolution) as resolution,
        min(refund_id) as refund_id,
        min(new_order_id) as new_order_id,
        min(currency) as currency,
        min(amount_minor) filter (where event_name = 'item_not_received_claimed')
            as amount_minor,
        min(loss_minor) as loss_minor,
        min(occurred_at) filter (where event_name = 'item_not_received_claimed')
            as opened_at,
        min(occurred_at) filter (where event_name = 'item_not_received_resolved')
            as decided_at

    from claim_events
    group by claim_id

)

select * from claims
