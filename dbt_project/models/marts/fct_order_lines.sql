{{
    config(
        materialized='incremental',
        incremental_strategy='affected_stories',
    )
}}

with

line_units as (

    select * from {{ ref('int_line_units') }}
    where {{ is_affected('story_id') }}

),

order_lines as (

    select
        order_line_id,
        story_id,
        order_id,
        sku,
        currency,
        quantity,
        quantity_shipped,
        quantity_delivered,
        quantity_returned,
        quantity_cancelled,
        line_position,
        {{ to_amount('unit_price_minor', 'currency') }} as unit_price,
        {{ to_amount('unit_price_minor * quantity', 'currency') }} as ordered_amount,
        case when quantity_cancelled > 0 then last_cancelled_at end as cancelled_at

    from line_units

)

select * from order_lines
