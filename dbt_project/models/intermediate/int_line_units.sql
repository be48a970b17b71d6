{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

-- Units of a line that left, arrived, came back or will never go, from the events that
-- say so. Units, not events: a parcel may carry part of a line.
with

parcel_lines as (

    select * from {{ ref('int_parcel_lines') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select * from {{ ref('int_order_lines') }}
    where {{ is_affected('story_id') }}

),

cancelled_units as (

    select * from {{ ref('int_cancelled_units') }}
    where {{ is_affected('story_id') }}

),

deliveries as (

    select * from {{ ref('int_line_deliveries') }}
    where {{ is_affected('story_id') }}

),

returns as (

    select * from {{ ref('fct_returns') }}
    where {{ is_affected('story_id') }}

),

units_shipped as (

    select
        order_line_id,
        sum(quantity) as quantity_shipped

    from parcel_lines
    group by order_line_id

),

units_delivered as (

    select
        order_line_id,
        sum(quantity) as quantity_delivered

    from deliveries
    group by order_line_id

),

-- a unit is returned when received; which line it was of is the return's to say
units_returned as (

    select
        order_line_id,
        sum(received_quantity) as quantity_returned

    from returns
    where order_line_id is not null
    group by order_line_id

),

units_cancelled as (

    select
        order_line_id,
        sum(quantity_cancelled) as quantity_cancelled,
        max(cancelled_at) filter (where quantity_cancelled > 0) as last_cancelled_at

    from cancelled_units
    group by order_line_id

),

line_units as (

    select
        order_lines.story_id,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.sku,
        order_lines.currency,
        order_lines.line_position,
        order_lines.quantity,
        order_lines.unit_price_minor,
        cast(coalesce(units_shipped.quantity_shipped, 0) as bigint)
            as quantity_shipped,
        cast(coalesce(units_delivered.quantity_delivered, 0) as bigint)
            as quantity_delivered,
        cast(coalesce(units_returned.quantity_returned, 0) as bigint)
            as quantity_returned,
        cast(coalesce(units_cancelled.quantity_cancelled, 0) as bigint)
            as quantity_cancelled,
        units_cancelled.last_cancelled_at

    from order_lines
    left join units_shipped
        on order_lines.order_line_id = units_shipped.order_line_id
    left join units_delivered
        on order_lines.order_line_id = units_delivered.order_line_id
    left join units_returned
        on order_lines.order_line_id = units_returned.order_line_id
    left join units_cancelled
        on order_lines.order_line_id = units_cancelled.order_line_id

)

select * from line_units
