with

waits as (

    select * from {{ ref('int_backorders') }}

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

backorders as (

    select
        waits.order_line_id,
        waits.order_id,
        waits.sku,
        waits.backorder_number,
        waits.quantity,
        {{ days_between(
            'waits.created_at', 'coalesce(waits.released_at, clock.as_of)'
        ) }} as age_days,
        waits.was_customer_told,

        -- nobody waits for units that were called off, or went all the same
        waits.released_at is null
            and coalesce(
                order_lines.quantity > order_lines.quantity_cancelled + greatest(
                    order_lines.quantity_shipped, order_lines.quantity_delivered
                ), true
            ) as is_open,
        coalesce(waits.released_at, clock.as_of) > waits.expected_at as is_late,
        waits.created_at,
        waits.expected_at,
        waits.released_at

    from waits
    left join order_lines
        on waits.order_line_id = order_lines.order_line_id
    cross join clock

)

select * from backorders
