{{ config(materialized='view') }}

with

sent_events as (

    select * from {{ ref('int_events_described') }}

),

computed_events as (

    select * from {{ ref('int_computed_events') }}

),

orders as (

    select
        order_id,
        customer_id

    from {{ ref('int_orders_staged') }}

),

events as (

    select * from sent_events

    union all

    select
        computed_events.event_id,
        computed_events.event_id as fact_key,
        computed_events.event_id as fact_id,
        computed_events.event_name,
        computed_events.domain,
        computed_events.event_group,
        'warehouse:derived' as source,
        computed_events.order_id,
        orders.customer_id,
        computed_events.entity_type,
        computed_events.entity_id,
        computed_events.severity,
        computed_events.owner,
        computed_events.currency,
        computed_events.detail,
        computed_events.amount,
        computed_events.event_rank,
        false as is_retracted,
        true as is_exception,
        computed_events.is_customer_visible,
        computed_events.occurred_at,
        computed_events.occurred_at as observed_at,
        computed_events.occurred_at as ingested_at

    from computed_events
    left join orders
        on computed_events.order_id = orders.order_id

)

select * from events
