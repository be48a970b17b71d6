-- What an order's figures are told apart by.
with

orders as (

    select * from {{ ref('fct_orders') }}

),

-- the last parcel's; of two that left together the higher number
carriers as (

    select
        order_id,
        {{ max_by('carrier', "(cast(shipped_at as varchar) || shipment_id)") }}
            as carrier

    from {{ ref('fct_shipments') }}
    where shipped_at is not null
    group by order_id

),

segments as (

    select
        orders.order_id,
        coalesce(orders.channel, 'unknown') as channel,
        coalesce(orders.payment_mode, 'unknown') as payment_mode,
        coalesce(carriers.carrier, 'unknown') as carrier

    from orders
    left join carriers
        on orders.order_id = carriers.order_id

)

select * from segments
