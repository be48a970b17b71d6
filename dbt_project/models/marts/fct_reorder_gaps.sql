-- Rebuilt whole: a customer's orders are of different stories, and every open gap grows
-- with the clock.
with

-- guests are nobody twice
orders as (

    select
        customer_id,
        order_id,
        placed_at

    from {{ ref('fct_orders') }}
    where is_counted
        and not is_guest

),

clock as (

    select * from {{ ref('stg_clock') }}

),

followed_orders as (

    select
        orders.*,
        row_number() over by_time as order_number,
        lead(order_id) over by_time as next_order_id,
        lead(placed_at) over by_time as next_placed_at

    from orders
    window by_time as (partition by customer_id order by placed_at, order_id)

),

reorder_gaps as (

    select
        followed_orders.customer_id,
        followed_orders.order_number,
        followed_orders.order_id as from_order_id,
        followed_orders.next_order_id as to_order_id,
        {{ days_between(
            'followed_orders.placed_at',
            'coalesce(followed_orders.next_placed_at, clock.as_of)'
        ) }} as gap_days,
        followed_orders.next_order_id is null as is_open,
        followed_orders.placed_at as from_placed_at,
        followed_orders.next_placed_at as to_placed_at

    from followed_orders
    cross join clock

)

select * from reorder_gaps
