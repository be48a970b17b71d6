with

spells as (

    select * from {{ ref('int_rto_spells') }}

),

shipments as (

    select * from {{ ref('fct_shipments') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

rto_parcels as (

    select * from {{ ref('rto_parcels') }}

),

parcels as (

    select
        spells.segment_type,
        spells.segment,
        spells.exit,
        coalesce(rto_parcels.currency, orders.currency, 'unknown') as currency,
        rto_parcels.cost_amount as amount,
        rto_parcels.basis

    from spells
    inner join shipments
        on spells.shipment_id = shipments.shipment_id
    left join orders
        on shipments.order_id = orders.order_id
    left join rto_parcels
        on spells.exit = 'rto'
        and spells.shipment_id = rto_parcels.shipment_id

),

rto_costs as (

    select
        segment_type,
        segment,
        currency,
        count(*) as shipped,
        count(*) filter (where exit = 'rto') as rto,
        count(amount) as costed_rto,
        count(*) filter (where basis = 'event') as billed_rto,
        cast(sum(amount) as decimal(18, 4)) as cost_amount,
        cast(sum(amount) as double) / nullif(count(amount), 0) as cost_per_rto,
        cast(count(amount) as double)
        / nullif(count(*) filter (where exit = 'rto'), 0) as cost_coverage

    from parcels
    group by segment_type, segment, currency

)

select * from rto_costs
