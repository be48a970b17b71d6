with

shipments as (

    select * from {{ ref('fct_shipments') }}
    where outcome = 'rto'
        and shipped_at is not null

),

orders as (

    select * from {{ ref('fct_orders') }}

),

costs as (

    select * from {{ ref('int_service_costs') }}
    where service = 'rto'

),

-- a parcel is counted in the currency its way back is billed in, else in its order's
rto_parcels as (

    select
        shipments.shipment_id,
        shipments.order_id,
        shipments.carrier,
        shipments.payment_mode,
        shipments.destination_region,
        coalesce(costs.currency, orders.currency, 'unknown') as currency,
        cast(costs.amount as decimal(18, 4)) as cost_amount,
        costs.basis,
        shipments.shipped_at,
        shipments.outcome_at

    from shipments
    left join orders
        on shipments.order_id = orders.order_id
    left join costs
        on shipments.shipment_id = costs.thing_id

)

select * from rto_parcels
