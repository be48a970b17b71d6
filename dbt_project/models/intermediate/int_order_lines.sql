with

placed_orders as (

    select * from {{ ref('int_order_events') }}
    where event_name = 'order_placed'

),

lines as (

    {{ unnest_lines('placed_orders', ['story_id', 'order_id', 'currency']) }}

)

select * from lines
