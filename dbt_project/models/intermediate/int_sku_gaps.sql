-- What a customer sent back whole or called off was not used up: it begins no gap and
-- ends none.
with

lines as (

    select * from {{ ref('fct_order_lines') }}
    where sku is not null
        and quantity > quantity_cancelled + quantity_returned

),

orders as (

    select * from {{ ref('fct_reorder_gaps') }}

),

clock as (

    select * from {{ ref('stg_clock') }}

),

purchases as (

    select distinct
        orders.customer_id,
        orders.order_number,
        orders.from_order_id as order_id,
        orders.from_placed_at as placed_at,
        lines.sku

    from orders
    inner join lines
        on orders.from_order_id = lines.order_id

),

followed_purchases as (

    select
        purchases.*,
        lead(order_id) over by_time as next_order_id,
        lead(placed_at) over by_time as next_placed_at

    from purchases
    window by_time as (partition by customer_id, sku order by order_number)

),

gaps as (

    select
        followed_purchases.customer_id,
        followed_purchases.sku,
        followed_purchases.order_id as from_order_id,
        followed_purchases.next_order_id as to_order_id,
        {{ days_between(
            'followed_purchases.placed_at',
            'coalesce(followed_purchases.next_placed_at, clock.as_of)'
        ) }} as gap_days,
        followed_purchases.next_order_id is null as is_open,
        followed_purchases.placed_at as from_placed_at

    from followed_purchases
    cross join clock

)

select * from gaps
