-- Orders whose stage is not the one that their last visit is to.
with

orders as (

    select * from {{ ref('int_orders_staged') }}

),

current_spells as (

    select * from {{ ref('int_stage_spells') }}
    where is_current

),

lost_orders as (

    select
        orders.order_id,
        orders.stage,
        current_spells.stage as last_stage

    from orders
    full outer join current_spells
        on orders.order_id = current_spells.order_id
    where orders.stage is distinct from current_spells.stage

)

select * from lost_orders
