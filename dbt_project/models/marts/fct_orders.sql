{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

staged_orders as (

    select * from {{ ref('int_orders_staged') }}

),

earlier_orders as (

    {{ earlier_rows(['customer_id', 'story_id']) }}

),

-- a late order renumbers its customer's others, and so does one that is gone or has
-- changed hands: customers are taken whole, those of before too
affected_customers as (

    select customer_id
    from staged_orders
    where {{ is_affected(
        'story_id',
        open_rows='open_rows.has_settlement_ahead',
        moved=newly_overdue()
    ) }}

    union

    select customer_id
    from earlier_orders
    where {{ is_affected('story_id') }}

),

current_visits as (

    select * from {{ ref('int_stage_spells') }}
    where is_current

),

open_exceptions as (

    select distinct order_id
    from {{ ref('fct_exceptions') }}
    where is_open

),

orders as (

    select
        staged_orders.*,
        current_visits.entered_at as stage_entered_at,
        open_exceptions.order_id is not null as has_open_exception

    from staged_orders
    inner join affected_customers
        on staged_orders.customer_id = affected_customers.customer_id
    left join current_visits
        on staged_orders.order_id = current_visits.order_id
    left join open_exceptions
        on staged_orders.order_id = open_exceptions.order_id

),

numbered_orders as (

    select
        order_id,
        story_id,
        source,
        customer_id,
        customer_segment,
        channel,
        payment_mode,
        fulfillment_type,
        currency,
        stage,
        order_status,
        source_status,
        line_count,
        unit_count,
        shipment_count,
        case
            when not is_guest
                then row_number() over (
                    partition by customer_id order by placed_at, order_id
                )
        end as customer_order_number,
        cast(ordered_amount as decimal(18, 4)) as ordered_amount,
        cast(captured_amount as decimal(18, 4)) as captured_amount,
        cast(settled_amount as decimal(18, 4)) as settled_amount,
        cast(refunded_amount as decimal(18, 4)) as refunded_amount,
        is_guest,
        shipment_count > 1 as is_split_shipment,
        is_cancelled,
        is_delivered,
        shipment_count > 0 and rto_parcel_count = shipment_count as is_rto,
        has_return,
        has_settlement_ahead,
        has_open_exception,

        -- money was taken, not all of it was called off, and not every parcel came back
        captured_amount > 0
            and not is_cancelled
            and not (
                shipment_count > 0 and rto_parcel_count = shipment_count
            ) as is_counted,
        {{ store_date('placed_at') }} as placed_date,
        placed_at,
        stage_entered_at,
        authorized_at,
        captured_at,
        fraud_cleared_at,
        reserved_at,
        address_validated_at,
        promise_confirmed_at,
        fulfillment_ready_at,
        packed_at,
        first_shipped_at,
        first_delivered_at,
        last_delivered_at,
        case when is_cancelled then last_cancelled_at end as cancelled_at,
        last_customer_visible_at

    from orders

)

select * from numbered_orders
