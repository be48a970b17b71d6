-- A unit's share of what an order's goods came to: its total less shipping, discounts
-- and taxes spread by list price.
with

placed_orders as (

    select * from {{ ref('int_order_events') }}
    where event_name = 'order_placed'

),

order_lines as (

    select * from {{ ref('int_order_lines') }}

),

totals as (

    select
        order_id,
        min(total_minor - coalesce(shipping_minor, 0)) as goods_minor

    from placed_orders
    group by order_id

),

listed_lines as (

    select
        *,
        sum(quantity * unit_price_minor) over (partition by order_id) as listed_minor

    from order_lines

),

line_values as (

    select
        listed_lines.story_id,
        listed_lines.order_id,
        listed_lines.order_line_id,
        listed_lines.sku,
        listed_lines.quantity,
        cast(listed_lines.unit_price_minor * totals.goods_minor as double)
        / nullif(listed_lines.listed_minor, 0) as unit_minor

    from listed_lines
    inner join totals
        on listed_lines.order_id = totals.order_id

)

select * from line_values
